/* SPDX-License-Identifier: Apache-2.0 */
#include "host/platform/sim.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "host/context.h"
#include "npu/device_users.h"

int platform_next_serial(void)
{
    return npu_device_next_serial();
}

static void sim_make_names(struct platform *platform)
{
    for (unsigned int i = 0; i < NPU_LAUNCHED_AICPU_THREADS; i++) {
        (void)snprintf(platform->aicpu_names[i], SIM_NAME_BYTES, "aicpu %u", i);
    }
    for (unsigned int i = 0; i < NPU_MAX_BLOCKS; i++) {
        (void)snprintf(platform->aic_names[i], SIM_NAME_BYTES, "aic %u", i);
    }
    for (unsigned int i = 0; i < NPU_MAX_BLOCKS * NPU_AIV_PER_BLOCK; i++) {
        (void)snprintf(platform->aiv_names[i], SIM_NAME_BYTES, "aiv %u", i);
    }
}

int platform_create(struct host_context *context)
{
    struct platform *platform = os_zalloc("host.platform", sizeof(*platform));
    if (platform == NULL) {
        return -1;
    }
    sim_make_names(platform);
    for (size_t i = 0; i < sizeof(platform->processors) / sizeof(platform->processors[0]); i++) {
        platform->processors[i].platform = platform;
    }
    context->platform = platform;
    return 0;
}

void platform_destroy(struct host_context *context)
{
    sim_engine_destroy(context->platform);
    free(context->platform);
    context->platform = NULL;
}

bool platform_is_inside(const struct host_context *context)
{
    /* Relaxed: only equality with the caller's own engine matters, and that one cannot change under the caller. */
    struct exec_engine *own = atomic_load_explicit(&context->platform->engine, memory_order_relaxed);
    return own != NULL && exec_current_engine() == own;
}

static int sim_alloc_runtime(struct host_context *context, uint64_t bytes, void **address)
{
    if (npu_hbm_alloc(context->owner, PTO_MEMORY_RUNTIME, -1, bytes, address) != 0) {
        *address = NULL;
        return host_error(context, -1, "device %d: no memory for %llu bytes of launch arguments", context->device_id,
                          (unsigned long long)bytes);
    }
    return 0;
}

int platform_attach(struct host_context *context)
{
    struct platform *platform = context->platform;
    void *block = NULL;
    void *arguments = NULL;
    void *wall = NULL;
    int result = sim_alloc_runtime(context, sizeof(*platform->block), &block);
    platform->block = block;
    if (result == 0) {
        result = sim_alloc_runtime(context, sizeof(*platform->kernel_args), &arguments);
        platform->kernel_args = arguments;
    }
    if (result == 0) {
        result = sim_alloc_runtime(context, sizeof(*platform->device_wall), &wall);
        platform->device_wall = wall;
    }
    if (result == 0 && npu_pipes_create(&platform->pipes) != 0) {
        result = host_error(context, -1, "no host memory for the pipes of device %d", context->device_id);
    }
    if (result != 0) {
        return result;
    }
    platform->block->device_id = context->device_id;
    platform->block->context_serial = context->serial;
    platform->kernel_args->device_args = (uintptr_t)platform->block;
    platform->kernel_args->device_wall_data_base = (uintptr_t)platform->device_wall;
    platform->kernel_args->log_level = PTO_KERNEL_ARGS_DEFAULT_LOG_LEVEL;
    platform->kernel_args->log_info_v = PTO_KERNEL_ARGS_DEFAULT_LOG_INFO_V;
    return 0;
}

static void sim_free_runtime(struct host_context *context, void *address)
{
    if (address != NULL) {
        (void)npu_hbm_free(context->owner, address);
    }
}

void platform_detach(struct host_context *context)
{
    struct platform *platform = context->platform;
    sim_programs_stop(context);
    free(platform->aicpu.bytes);
    free(platform->aicore.bytes);
    platform->aicpu = (struct sim_image){0};
    platform->aicore = (struct sim_image){0};
    npu_cores_release(&platform->cores, context->owner);
    npu_pipes_destroy(platform->pipes);
    platform->pipes = NULL;
    sim_free_runtime(context, platform->device_wall);
    sim_free_runtime(context, platform->kernel_args);
    sim_free_runtime(context, platform->block);
    platform->device_wall = NULL;
    platform->kernel_args = NULL;
    platform->block = NULL;
}

void platform_stop_programs(struct host_context *context)
{
    sim_programs_stop(context);
}

int platform_check_usable(struct host_context *context)
{
    (void)context; /* the simulated platform is never poisoned (R17) */
    return 0;
}

static int sim_copied(struct host_context *context, int fault, const char *what, uint64_t bytes)
{
    return fault == 0 ? 0
                      : host_error(context, -fault, "device %d: %s of %llu bytes: %s", context->device_id, what,
                                   (unsigned long long)bytes, strerror(fault));
}

int platform_result(const struct host_context *context, int result)
{
    (void)context;
    return result;
}

int platform_copy_in(struct host_context *context, void *device, const void *host, uint64_t bytes)
{
    int fault = fault_hit("host.copy_in");
    if (fault == 0 && bytes != 0) {
        memcpy(device, host, bytes);
    }
    return sim_copied(context, fault, "copy in", bytes);
}

int platform_copy_out(struct host_context *context, void *host, const void *device, uint64_t bytes)
{
    int fault = fault_hit("host.copy_out");
    if (fault == 0 && bytes != 0) {
        memcpy(host, device, bytes);
    }
    return sim_copied(context, fault, "copy out", bytes);
}

int platform_zero(struct host_context *context, void *device, uint64_t bytes)
{
    int fault = fault_hit("host.zero");
    if (fault == 0 && bytes != 0) {
        memset(device, 0, bytes);
    }
    return sim_copied(context, fault, "zeroing", bytes);
}

void platform_read_device_block(struct host_context *context, struct pto_device_block *block)
{
    if (context->platform->block != NULL) {
        *block = *context->platform->block;
    } else {
        *block = (struct pto_device_block){0};
    }
}

void platform_driver_statistics(const struct host_context *context, struct pto_statistics *statistics)
{
    (void)context;
    (void)statistics; /* there is no driver */
}

size_t platform_driver_objects(const struct host_context *context, struct pto_driver_object *objects, size_t capacity)
{
    (void)context;
    (void)objects;
    (void)capacity;
    return 0;
}

uint64_t platform_kernel_handles(const struct host_context *context)
{
    return context->platform->kernel_handles;
}

int platform_ensure_acl_ready(struct host_context *context, int device_id)
{
    (void)context;
    (void)device_id;
    return 0; /* there is no ACL to make ready */
}

void *platform_create_comm_stream(struct host_context *context)
{
    (void)context;
    return NULL; /* communication on sim needs no stream */
}

int platform_destroy_comm_stream(struct host_context *context, void *stream)
{
    (void)context;
    (void)stream;
    return 0;
}
