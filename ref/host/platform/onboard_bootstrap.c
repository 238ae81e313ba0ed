/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the AICPU program gets onto the device (host.md 4.3, R16): the dispatcher, which the driver can start from
 * memory, writes it into the device's kernel directory once per process and device; then its functions are loaded from
 * there by name.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/bootstrap.h"
#include "base/elf_build_id.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/onboard.h"
#include "npu/kernel_files.h"

#define ONBOARD_FUNCTIONS 3u
#define ONBOARD_OP_NAME_BYTES 64u

/* ---- the dispatcher -----------------------------------------------------------------------------------------------
 */

/* Copies of both programs and the block that names them, on the device for the time of the bootstrap. */
struct onboard_bootstrap {
    void *dispatcher;
    void *program;
    void *arguments;
};

static int onboard_place(struct host_context *context, const void *bytes, uint64_t size, void **address)
{
    int result = platform_memory_alloc(context, PTO_MEMORY_PROGRAM, -1, size, address);
    if (result != 0) {
        *address = NULL;
        return host_error_because(context, -1, "no device memory for %llu bytes of the bootstrap",
                                  (unsigned long long)size);
    }
    result = -platform_copy_in(context, *address, bytes, size);
    return result == 0 ? 0 : host_error_because(context, result, "the bootstrap was not copied to the device");
}

static int onboard_bootstrap_place(struct host_context *context, const struct npu_kernel_file *file,
                                   struct onboard_bootstrap *bootstrap)
{
    const struct platform *platform = context->platform;
    int result = onboard_place(context, platform->dispatcher.bytes, platform->dispatcher.size, &bootstrap->dispatcher);
    if (result == 0) {
        result = onboard_place(context, platform->aicpu.bytes, platform->aicpu.size, &bootstrap->program);
    }
    if (result != 0) {
        return result;
    }
    const struct pto_bootstrap_args arguments = {
        .base = {.aicpu_so_bin = (uintptr_t)bootstrap->dispatcher, .aicpu_so_len = platform->dispatcher.size},
        .device_id = (uint64_t)context->device_id,
        .inner_so_bin = (uintptr_t)bootstrap->program,
        .inner_so_len = platform->aicpu.size,
        .twin = file->twin,
    };
    return onboard_place(context, &arguments, sizeof(arguments), &bootstrap->arguments);
}

static void onboard_bootstrap_free(struct host_context *context, const struct onboard_bootstrap *bootstrap)
{
    void *const blocks[] = {bootstrap->arguments, bootstrap->program, bootstrap->dispatcher};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (blocks[i] != NULL) {
            platform_memory_free(context, blocks[i]);
        }
    }
}

/* The process remembers for good that the file is there, so it takes the dispatcher's own word, not the driver's. */
static int onboard_bootstrap_receipt(struct host_context *context, const struct onboard_bootstrap *bootstrap)
{
    struct pto_bootstrap_args told = {0};
    int result = -platform_copy_out(context, &told, bootstrap->arguments, sizeof(told));
    if (result != 0) {
        return onboard_failed(context, result, "rtMemcpy of the bootstrap's receipt");
    }
    return told.installed != 0
               ? 0
               : host_error(context, -1, "device %d: the dispatcher did not run, though the driver said so",
                            context->device_id);
}

