/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error_text.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error_text *error, int code, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        if (vsnprintf(error->text, sizeof(error->text), format, arguments) < 0) {
            error->text[0] = '\0';
        }
        va_end(arguments);
    }
    return code;
}
