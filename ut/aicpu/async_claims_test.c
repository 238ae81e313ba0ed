/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels may claim as the conditions of their task, and what becomes of the run when it makes no sense
 * (device.md 5.1; R13, R20, R23, R33, R34): each has its code and its message, and the run after it is as the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/kernel.h"
#include "async_rig.h"

static _Alignas(16) struct pto_sdma_event_record records[4];

static struct pto_completion_entry claim; /* what the next kernels register */
static uint32_t claim_count;
static int32_t claim_error;

static void claim_in_slab(int64_t *args)
{
    const struct pto_async_context *context = pto_kernel_async_context(args);
    context->entries[0] = claim;
    *context->count = claim_count;
    *context->error = claim_error;
}

static void claim_by_mail(int64_t *args)
{
    (void)pto_async_post(args, (enum pto_completion_type)claim.type, (enum pto_async_engine)claim.engine, claim.addr,
                         claim.expected);
}

/* The whole mailbox at once, and one message more. */
static void flood_mailbox(int64_t *args)
{
    uint32_t posts = 0;
    while (pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&async_counters[0], 0) == 0) {
        posts++;
    }
    assert_int_equal(posts, PTO_ASYNC_MAILBOX_MESSAGES);
}

static void flood_slab(int64_t *args)
{
    for (uint32_t i = 0; i < 65; i++) {
        assert_int_equal(pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[0], 0),
                         i < 64 ? 0 : -102);
    }
}

/* 65 conditions of one task, whichever way they come. */
static void too_many_conditions(int64_t *args)
{
    flood_slab(args);
    *pto_kernel_async_context(args)->error = 0;
    (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&async_counters[0], 0);
}

static void too_many_messages(int64_t *args)
{
    for (uint32_t i = 0; i < 65; i++) {
        (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&async_counters[0], 0);
    }
}

/* A message for a task that there is not, or that was. */
static void post_for_nobody(int64_t *args)
{
    async_post_for(args, claim.addr, 1, &async_counters[0]);
}

static void scribble_head(int64_t *args)
{
    const struct pto_dispatch_payload *payload =
        (const void *)((const char *)args - offsetof(struct pto_dispatch_payload, args));
    __atomic_fetch_add(&payload->async_mailbox->head, claim_count, __ATOMIC_RELAXED);
}

#define GOOD_ADDRESS ((uintptr_t)&async_counters[0])

