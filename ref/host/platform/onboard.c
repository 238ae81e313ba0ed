/* SPDX-License-Identifier: Apache-2.0 */
#include "host/platform/onboard.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "base/log.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/engine_options.h"
#include "npu/kernel_files.h"

/* Two libraries may be loaded, so the number comes from the one place that they share. */
int platform_next_serial(void)
{
    return npu_device_next_serial();
}

int platform_create(struct host_context *context)
{
    context->platform = os_zalloc("host.platform", sizeof(*context->platform));
    return context->platform != NULL ? 0 : -1;
}

void platform_destroy(struct host_context *context)
{
    free(context->platform);
    context->platform = NULL;
}

bool platform_is_inside(const struct host_context *context)
{
    if (exec_current_engine() == NULL) {
        return false;
    }
    /* Relaxed: only a processor of the session's own run gets a yes, and the session outlives that run. */
    const struct npu_driver_session *session = onboard_session(context);
    return session != NULL && npu_driver_session_is_inside(session);
}

int platform_set_engine(struct host_context *context, const struct pto_engine_options *options)
{
    struct platform *platform = context->platform;
    struct exec_options taken;
    if (engine_options_take(context, options, &taken) != 0) {
        return -1;
    }
    if (onboard_session(context) != NULL) {
        const struct exec_options in_force = engine_options_in_force(&taken);
        int result = npu_driver_session_set_engine(onboard_session(context), &in_force);
        if (result != 0) {
            return host_error(context, -1, "the engine cannot be set: %s", strerror(-result));
        }
    }
    platform->options = taken;
    return 0;
}

/* ---- faults -------------------------------------------------------------------------------------------------------
 */

enum onboard_severity { ONBOARD_CALL, ONBOARD_LAUNCH, ONBOARD_HALF_DONE };

static bool onboard_is_fault(int code, enum onboard_severity severity)
{
    return code == DRIVER_EXCEPTION || code == DRIVER_TIMEOUT || code == DRIVER_INTERNAL || code == DRIVER_POISONED ||
           (severity == ONBOARD_LAUNCH && code == DRIVER_OUT_OF_MEMORY) || severity == ONBOARD_HALF_DONE;
}

static void onboard_see(struct host_context *context, int code)
{
    struct platform *platform = context->platform;
    platform->fault_seen = platform->fault_seen != 0 ? platform->fault_seen : code;
}

static void onboard_poison(struct host_context *context, int code)
{
    npu_device_fault(&context->platform->user, code, context->error);
    onboard_see(context, code);
    log_message(LOG_LEVEL_ERROR, "host", "%s: the device is poisoned until it is reset", context->error);
}

static int onboard_was_poisoned(struct host_context *context)
{
    char text[NPU_DEVICE_FAULT_TEXT_BYTES] = "";
    int fault = npu_device_faulted(&context->platform->user, text);
    onboard_see(context, DRIVER_POISONED);
    return host_error(context, DRIVER_POISONED, "device %d is poisoned by %d; finalize: %s",
                      context->platform->user.device_id, fault, text);
}

static int onboard_judge(struct host_context *context, int code, const char *call, enum onboard_severity severity)
{
    struct platform *platform = context->platform;
    char first[NPU_DEVICE_FAULT_TEXT_BYTES] = "";
    if (!onboard_holds_device(context)) {
        return onboard_was_poisoned(context); /* else it would not have been reset under this context */
    }
    int meaning = code == DRIVER_REGISTER_POISONED ? (int)DRIVER_POISONED : code;
    bool consequence =
        meaning == DRIVER_POISONED && npu_device_faulted(&platform->user, first) != 0; /* R17: of what? */
    (void)host_error(context, meaning, "device %d: %s returned %d%s%s", platform->user.device_id, call, code,
                     consequence ? "; first: " : "", first);
    if (onboard_is_fault(meaning, severity)) {
        onboard_poison(context, meaning);
    }
    return meaning;
}

