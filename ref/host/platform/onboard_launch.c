/* SPDX-License-Identifier: Apache-2.0 */
/* A launch on board: the AICPU's functions on one stream, the cores on the other, then both are waited for. */
#include <stddef.h>

#include "host/context.h"
#include "host/platform/onboard.h"

/* Whoever waits lets others use the thread, so the device is named again (npu/driver/driver.h). */
int onboard_synchronize(struct host_context *context, rtStream_t stream, const char *name)
{
    const struct platform *platform = context->platform;
    int limit = platform->options.sync_limit_ns != 0 ? -1 : ONBOARD_SYNC_LIMIT_MS;
    int result = rtStreamSynchronizeWithTimeout(stream, limit);
    if (result != DRIVER_OK) {
        int told = onboard_half_done(context, result, "rtStreamSynchronizeWithTimeout");
        if (told != result) {
            return told; /* the device was reset meanwhile */
        }
        const struct npu_driver_run *run = npu_driver_session_last_run(onboard_session(context));
        return host_error(context, result, "device %d: rtStreamSynchronizeWithTimeout of the %s stream returned %d%s%s",
                          context->device_id, name, result, run->text[0] != '\0' ? ": " : "", run->text);
    }
    return onboard_enter_device(context);
}

static int onboard_launch_aicpu(struct host_context *context, rtFuncHandle function, uint32_t threads)
{
    struct platform *platform = context->platform;
    const rtKernelLaunchCfg_t config = {.numAttrs = 0};
    const rtCpuKernelArgs_t arguments = {
        .baseArgs = {.args = &platform->args, .argsSize = (uint32_t)sizeof(platform->args)}};
    int result = rtsLaunchCpuKernel(function, threads, platform->aicpu_stream, &config, &arguments);
    return result == DRIVER_OK ? 0 : onboard_launch_failed(context, result, "rtsLaunchCpuKernel");
}

static int onboard_launch_aicore(struct host_context *context, uint32_t block_dim)
{
    struct platform *platform = context->platform;
    void *address = platform->kernel_args;
    const rtArgsEx_t arguments = {.args = &address, .argsSize = (uint32_t)sizeof(address)};
    const rtTaskCfgInfo_t config = {.schemMode = RT_SCHEM_MODE_BATCH};
    int result = rtKernelLaunchWithHandleV2(platform->aicore_handle, 0, block_dim, &arguments, NULL,
                                            platform->aicore_stream, &config);
    return result == DRIVER_OK ? 0 : onboard_launch_failed(context, result, "rtKernelLaunchWithHandleV2");
}

static int onboard_read_block(struct host_context *context)
{
    struct platform *platform = context->platform;
    int result = -platform_copy_out(context, &platform->known, platform->block, sizeof(platform->known));
    platform->known.message[sizeof(platform->known.message) - 1] = '\0';
    return result == 0 ? 0 : host_error_because(context, result, "the device block was not read");
}

int onboard_launch_alone(struct host_context *context, rtFuncHandle function, const char *name)
{
    struct platform *platform = context->platform;
    int result = onboard_launch_aicpu(context, function, 1);
    if (result == 0) {
        result = onboard_synchronize(context, platform->aicpu_stream, name);
    }
    if (result == 0) {
        result = onboard_read_block(context);
    }
    if (result != 0) {
        return result;
    }
    if (platform->known.unload_callables != 0) {
        return platform_distrust(context, "callables that are closed", platform->known.unload_callables, 0);
    }
    result = npu_driver_session_last_run(onboard_session(context))->first_result;
    return result == 0 ? 0 : host_error(context, result, "%s returned %d: %s", name, result, platform->known.message);
}

static bool onboard_ask_limit(struct host_context *context, uint32_t type, uint32_t *value)
{
    int result = aclrtGetStreamResLimit(context->platform->aicore_stream, type, value);
    if (result != DRIVER_OK) {
        onboard_tolerated(context, result, "aclrtGetStreamResLimit");
    }
    return result == DRIVER_OK;
}

int platform_resolve_blocks(struct host_context *context, int requested, uint32_t *block_dim)
{
    uint32_t cubes = 0;
    uint32_t vectors = 0;
    if (requested < 0 || requested > (int)NPU_MAX_BLOCKS) {
        return host_error(context, -1, "block_dim %d is not in 0..%u", requested, NPU_MAX_BLOCKS);
    }
    *block_dim = requested != 0 ? (uint32_t)requested : NPU_MAX_BLOCKS;
    if (requested == 0 && onboard_ask_limit(context, ACL_RT_DEV_RES_CUBE_CORE, &cubes) &&
        onboard_ask_limit(context, ACL_RT_DEV_RES_VECTOR_CORE, &vectors)) {
        uint32_t blocks = cubes < vectors / NPU_AIV_PER_BLOCK ? cubes : vectors / NPU_AIV_PER_BLOCK;
        *block_dim = blocks > 0 && blocks < NPU_MAX_BLOCKS ? blocks : NPU_MAX_BLOCKS;
    }
    return 0;
}