static void check_claims(struct mini_device *device, uint32_t threads)
{
    const struct {
        const char *what;
        mini_kernel *kernel;
        struct pto_completion_entry claim;
        uint32_t count;
        int32_t error;
        int status;
        const char *message;
    } cases[] = {
        {"type", claim_in_slab, {.addr = GOOD_ADDRESS, .type = 2}, 1, 0, -101, "type 2"},
        {"type", claim_in_slab, {.addr = GOOD_ADDRESS, .type = -1}, 1, 0, -101, "type -1"},
        {"type by mail", claim_by_mail, {.addr = GOOD_ADDRESS, .type = 2}, 0, 0, -101, "type 2"},
        {"engine", claim_in_slab, {.addr = GOOD_ADDRESS, .engine = 4}, 1, 0, -101, "engine 4"},
        {"engine by mail", claim_by_mail, {.addr = GOOD_ADDRESS, .engine = 4}, 0, 0, -101, "engine 4"},
        {"event of another engine",
         claim_in_slab,
         {.addr = GOOD_ADDRESS, .type = 1, .engine = 1},
         1,
         0,
         -101,
         "type 1"},
        {"null", claim_in_slab, {.addr = 0}, 1, 0, -101, "address 0x0"},
        {"null by mail", claim_by_mail, {.addr = 0}, 1, 0, -101, "address 0x0"},
        {"misaligned", claim_in_slab, {.addr = GOOD_ADDRESS + 2}, 1, 0, -101, "no aligned address"},
        {"misaligned event", claim_in_slab, {.addr = 8 * 99 + 4, .type = 1}, 1, 0, -101, "no aligned address"},
        {"count", claim_in_slab, {.addr = GOOD_ADDRESS}, 65, 0, -103, "registered 65 conditions"},
        {"count", claim_in_slab, {.addr = GOOD_ADDRESS}, UINT32_MAX, 0, -103, "registered 4294967295 conditions"},
        {"error", claim_in_slab, {.addr = GOOD_ADDRESS}, 0, 77, -77, "completion error 77"},
        {"error and count", claim_in_slab, {.addr = GOOD_ADDRESS}, 1, 102, -102, "completion error 102"},
        {"negative error", claim_in_slab, {.addr = GOOD_ADDRESS}, 0, -9, -9, "completion error -9"},
        {"slab overflow", flood_slab, {0}, 0, 0, -102, "completion error 102"},
        {"mailbox overflow", flood_mailbox, {0}, 0, 0, -102, "completion error 102"},
        {"65 conditions", too_many_conditions, {0}, 0, 0, -103, "more than 64 conditions"},
        {"65 messages", too_many_messages, {0}, 0, 0, -103, "more than 64 conditions"},
        {"no such ring", post_for_nobody, {.addr = 4ull << 32}, 0, 0, -103, "0x400000000, which is not running"},
        {"no such task", post_for_nobody, {.addr = 1ull << 32 | 99}, 0, 0, -103, "0x100000063, which is not running"},
        {"a task that was", post_for_nobody, {.addr = 1ull << 32}, 0, 0, -103, "0x100000000, which is not running"},
        {"invalid token", post_for_nobody, {.addr = UINT64_MAX}, 0, 0, -103, "which is not running"},
        {"unwritten messages", scribble_head, {0}, 1, 0, -103, "begun and never written"},
        {"more than a mailbox", scribble_head, {0}, 1u << 31, 0, -103, "begun and never written"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mini_result result;
        const struct mini_run run = {.orchestration = async_chain,
                                     .kernels = {cases[i].kernel, async_do_nothing, async_consume},
                                     .threads = threads};
        claim = cases[i].claim;
        claim_count = cases[i].count;
        claim_error = cases[i].error;
        async_play(device, &run, &result);
        if (result.outcome.end != EXEC_END_OK || result.status != cases[i].status || async_consumers != 0 ||
            strstr(result.message, cases[i].message) == NULL) {
            fail_msg("%s, %u threads: status %d, expected %d, %u consumers, '%s' for '%s'\n%s", cases[i].what, threads,
                     result.status, cases[i].status, async_consumers, result.message, cases[i].message,
                     result.outcome.report);
        }
        assert_int_equal(result.sched_code, cases[i].status == -9 ? 9 : -cases[i].status);
        async_run_good(device, threads);
    }
}

static void claims_that_make_no_sense(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASYNC_FIBERS; i++) {
        struct mini_device *device = async_device(i);
        check_claims(device, 1 + (uint32_t)i % 4);
        mini_device_destroy(device);
    }
}

/* An address that is no memory ends the run, not the process (R33). */
static void addresses_that_are_no_memory(void **state)
{
    (void)state;
    const uint64_t addresses[] = {8, 0x1000, 0xDEAD000000000000ull, UINT64_MAX - 15, 1ull << 46};
    for (size_t kind = 0; kind < 2; kind++) {
        struct mini_device *device = async_device(kind * ASYNC_FIBERS);
        for (size_t i = 0; i < 2 * sizeof(addresses) / sizeof(addresses[0]); i++) {
            struct mini_result result;
            const struct mini_run run = {.orchestration = async_chain,
                                         .kernels = {claim_in_slab, async_do_nothing, async_consume},
                                         .threads = 1 + (uint32_t)i % 4};
            claim = (struct pto_completion_entry){.addr = addresses[i / 2], .type = (int32_t)(i % 2), .expected = 1};
            claim_count = 1;
            claim_error = 0;
            async_play(device, &run, &result);
            assert_int_equal(result.outcome.end, EXEC_END_USER_FAULT);
            assert_int_equal(async_consumers, 0);
            async_run_good(device, 1 + (uint32_t)i % 4);
        }
        mini_device_destroy(device);
    }
}

static void expect_bad_channel(int64_t *args)
{
    records[1].channel_info = claim.addr;
    records[1].flag = 1;
    (void)pto_async_expect_event(pto_kernel_async_context(args), &records[1]);
}

static void channels_that_make_no_sense(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    const uint64_t addresses[] = {0, 12, 0x1000};
    for (size_t i = 0; i < 3; i++) {
        struct mini_result result;
        const struct mini_run run = {.orchestration = async_chain,
                                     .kernels = {expect_bad_channel, async_do_nothing, async_consume}};
        claim.addr = addresses[i];
        async_play(device, &run, &result);
        assert_int_equal(result.outcome.end, addresses[i] == 0x1000 ? EXEC_END_USER_FAULT : EXEC_END_OK);
        if (addresses[i] != 0x1000) {
            assert_int_equal(result.status, -101);
            assert_non_null(strstr(result.message, "names a channel"));
        }
        async_run_good(device, 2);
    }
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_that_make_no_sense),
        cmocka_unit_test(addresses_that_are_no_memory),
        cmocka_unit_test(channels_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
