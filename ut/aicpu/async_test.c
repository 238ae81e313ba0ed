/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred completion that comes to its end (device.md 5.1; R13, R19, R20, R21, R22, R34): tasks that wait for counters
 * and messages, as many as there may be, how soon they are seen, and the runs after runs that went wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/kernel.h"
#include "aicpu/trb/context.h"
#include "async_rig.h"

/* Half in the slab, half in the mailbox. */
static void expect_and_post(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        if (i % 2 == 0) {
            (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[i], 1);
        } else {
            (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_CCU, (uintptr_t)&async_counters[i], 1);
        }
    }
}

/* As many blocks as counters, on all three lanes. */
static void wide(const struct pto_chip_args *args)
{
    const struct pto_mixed_kernels mix = {.aic = 3, .aiv0 = 4, .aiv1 = 5};
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        const struct pto_mixed_kernels single = {.aic = -1, .aiv0 = 0, .aiv1 = -1};
        (void)async_submit(&single, 0, 5, 0, args->scalars[0]);
        (void)async_submit_one(2, 0, 0, args->scalars[0]);
        (void)async_submit(&mix, 1, 3, 0, args->scalars[0]);
        (void)async_submit_one(2, 1, 0, args->scalars[0]);
    }
}

static void expect_lower(int64_t *args)
{
    if (pto_kernel_block_idx(args) == 1) {
        (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[0], 1);
    }
}

static void expect_upper(int64_t *args)
{
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[1 + pto_kernel_block_idx(args)], 1);
}

static void check_positive(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    const struct {
        const char *what;
        mini_kernel *kernel;
        mini_orchestration *orchestration;
        void (*peer)(void *device);
        uint32_t conditions;
        uint32_t consumers;
    } cases[] = {
        {"nothing registered", async_do_nothing, async_chain, NULL, 0, 1},
        {"one counter, after the kernel", async_expect, async_chain, async_peer_notifies, 1, 1},
        {"all counters, after the kernel", async_expect, async_chain, async_peer_notifies, ASYNC_COUNTERS, 1},
        {"one counter, before the kernel ends", async_reach_and_expect, async_chain, NULL, 1, 1},
        {"all counters, before the kernel ends", async_reach_and_expect, async_chain, NULL, ASYNC_COUNTERS, 1},
        {"one message", async_post, async_chain, async_peer_notifies, 1, 1},
        {"as many messages as conditions", async_post, async_chain, async_peer_notifies, ASYNC_COUNTERS, 1},
        {"slab and messages", expect_and_post, async_chain, async_peer_notifies, 16, 1},
        {"blocks and lanes", async_expect, wide, async_peer_notifies, 4, 2},
        {"blocks and lanes by mail", async_post, wide, async_peer_notifies, 4, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct mini_run run = {.orchestration = cases[i].orchestration,
                                     .kernels = {cases[i].kernel, async_await_submission, async_consume, expect_lower,
                                                 async_do_nothing, expect_upper},
                                     .threads = threads,
                                     .blocks = blocks,
                                     .scalars = {cases[i].conditions},
                                     .peer = cases[i].peer};
        async_play_ok(device, &run, cases[i].consumers, cases[i].what);
    }
}

static void consumers_wait(void **state)
{
    (void)state;
    async_on_every_engine(check_positive);
}

static uint64_t stored_at;
static uint64_t seen_at;

static void note_time(int64_t *args)
{
    async_consume(args);
    seen_at = exec_now();
}

/* Stores after a while, and stays long behind that: the run must not wait for it. */
static void peer_stays(void *device)
{
    static _Atomic uint32_t never;
    (void)device;
    (void)exec_wait(&never, 0, exec_now() + 20 * ASYNC_PEER_STEP_NS);
    stored_at = exec_now();
    __atomic_store_n(&async_counters[0], 1, __ATOMIC_RELEASE);
    (void)exec_wait(&never, 0, exec_now() + 1000 * ASYNC_PEER_STEP_NS);
}

/* In exec time: a store of which nobody is told is seen before as much time again has passed (R22). */
static void a_store_is_seen_in_time(void **state)
{
    (void)state;
    struct mini_device *device = async_device(0);
    for (uint32_t threads = 1; threads <= 4; threads++) {
        const struct mini_run run = {.orchestration = async_chain,
                                     .kernels = {async_expect, async_do_nothing, note_time},
                                     .threads = threads,
                                     .scalars = {1},
                                     .peer = peer_stays};
        async_play_ok(device, &run, 1, "a peer that stays");
        assert_true(seen_at >= stored_at);
        assert_in_range(seen_at - stored_at, 0, TRB_ASYNC_LOOK_MAX_NS);
    }
    mini_device_destroy(device);
}

/* More deferred tasks than the list holds are no error as long as something gets on (R21). */
static void check_many(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    mini_kernel *const kernels[] = {async_reach_and_expect, async_expect};
    const uint64_t counts[] = {ASYNC_COUNTERS, 200};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (kernels[i] == async_expect && counts[j] > 64) {
                continue; /* their notifier may have no core left to run on */
            }
            const struct mini_run run = {.orchestration = async_many,
                                         .kernels = {kernels[i], async_notify, async_consume},
                                         .threads = threads,
                                         .blocks = blocks,
                                         .window = 1024,
                                         .pool = 1024,
                                         .scalars = {counts[j], ASYNC_COUNTERS}};
            async_play_ok(device, &run, counts[j], "many tasks");
        }
    }
    const struct mini_run mail = {.orchestration = async_many,
                                  .kernels = {async_post, async_notify, async_consume},
                                  .threads = threads,
                                  .blocks = blocks,
                                  .window = 1024,
                                  .pool = 1024,
                                  .scalars = {200, ASYNC_COUNTERS},
                                  .peer = async_peer_notifies};
    async_play_ok(device, &mail, 200, "many tasks by mail");
}

