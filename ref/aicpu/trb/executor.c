/* SPDX-License-Identifier: Apache-2.0 */
/*
 * executor: the life of one run (device.md 2.5, 9.1). The first thread meets the cores; then every thread plays its
 * part: the last one is the orchestrator, the others schedule, and a single thread does both. An orchestrator that is
 * done may become one more scheduler. The last one to leave checks and reports.
 */
#include <stdio.h>

#include "abi/orchestration.h"
#include "aicpu/image.h"
#include "aicpu/trb/context.h"
#include "aicpu/trb/handshake.h"
#include "aicpu/trb/quiescence.h"
#include "aicpu/trb/transition.h"
#include "base/cxx_guard.h"
#include "base/fault.h"

static struct trb_runtime *image_of(const struct aicpu_launch *launch)
{
    return (struct trb_runtime *)(uintptr_t)launch->kernel_args->runtime_args;
}

uint32_t aicpu_runtime_threads(const struct aicpu_launch *launch)
{
    return image_threads(image_of(launch)->aicpu_thread_num);
}

_Atomic uint32_t *aicpu_runtime_gate(const struct aicpu_launch *launch)
{
    return &image_of(launch)->report.gate;
}

/* The host copies the image in parts. One that did not arrive would make this run out of two. */
static bool is_of_one_run(const struct trb_runtime *image, struct pto_device_block *block)
{
    if (image->run == image->run_of_arguments && image->run == image->run_of_report) {
        return true;
    }
    (void)snprintf(block->message, sizeof(block->message),
                   "the runtime image is of runs %llu, %llu (arguments) and %llu (report)",
                   (unsigned long long)image->run, (unsigned long long)image->run_of_arguments,
                   (unsigned long long)image->run_of_report);
    return false;
}

int aicpu_runtime_begin(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *context = launch->runtime;
    struct trb_runtime *image = image_of(launch);
    uint32_t threads = aicpu_runtime_threads(launch);
    image->report.status = -1;
    if (!is_of_one_run(image, launch->block) || trb_context_prepare(context, image, launch->block) != 0) {
        trb_dismiss_cores(image);
        return -1;
    }
    struct trb_run *run = &context->run;
    bool alone = threads == 1;
    run->schedulers = alone ? 1 : threads - 1;
    run->orchestrator_schedules = alone;
    for (uint32_t i = 0; i < run->schedulers; i++) {
        trb_scheduler_reset(&context->schedulers[i], run, i == 0 ? &context->wiring : NULL, i);
    }
    trb_orchestrator_reset(&context->orchestrator, run, &context->wiring, alone ? &context->schedulers[0] : NULL);
    return trb_handshake(context, (const uint64_t *)(uintptr_t)launch->kernel_args->regs);
}

/* Finds the orchestration of the run, loading it when the host says that it is new. 0 or -1 with an error latched. */
static int find_orchestration(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *context = launch->runtime;
    struct trb_runtime *image = context->run.image;
    int32_t id = image->callable_id;
    if (id < 0 || id >= PTO_MAX_CALLABLE_IDS) {
        trb_latch(&context->run, TRB_ORCHESTRATOR, 0, PTO_RUN_FAILED, "callable id %d is not in 0..%d", id,
                  PTO_MAX_CALLABLE_IDS - 1);
        return -1;
    }
    if (image->callable_is_new != 0) {
        const struct orchestration_source source = {
            .bytes = (const void *)(uintptr_t)image->orchestration_address,
            .size = image->orchestration_bytes,
            .entry_name = image->entry_name[0] != '\0' ? image->entry_name : PTO_ORCHESTRATION_DEFAULT_ENTRY,
            .config_name = image->config_name[0] != '\0' ? image->config_name : PTO_ORCHESTRATION_DEFAULT_CONFIG,
            .bind_name = PTO_ORCHESTRATION_BIND};
        char text[384] = "";
        if (orchestration_load(launch->orchestrations, launch->block, id, &source, text, sizeof(text)) != 0) {
            trb_latch(&context->run, TRB_ORCHESTRATOR, 0, PTO_RUN_FAILED, "%s", text);
            return -1;
        }
        image->report.orchestration_opened = 1;
    }
    if (launch->orchestrations->entries[id].handle == NULL) {
        trb_latch(&context->run, TRB_ORCHESTRATOR, 0, PTO_RUN_FAILED,
                  "the orchestration of callable %d is said to be loaded, and is not", id);
        return -1;
    }
    image->report.orchestration_loaded = 1;
    context->orchestration = &launch->orchestrations->entries[id];
    return 0;
}

/* A call of the orchestration SO that is guarded against exceptions. */
struct user_call {
    const struct orchestration *orchestration;
    const struct pto_chip_args *args;
    int32_t expected; /* result of config */
};

static void call_config(void *argument)
{
    typedef struct pto_orchestration_config config_function(const struct pto_chip_args *args);
    struct user_call *call = argument;
    config_function *config = (config_function *)(uintptr_t)call->orchestration->config;
    call->expected = config(call->args).expected_arg_count;
}

static void call_entry(void *argument)
{
    typedef void entry_function(const struct pto_chip_args *args);
    const struct user_call *call = argument;
    entry_function *entry = (entry_function *)(uintptr_t)call->orchestration->entry;
    entry(call->args);
}

/* Runs user code. 0, or -1 with an error latched when an exception came out. */
static int call_user(struct aicpu_runtime *context, void (*function)(void *), struct user_call *call)
{
    char what[256] = "";
    exec_user_enter();
    int rc = cxx_guard_call(function, call, what, sizeof(what));
    exec_user_leave();
    if (rc != 0) {
        trb_latch(&context->run, TRB_ORCHESTRATOR, 0, PTO_ERR_INVALID_ARGS,
                  "a C++ exception left the orchestration: %s", what);
    }
    return rc;
}