static int onboard_bootstrap_launch(struct host_context *context, const struct onboard_bootstrap *bootstrap)
{
    struct platform *platform = context->platform;
    struct pto_bootstrap_launch launch = {
        .args = {.device_args = (uintptr_t)bootstrap->arguments},
        .kernel_name = PTO_BOOTSTRAP_INIT_SYMBOL,
        .so_name = PTO_BOOTSTRAP_SO_NAME,
        .op_name = PTO_BOOTSTRAP_OP_NAME,
    };
    const rtAicpuArgsEx_t arguments = {
        .args = &launch,
        .argsSize = sizeof(launch),
        .soNameAddrOffset = offsetof(struct pto_bootstrap_launch, so_name),
        .kernelNameAddrOffset = offsetof(struct pto_bootstrap_launch, kernel_name),
    };
    int result = rtAicpuKernelLaunchExWithArgs(KERNEL_TYPE_AICPU_KFC, PTO_BOOTSTRAP_OP_NAME, 1, &arguments, NULL,
                                               platform->aicpu_stream, 0);
    if (result != DRIVER_OK) {
        return onboard_launch_failed(context, result, "rtAicpuKernelLaunchExWithArgs");
    }
    result = onboard_synchronize(context, platform->aicpu_stream, "bootstrap");
    int returned = result == 0 ? npu_driver_session_last_run(onboard_session(context))->first_result : 0;
    if (returned != 0) {
        result = host_error(context, -1, "the dispatcher returned %d: the AICPU program of %zu bytes was not installed",
                            returned, platform->aicpu.size);
    }
    return result == 0 ? onboard_bootstrap_receipt(context, bootstrap) : result;
}

/* Has the dispatcher write the program's file, unless this process knows that it is there. */
static int onboard_bootstrap(struct host_context *context, struct npu_kernel_file *file)
{
    const struct platform *platform = context->platform;
    struct onboard_bootstrap bootstrap = {0};
    if (platform->aicpu.bytes == NULL || platform->dispatcher.bytes == NULL) {
        return host_error(
            context, -1,
            "the AICPU program cannot be brought to device %d: simpler_init was given %zu bytes of it and "
            "%zu bytes of the dispatcher",
            context->device_id, platform->aicpu.size, platform->dispatcher.size);
    }
    uint64_t fingerprint = elf_build_id_key(platform->aicpu.bytes, platform->aicpu.size);
    if (npu_kernel_file_reserve(fingerprint, context->device_id, platform->aicpu.bytes, platform->aicpu.size, file) !=
        0) {
        return host_error(context, -1, "no host memory to remember an AICPU program of %zu bytes",
                          platform->aicpu.size);
    }
    if (file->installed) {
        return 0;
    }
    int result = onboard_bootstrap_place(context, file, &bootstrap);
    if (result == 0) {
        result = onboard_bootstrap_launch(context, &bootstrap);
    }
    onboard_bootstrap_free(context, &bootstrap);
    return result;
}

/* ---- the functions ------------------------------------------------------------------------------------------------
 */

static const char *const onboard_functions[ONBOARD_FUNCTIONS] = {PTO_AICPU_INIT_SYMBOL, PTO_AICPU_EXEC_SYMBOL,
                                                                 PTO_AICPU_EXIT_SYMBOL};

static void onboard_op_name(char name[ONBOARD_OP_NAME_BYTES], const char *function, uint64_t fingerprint)
{
    (void)snprintf(name, ONBOARD_OP_NAME_BYTES, "%s_%016llx", function, (unsigned long long)fingerprint);
}

/* The description of the operations, as the driver wants to read it. */
static size_t onboard_describe(const struct npu_kernel_file *file, char *text, size_t capacity)
{
    char kernel[PTO_BOOTSTRAP_NAME_BYTES];
    pto_bootstrap_name(kernel, file->fingerprint, (uint64_t)file->device_id, file->twin);
    size_t length = (size_t)snprintf(text, capacity, "{\n");
    for (size_t i = 0; i < ONBOARD_FUNCTIONS; i++) {
        char op[ONBOARD_OP_NAME_BYTES];
        onboard_op_name(op, onboard_functions[i], file->fingerprint);
        length +=
            (size_t)snprintf(text + length, capacity - length,
                             "  \"%s\": {\"opInfo\": {\"functionName\": \"%s\", \"kernelSo\": \"%s\", "
                             "\"opKernelLib\": \"AICPUKernel\", \"computeCost\": \"100\", "
                             "\"engine\": \"DNN_VM_AICPU\", \"flagAsync\": \"False\", \"flagPartial\": \"False\", "
                             "\"userDefined\": \"False\"}}%s\n",
                             op, onboard_functions[i], kernel, i + 1 < ONBOARD_FUNCTIONS ? "," : "");
    }
    return length + (size_t)snprintf(text + length, capacity - length, "}\n");
}

