/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "abi/shared_memory.h"
#include "abi/trb_runtime.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/runtime/runtime.h"
#include "host/runtime/trb_knobs.h"
#include "npu/arch.h"

#define TRB_BUFFER_ALIGN 64u /* of the image; a client's buffer is only 16-aligned (R1) */

struct trb_region {
    void *address; /* NULL: none */
    uint64_t bytes;
};

/* What trb keeps on the device from run to run (R34). */
struct runtime {
    struct trb_runtime *device_image; /* NULL before the first run */
    struct trb_region shared_memory;
    struct trb_region heap;
    uint64_t runs;         /* that were bound; the number of the last one is in the image */
    uint64_t bound_serial; /* of the chip buffer whose kernels are in the image's function table; 0: none */
    int16_t bound_ids[PTO_MAX_FUNC_IDS]; /* the entries that it touched */
    uint32_t bound_count;
    struct trb_knob_complaints complaints;
};

int runtime_create(struct host_context *context)
{
    context->runtime = os_zalloc("host.runtime", sizeof(*context->runtime));
    return context->runtime != NULL ? 0 : -1;
}

void runtime_destroy(struct host_context *context)
{
    free(context->runtime);
    context->runtime = NULL;
}

static void trb_region_release(struct host_context *context, struct trb_region *region)
{
    if (region->address != NULL) {
        platform_memory_free(context, region->address);
    }
    *region = (struct trb_region){0};
}

void runtime_release(struct host_context *context)
{
    struct runtime *runtime = context->runtime;
    trb_region_release(context, &runtime->shared_memory);
    trb_region_release(context, &runtime->heap);
    if (runtime->device_image != NULL) {
        platform_memory_free(context, runtime->device_image);
        runtime->device_image = NULL;
    }
    runtime->bound_serial = 0;
    runtime->bound_count = 0;
}

size_t runtime_buffer_bytes(void)
{
    return sizeof(struct trb_runtime) + TRB_BUFFER_ALIGN;
}

int runtime_check_callable(struct host_context *context, const struct chip_image *image)
{
    if (image->orchestration_size == 0) {
        return host_error(context, -1, "the orchestration of the callable has 0 bytes");
    }
    return 0;
}

int runtime_open_callable(struct host_context *context, int32_t callable_id, const struct chip_buffer *chip,
                          struct runtime_callable **opened)
{
    (void)context;
    (void)callable_id;
    (void)chip;
    *opened = NULL; /* the AICPU opens it */
    return 0;
}

void runtime_close_callable(struct host_context *context, struct runtime_callable *opened)
{
    (void)context;
    (void)opened;
}

int runtime_plan(struct host_context *context, const struct chip_image *image, const struct pto_chip_args *args)
{
    return staging_plan(context, image, args);
}

void runtime_end(struct host_context *context)
{
    (void)context; /* everything is kept for the next run */
}

/* Keeps a region that is large enough; otherwise replaces it, old one first, since both may not fit. */
static int trb_region_ensure(struct host_context *context, struct trb_region *region, enum pto_memory_kind kind,
                             uint64_t bytes)
{
    if (bytes <= region->bytes) {
        return 0;
    }
    trb_region_release(context, region);
    int result = platform_memory_alloc(context, kind, -1, bytes, &region->address);
    if (result != 0) {
        region->address = NULL;
        return host_error_because(context, -1, "no device memory for %llu bytes of %s", (unsigned long long)bytes,
                                  npu_memory_kind_name(kind));
    }
    region->bytes = bytes;
    return 0;
}

static int trb_ensure_memory(struct host_context *context, const struct trb_knobs *knobs)
{
    struct runtime *runtime = context->runtime;
    uint64_t heap_bytes = knobs->heap_size * PTO_RING_COUNT; /* the knob's maximum leaves room for that */
    if (trb_region_ensure(context, &runtime->heap, PTO_MEMORY_RING_HEAP, heap_bytes) != 0 ||
        trb_region_ensure(context, &runtime->shared_memory, PTO_MEMORY_RING_SHARED,
                          pto_sm_bytes(knobs->task_window_size)) != 0) {
        return -1;
    }
    if (runtime->device_image == NULL) {
        void *image = NULL;
        int result = platform_memory_alloc(context, PTO_MEMORY_RUNTIME, -1, sizeof(struct trb_runtime), &image);
        if (result != 0) {
            return host_error_because(context, -1, "no device memory for the runtime image of %zu bytes",
                                      sizeof(struct trb_runtime));
        }
        runtime->device_image = image;
    }
    return 0;
}

