/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens while a drain is open (drain.h): the run fails in every way it can (D43), the orchestrator becomes a
 * scheduler, the limits of what may start together. The drain is held open by a kernel that waits for a core's release;
 * afterwards the same context works (R13, R22, R23; invariants 28, 29, 32, 33).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "abi/kernel.h"
#include "aicpu/trb/context.h"
#include "dispatch_program.h"

enum { HOLD, COUNT, OTHER, MARK };

/* What ends the waiting of the kernel, or the run. */
enum event {
    EVENT_NONE = 0,
    EVENT_RELEASE,
    EVENT_CRASH,      /* of the kernel */
    EVENT_COMPLETION, /* an error that the kernel reports */
    EVENT_VANISH,     /* the core leaves without an answer */
    EVENT_NEVER,      /* the kernel waits for ever */
    EVENT_FATAL,      /* of the orchestration, which goes on */
    EVENT_BAD_SUBMIT, /* does not return */
    EVENT_DONE,       /* the orchestration ends; the kernel goes on when there is one more scheduler */
};

/* A run that has lost its way does not hold the core for ever. */
#define PATIENCE 2000000u

static struct mini_device *device;
static enum event event;
static uint32_t lanes;           /* of the task that starts together */
static _Atomic uint32_t counted; /* blocks and lanes of the tasks that start together */
static _Atomic uint32_t others;  /* and of another one */
static _Atomic uint32_t held;
static _Alignas(64) uint64_t mark;

static struct trb_run *run_of(void)
{
    return &mini_device_runtime(device)->run;
}

/* Whatever the policy: in turn, and in time. */
static void let_others_run(void)
{
    exec_user_leave();
    exec_charge(100);
    exec_settle();
    exec_pause();
    exec_user_enter();
}

static void crash(void)
{
    __builtin_trap();
}

static void wait_for_ever(void)
{
    _Atomic uint32_t nothing = 0;
    for (;;) {
        (void)exec_user_wait(&nothing, 0);
    }
}

static void report_error(int64_t *args)
{
    const struct pto_async_context *async = pto_kernel_async_context(args);
    *async->error = PTO_ERR_ASYNC_REGISTRATION_FAILED;
}

static bool drain_was_open;

/* Until the drain is open; then until the run fails or the cores have been moved, where that is awaited. */
static bool is_to_hold(void)
{
    bool failed = trb_run_failed(run_of());
    drain_was_open |= trb_drain_is_open(&run_of()->drain);
    if (event == EVENT_NONE || failed) {
        return false;
    }
    return !drain_was_open || event == EVENT_FATAL || event == EVENT_BAD_SUBMIT ||
           (event == EVENT_DONE && atomic_load(&run_of()->transition) != TRB_TRANSITION_OVER);
}

/* Holds one core until the drain is open, and then does what the test is about. */
static void hold_kernel(int64_t *args)
{
    atomic_fetch_add(&held, 1);
    for (uint32_t looks = 0; is_to_hold() && looks < PATIENCE; looks++) {
        let_others_run();
    }
    switch (event) {
    case EVENT_CRASH:
        crash();
        break;
    case EVENT_COMPLETION:
        report_error(args);
        break;
    case EVENT_VANISH:
        exec_exit();
    case EVENT_NEVER:
        wait_for_ever();
        break;
    default:
        break;
    }
}

static void count_kernel(int64_t *args)
{
    (void)args;
    atomic_fetch_add(&counted, 1);
}

static void other_kernel(int64_t *args)
{
    (void)args;
    atomic_fetch_add(&others, 1);
}

static void mark_kernel(int64_t *args)
{
    *(uint64_t *)pto_kernel_data(pto_kernel_tensor(args, 0)) = 1;
}

static void submit(const struct pto_mixed_kernels *kernels, uint32_t blocks, bool together)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    pto_set_block_num(&arg, (int16_t)blocks);
    pto_set_require_sync_start(&arg, together);
    (void)pto_submit(kernels, &arg);
}

static struct pto_mixed_kernels kernels_of(uint32_t active_mask, int32_t kernel)
{
    return (struct pto_mixed_kernels){.aic = (active_mask & PTO_ACTIVE_AIC) != 0 ? kernel : PTO_KERNEL_NONE,
                                      .aiv0 = (active_mask & PTO_ACTIVE_AIV0) != 0 ? kernel : PTO_KERNEL_NONE,
                                      .aiv1 = (active_mask & PTO_ACTIVE_AIV1) != 0 ? kernel : PTO_KERNEL_NONE};
}

/* Until a core is held. The only thread schedules while it waits for a tensor. */
static void wait_for_hold(void)
{
    const uint32_t shape[1] = {1};
    const uint32_t zero = 0;
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)pto_tensor_external(&tensor, (uintptr_t)&mark, shape, 1, PTO_UINT64, false, 0);
    pto_arg_init(&arg);
    (void)pto_add_output_existing(&arg, &tensor);
    (void)pto_submit_aiv(MARK, &arg);
    (void)pto_get_scalar(&tensor, 1, &zero);
    while (event != EVENT_NONE && atomic_load(&held) == 0) {
        let_others_run();
    }
}

