/* SPDX-License-Identifier: Apache-2.0 */
#include "host/run.h"

#include <time.h>

#include "base/blob.h"
#include "host/context.h"
#include "host/platform/platform.h"
#include "host/runtime/runtime.h"
#include "host/variant.h"

static uint64_t run_clock_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* R5 from "registered or not" on: config before arguments. */
static int run_check(struct host_context *context, const struct run_request *request, uint32_t *block_dim)
{
    const struct chip_buffer *chip = context->callables.entries[request->callable_id].chip;
    if (chip == NULL) {
        return host_error(context, -1, "callable_id %d is not registered", request->callable_id);
    }
    if (platform_resolve_blocks(context, request->block_dim, block_dim) != 0) {
        return -1;
    }
    if (request->aicpu_threads < 1 || request->aicpu_threads > (int)NPU_MAX_AICPU_THREADS) {
        return host_error(context, -1, "aicpu_thread_num %d is not in 1..%u", request->aicpu_threads,
                          NPU_MAX_AICPU_THREADS);
    }
    if (request->l2_swimlane != 0 || request->dump_tensor != 0 || request->pmu != 0 || request->dep_gen != 0) {
        return host_error(
            context, -1,
            "diagnostics (l2_swimlane %d, dump_tensor %d, pmu %d, dep_gen %d, output_prefix \"%.100s\") are "
            "not supported by " HOST_VARIANT_NAME,
            request->l2_swimlane, request->dump_tensor, request->pmu, request->dep_gen,
            request->output_prefix != NULL ? request->output_prefix : "");
    }
    if (request->runtime_buffer == NULL) {
        return host_error(context, -1, "the runtime buffer must not be null");
    }
    if (request->args == NULL) {
        return host_error(context, -1, "the arguments must not be null");
    }
    struct error_text text = {0};
    if (chip_args_check(request->args, &text) != 0) {
        return host_error(context, -1, "arguments: %s", text.text);
    }
    return runtime_plan(context, &chip->image, request->args);
}

static void run_count(struct host_context *context, int result, const struct platform_outcome *outcome)
{
    struct host_counters *counters = &context->counters;
    struct pto_device_block block;
    platform_read_device_block(context, &block);
    counters->runs++;
    counters->failed_runs += result != 0;
    counters->last_tasks = block.tasks;
    counters->last_dispatches = block.dispatches;
    counters->last_switches = outcome->switches;
    counters->last_reproducible = outcome->reproducible && !context->user.interrupted;
}

static int run_launch(struct host_context *context, const struct runtime_run *run, const struct platform_launch *launch,
                      struct platform_outcome *outcome)
{
    /* Relaxed: only tells other threads' set_engine to stay away; the lock orders everything else. */
    atomic_store_explicit(&context->running, true, memory_order_relaxed);
    int launched = platform_launch(context, launch, outcome);
    int result = outcome->started ? runtime_finish(context, run, launched, outcome->ended) : launched;
    atomic_store_explicit(&context->running, false, memory_order_relaxed);
    if (outcome->started) {
        run_count(context, result, outcome);
    }
    return result;
}

int run_prepared_callable(struct host_context *context, const struct run_request *request,
                          struct pto_run_timing *timing)
{
    uint64_t start = run_clock_ns();
    struct platform_launch launch = {0};
    if (run_check(context, request, &launch.block_dim) != 0) {
        return -1;
    }
    const struct runtime_run run = {
        .buffer = request->runtime_buffer,
        .callable_id = request->callable_id,
        .args = request->args,
        .block_dim = launch.block_dim,
        .aicpu_threads = (uint32_t)request->aicpu_threads,
    };
    int result = platform_prepare_launch(context, launch.block_dim);
    if (result != 0) {
        return result;
    }
    struct platform_outcome outcome = {0};
    result = runtime_bind(context, &run, &launch.runtime_args);
    if (result == 0) {
        result = run_launch(context, &run, &launch, &outcome);
    }
    runtime_end(context);
    if (result == 0) {
        context->error[0] = '\0'; /* of what the run did without */
    }
    if (outcome.ended && timing != NULL) {
        timing->host_wall_ns = run_clock_ns() - start;
        timing->device_wall_ns = outcome.device_wall_ns;
    }
    return result;
}