int platform_distrust(struct host_context *context, const char *what, uint64_t found, uint64_t expected)
{
    (void)host_error(context, DRIVER_INTERNAL,
                     "device %d: the driver reports success, but of %s the device shows %llu instead of %llu",
                     context->platform->user.device_id, what, (unsigned long long)found, (unsigned long long)expected);
    onboard_poison(context, DRIVER_INTERNAL);
    return DRIVER_INTERNAL;
}

int onboard_failed(struct host_context *context, int code, const char *call)
{
    return onboard_judge(context, code, call, ONBOARD_CALL);
}

int onboard_launch_failed(struct host_context *context, int code, const char *call)
{
    return onboard_judge(context, code, call, ONBOARD_LAUNCH);
}

int onboard_half_done(struct host_context *context, int code, const char *call)
{
    return onboard_judge(context, code, call, ONBOARD_HALF_DONE);
}

void onboard_tolerated(struct host_context *context, int code, const char *call)
{
    char error[HOST_ERROR_BYTES];
    memcpy(error, context->error, sizeof(error));
    log_message(LOG_LEVEL_ERROR, "host", "device %d: %s returned %d", context->platform->user.device_id, call, code);
    (void)onboard_failed(context, code, call);
    memcpy(context->error, error, sizeof(error));
}

bool onboard_holds_device(const struct host_context *context)
{
    return !npu_device_was_reset(&context->platform->user);
}

/*
 * Looks whether the device was reset only after naming it: a reset that begins later takes the thread's device away
 * again, so that nothing here ever works on what belongs to those who came after the reset.
 */
int onboard_enter_device(struct host_context *context)
{
    struct platform *platform = context->platform;
    int result = rtSetDevice(platform->user.device_id);
    if (result != DRIVER_OK) {
        return onboard_failed(context, result, "rtSetDevice");
    }
    if (!onboard_holds_device(context)) {
        return onboard_was_poisoned(context);
    }
    npu_driver_session_enter(onboard_session(context));
    return 0;
}

int platform_check_usable(struct host_context *context)
{
    bool poisoned = npu_device_faulted(&context->platform->user, NULL) != 0;
    context->platform->fault_seen = 0;
    return poisoned ? onboard_was_poisoned(context) : onboard_enter_device(context);
}

int platform_result(const struct host_context *context, int result)
{
    int seen = context->platform->fault_seen;
    return result == -1 && seen != 0 ? seen : result;
}

/* ---- images -------------------------------------------------------------------------------------------------------
 */

static bool onboard_image_is(const struct onboard_image *image, const void *bytes, size_t size)
{
    size_t given = bytes != NULL ? size : 0;
    return image->size == given && (given == 0 || memcmp(image->bytes, bytes, given) == 0);
}

static int onboard_image_copy(const void *bytes, size_t size, struct onboard_image *image)
{
    *image = (struct onboard_image){0};
    if (bytes == NULL || size == 0) {
        return 0;
    }
    image->bytes = os_alloc("onboard.program.copy", size);
    if (image->bytes == NULL) {
        return -1;
    }
    memcpy(image->bytes, bytes, size);
    image->size = size;
    return 0;
}

static void onboard_images_free(struct platform *platform)
{
    free(platform->aicpu.bytes);
    free(platform->aicore.bytes);
    free(platform->dispatcher.bytes);
    platform->aicpu = (struct onboard_image){0};
    platform->aicore = (struct onboard_image){0};
    platform->dispatcher = (struct onboard_image){0};
}

