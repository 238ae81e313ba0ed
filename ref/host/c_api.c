/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c_api: the entry points of the C ABI (abi/runtime_c_api.h). Each takes the context's lock, makes the checks of R5
 * that come before its own subject, and hands over. Nothing else in this program is exported, pto_debug_api excepted.
 */
#include "abi/runtime_c_api.h"

#include <string.h>

#include "base/log.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/run.h"
#include "host/runtime/runtime.h"
#include "host/variant.h"

void *create_device_context(void)
{
    return host_context_create();
}

void destroy_device_context(void *ctx)
{
    host_context_destroy(ctx);
}

void *device_malloc_ctx(void *ctx, size_t size)
{
    struct host_context *context = ctx;
    void *address = NULL;
    if (!host_enter(context)) {
        return NULL;
    }
    if (host_check_device(context) == 0) {
        int result = platform_memory_alloc(context, PTO_MEMORY_CLIENT, -1, size, &address);
        if (result != 0) {
            struct npu_usage usage;
            platform_memory_usage(context, &usage);
            address = NULL;
            (void)host_error_because(
                context, -1, "device %d: no device memory for %zu bytes: %llu of %llu bytes are in use",
                context->device_id, size, (unsigned long long)usage.in_use, (unsigned long long)usage.capacity);
        }
    }
    host_leave(context);
    return address;
}

void device_free_ctx(void *ctx, void *dev_ptr)
{
    struct host_context *context = ctx;
    struct pto_ledger_entry entry;
    if (dev_ptr == NULL || !host_enter(context)) {
        return;
    }
    if (context->device_id >= 0 && host_check_device(context) != 0) {
        log_message(LOG_LEVEL_WARN, "host", "%p was not freed: %s", dev_ptr, context->error);
    } else if (context->device_id < 0 || platform_memory_find(context, dev_ptr, &entry) != 0 ||
               entry.kind != PTO_MEMORY_CLIENT) {
        (void)host_error(context, -1, "%p is not memory of device_malloc_ctx; ignored", dev_ptr);
    } else {
        platform_memory_free(context, dev_ptr);
    }
    host_leave(context);
}

/* What both directions check: addresses first, then that the device side is memory of this context (R4, R14). */
static int c_api_check_copy(struct host_context *context, const void *device, const void *host, size_t size)
{
    int result = host_check_device(context);
    if (result != 0) {
        return result;
    }
    if (device == NULL || host == NULL) {
        return host_error(context, -1, "copy of %zu bytes: device address %p and host address %p must not be null",
                          size, device, host);
    }
    if (size != 0 && platform_memory_check(context, device, size) != 0) {
        return host_error(context, -1, "copy of %zu bytes: %p is not inside one allocation of this context", size,
                          device);
    }
    return 0;
}

static int c_api_end_copy(struct host_context *context, int result, const char *direction, size_t size)
{
    if (result == 0) {
        return 0;
    }
    /* A driver's code is passed on (host.md 2). */
    return host_error_because(context, result < -HOST_ERRNO_MAX ? -result : -1, "copy of %zu bytes %s the device", size,
                              direction);
}

int copy_to_device_ctx(void *ctx, void *dev_ptr, const void *host_ptr, size_t size)
{
    if (!host_enter(ctx)) {
        return -1;
    }
    int result = c_api_check_copy(ctx, dev_ptr, host_ptr, size);
    if (result == 0) {
        result = c_api_end_copy(ctx, platform_copy_in(ctx, dev_ptr, host_ptr, size), "to", size);
    }
    host_leave(ctx);
    return result;
}

int copy_from_device_ctx(void *ctx, void *host_ptr, const void *dev_ptr, size_t size)
{
    if (!host_enter(ctx)) {
        return -1;
    }
    int result = c_api_check_copy(ctx, dev_ptr, host_ptr, size);
    if (result == 0) {
        result = c_api_end_copy(ctx, platform_copy_out(ctx, host_ptr, dev_ptr, size), "from", size);
    }
    host_leave(ctx);
    return result;
}