/* The device's function table, changed only where this callable and the one before differ (R34). */
static int trb_bind_functions(struct host_context *context, const struct chip_buffer *chip)
{
    struct runtime *runtime = context->runtime;
    uint64_t *table = runtime->device_image->function_addresses;
    if (runtime->bound_serial == chip->serial) {
        return 0;
    }
    int result = 0;
    for (uint32_t i = 0; i < runtime->bound_count && result == 0; i++) {
        result = platform_zero(context, &table[runtime->bound_ids[i]], sizeof(table[0]));
    }
    for (uint32_t i = 0; i < chip->kernel_count && result == 0; i++) {
        const struct chip_kernel *kernel = &chip->kernels[i];
        result = platform_copy_in(context, &table[kernel->func_id], &kernel->address, sizeof(kernel->address));
    }
    if (result != 0) {
        /* Unknown entries are set: start from an empty table next time. */
        platform_memory_free(context, runtime->device_image);
        runtime->device_image = NULL;
        runtime->bound_serial = 0;
        runtime->bound_count = 0;
        return host_error_because(context, -1, "the function table could not be written");
    }
    for (uint32_t i = 0; i < chip->kernel_count; i++) {
        runtime->bound_ids[i] = (int16_t)chip->kernels[i].func_id;
    }
    runtime->bound_count = chip->kernel_count;
    runtime->bound_serial = chip->serial;
    return 0;
}

static void trb_fill_image(struct trb_runtime *image, const struct host_context *context, const struct runtime_run *run,
                           const struct trb_knobs *knobs)
{
    const struct callable *callable = &context->callables.entries[run->callable_id];
    const struct chip_buffer *chip = callable->chip;
    image->run = context->runtime->runs;
    image->run_of_arguments = image->run;
    image->run_of_report = image->run;
    image->worker_count = run->block_dim * NPU_CORES_PER_BLOCK;
    memset(image->workers, 0, image->worker_count * sizeof(image->workers[0]));
    image->aicpu_thread_num = run->aicpu_threads;
    image->task_window_size = knobs->task_window_size;
    image->heap_size = knobs->heap_size;
    image->dep_pool_size = knobs->dep_pool_size;
    image->orch_to_sched = knobs->orch_to_sched;
    image->block_dim = run->block_dim;
    image->shared_memory = (uintptr_t)context->runtime->shared_memory.address;
    image->heap = (uintptr_t)context->runtime->heap.address;
    image->orchestration_address = chip_buffer_orchestration(chip);
    image->orchestration_bytes = chip->image.orchestration_size;
    image->callable_id = run->callable_id;
    image->callable_is_new = !callable->on_aicpu;
    memcpy(image->entry_name, chip->image.func_name, sizeof(image->entry_name));
    memcpy(image->config_name, chip->image.config_name, sizeof(image->config_name));
    image->args.tensor_count = run->args->tensor_count;
    image->args.scalar_count = run->args->scalar_count;
    memcpy(image->args.tensors, run->args->tensors, (size_t)run->args->tensor_count * sizeof(image->args.tensors[0]));
    memcpy(image->args.scalars, run->args->scalars, (size_t)run->args->scalar_count * sizeof(image->args.scalars[0]));
    image->report = (struct trb_report){0};
}

static int trb_copy_range(struct host_context *context, const struct trb_runtime *image, size_t from, size_t to)
{
    uint8_t *device = (uint8_t *)context->runtime->device_image;
    return platform_copy_in(context, device + from, (const uint8_t *)image + from, to - from);
}

/* Only what this run uses crosses over, function table excepted: a whole image is 22 KB. */
static int trb_upload_image(struct host_context *context, const struct trb_runtime *image)
{
    const size_t args = offsetof(struct trb_runtime, args);
    const size_t scalars = args + offsetof(struct pto_chip_args, scalars);
    const size_t tensor_bytes = (size_t)image->args.tensor_count * sizeof(image->args.tensors[0]);
    const size_t scalar_bytes = (size_t)image->args.scalar_count * sizeof(image->args.scalars[0]);
    const size_t workers = (size_t)image->worker_count * sizeof(image->workers[0]);
    const size_t ranges[][2] = {
        {0, workers},
        {offsetof(struct trb_runtime, worker_count), offsetof(struct trb_runtime, function_addresses)},
        {offsetof(struct trb_runtime, run_of_arguments), args + tensor_bytes},
        {scalars, scalars + scalar_bytes},
        {args + offsetof(struct pto_chip_args, tensor_count),
         offsetof(struct trb_runtime, report) + sizeof(image->report)},
    };
    int result = 0;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && result == 0; i++) {
        result = trb_copy_range(context, image, ranges[i][0], ranges[i][1]);
    }
    return result;
}

#define TRB_HEADER_RESULTS offsetof(struct pto_sm_header, graph_output_ptr)
#define TRB_HEADER_RESULTS_BYTES \
    (offsetof(struct pto_sm_header, sched_error_thread) + sizeof(int32_t) - TRB_HEADER_RESULTS)