/* R15: the driver charges the image each time that it is registered, and takes none back. */
static int onboard_aicore_register(struct host_context *context)
{
    struct platform *platform = context->platform;
    if (platform->aicore_handle != NULL) {
        return 0;
    }
    if (platform->aicore.bytes == NULL) {
        return host_error(context, -1, "the AICore program is not loaded: simpler_init was given 0 bytes");
    }
    const rtDevBinary_t binary = {
        .magic = RT_DEV_BINARY_MAGIC_ELF, .data = platform->aicore.bytes, .length = platform->aicore.size};
    int result = rtRegisterAllKernel(&binary, &platform->aicore_handle);
    if (result != DRIVER_OK || platform->aicore_handle == NULL) {
        platform->aicore_handle = NULL;
        return onboard_launch_failed(context, result != DRIVER_OK ? result : -1, "rtRegisterAllKernel");
    }
    platform->image_bytes += platform->aicore.size;
    platform->image_count++;
    return 0;
}

/* The program's state exists before a run needs it; a program that cannot make one says why. */
static int onboard_program_start(struct host_context *context)
{
    struct platform *platform = context->platform;
    if (platform->known.state != 0) {
        return 0;
    }
    int result = onboard_launch_alone(context, platform->operations.init, PTO_AICPU_INIT_SYMBOL);
    if (result == 0 && platform->known.state == 0) {
        result = platform_distrust(context, "the state that " PTO_AICPU_INIT_SYMBOL " made", 0, 1);
    }
    return onboard_operations_settle(context, result);
}

int platform_prepare_launch(struct host_context *context, uint32_t block_dim)
{
    (void)block_dim; /* all cores are mapped at once */
    int result = onboard_operations_load(context);
    if (result == 0) {
        result = onboard_registers_map(context);
    }
    if (result == 0) {
        result = onboard_aicore_register(context);
    }
    return result == 0 ? onboard_program_start(context) : result;
}

/* What unregistered callables left open on the AICPU is closed by the next function that runs there. */
static int onboard_tell_unloads(struct host_context *context)
{
    struct platform *platform = context->platform;
    if (!platform->unloads_pending) {
        return 0;
    }
    int result = -platform_copy_in(context, &platform->block->unload_callables, &platform->known.unload_callables,
                                   sizeof(platform->known.unload_callables));
    if (result != 0) {
        return host_error_because(context, result, "the device was not told which callables to close");
    }
    platform->unloads_pending = false;
    return 0;
}

static int onboard_upload_arguments(struct host_context *context, const struct platform_launch *launch)
{
    struct platform *platform = context->platform;
    const uint64_t registers = (uintptr_t)platform->register_table;
    const uint64_t no_time = 0;
    if (platform->args.runtime_args != launch->runtime_args || platform->args.regs != registers) {
        platform->args.runtime_args = launch->runtime_args;
        platform->args.regs = registers;
        platform->args_uploaded = false;
    }
    int result = -platform_copy_in(context, platform->device_wall, &no_time, sizeof(no_time));
    if (result == DRIVER_OK && !platform->args_uploaded) {
        result = -platform_copy_in(context, platform->kernel_args, &platform->args, sizeof(platform->args));
        platform->args_uploaded = result == DRIVER_OK;
    }
    return result == 0 ? 0 : host_error_because(context, result, "the kernel arguments were not copied to the device");
}

/* Both halves are queued before either runs: they need each other. */
static int onboard_queue(struct host_context *context, const struct platform_launch *launch)
{
    struct platform *platform = context->platform;
    int result = onboard_launch_aicpu(context, platform->operations.exec, NPU_LAUNCHED_AICPU_THREADS);
    if (result != 0) {
        return result;
    }
    result = onboard_launch_aicore(context, launch->block_dim);
    return result == 0 ? 0
                       : onboard_half_done(context, result,
                                           "rtKernelLaunchWithHandleV2, with the other half of the launch queued,");
}

static int onboard_await(struct host_context *context, struct platform_outcome *outcome)
{
    struct platform *platform = context->platform;
    int result = onboard_synchronize(context, platform->aicpu_stream, "AICPU");
    const struct npu_driver_run *run = npu_driver_session_last_run(onboard_session(context));
    if (result == 0) {
        result = onboard_synchronize(context, platform->aicore_stream, "AICore");
    }
    /* Now, since the work of both streams is done whichever wait did it. */
    int returned = run->first_result;
    outcome->switches = run->outcome.switches;
    outcome->reproducible = run->outcome.reproducible;
    if (result == 0) {
        result = onboard_read_block(context);
    }
    if (result != 0) {
        return result;
    }
    outcome->ended = true;
    if (platform_copy_out(context, &outcome->device_wall_ns, platform->device_wall, sizeof(outcome->device_wall_ns)) !=
        0) {
        outcome->device_wall_ns = 0;
        context->error[0] = '\0'; /* the run is none the worse for it */
    }
    return returned == 0 ? 0 : host_error(context, returned, "a function of the device program returned %d", returned);
}

int platform_launch(struct host_context *context, const struct platform_launch *launch,
                    struct platform_outcome *outcome)
{
    int result = onboard_tell_unloads(context);
    if (result == 0) {
        result = onboard_upload_arguments(context, launch);
    }
    if (result == 0) {
        result = onboard_queue(context, launch);
    }
    if (result != 0) {
        return result;
    }
    outcome->started = true;
    return onboard_await(context, outcome);
}

int platform_unload_callable(struct host_context *context, int32_t callable_id)
{
    struct platform *platform = context->platform;
    if (platform->known.state == 0) {
        return 0;
    }
    platform->known.unload_callables |= 1ull << callable_id;
    platform->unloads_pending = true;
    int result = onboard_tell_unloads(context);
    return result == 0 ? onboard_launch_alone(context, platform->operations.init, PTO_AICPU_INIT_SYMBOL) : result;
}