int platform_set_images(struct host_context *context, const struct host_images *images)
{
    struct platform *platform = context->platform;
    if (onboard_image_is(&platform->aicpu, images->aicpu, images->aicpu_bytes) &&
        onboard_image_is(&platform->aicore, images->aicore, images->aicore_bytes) &&
        onboard_image_is(&platform->dispatcher, images->dispatcher, images->dispatcher_bytes)) {
        return 0;
    }
    struct onboard_image aicpu = {0};
    struct onboard_image aicore = {0};
    struct onboard_image dispatcher = {0};
    if (onboard_image_copy(images->aicpu, images->aicpu_bytes, &aicpu) != 0 ||
        onboard_image_copy(images->aicore, images->aicore_bytes, &aicore) != 0 ||
        onboard_image_copy(images->dispatcher, images->dispatcher_bytes, &dispatcher) != 0) {
        free(aicpu.bytes);
        free(aicore.bytes);
        return host_error(context, -1, "no host memory for device programs of %zu, %zu and %zu bytes",
                          images->aicpu_bytes, images->aicore_bytes, images->dispatcher_bytes);
    }
    platform_stop_programs(context);
    callable_forget_loaded(&context->callables);
    if (npu_device_faulted(&platform->user, NULL) != 0) {
        free(aicpu.bytes);
        free(aicore.bytes);
        free(dispatcher.bytes);
        return onboard_was_poisoned(context);
    }
    onboard_images_free(platform);
    platform->aicpu = aicpu;
    platform->aicore = aicore;
    platform->dispatcher = dispatcher;
    return 0;
}

/* ---- attach and detach --------------------------------------------------------------------------------------------
 */

static int onboard_attach_memory(struct host_context *context)
{
    struct platform *platform = context->platform;
    void *block = NULL;
    void *arguments = NULL;
    void *wall = NULL;
    int result = platform_memory_alloc(context, PTO_MEMORY_RUNTIME, -1, sizeof(*platform->block), &block);
    platform->block = block;
    if (result == 0) {
        result = platform_memory_alloc(context, PTO_MEMORY_RUNTIME, -1, sizeof(platform->args), &arguments);
        platform->kernel_args = arguments;
    }
    if (result == 0) {
        result = platform_memory_alloc(context, PTO_MEMORY_RUNTIME, -1, sizeof(*platform->device_wall), &wall);
        platform->device_wall = wall;
    }
    platform->known = (struct pto_device_block){.device_id = context->device_id, .context_serial = context->serial};
    if (result == 0) {
        result = platform_copy_in(context, platform->block, &platform->known, sizeof(platform->known));
    }
    platform->args = (struct NPU_KERNEL_ARGS){
        .device_args = (uintptr_t)platform->block,
        .device_wall_data_base = (uintptr_t)platform->device_wall,
        .log_level = PTO_KERNEL_ARGS_DEFAULT_LOG_LEVEL,
        .log_info_v = PTO_KERNEL_ARGS_DEFAULT_LOG_INFO_V,
    };
    platform->args_uploaded = false;
    return result == 0 ? 0
                       : host_error_because(context, result < -HOST_ERRNO_MAX ? -result : -1,
                                            "device %d: no memory for what launches need", context->device_id);
}

static int onboard_attach_streams(struct host_context *context)
{
    struct platform *platform = context->platform;
    int result = rtStreamCreate(&platform->aicpu_stream, 0);
    if (result != DRIVER_OK) {
        platform->aicpu_stream = NULL;
        return onboard_failed(context, result, "rtStreamCreate for the AICPU");
    }
    result = rtStreamCreate(&platform->aicore_stream, 0);
    if (result != DRIVER_OK) {
        platform->aicore_stream = NULL; /* the first one goes with platform_detach */
        return onboard_failed(context, result, "rtStreamCreate for the cores");
    }
    return 0;
}

int platform_attach(struct host_context *context)
{
    int result = onboard_attach_streams(context);
    return result == 0 ? onboard_attach_memory(context) : result;
}

/*
 * Names the device in order to give back what is held there, which works on a poisoned one too. Who cannot even do that
 * leaves everything to a reset. False: nothing can be given back.
 */
static bool onboard_return(struct host_context *context)
{
    int result = onboard_holds_device(context) ? onboard_enter_device(context) : (int)DRIVER_POISONED;
    if (result != DRIVER_OK && onboard_holds_device(context)) {
        result = onboard_enter_device(context);
    }
    if (result != DRIVER_OK && onboard_holds_device(context)) {
        (void)onboard_half_done(context, result, "rtSetDevice");
    }
    return result == DRIVER_OK;
}

