/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/property.h"

#include <stdarg.h>

int property_fail_at(struct property_context *context, const char *file, int line, const char *format, ...)
{
    if (context->message[0] != '\0') {
        return 1;
    }
    int head = snprintf(context->message, sizeof(context->message), "%s:%d: ", file, line);
    if (head > 0 && (size_t)head < sizeof(context->message)) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(context->message + head, sizeof(context->message) - (size_t)head, format, arguments);
        va_end(arguments);
    }
    return 1;
}

void property_trace(struct property_context *context, const char *format, ...)
{
    if (context->trace == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(context->trace, format, arguments);
    va_end(arguments);
    (void)fputc('\n', context->trace);
}