/* words: blocks that start together. One lane of one core is held; other work comes behind the drain. */
static void orchestrate(const struct pto_chip_args *args)
{
    uint32_t one = lanes & (uint32_t) - (int32_t)lanes;
    struct pto_mixed_kernels hold = kernels_of(one, HOLD);
    struct pto_mixed_kernels together = kernels_of(lanes, COUNT);
    struct pto_mixed_kernels other = kernels_of(PTO_ACTIVE_LANES, OTHER);
    submit(&hold, 1, false);
    wait_for_hold();
    submit(&together, (uint32_t)args->scalars[0], true);
    submit(&together, (uint32_t)args->scalars[0], true);
    submit(&other, 3, false);
    /* It rings once per 32 submits, before it waits and when it ends; here it only looks. */
    trb_orchestrator_announce(&mini_device_runtime(device)->orchestrator);
    while ((event == EVENT_FATAL || event == EVENT_BAD_SUBMIT) && !trb_drain_is_open(&run_of()->drain)) {
        let_others_run();
    }
    if (event == EVENT_FATAL) {
        pto_report_fatal(77, "in a drain");
    } else if (event == EVENT_BAD_SUBMIT) {
        submit(&other, 0, false);
    }
}

static void ask_transition(struct trb_runtime *image)
{
    image->orch_to_sched = 1;
}

static void run_event(enum event what, uint32_t active_mask, const struct mini_run *sizes, struct mini_result *result)
{
    struct mini_run run = *sizes;
    event = what;
    lanes = active_mask;
    counted = 0;
    others = 0;
    held = 0;
    drain_was_open = false;
    run.orchestration = orchestrate;
    run.kernels[HOLD] = hold_kernel;
    run.kernels[COUNT] = count_kernel;
    run.kernels[OTHER] = other_kernel;
    run.kernels[MARK] = mark_kernel;
    run.scalars[0] = (uint64_t)program_limit(active_mask, run.blocks);
    mini_device_run(device, &run, result);
}

static void check_good(uint32_t active_mask, const struct mini_run *sizes, const struct mini_result *result)
{
    uint32_t parts = (uint32_t)program_limit(active_mask, sizes->blocks) * (uint32_t)__builtin_popcount(active_mask);
    if (result->status != 0 || counted != 2 * parts || others != 9) {
        print_error(
            "event %d, lanes %u, %u threads, %u blocks: status %d '%s', %u blocks of %u and %u of 9 counted\n%s\n",
            (int)event, active_mask, sizes->threads, sizes->blocks, result->status, result->message, counted, 2 * parts,
            others, result->outcome.report);
    }
    assert_int_equal(result->status, 0);
    assert_int_equal(counted, 2 * parts);
    assert_int_equal(others, 9);
}

struct expected_end {
    enum event event;
    enum exec_end end;
    int status; /* 0: whatever comes of the cancelled launch */
    int32_t orch_code;
    int32_t sched_code;
    uint32_t min_threads;
    bool core_is_free; /* in the end, so that a pass under way may still launch the task */
};

static const struct expected_end ends[] = {
    {EVENT_CRASH, EXEC_END_USER_FAULT, 0, 0, 0, 1, false},
    {EVENT_COMPLETION, EXEC_END_OK, -103, 0, 103, 1, true},
    {EVENT_NEVER, EXEC_END_OP_TIMEOUT, 0, 0, 0, 1, false},
    /* With one thread the orchestrator cannot watch its own passes. */
    {EVENT_FATAL, EXEC_END_OK, -77, 77, 0, 2, true},
    {EVENT_BAD_SUBMIT, EXEC_END_OK, -5, 5, 0, 2, true},
    /* On fibers a lost answer is found at once. */
    {EVENT_VANISH, EXEC_END_OK, -100, 0, 100, 1, false},
};

static void fail_in_a_drain(const struct expected_end *expected, uint32_t active_mask, const struct mini_run *sizes)
{
    struct mini_result result;
    run_event(expected->event, active_mask, sizes, &result);
    bool good = result.outcome.end == expected->end && (expected->status == 0 || result.status == expected->status);
    if (!good || held == 0) {
        print_error("event %d, lanes %u, %u threads: end %d, status %d '%s'\n%s\n", (int)event, active_mask,
                    sizes->threads, (int)result.outcome.end, result.status, result.message, result.outcome.report);
    }
    assert_true(good);
    assert_int_not_equal(held, 0);
    if (expected->status != 0) {
        assert_int_equal(result.orch_code, expected->orch_code);
        assert_int_equal(result.sched_code, expected->sched_code);
    }
    if (!expected->core_is_free) {
        assert_int_equal(counted, 0);
    }
    if (expected->event == EVENT_VANISH) {
        assert_non_null(strstr(result.message, "blocks are to start together"));
    }
    run_event(EVENT_RELEASE, active_mask, sizes, &result);
    check_good(active_mask, sizes, &result);
}

