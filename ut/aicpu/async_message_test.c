/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions that come by mail for other tasks, and event records (device.md 5.1; R20, R23). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "abi/kernel.h"
#include "async_rig.h"

static _Alignas(16) struct pto_sdma_event_record records[4];
static uint64_t channels[4];
static _Atomic uint32_t posted;   /* the foreign kernel has posted everything */
static _Atomic uint32_t finished; /* the task that is posted for has returned */

static void post_foreign(int64_t *args)
{
    (void)exec_user_wait(&async_submitted, 0);
    if (pto_kernel_word(args, 2) != 0) {
        (void)exec_user_wait(&finished, 0);
    }
    async_post_for(args, pto_kernel_word(args, 1), 1, &async_counters[7]);
    async_tell(&posted);
}

/* The task that is posted for: returns when that has been done ... */
static void wait_for_post(int64_t *args)
{
    (void)args;
    (void)exec_user_wait(&posted, 0);
}

/* ... or before it is, and stays deferred until then. */
static void defer_for_post(int64_t *args)
{
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[0], 1);
    async_tell(&finished);
}

/* scalars: 0 the message comes before the task has an entry, 1 after */
static void foreign(const struct pto_chip_args *args)
{
    uint64_t token = async_submit_one(args->scalars[0] != 0 ? 3 : 0, 0, 0, 0).task_id;
    (void)async_submit_one(1, 1, token, args->scalars[0]);
    (void)async_submit_one(2, 0, 7, 8);
    async_tell(&async_submitted);
}

static void peer_notifies_seventh(void *device)
{
    static _Atomic uint32_t never;
    (void)device;
    (void)exec_wait(&posted, 0, EXEC_NEVER);
    (void)exec_wait(&never, 0, exec_now() + ASYNC_PEER_STEP_NS);
    __atomic_store_n(&async_counters[0], 1, __ATOMIC_RELEASE);
    (void)exec_wait(&never, 0, exec_now() + ASYNC_PEER_STEP_NS);
    __atomic_store_n(&async_counters[7], 1, __ATOMIC_RELEASE);
}

static void check_foreign(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    for (uint64_t after = 0; after < 2; after++) {
        posted = 0;
        finished = 0;
        const struct mini_run run = {.orchestration = foreign,
                                     .kernels = {wait_for_post, post_foreign, async_consume, defer_for_post},
                                     .threads = threads,
                                     .blocks = blocks,
                                     .scalars = {after},
                                     .peer = peer_notifies_seventh};
        async_play_ok(device, &run, 1, after != 0 ? "a message for a deferred task" : "a message for a running task");
    }
}

static void messages_for_other_tasks(void **state)
{
    (void)state;
    async_on_every_engine(check_foreign);
}

static void expect_event(int64_t *args)
{
    records[1].channel_info = (uintptr_t)&channels[2];
    (void)pto_async_expect_event(pto_kernel_async_context(args), &records[1]);
}

static void peer_transfers(void *device)
{
    static _Atomic uint32_t never;
    (void)device;
    if (exec_wait(&never, 0, exec_now() + ASYNC_PEER_STEP_NS) != -ECANCELED) {
        __atomic_store_n(&async_counters[0], 1, __ATOMIC_RELAXED);
        __atomic_store_n((uint64_t *)(void *)&records[1], 1ull | 0x1234ull << 32, __ATOMIC_RELEASE);
    }
}

static void check_event(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    memset(records, 0, sizeof(records));
    memset(channels, 0, sizeof(channels));
    const struct mini_run run = {.orchestration = async_chain,
                                 .kernels = {expect_event, async_do_nothing, async_consume},
                                 .threads = threads,
                                 .blocks = blocks,
                                 .scalars = {1},
                                 .peer = peer_transfers};
    async_play_ok(device, &run, 1, "an event record");
    assert_int_equal(records[1].flag, 0);
    assert_int_equal(records[1].sq_tail, 0);
    assert_true(channels[2] == (0x1234ull | 0x1234ull << 32));
    assert_true(channels[0] == 0 && channels[1] == 0 && channels[3] == 0);
}

static void event_records_are_retired(void **state)
{
    (void)state;
    async_on_every_engine(check_event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_for_other_tasks),
        cmocka_unit_test(event_records_are_retired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
