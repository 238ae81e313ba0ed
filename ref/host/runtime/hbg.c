/* SPDX-License-Identifier: Apache-2.0 */
#include "host/runtime/hbg.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/runtime/runtime.h"
#include "host/variant.h"
#include "npu/arch.h"

#define HBG_BUFFER_ALIGN 64u /* of the image; a client's buffer is only 16-aligned (R1) */
#define HBG_TABLE_BYTES (PTO_GRAPH_MAX_TASKS * sizeof(struct pto_graph_task))
#define HBG_FIRST_TASKS 16u /* what the table on the device holds at least */

int runtime_create(struct host_context *context)
{
    struct runtime *runtime = os_zalloc("host.runtime", sizeof(*runtime));
    if (runtime == NULL) {
        return -1;
    }
    runtime->handle.ops = &hbg_ops;
    runtime->context = context;
    context->runtime = runtime;
    return 0;
}

void runtime_destroy(struct host_context *context)
{
    struct runtime *runtime = context->runtime;
    if (runtime->tasks != NULL) {
        os_unmap(runtime->tasks, HBG_TABLE_BYTES);
    }
    free(runtime->pairs);
    free(runtime);
    context->runtime = NULL;
}

static void hbg_release_table(struct host_context *context)
{
    struct runtime *runtime = context->runtime;
    if (runtime->device_tasks != NULL) {
        platform_memory_free(context, runtime->device_tasks);
    }
    runtime->device_tasks = NULL;
    runtime->device_capacity = 0;
}

void runtime_release(struct host_context *context)
{
    struct runtime *runtime = context->runtime;
    hbg_release_table(context);
    if (runtime->device_image != NULL) {
        platform_memory_free(context, runtime->device_image);
        runtime->device_image = NULL;
    }
}

size_t runtime_buffer_bytes(void)
{
    return sizeof(struct hbg_runtime) + HBG_BUFFER_ALIGN;
}

int runtime_check_callable(struct host_context *context, const struct chip_image *image)
{
    if (image->orchestration_size == 0) {
        return host_error(context, -1, "the orchestration of the callable has 0 bytes");
    }
    if (image->func_name[0] == '\0') {
        return host_error(context, -1, "the callable names no entry, and " HOST_RUNTIME_NAME " has no default");
    }
    return 0;
}

int runtime_plan(struct host_context *context, const struct chip_image *image, const struct pto_chip_args *args)
{
    (void)context;
    (void)image;
    (void)args; /* the orchestration copies for itself: any address may mean something to it */
    return 0;
}

/* The code addresses of the callable's kernels; changed only where this callable and the one before differ (R34). */
static void hbg_bind_functions(struct runtime *runtime, const struct chip_buffer *chip)
{
    if (runtime->bound_serial == chip->serial) {
        return;
    }
    memset(runtime->functions, 0, sizeof(runtime->functions));
    for (uint32_t i = 0; i < chip->kernel_count; i++) {
        runtime->functions[chip->kernels[i].func_id] = chip->kernels[i].entry;
    }
    runtime->bound_serial = chip->serial;
}

/* A table that is too small is replaced, old one first, since both may not fit; by half as much again if there is room.
 */
static int hbg_ensure_table(struct host_context *context, uint32_t tasks)
{
    struct runtime *runtime = context->runtime;
    if (tasks <= runtime->device_capacity) {
        return 0;
    }
    hbg_release_table(context);
    uint32_t roomy = tasks + tasks / 2;
    roomy = roomy < HBG_FIRST_TASKS ? HBG_FIRST_TASKS : roomy;
    roomy = roomy > PTO_GRAPH_MAX_TASKS ? PTO_GRAPH_MAX_TASKS : roomy;
    const uint32_t sizes[] = {roomy, tasks};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        void *table = NULL;
        uint64_t bytes = (uint64_t)sizes[i] * sizeof(struct pto_graph_task);
        if (platform_memory_alloc(context, PTO_MEMORY_GRAPH, -1, bytes, &table) == 0) {
            context->error[0] = '\0'; /* of the first try */
            runtime->device_tasks = table;
            runtime->device_capacity = sizes[i];
            return 0;
        }
    }
    return host_error_because(context, -1, "no device memory for a graph of %u tasks, %llu bytes", tasks,
                              (unsigned long long)tasks * sizeof(struct pto_graph_task));
}

static int hbg_ensure_host(struct host_context *context)
{
    struct runtime *runtime = context->runtime;
    void *memory = NULL;
    if (runtime->tasks == NULL) {
        if (os_map("host.graph_tasks", HBG_TABLE_BYTES, &memory) != 0) {
            return host_error(context, -1, "no host memory to build a graph: %zu bytes", (size_t)HBG_TABLE_BYTES);
        }
        runtime->tasks = memory;
    }
    if (runtime->device_image == NULL) {
        int result = platform_memory_alloc(context, PTO_MEMORY_RUNTIME, -1, sizeof(struct hbg_runtime), &memory);
        if (result != 0) {
            return host_error_because(context, -1, "no device memory for the runtime image of %zu bytes",
                                      sizeof(struct hbg_runtime));
        }
        runtime->device_image = memory;
    }
    return 0;
}