void platform_stop_programs(struct host_context *context)
{
    struct platform *platform = context->platform;
    bool sound = onboard_return(context) && npu_device_faulted(&platform->user, NULL) == 0;
    if (sound && platform->known.state != 0 && platform->operations.binary != NULL) {
        int result = onboard_launch_alone(context, platform->operations.exit, PTO_AICPU_EXIT_SYMBOL);
        if (result != 0) {
            log_message(LOG_LEVEL_ERROR, "host", "the AICPU program's exit: %s", context->error);
        }
    }
    onboard_operations_unload(context);
    /* The driver has no call that gives an image back (R15); the handle is only forgotten. */
    platform->aicore_handle = NULL;
    platform->known.state = 0;
    platform->known.orchestration_handles = 0;
    platform->known.unload_callables = 0;
    platform->unloads_pending = false;
    context->error[0] = '\0';
}

static void onboard_destroy_stream(struct host_context *context, rtStream_t *stream, const char *call)
{
    int result = *stream != NULL && onboard_holds_device(context) ? rtStreamDestroy(*stream) : DRIVER_OK;
    if (result != DRIVER_OK) {
        onboard_tolerated(context, result, call);
    }
    *stream = NULL;
}

static void onboard_free(struct host_context *context, void *address)
{
    if (address != NULL) {
        platform_memory_free(context, address);
    }
}

void platform_detach(struct host_context *context)
{
    struct platform *platform = context->platform;
    char error[HOST_ERROR_BYTES]; /* of a failed attach, which this call undoes */
    memcpy(error, context->error, sizeof(error));
    platform_stop_programs(context);
    onboard_images_free(platform);
    onboard_destroy_stream(context, &platform->aicpu_stream, "rtStreamDestroy for the AICPU");
    onboard_destroy_stream(context, &platform->aicore_stream, "rtStreamDestroy for the cores");
    onboard_free(context, platform->register_table);
    onboard_free(context, platform->device_wall);
    onboard_free(context, platform->kernel_args);
    onboard_free(context, platform->block);
    platform->register_table = NULL;
    platform->device_wall = NULL;
    platform->kernel_args = NULL;
    platform->block = NULL;
    memcpy(context->error, error, sizeof(error));
}

/* ---- copies -------------------------------------------------------------------------------------------------------
 */

/*
 * The caller says what was copied; whether the device faulted is judged here. What the context held may be somebody
 * else's by now, at the same address, so a context that lost the device copies nothing.
 */
static int onboard_copied(struct host_context *context, int code, const char *call)
{
    return code == DRIVER_OK ? 0 : -onboard_failed(context, code, call);
}

static int onboard_copy(struct host_context *context, void *to, const void *from, uint64_t bytes,
                        enum rtMemcpyKind kind)
{
    bool held = onboard_holds_device(context);
    return onboard_copied(context, held ? rtMemcpy(to, bytes, from, bytes, kind) : (int)DRIVER_POISONED, "rtMemcpy");
}

int platform_copy_in(struct host_context *context, void *device, const void *host, uint64_t bytes)
{
    return onboard_copy(context, device, host, bytes, RT_MEMCPY_HOST_TO_DEVICE);
}

int platform_copy_out(struct host_context *context, void *host, const void *device, uint64_t bytes)
{
    return onboard_copy(context, host, device, bytes, RT_MEMCPY_DEVICE_TO_HOST);
}

int platform_zero(struct host_context *context, void *device, uint64_t bytes)
{
    bool held = onboard_holds_device(context);
    return onboard_copied(context, held ? rtMemset(device, bytes, 0, bytes) : (int)DRIVER_POISONED, "rtMemset");
}

/* ---- kernels, statistics ------------------------------------------------------------------------------------------
 */