/* The part of the shared-memory header in which a run tells its result; reset before each run (R12, R13). */
static int trb_reset_results(struct host_context *context)
{
    uint8_t results[TRB_HEADER_RESULTS_BYTES] = {0};
    const int32_t nobody = -1;
    memcpy(results + sizeof(results) - sizeof(nobody), &nobody, sizeof(nobody));
    uint8_t *header = context->runtime->shared_memory.address;
    return platform_copy_in(context, header + TRB_HEADER_RESULTS, results, sizeof(results));
}

int runtime_bind(struct host_context *context, const struct runtime_run *run, uint64_t *runtime_args)
{
    const struct chip_buffer *chip = context->callables.entries[run->callable_id].chip;
    uintptr_t aligned = ((uintptr_t)run->buffer + TRB_BUFFER_ALIGN - 1) & ~(uintptr_t)(TRB_BUFFER_ALIGN - 1);
    struct trb_runtime *image = (struct trb_runtime *)aligned;
    struct trb_knobs knobs;
    trb_knobs_read(&knobs, &context->runtime->complaints);
    if (trb_ensure_memory(context, &knobs) != 0 || trb_bind_functions(context, chip) != 0) {
        return -1;
    }
    context->runtime->runs++;
    trb_fill_image(image, context, run, &knobs);
    if (staging_bind(context, image->args.tensors) != 0) {
        return -1;
    }
    int result = trb_reset_results(context);
    if (result == 0) {
        result = trb_upload_image(context, image);
    }
    if (result != 0) {
        return host_error_because(context, -1, "the runtime image could not be copied to the device");
    }
    *runtime_args = (uintptr_t)context->runtime->device_image;
    return 0;
}

/* What the run left in the shared-memory header. */
struct trb_results {
    uint64_t graph_output_ptr;
    uint64_t graph_output_size;
    int32_t orch_error_code;
    uint32_t sched_error_bitmap;
    int32_t sched_error_code;
    int32_t sched_error_thread;
};
_Static_assert(sizeof(struct trb_results) == TRB_HEADER_RESULTS_BYTES,
               "the results of a run are one piece of the header");

/* A device code as the result of the run; an already negative one is kept (R23). */
static int trb_negated(int32_t code)
{
    return code > 0 ? -code : code;
}

/* Bad endings come first, then the latched codes, then what the programs returned. */
static int trb_status(int launch_result, bool ended, const struct trb_results *results, const struct trb_report *report)
{
    if (!ended) {
        return launch_result;
    }
    if (results->orch_error_code != 0) {
        return trb_negated(results->orch_error_code);
    }
    if (results->sched_error_code != 0) {
        return trb_negated(results->sched_error_code);
    }
    return report->status != 0 ? report->status : launch_result;
}

static void trb_describe_failure(struct host_context *context, const struct runtime_run *run, int status,
                                 const struct trb_results *results)
{
    struct pto_device_block block;
    platform_read_device_block(context, &block);
    block.message[sizeof(block.message) - 1] = '\0';
    char launch_text[HOST_ERROR_BYTES / 2];
    (void)snprintf(launch_text, sizeof(launch_text), "%.*s", (int)sizeof(launch_text) - 1, context->error);
    (void)host_error(context, status, "callable_id %d failed with %d (%s)%s%.*s%s%s [orchestrator %d, scheduler %d]",
                     run->callable_id, status, pto_error_name(status), block.message[0] != '\0' ? ": " : "",
                     (int)sizeof(block.message), block.message, launch_text[0] != '\0' ? ": " : "", launch_text,
                     results->orch_error_code, results->sched_error_code);
}

int runtime_finish(struct host_context *context, const struct runtime_run *run, int launch_result, bool ended)
{
    struct runtime *runtime = context->runtime;
    struct callable *callable = &context->callables.entries[run->callable_id];
    struct trb_results results = {0};
    struct trb_report report = {0};
    const uint8_t *header = runtime->shared_memory.address;
    char launch_error[HOST_ERROR_BYTES];
    memcpy(launch_error, context->error, sizeof(launch_error));
    int result = platform_copy_out(context, &report, &runtime->device_image->report, sizeof(report));
    callable->on_aicpu = result == 0 && report.orchestration_loaded != 0;
    context->counters.aicpu_dlopens += result == 0 && report.orchestration_opened != 0;
    if (result == 0) {
        result = platform_copy_out(context, &results, header + TRB_HEADER_RESULTS, sizeof(results));
    }
    if (result != 0 && launch_result != 0) {
        memcpy(context->error, launch_error, sizeof(launch_error)); /* why there is nothing to read */
        return launch_result;
    }
    if (result != 0) {
        return host_error_because(context, -1, "the result of the run could not be read from the device");
    }
    int status = trb_status(launch_result, ended, &results, &report);
    if (status != 0) {
        trb_describe_failure(context, run, status, &results);
        return status;
    }
    if (report.run != runtime->runs) {
        return platform_distrust(context, "the run that ended", report.run, runtime->runs);
    }
    return staging_copy_back(context, results.graph_output_ptr, results.graph_output_size);
}
