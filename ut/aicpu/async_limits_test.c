/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that never hold, and lists of them that are full for good: the run ends and says what is awaited
 * (device.md 5.1; R19, R21, R22).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "abi/kernel.h"
#include "async_rig.h"

static _Alignas(16) struct pto_sdma_event_record records[4];

/* The counter comes close, and no further. */
static void expect_five(int64_t *args)
{
    async_counters[3] = 4;
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[3], 5);
}

/* Counters have no sign. */
static void expect_two_billions(int64_t *args)
{
    async_counters[3] = 4;
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[3], 1u << 31);
}

static void expect_event_for_ever(int64_t *args)
{
    (void)pto_async_expect_event(pto_kernel_async_context(args), &records[2]);
}

static void read_it(const struct pto_chip_args *args)
{
    const uint32_t zero = 0;
    struct pto_tensor tensor;
    async_chain(args);
    async_cell(&tensor, 0);
    (void)pto_get_scalar(&tensor, 1, &zero);
}

/* The task window is full of tasks that wait for the deferred one. */
static void fill_the_ring(const struct pto_chip_args *args)
{
    (void)args;
    (void)async_submit_one(0, 0, 0, 0);
    for (uint32_t i = 0; i < 10; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)async_submit_one(2, 0, 0, 0);
        }
    }
}

static const struct {
    mini_kernel *kernel;
    mini_orchestration *orchestration;
    int status;
    const char *message; /* with a hole for the address */
    const void *address;
} endless[] = {
    {expect_five, async_chain, -100, "task 0x100000001 waits for the counter at ADDRESS to reach 5; it is 4",
     &async_counters[3]},
    {expect_two_billions, async_chain, -100, "the counter at ADDRESS to reach 2147483648; it is 4", &async_counters[3]},
    {expect_event_for_ever, async_chain, -100, "waits for the event record at ADDRESS; its flag is 0", &records[2]},
    {expect_five, read_it, -8, "", NULL},
    {expect_five, fill_the_ring, -3, "", NULL},
};
#define ENDLESS (sizeof(endless) / sizeof(endless[0]))

static void check_never(struct mini_device *device, uint32_t threads, size_t i)
{
    struct mini_result result;
    char message[128];
    const struct mini_run run = {.orchestration = endless[i].orchestration,
                                 .kernels = {endless[i].kernel, async_do_nothing, async_consume},
                                 .threads = threads,
                                 .window = 4};
    (void)snprintf(message, sizeof(message), "%s", endless[i].message);
    if (endless[i].address != NULL) {
        const char *hole = strstr(endless[i].message, "ADDRESS");
        (void)snprintf(message, sizeof(message), "%.*s0x%llx%s", (int)(hole - endless[i].message), endless[i].message,
                       (unsigned long long)(uintptr_t)endless[i].address, hole + strlen("ADDRESS"));
    }
    async_play(device, &run, &result);
    if (result.outcome.end != EXEC_END_OK || result.status != endless[i].status || async_consumers != 0 ||
        strstr(result.message, message) == NULL) {
        fail_msg("case %zu, %u threads: status %d, expected %d, '%s' for '%s'\n%s", i, threads, result.status,
                 endless[i].status, result.message, message, result.outcome.report);
    }
    async_run_good(device, threads);
}

static void conditions_that_never_hold(void **state)
{
    (void)state;
    for (size_t engine = 0; engine < ASYNC_FIBERS; engine++) {
        struct mini_device *device = async_device(engine);
        for (uint32_t i = 0; i < 4 * ENDLESS; i++) {
            check_never(device, 1 + i / ENDLESS, i % ENDLESS);
        }
        mini_device_destroy(device);
    }
}

/* In real time, once with and once without an orchestrator that waits too. A tool gets less than it is due elsewhere.
 */
static void conditions_that_never_hold_on_threads(void **state)
{
    (void)state;
    const struct exec_options options = {.kind = EXEC_THREADS,
                                         .deadline_scale = exec_tool_deadline_scale() > 1 ? 4 : 1};
    struct mini_device *device = mini_device_create(&options);
    check_never(device, 3, 0);
    check_never(device, 3, 3);
    mini_device_destroy(device);
}

static void never_enough_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASYNC_FIBERS; i++) {
        struct mini_device *device = async_device(i);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            for (uint64_t tasks = 64; tasks <= 66; tasks++) {
                struct mini_result result;
                const struct mini_run run = {.orchestration = async_many,
                                             .kernels = {async_expect, async_do_nothing, async_consume},
                                             .threads = threads,
                                             .window = 1024,
                                             .pool = 1024,
                                             .scalars = {tasks}};
                async_play(device, &run, &result);
                assert_int_equal(result.outcome.end, EXEC_END_OK);
                assert_int_equal(result.status, tasks > 64 ? -102 : -100);
                assert_non_null(strstr(result.message, tasks > 64 ? "none of the 64" : "64 conditions of 64 tasks"));
                assert_int_equal(async_consumers, 0);
                async_run_good(device, threads);
            }
        }
        mini_device_destroy(device);
    }
}

/* Posts scalars for three tasks that are waiting for this one. */
static void post_for_consumers(int64_t *args)
{
    (void)exec_user_wait(&async_submitted, 0);
    for (uint64_t i = 0; i < pto_kernel_word(args, 1); i++) {
        async_post_for(args, 1ull << 32 | (1 + i % 3), 1, &async_counters[0]);
    }
}

static void three_consumers(const struct pto_chip_args *args)
{
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)async_submit_one(0, 0, args->scalars[0], 0);
        for (uint32_t i = 0; i < 3; i++) {
            (void)async_submit_one(1, 0, 0, 0);
        }
        (void)async_submit_one(2, 0, 0, 1);
    }
    async_tell(&async_submitted);
}

static void pending_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASYNC_FIBERS; i++) {
        struct mini_device *device = async_device(i);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            struct mini_run run = {.orchestration = three_consumers,
                                   .kernels = {post_for_consumers, async_do_nothing, async_consume},
                                   .threads = threads,
                                   .scalars = {128},
                                   .peer = async_peer_notifies};
            async_play_ok(device, &run, 1, "128 pending messages");
            struct mini_result result;
            run.scalars[0] = 129;
            async_play(device, &run, &result);
            assert_int_equal(result.outcome.end, EXEC_END_OK);
            assert_int_equal(result.status, -102);
            assert_non_null(strstr(result.message, "none of 128 messages"));
            async_run_good(device, threads);
        }
        mini_device_destroy(device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_that_never_hold),
        cmocka_unit_test(conditions_that_never_hold_on_threads),
        cmocka_unit_test(never_enough_entries),
        cmocka_unit_test(pending_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