static const uint32_t masks[] = {PTO_ACTIVE_AIC, PTO_ACTIVE_AIV0, PTO_ACTIVE_LANES, PTO_ACTIVE_AIC | PTO_ACTIVE_AIV1};

static void failures_on(const struct exec_options *options, uint32_t seeds)
{
    struct exec_options seeded = *options;
    device = mini_device_create(options);
    for (seeded.seed = 1; seeded.seed <= seeds; seeded.seed++) {
        mini_device_configure(device, &seeded);
        for (uint32_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            for (uint32_t threads = ends[i].min_threads; threads <= NPU_MAX_AICPU_THREADS; threads++) {
                /* What ends by a limit takes its time on threads. */
                if (options->kind == EXEC_THREADS &&
                    (ends[i].event == EVENT_VANISH || (ends[i].event == EVENT_NEVER && threads != 2))) {
                    continue;
                }
                const struct mini_run sizes = {.threads = threads, .blocks = 3};
                fail_in_a_drain(&ends[i], masks[(i + threads) % 4], &sizes);
            }
        }
    }
    mini_device_destroy(device);
}

static void failures_round_robin(void **state)
{
    (void)state;
    failures_on(&(struct exec_options){.op_limit_ns = 20000000}, 1);
}

static void failures_random(void **state)
{
    (void)state;
    failures_on(&(struct exec_options){.policy = EXEC_RANDOM, .op_limit_ns = 20000000}, 10);
}

static void failures_threads(void **state)
{
    (void)state;
    const struct exec_options options = {
        .kind = EXEC_THREADS, .op_limit_ns = 100000000, .deadline_scale = PROGRAM_DEADLINE_SCALE};
    failures_on(&options, 1);
}

/* The drain that was open when the cores changed hands starts its task all the same, and the core that is held wakes
 * its new owner. */
static void transitions_on(const struct exec_options *options, uint32_t seeds)
{
    struct exec_options seeded = *options;
    device = mini_device_create(options);
    for (seeded.seed = 1; seeded.seed <= seeds; seeded.seed++) {
        mini_device_configure(device, &seeded);
        for (uint32_t threads = 2; threads <= NPU_MAX_AICPU_THREADS; threads++) {
            for (uint32_t blocks = 2; blocks <= 9; blocks += 2) {
                const struct mini_run sizes = {.threads = threads, .blocks = blocks, .edit = ask_transition};
                struct mini_result result;
                uint32_t active_mask = masks[(threads + blocks + seeded.seed) % 4];
                run_event(EVENT_DONE, active_mask, &sizes, &result);
                check_good(active_mask, &sizes, &result);
                assert_int_equal(run_of()->schedulers, threads);
            }
        }
    }
    mini_device_destroy(device);
}

static void transitions_round_robin(void **state)
{
    (void)state;
    transitions_on(&(struct exec_options){.kind = EXEC_FIBERS}, 1);
}

static void transitions_random(void **state)
{
    (void)state;
    transitions_on(&(struct exec_options){.policy = EXEC_RANDOM}, 20);
}

static void transitions_threads(void **state)
{
    (void)state;
    transitions_on(&(struct exec_options){.kind = EXEC_THREADS, .deadline_scale = PROGRAM_DEADLINE_SCALE}, 2);
}

/* Code 7 begins at limit + 1, for every shape and number of blocks; the limit itself works. */
static void limits(void **state)
{
    (void)state;
    device = mini_device_create(NULL);
    for (uint32_t blocks = 1; blocks <= NPU_MAX_BLOCKS; blocks += 3) {
        for (uint32_t i = 0; i < 4; i++) {
            struct mini_run run = {.blocks = blocks, .threads = 3};
            struct mini_result result;
            char text[96];
            int32_t limit = program_limit(masks[i], blocks);
            run_event(EVENT_NONE, masks[i], &run, &result);
            check_good(masks[i], &run, &result);
            run.orchestration = orchestrate;
            run.kernels[HOLD] = count_kernel;
            run.kernels[COUNT] = count_kernel;
            run.kernels[OTHER] = other_kernel;
            run.kernels[MARK] = mark_kernel;
            run.scalars[0] = (uint64_t)limit + 1;
            mini_device_run(device, &run, &result);
            (void)snprintf(text, sizeof(text), "%d blocks are to start together, there are cores for %d", limit + 1,
                           limit);
            assert_int_equal(result.status, -7);
            assert_int_equal(result.orch_code, 7);
            assert_non_null(strstr(result.message, text));
        }
    }
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_round_robin),
        cmocka_unit_test(failures_random),
        cmocka_unit_test(failures_threads),
        cmocka_unit_test(transitions_round_robin),
        cmocka_unit_test(transitions_random),
        cmocka_unit_test(transitions_threads),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, mini_device_watch_user_code, mini_device_forget_user_code) != 0;
}
