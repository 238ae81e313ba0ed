/* SPDX-License-Identifier: Apache-2.0 */
#include "host/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/runtime/runtime.h"

int host_error(struct host_context *context, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(context->error, sizeof(context->error), format, arguments);
    va_end(arguments);
    log_message(LOG_LEVEL_INFO, "host", "%s", context->error);
    return code;
}

int host_error_because(struct host_context *context, int code, const char *format, ...)
{
    char cause[HOST_ERROR_BYTES];
    memcpy(cause, context->error, sizeof(cause));
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(context->error, sizeof(context->error), format, arguments);
    va_end(arguments);
    size_t used = strlen(context->error);
    if (cause[0] != '\0') {
        (void)snprintf(context->error + used, sizeof(context->error) - used, ": %s", cause);
    }
    log_message(LOG_LEVEL_INFO, "host", "%s", context->error);
    return code;
}

struct host_context *host_context_create(void)
{
    struct host_context *context = os_zalloc("host.context", sizeof(*context));
    if (context == NULL) {
        return NULL;
    }
    context->device_id = -1;
    if (host_lock_init(&context->lock) != 0) {
        goto fail_context;
    }
    if (platform_create(context) != 0) {
        goto fail_lock;
    }
    if (runtime_create(context) != 0) {
        goto fail_platform;
    }
    context->serial = platform_next_serial();
    return context;

fail_platform:
    platform_destroy(context);
fail_lock:
    host_lock_destroy(&context->lock);
fail_context:
    free(context);
    return NULL;
}

void host_context_destroy(struct host_context *context)
{
    if (context == NULL) {
        return;
    }
    (void)host_context_finalize(context);
    user_code_release(context);
    runtime_destroy(context);
    platform_destroy(context);
    host_lock_destroy(&context->lock);
    free(context);
}

bool host_enter_to_look(struct host_context *context)
{
    if (context == NULL) {
        log_message(LOG_LEVEL_INFO, "host", "the context is NULL");
        return false;
    }
    bool inside = platform_is_inside(context) || user_code_is_inside(context);
    int result = inside ? -EDEADLK : host_lock_take(&context->lock);
    if (result != 0) {
        log_message(LOG_LEVEL_ERROR, "host",
                    "a context was called from inside its own run, or by a cancelled processor");
        return false;
    }
    return true;
}

bool host_enter(struct host_context *context)
{
    if (!host_enter_to_look(context)) {
        return false;
    }
    context->error[0] = '\0';
    return true;
}

void host_leave(struct host_context *context)
{
    host_lock_give(&context->lock);
}

int host_context_init(struct host_context *context, int device_id, const struct host_images *images)
{
    if (device_id < 0) {
        return host_error(context, -1, "device id %d is negative", device_id);
    }
    if (context->device_id >= 0 && context->device_id != device_id) {
        return host_error(context, -1, "bound to device %d; finalize before binding to device %d", context->device_id,
                          device_id);
    }
    int result;
    if (context->device_id >= 0) {
        result = platform_check_usable(context);
        return result != 0 ? result : platform_set_images(context, images);
    }
    result = platform_bind(context, device_id);
    if (result != 0) {
        return result;
    }
    context->device_id = device_id;
    result = platform_set_images(context, images);
    if (result == 0) {
        result = platform_attach(context);
    }
    if (result != 0) {
        platform_detach(context);
        (void)platform_unbind(context); /* a reset that fails is made up for by who joins next */
        context->device_id = -1;
    }
    return result;
}

int host_context_finalize(struct host_context *context)
{
    if (context->device_id < 0) {
        return 0;
    }
    struct pto_device_block block;
    platform_stop_programs(context);
    platform_read_device_block(context, &block);
    context->counters.not_unloadable += block.not_unloadable;
    staging_release(context);
    runtime_release(context);
    platform_detach(context);
    /* What is left now belongs to registrations and clients that did not clean up (R7). */
    struct npu_usage usage;
    platform_memory_usage(context, &usage);
    context->counters.leftover_bytes = usage.bytes - usage.by_kind[PTO_MEMORY_PROGRAM]; /* nobody can free those */
    context->counters.leftover_buffers = usage.buffers - usage.buffers_by_kind[PTO_MEMORY_PROGRAM];
    callable_clear(context);
    int result = platform_unbind(context);
    context->device_id = -1;
    return result;
}

int host_check_device(struct host_context *context)
{
    if (context->device_id < 0) {
        return host_error(context, -1, "not bound to a device: call simpler_init first");
    }
    return platform_check_usable(context);
}

int host_check_callable_id(struct host_context *context, int32_t callable_id)
{
    if (!callable_id_valid(callable_id)) {
        return host_error(context, -1, "callable_id %d is not in 0..%d", callable_id, PTO_MAX_CALLABLE_IDS - 1);
    }
    return host_check_device(context);
}