static void hbg_fill_image(struct hbg_runtime *image, const struct runtime *runtime, const struct runtime_run *run)
{
    image->run = runtime->runs;
    image->worker_count = run->block_dim * NPU_CORES_PER_BLOCK;
    memset(image->workers, 0, image->worker_count * sizeof(image->workers[0]));
    image->aicpu_thread_num = run->aicpu_threads;
    image->block_dim = run->block_dim;
    image->task_count = runtime->task_count;
    image->tasks = (uintptr_t)runtime->device_tasks;
    image->report = (struct hbg_report){0};
}

/* The tasks that there are, the handshakes of the cores that take part, and what follows these. */
static int hbg_upload(struct host_context *context, const struct hbg_runtime *image)
{
    const struct runtime *runtime = context->runtime;
    const size_t rest = offsetof(struct hbg_runtime, worker_count);
    uint8_t *device = (uint8_t *)runtime->device_image;
    int result = 0;
    if (runtime->task_count != 0) {
        runtime->tasks[runtime->task_count - 1].end_time = image->run; /* the table and the image are of one run */
        result = platform_copy_in(context, runtime->device_tasks, runtime->tasks,
                                  runtime->task_count * sizeof(struct pto_graph_task));
    }
    if (result == 0) {
        result = platform_copy_in(context, device, image, image->worker_count * sizeof(image->workers[0]));
    }
    if (result == 0) {
        result = platform_copy_in(context, device + rest, (const uint8_t *)image + rest, sizeof(*image) - rest);
    }
    return result == 0 ? 0
                       : host_error_because(context, -1, "the graph of %u tasks could not be copied to the device",
                                            runtime->task_count);
}

int runtime_bind(struct host_context *context, const struct runtime_run *run, uint64_t *runtime_args)
{
    struct runtime *runtime = context->runtime;
    const struct callable *callable = &context->callables.entries[run->callable_id];
    uintptr_t aligned = ((uintptr_t)run->buffer + HBG_BUFFER_ALIGN - 1) & ~(uintptr_t)(HBG_BUFFER_ALIGN - 1);
    struct hbg_runtime *image = (struct hbg_runtime *)aligned;
    if (hbg_ensure_host(context) != 0) {
        return -1;
    }
    runtime->callable_id = run->callable_id;
    hbg_bind_functions(runtime, callable->chip);
    int result = hbg_build(context, callable->opened, run->args);
    if (result != 0) {
        return result;
    }
    if (hbg_ensure_table(context, runtime->task_count) != 0) {
        return -1;
    }
    runtime->runs++;
    hbg_fill_image(image, runtime, run);
    if (hbg_upload(context, image) != 0) {
        return -1;
    }
    *runtime_args = (uintptr_t)runtime->device_image;
    return 0;
}

static void hbg_describe_failure(struct host_context *context, const struct runtime_run *run, int status)
{
    struct pto_device_block block;
    platform_read_device_block(context, &block);
    block.message[sizeof(block.message) - 1] = '\0';
    char launch_text[HOST_ERROR_BYTES / 2];
    (void)snprintf(launch_text, sizeof(launch_text), "%.*s", (int)sizeof(launch_text) - 1, context->error);
    (void)host_error(context, status, "callable_id %d failed with %d (%s)%s%.*s%s%s", run->callable_id, status,
                     pto_error_name(status), block.message[0] != '\0' ? ": " : "", (int)sizeof(block.message),
                     block.message, launch_text[0] != '\0' ? ": " : "", launch_text);
}

int runtime_finish(struct host_context *context, const struct runtime_run *run, int launch_result, bool ended)
{
    struct runtime *runtime = context->runtime;
    struct hbg_report report = {0};
    int status = launch_result;
    if (ended) {
        int result = platform_copy_out(context, &report, &runtime->device_image->report, sizeof(report));
        if (result != 0) {
            return host_error_because(context, launch_result != 0 ? launch_result : -1,
                                      "the result of the run could not be read from the device");
        }
        status = report.status != 0 ? report.status : launch_result;
    }
    if (status != 0) {
        hbg_describe_failure(context, run, status);
        return status;
    }
    if (report.run != runtime->runs) {
        return platform_distrust(context, "the run that ended", report.run, runtime->runs);
    }
    return hbg_memory_copy_back(runtime);
}

void runtime_end(struct host_context *context)
{
    hbg_memory_end(context->runtime);
}