static void more_tasks_than_the_list_holds(void **state)
{
    (void)state;
    async_on_every_engine(check_many);
}

/* Neither conditions nor messages of a run that failed or was cut off live on (R13, R34). */
static void fault(int64_t *args)
{
    (void)args;
    __builtin_trap();
}

static void leave_a_mess(const struct pto_chip_args *args)
{
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)async_submit_one(0, 0, 0, ASYNC_COUNTERS);
        (void)async_submit_one(3, 1, 1ull << 32, 20);
        (void)async_submit_one(1, 2, 0, 0);
    }
    (void)args;
}

static void post_and_fault(int64_t *args)
{
    async_post_for(args, pto_kernel_word(args, 1), pto_kernel_word(args, 2), &async_counters[9]);
    fault(args);
}

static void nothing_lives_on(void **state)
{
    (void)state;
    assert_int_equal(exec_user_image_add((const void *)(uintptr_t)fault), 0);
    for (size_t i = 0; i < ASYNC_ENGINES; i++) {
        struct mini_device *device = async_device(i);
        for (uint32_t round = 0; round < 8; round++) {
            struct mini_result result;
            const struct mini_run run = {.orchestration = leave_a_mess,
                                         .kernels = {round % 2 == 0 ? async_expect : async_post, async_do_nothing,
                                                     async_consume, post_and_fault},
                                         .threads = 1 + round % 4,
                                         .blocks = 2};
            async_play(device, &run, &result);
            assert_int_equal(result.outcome.end, EXEC_END_USER_FAULT);
            async_run_good(device, 1 + round % 4);
            check_positive(device, 1 + round % 4, 1);
        }
        mini_device_destroy(device);
    }
    exec_user_image_remove((const void *)(uintptr_t)fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumers_wait),
        cmocka_unit_test(a_store_is_seen_in_time),
        cmocka_unit_test(more_tasks_than_the_list_holds),
        cmocka_unit_test(nothing_lives_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