/* The description is a file only for the time of the call. */
static int onboard_load_binary(struct host_context *context, const struct npu_kernel_file *file)
{
    struct onboard_operations *operations = &context->platform->operations;
    char text[2048];
    char device_path[128];
    char path[PATH_MAX];
    size_t length = onboard_describe(file, text, sizeof(text));
    (void)snprintf(device_path, sizeof(device_path), "/tmp/simpler_inner_%016llx_%ld_%d_%d.json",
                   (unsigned long long)file->fingerprint, (long)getpid(), context->serial, context->device_id);
    int result = os_root_path(device_path, path, sizeof(path));
    if (result == 0) {
        result = os_replace_file("onboard.description", device_path, text, length);
    }
    if (result != 0) {
        return host_error(context, -1, "the description of the operations, %s with %zu bytes, was not written: %s",
                          device_path, length, strerror(-result));
    }
    const rtLoadBinaryOption_t option = {.optionId = RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE, .value = 0};
    const rtLoadBinaryConfig_t config = {.options = &option, .numOpt = 1};
    result = rtsBinaryLoadFromFile(path, &config, &operations->binary);
    os_remove_file(device_path);
    if (result != DRIVER_OK || operations->binary == NULL) {
        operations->binary = NULL;
        return onboard_failed(context, result != DRIVER_OK ? result : -1, "rtsBinaryLoadFromFile");
    }
    return 0;
}

static int onboard_find_functions(struct host_context *context, const struct npu_kernel_file *file)
{
    struct onboard_operations *operations = &context->platform->operations;
    rtFuncHandle *const handles[ONBOARD_FUNCTIONS] = {&operations->init, &operations->exec, &operations->exit};
    for (size_t i = 0; i < ONBOARD_FUNCTIONS; i++) {
        char op[ONBOARD_OP_NAME_BYTES];
        onboard_op_name(op, onboard_functions[i], file->fingerprint);
        int result = rtsFuncGetByName(operations->binary, op, handles[i]);
        if (result != DRIVER_OK || *handles[i] == NULL) {
            return onboard_failed(context, result != DRIVER_OK ? result : -1, "rtsFuncGetByName");
        }
    }
    return 0;
}

int onboard_operations_load(struct host_context *context)
{
    struct npu_kernel_file file;
    if (context->platform->operations.binary != NULL) {
        return 0;
    }
    int result = onboard_bootstrap(context, &file);
    if (result == 0) {
        result = onboard_load_binary(context, &file);
    }
    if (result == 0) {
        context->platform->operations.unproven = file;
        context->platform->operations.is_unproven = !file.installed;
        result = onboard_find_functions(context, &file);
        if (result != 0) {
            onboard_operations_unload(context);
        }
    }
    return result;
}

int onboard_operations_settle(struct host_context *context, int result)
{
    struct onboard_operations *operations = &context->platform->operations;
    if (operations->is_unproven && result == 0) {
        operations->is_unproven = false;
        npu_kernel_file_installed(&operations->unproven);
    } else if (operations->is_unproven) {
        onboard_operations_unload(context);
    }
    return result;
}

void onboard_operations_unload(struct host_context *context)
{
    struct onboard_operations *operations = &context->platform->operations;
    if (operations->binary != NULL && onboard_holds_device(context)) {
        int result = rtsBinaryUnload(operations->binary);
        if (result != DRIVER_OK) {
            onboard_tolerated(context, result, "rtsBinaryUnload");
        }
    }
    *operations = (struct onboard_operations){0};
}