size_t get_runtime_size(void)
{
    return runtime_buffer_bytes();
}

int simpler_init(void *ctx, int device_id, const uint8_t *aicpu_binary, size_t aicpu_size, const uint8_t *aicore_binary,
                 size_t aicore_size, const uint8_t *dispatcher_binary, size_t dispatcher_size)
{
    if (!host_enter(ctx)) {
        return -1;
    }
    const struct host_images images = {
        .aicpu = aicpu_binary,
        .aicpu_bytes = aicpu_size,
        .aicore = aicore_binary,
        .aicore_bytes = aicore_size,
        .dispatcher = dispatcher_binary,
        .dispatcher_bytes = dispatcher_size,
    };
    int result = host_context_init(ctx, device_id, &images);
    host_leave(ctx);
    return result;
}

int prepare_callable(void *ctx, int32_t callable_id, const void *callable)
{
    if (!host_enter(ctx)) {
        return -1;
    }
    int result = host_check_callable_id(ctx, callable_id);
    if (result == 0) {
        result = platform_result(ctx, callable_prepare(ctx, callable_id, callable));
    }
    host_leave(ctx);
    return result;
}

int run_prepared(void *ctx, void *runtime, int32_t callable_id, const void *args, int block_dim, int aicpu_thread_num,
                 int enable_l2_swimlane, int enable_dump_tensor, int enable_pmu, int enable_dep_gen,
                 const char *output_prefix, struct pto_run_timing *out_timing)
{
    if (out_timing != NULL) {
        *out_timing = (struct pto_run_timing){0};
    }
    if (!host_enter(ctx)) {
        return -1;
    }
    const struct run_request request = {
        .runtime_buffer = runtime,
        .callable_id = callable_id,
        .args = args,
        .block_dim = block_dim,
        .aicpu_threads = aicpu_thread_num,
        .l2_swimlane = enable_l2_swimlane,
        .dump_tensor = enable_dump_tensor,
        .pmu = enable_pmu,
        .dep_gen = enable_dep_gen,
        .output_prefix = output_prefix,
    };
    int result = host_check_callable_id(ctx, callable_id);
    if (result == 0) {
        result = platform_result(ctx, run_prepared_callable(ctx, &request, out_timing));
    }
    host_leave(ctx);
    return result;
}

int unregister_callable(void *ctx, int32_t callable_id)
{
    if (!host_enter(ctx)) {
        return -1;
    }
    struct host_context *context = ctx;
    int result;
    if (callable_id_valid(callable_id) && context->device_id < 0) {
        result = 0; /* nothing can be registered without a device */
    } else {
        result = host_check_callable_id(context, callable_id);
    }
    if (result == 0) {
        result = callable_unregister(context, callable_id);
    }
    host_leave(context);
    return result;
}

size_t get_aicpu_dlopen_count(void *ctx)
{
    struct host_context *context = ctx;
    if (!host_enter_to_look(context)) {
        return 0;
    }
    size_t count = context->counters.aicpu_dlopens;
    host_leave(context);
    return count;
}

size_t get_host_dlopen_count(void *ctx)
{
    struct host_context *context = ctx;
    if (!host_enter_to_look(context)) {
        return 0;
    }
    size_t count = context->counters.host_dlopens;
    host_leave(context);
    return count;
}

int finalize_device(void *ctx)
{
    if (!host_enter(ctx)) {
        return -1;
    }
    int result = host_context_finalize(ctx);
    host_leave(ctx);
    return result;
}

int ensure_acl_ready_ctx(void *ctx, int device_id)
{
    return platform_ensure_acl_ready(ctx, device_id);
}

void *create_comm_stream_ctx(void *ctx)
{
    return platform_create_comm_stream(ctx);
}

int destroy_comm_stream_ctx(void *ctx, void *stream)
{
    return platform_destroy_comm_stream(ctx, stream);
}