static void bind_orchestration(const struct orchestration *orchestration, struct pto_runtime_handle *handle)
{
    typedef void bind_function(struct pto_runtime_handle * rt);
    if (orchestration->bind != NULL) {
        bind_function *bind = (bind_function *)(uintptr_t)orchestration->bind;
        exec_user_enter();
        bind(handle);
        exec_user_leave();
    }
}

static int check_arguments(struct aicpu_runtime *context, struct user_call *call)
{
    const struct pto_chip_args *args = call->args;
    if (call->orchestration->config == NULL) {
        return 0;
    }
    if (call_user(context, call_config, call) != 0) {
        return -1;
    }
    if (call->expected > 0 && args->tensor_count + args->scalar_count < call->expected) {
        trb_latch(&context->run, TRB_ORCHESTRATOR, 0, PTO_RUN_FAILED,
                  "the orchestration expects %d arguments, %d tensors and %d scalars were given", call->expected,
                  args->tensor_count, args->scalar_count);
        return -1;
    }
    return 0;
}

/* Everything that the user's stack may be abandoned in. */
static void run_user_code(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *context = launch->runtime;
    struct trb_orchestrator *orchestrator = &context->orchestrator;
    if (_setjmp(orchestrator->escape) != 0) {
        return;
    }
    if (find_orchestration(launch) != 0) {
        return;
    }
    struct user_call call = {.orchestration = context->orchestration, .args = &context->run.image->args};
    if (check_arguments(context, &call) != 0) {
        return;
    }
    bind_orchestration(call.orchestration, &orchestrator->handle);
    trb_open_scope(orchestrator, PTO_SCOPE_AUTO);
    (void)call_user(context, call_entry, &call);
    while (orchestrator->scopes.depth > 0) {
        trb_close_scope(orchestrator);
    }
}

static void orchestrate(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *context = launch->runtime;
    struct trb_run *run = &context->run;
    run_user_code(launch);
    trb_transition(context);
    /* Relaxed: for the host, after the run. */
    atomic_store_explicit(&run->shared->orchestrator_done, 1, memory_order_relaxed);
    /* seq_cst: see the scheduler's report_completed. */
    atomic_store_explicit(&run->total, context->orchestrator.submitted, memory_order_seq_cst);
    trb_run_ring_all(run);
}

int aicpu_runtime_thread(const struct aicpu_launch *launch, uint32_t index)
{
    struct aicpu_runtime *context = launch->runtime;
    struct trb_run *run = &context->run;
    if (run->orchestrator_schedules || index == run->schedulers) {
        orchestrate(launch);
    }
    if (index < run->schedulers) {
        struct trb_scheduler *scheduler = &context->schedulers[index];
        if (trb_scheduler_loop(scheduler) == 0) {
            (void)trb_release_cores(scheduler);
        } else {
            trb_latch(run, TRB_SCHEDULER, index, PTO_RUN_FAILED, "the launch was cancelled while scheduler %u waited",
                      index);
        }
    }
    /* Acquire: pairs with the latch. */
    return atomic_load_explicit(&run->status, memory_order_acquire);
}

/* R12: nothing in trb packs a graph output; a value fault says that something did. */
static void publish_packed_output(struct pto_sm_header *shared)
{
    struct fault_rule rule;
    if (fault_value("aicpu.publish_packed_output", &rule)) {
        /* Relaxed: for the host, after the run. */
        atomic_store_explicit(&shared->graph_output_ptr, rule.values[0], memory_order_relaxed);
        atomic_store_explicit(&shared->graph_output_size, rule.values[1], memory_order_relaxed);
    }
}

/* A message that came too late for its task is the doing of a kernel, and told in every build. */
static void check_async(struct aicpu_runtime *context)
{
    struct trb_async_failure failure = {.code = 0};
    if (!trb_async_is_empty(context->async, &failure)) {
        trb_latch(&context->run, TRB_SCHEDULER, 0, failure.code, "%s", failure.text);
    }
}

static void check_end(struct aicpu_runtime *context)
{
#ifndef NDEBUG
    char text[384];
    if (trb_quiescence_check(context, text, sizeof(text)) != 0) {
        trb_latch(&context->run, TRB_SCHEDULER, 0, PTO_RUN_FAILED, "%s", text);
    }
#else
    trb_orchestrator_sync_all(&context->orchestrator);
#endif
}

int aicpu_runtime_end(const struct aicpu_launch *launch)
{
    struct aicpu_runtime *context = launch->runtime;
    struct trb_run *run = &context->run;
    struct pto_device_block *block = launch->block;
    if (context->orchestration != NULL) {
        bind_orchestration(context->orchestration, NULL);
    }
    run->image->report.run = run->image->run;
    block->tasks = context->orchestrator.submitted;
    block->dispatches = 0;
    for (uint32_t i = 0; i < run->schedulers; i++) {
        block->dispatches += context->schedulers[i].dispatches;
    }
    if (!trb_run_failed(run)) {
        check_async(context);
    }
    if (!trb_run_failed(run)) {
        check_end(context);
    }
    if (!trb_run_failed(run)) {
        run->image->report.status = 0;
        publish_packed_output(run->shared);
        context->dirty = false;
    }
    /* Relaxed: this thread is the last. */
    return atomic_load_explicit(&run->status, memory_order_relaxed);
}