int platform_kernel_load(struct host_context *context, const struct chip_image_child *child, uint64_t address,
                         struct platform_kernel **kernel, uint64_t *entry)
{
    (void)child;
    *kernel = NULL; /* the chip runs it from where it lies (R35) */
    context->platform->kernels++;
    *entry = address + PTO_CORE_CALLABLE_BINARY_OFFSET;
    return 0;
}

void platform_kernel_unload(struct host_context *context, struct platform_kernel *kernel)
{
    (void)kernel;
    context->platform->kernels--;
}

void platform_read_device_block(struct host_context *context, struct pto_device_block *block)
{
    *block = context->platform->known;
}

void platform_driver_statistics(const struct host_context *context, struct pto_statistics *statistics)
{
    struct npu_driver_statistics device;
    statistics->bootstrap_files = npu_kernel_file_count();
    if (context->device_id < 0) {
        return;
    }
    npu_driver_statistics(context->device_id, &device);
    statistics->driver_contexts = device.contexts;
    statistics->driver_streams = device.streams;
    statistics->driver_images = device.images;
    statistics->driver_image_bytes = device.image_bytes;
    statistics->driver_binaries = device.binaries;
    statistics->driver_programs = device.loaded_programs;
    statistics->driver_kernels = device.loaded_kernels;
    statistics->driver_in_use = device.in_use;
    statistics->driver_allocations = device.allocations;
    statistics->driver_registrations = device.registrations;
    statistics->driver_binary_loads = device.binary_loads;
    statistics->driver_kernel_loads = device.kernel_loads;
    statistics->driver_launches = device.launches;
}

size_t platform_driver_objects(const struct host_context *context, struct pto_driver_object *objects, size_t capacity)
{
    return context->device_id >= 0 ? npu_driver_objects(context->device_id, objects, capacity) : 0;
}

uint64_t platform_kernel_handles(const struct host_context *context)
{
    return context->platform->kernels;
}

/* ---- names of the C ABI that only this platform serves ------------------------------------------------------------
 */

static int onboard_acl_ready(struct host_context *context, int device_id)
{
    int result = host_check_device(context);
    if (result != 0) {
        return result;
    }
    if (device_id != context->device_id) {
        return host_error(context, -1, "ACL for device %d, but the context is bound to device %d", device_id,
                          context->device_id);
    }
    result = aclInit(NULL);
    if (result != DRIVER_OK && result != DRIVER_ACL_REPEATED) {
        return onboard_failed(context, result, "aclInit");
    }
    result = aclrtSetDevice(device_id);
    if (result != DRIVER_OK) {
        return onboard_failed(context, result, "aclrtSetDevice");
    }
    npu_driver_session_enter(onboard_session(context));
    context->platform->acl_ready = true;
    return 0;
}

int platform_ensure_acl_ready(struct host_context *context, int device_id)
{
    if (!host_enter(context)) {
        return -1;
    }
    int result = onboard_acl_ready(context, device_id);
    host_leave(context);
    return result;
}

void *platform_create_comm_stream(struct host_context *context)
{
    aclrtStream stream = NULL;
    if (!host_enter(context)) {
        return NULL;
    }
    if (host_check_device(context) == 0) {
        int result = aclrtCreateStream(&stream);
        if (result != DRIVER_OK) {
            (void)onboard_failed(context, result, "aclrtCreateStream");
            stream = NULL;
        }
    }
    host_leave(context);
    return stream;
}

int platform_destroy_comm_stream(struct host_context *context, void *stream)
{
    if (!host_enter(context)) {
        return -1;
    }
    int result = stream != NULL ? host_check_device(context) : 0;
    if (stream != NULL && result == 0) {
        /* What the stream was used for is the client's: failures are only logged, but a fault is one. */
        int synchronised = aclrtSynchronizeStream(stream);
        if (synchronised != DRIVER_OK) {
            onboard_tolerated(context, synchronised, "aclrtSynchronizeStream");
        }
        int destroyed = aclrtDestroyStream(stream);
        if (destroyed != DRIVER_OK) {
            onboard_tolerated(context, destroyed, "aclrtDestroyStream");
        }
    }
    host_leave(context);
    return result;
}
