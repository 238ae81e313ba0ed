/* SPDX-License-Identifier: Apache-2.0 */
/* Launches: they are checked, their arguments copied, and queued. */
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "npu/driver/state.h"

#define LAUNCH_SERVER_LIBRARY "libaicpu_extend_kernels.so"
#define LAUNCH_SERVER_INIT "DynTileFwkKernelServerInit"
#define LAUNCH_SERVER "DynTileFwkKernelServer"
#define LAUNCH_SERVER_ARGS_MIN 48u /* device_args is the qword at 40 */

/* A launch being made: what all kinds have in common. */
struct launch {
    struct driver_call call;
    struct driver_stream *stream;
};

/* Finds the stream. False: return launch->call.code. */
static bool launch_begin(struct launch *launch, const char *site, const void *stream)
{
    if (!driver_begin(&launch->call, site, DRIVER_NEEDS_SOUND | DRIVER_LAUNCHES | DRIVER_QUEUES)) {
        return false;
    }
    launch->stream = driver_stream_find(launch->call.device, stream);
    if (launch->stream == NULL) {
        launch->call.code = driver_end(&launch->call, DRIVER_INVALID_PARAMETER);
        return false;
    }
    return true;
}

/* A new task with a copy of the arguments, not queued yet. */
static struct driver_task *launch_task(const struct launch *launch, enum driver_task_kind kind, uint32_t count,
                                       const void *args, size_t bytes)
{
    struct driver_task *task = os_alloc("driver.task", sizeof(*task) + bytes);
    if (task == NULL) {
        return NULL;
    }
    memset(task, 0, sizeof(*task));
    task->kind = kind;
    task->count = count;
    task->hangs = launch->call.hangs;
    task->args_bytes = bytes;
    memcpy(task->args, args, bytes);
    return task;
}

static int launch_queue(const struct launch *launch, struct driver_task *task)
{
    struct driver_stream *stream = launch->stream;
    *stream->tail = task;
    stream->tail = &task->next;
    stream->queued++;
    launch->call.device->counters.launches++;
    return driver_end(&launch->call, DRIVER_OK);
}

static struct driver_image *launch_find_image(const struct driver_device *device, const void *handle)
{
    struct driver_image *image = device->images;
    while (image != NULL && image != handle) {
        image = image->next;
    }
    return image;
}

rtError_t rtKernelLaunchWithHandleV2(void *handle, uint64_t tilingKey, uint32_t blockDim, const rtArgsEx_t *args,
                                     void *smDesc, rtStream_t stream, const rtTaskCfgInfo_t *config)
{
    struct launch launch;
    (void)config;
    if (!launch_begin(&launch, "driver.rtKernelLaunchWithHandleV2", stream)) {
        return launch.call.code;
    }
    struct driver_image *image = launch_find_image(launch.call.device, handle);
    if (image == NULL || tilingKey != 0 || smDesc != NULL || args == NULL || args->args == NULL ||
        args->argsSize != sizeof(uint64_t) || blockDim == 0 || blockDim > launch.stream->session->arch->max_blocks) {
        return driver_end(&launch.call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_task *task = launch_task(&launch, DRIVER_TASK_AICORE, blockDim, args->args, sizeof(uint64_t));
    if (task == NULL) {
        return driver_end(&launch.call, DRIVER_OUT_OF_MEMORY);
    }
    task->image = image;
    return launch_queue(&launch, task);
}

static bool launch_args_are_sound(const rtAicpuArgsEx_t *args)
{
    return args->args != NULL && args->argsSize != 0 && args->argsSize <= DRIVER_KERNEL_ARGS_BYTES_MAX;
}

static bool launch_threads_are_sound(const struct launch *launch, uint32_t threads)
{
    return threads != 0 && threads <= launch->stream->session->arch->launched_aicpu_threads;
}

/* A NUL-terminated text inside the arguments; NULL when there is none. */
static const char *launch_text(const rtAicpuArgsEx_t *args, uint32_t offset)
{
    const char *text = (const char *)args->args + offset;
    bool ends = offset < args->argsSize && memchr(text, '\0', args->argsSize - offset) != NULL;
    return ends ? text : NULL;
}

rtError_t rtAicpuKernelLaunchExWithArgs(uint32_t kernelType, const char *opName, uint32_t blockDim,
                                        const rtAicpuArgsEx_t *args, void *smDesc, rtStream_t stream, uint32_t flags)
{
    struct launch launch;
    (void)flags;
    if (!launch_begin(&launch, "driver.rtAicpuKernelLaunchExWithArgs", stream)) {
        return launch.call.code;
    }
    if (opName == NULL || smDesc != NULL || args == NULL || !launch_args_are_sound(args) ||
        args->argsSize < LAUNCH_SERVER_ARGS_MIN || !launch_threads_are_sound(&launch, blockDim)) {
        return driver_end(&launch.call, DRIVER_INVALID_PARAMETER);
    }
    if (kernelType != KERNEL_TYPE_AICPU_KFC) {
        return driver_end(&launch.call, DRIVER_NOT_SUPPORTED);
    }
    const char *library = launch_text(args, args->soNameAddrOffset);
    const char *kernel = launch_text(args, args->kernelNameAddrOffset);
    bool init = kernel != NULL && strcmp(kernel, LAUNCH_SERVER_INIT) == 0;
    if (library == NULL || strcmp(library, LAUNCH_SERVER_LIBRARY) != 0 || kernel == NULL ||
        (!init && strcmp(kernel, LAUNCH_SERVER) != 0)) {
        return driver_end(&launch.call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_task *task =
        launch_task(&launch, init ? DRIVER_TASK_SERVER_INIT : DRIVER_TASK_SERVER, blockDim, args->args, args->argsSize);
    return task != NULL ? launch_queue(&launch, task) : driver_end(&launch.call, DRIVER_OUT_OF_MEMORY);
}

static const struct driver_op *launch_find_op(const struct driver_device *device, const void *handle)
{
    for (const struct driver_binary *binary = device->binaries; binary != NULL; binary = binary->next) {
        for (size_t i = 0; i < binary->count; i++) {
            if (&binary->ops[i] == handle) {
                return &binary->ops[i];
            }
        }
    }
    return NULL;
}

rtError_t rtsLaunchCpuKernel(rtFuncHandle function, uint32_t blockDim, rtStream_t stream,
                             const rtKernelLaunchCfg_t *config, const rtCpuKernelArgs_t *args)
{
    struct launch launch;
    if (!launch_begin(&launch, "driver.rtsLaunchCpuKernel", stream)) {
        return launch.call.code;
    }
    const struct driver_op *op = launch_find_op(launch.call.device, function);
    if (op == NULL || (config != NULL && config->numAttrs != 0) || args == NULL ||
        !launch_args_are_sound(&args->baseArgs) || !launch_threads_are_sound(&launch, blockDim)) {
        return driver_end(&launch.call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_task *task =
        launch_task(&launch, DRIVER_TASK_FUNCTION, blockDim, args->baseArgs.args, args->baseArgs.argsSize);
    if (task == NULL) {
        return driver_end(&launch.call, DRIVER_OUT_OF_MEMORY);
    }
    memcpy(task->function, op->function, sizeof(task->function));
    task->program = op->program;
    task->program->users++;
    return launch_queue(&launch, task);
}
