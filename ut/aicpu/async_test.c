/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred completion (device.md 5.1; R13, R19, R20, R21, R22, R23, R33, R34): tasks that wait for counters, event
 * records and messages, what kernels may claim, and what becomes of the run after each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/kernel.h"
#include "aicpu/trb/context.h"
#include "aicpu/trb/slot.h"
#include "mini_device.h"

#define COUNTERS 64u
#define PEER_STEP_NS 30000u

static uint32_t counters[COUNTERS];
static _Alignas(64) uint64_t cells[512];
static _Alignas(16) struct pto_sdma_event_record records[4];
static uint64_t channels[4];
static _Atomic uint32_t submitted; /* the orchestration has submitted everything */
static _Atomic uint32_t posted;    /* the foreign kernel has posted everything */
static _Atomic uint32_t finished;  /* the task that is posted for has returned */
static _Atomic uint32_t too_early; /* kernels that started before their producers' conditions held */
static _Atomic uint32_t consumers; /* kernels that ran as consumers */
static _Atomic uint32_t released;  /* the producer of a deferred task was let go */

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void cell(struct pto_tensor *tensor, uint32_t index)
{
    const uint32_t shape[1] = {1};
    (void)pto_tensor_external(tensor, (uintptr_t)&cells[index], shape, 1, PTO_UINT64, false, 0);
}

/* A task on cell `index`; its kernels' words behind the tensor are `a` and `b`. */
static struct pto_task_outputs submit(const struct pto_mixed_kernels *kernels, uint32_t index, int16_t blocks,
                                      uint64_t a, uint64_t b)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    cell(&tensor, index);
    pto_arg_init(&arg);
    pto_add_inout(&arg, &tensor);
    pto_add_scalar(&arg, a);
    pto_add_scalar(&arg, b);
    pto_set_block_num(&arg, blocks);
    return pto_submit(kernels, &arg);
}

static struct pto_task_outputs submit_one(int32_t kernel, uint32_t index, uint64_t a, uint64_t b)
{
    const struct pto_mixed_kernels kernels = {.aic = -1, .aiv0 = kernel, .aiv1 = -1};
    return submit(&kernels, index, 1, a, b);
}

/* Consumer: counters word 1 .. word 2 - 1 have all reached 1. */
static void consume(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        if (load(&counters[i]) == 0) {
            atomic_fetch_add(&too_early, 1);
        }
    }
    atomic_fetch_add(&consumers, 1);
}

static void do_nothing(int64_t *args)
{
    (void)args;
}

static void tell(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    exec_wake(word);
}

/* A producer that is at work while its consumers are submitted. */
static void await_submission(int64_t *args)
{
    (void)args;
    (void)exec_user_wait(&submitted, 0);
}

/* Expects counters word 1 .. word 2 - 1, block by block and lane by lane, in the slab. */
static void expect(int64_t *args)
{
    uint64_t lanes = (uint64_t)pto_kernel_block_num(args);
    for (uint64_t i = pto_kernel_word(args, 1) + (uint64_t)pto_kernel_block_idx(args); i < pto_kernel_word(args, 2);
         i += lanes) {
        (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[i], 1);
    }
}

/* The same through the mailbox. */
static void post(int64_t *args)
{
    uint64_t lanes = (uint64_t)pto_kernel_block_num(args);
    for (uint64_t i = pto_kernel_word(args, 1) + (uint64_t)pto_kernel_block_idx(args); i < pto_kernel_word(args, 2);
         i += lanes) {
        (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_URMA, (uintptr_t)&counters[i], 1);
    }
}

/* Half in the slab, half in the mailbox. */
static void expect_and_post(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        if (i % 2 == 0) {
            (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[i], 1);
        } else {
            (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_CCU, (uintptr_t)&counters[i], 1);
        }
    }
}

/* The counters have been reached before anybody looks. */
static void reach_and_expect(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        pto_send_notification(&counters[i], 1, PTO_NOTIFY_ADD);
    }
    expect(args);
}

static void notify(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        pto_send_notification(&counters[i], 1, PTO_NOTIFY_SET);
    }
}

/* A producer, the deferred task, its consumer. */
static void chain(const struct pto_chip_args *args)
{
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)submit_one(1, 0, 0, 0);
        (void)submit_one(0, 0, 0, args->scalars[0]);
        (void)submit_one(2, 0, 0, args->scalars[0]);
    }
    tell(&submitted);
}

/* As many blocks as counters, on all three lanes. */
static void wide(const struct pto_chip_args *args)
{
    const struct pto_mixed_kernels mix = {.aic = 3, .aiv0 = 4, .aiv1 = 5};
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        const struct pto_mixed_kernels single = {.aic = -1, .aiv0 = 0, .aiv1 = -1};
        (void)submit(&single, 0, 5, 0, args->scalars[0]);
        (void)submit_one(2, 0, 0, args->scalars[0]);
        (void)submit(&mix, 1, 3, 0, args->scalars[0]);
        (void)submit_one(2, 1, 0, args->scalars[0]);
    }
}

static void expect_lower(int64_t *args)
{
    if (pto_kernel_block_idx(args) == 1) {
        (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[0], 1);
    }
}

static void expect_upper(int64_t *args)
{
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[1 + pto_kernel_block_idx(args)], 1);
}

/* scalars[0] deferred tasks at once, each notified by a task that was submitted after all of them. */
static void many(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)submit_one(0, (uint32_t)i, i % COUNTERS, i % COUNTERS + 1);
        }
    }
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)submit_one(1, 511, 0, args->scalars[1]);
    }
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)submit_one(2, (uint32_t)i, i % COUNTERS, i % COUNTERS + 1);
        }
    }
}

/* What a deferred task reads must stay: it still holds its producer. Here they are the first tasks of the second ring.
 */
static bool producer_is_gone(const struct pto_slot_state *slots)
{
    return trb_slot_state(&slots[1]) == PTO_TASK_PENDING && trb_slot_state(&slots[0]) == PTO_TASK_CONSUMED;
}

/* A peer of another rank stores, and says nothing to anybody. */
static void peer_notifies(void *device)
{
    static _Atomic uint32_t never;
    const struct aicpu_runtime *runtime = mini_device_runtime(device);
    for (uint32_t i = 0; i < COUNTERS; i++) {
        if (exec_wait(&never, 0, exec_now() + PEER_STEP_NS) == -ECANCELED) {
            return;
        }
        if (i == 0 && atomic_load(&submitted) != 0 && producer_is_gone(runtime->rings[1].slots)) {
            atomic_fetch_add(&released, 1);
        }
        __atomic_store_n(&counters[i], 1, __ATOMIC_RELEASE);
    }
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static void reset(void)
{
    memset(counters, 0, sizeof(counters));
    memset(records, 0, sizeof(records));
    memset(channels, 0, sizeof(channels));
    submitted = 0;
    posted = 0;
    finished = 0;
    too_early = 0;
    consumers = 0;
    released = 0;
}

static void play(struct mini_device *device, const struct mini_run *run, struct mini_result *result)
{
    reset();
    mini_device_run(device, run, result);
}

#define PLAY_OK(device, run, expected_consumers, what)                                                               \
    do {                                                                                                             \
        struct mini_result played;                                                                                   \
        play(device, run, &played);                                                                                  \
        if (played.status != 0 || played.outcome.end != EXEC_END_OK || too_early != 0 || released != 0 ||            \
            consumers != (expected_consumers)) {                                                                     \
            fail_msg(                                                                                                \
                "%s, %u threads, %u blocks: status %d, %u too early, %u of %u consumers, %u released early: %s\n%s", \
                what, (run)->threads, (run)->blocks, played.status, too_early, consumers,                            \
                (uint32_t)(expected_consumers), released, played.message, played.outcome.report);                    \
        }                                                                                                            \
    } while (0)

/* Whatever became of the runs before: this one is as the first. */
static void run_good(struct mini_device *device, uint32_t threads)
{
    const struct mini_run run = {
        .orchestration = chain, .kernels = {reach_and_expect, do_nothing, consume}, .threads = threads, .scalars = {3}};
    PLAY_OK(device, &run, 1, "the run after");
}

static const struct exec_options engines[] = {
    {.kind = EXEC_FIBERS},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 1},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 2},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 3},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 4},
    {.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 5},
    {.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 6},
    {.kind = EXEC_THREADS},
};
#define ENGINES (sizeof(engines) / sizeof(engines[0]))
#define FIBERS (ENGINES - 1)

static struct mini_device *make_device(size_t engine)
{
    struct exec_options options = engines[engine];
    options.deadline_scale = exec_tool_deadline_scale();
    return mini_device_create(&options);
}

/* Runs `check` on every engine, with 1 to 4 threads and 1 to 3 blocks. */
static void on_every_engine(void (*check)(struct mini_device *device, uint32_t threads, uint32_t blocks))
{
    for (size_t i = 0; i < ENGINES; i++) {
        struct mini_device *device = make_device(i);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            check(device, threads, 1 + (threads + (uint32_t)i) % 3);
        }
        mini_device_destroy(device);
    }
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
        {"nothing registered", do_nothing, chain, NULL, 0, 1},
        {"one counter, after the kernel", expect, chain, peer_notifies, 1, 1},
        {"all counters, after the kernel", expect, chain, peer_notifies, COUNTERS, 1},
        {"one counter, before the kernel ends", reach_and_expect, chain, NULL, 1, 1},
        {"all counters, before the kernel ends", reach_and_expect, chain, NULL, COUNTERS, 1},
        {"one message", post, chain, peer_notifies, 1, 1},
        {"as many messages as conditions", post, chain, peer_notifies, COUNTERS, 1},
        {"slab and messages", expect_and_post, chain, peer_notifies, 16, 1},
        {"blocks and lanes", expect, wide, peer_notifies, 4, 2},
        {"blocks and lanes by mail", post, wide, peer_notifies, 4, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct mini_run run = {
            .orchestration = cases[i].orchestration,
            .kernels = {cases[i].kernel, await_submission, consume, expect_lower, do_nothing, expect_upper},
            .threads = threads,
            .blocks = blocks,
            .scalars = {cases[i].conditions},
            .peer = cases[i].peer};
        PLAY_OK(device, &run, cases[i].consumers, cases[i].what);
    }
}

static void consumers_wait(void **state)
{
    (void)state;
    on_every_engine(check_positive);
}

/* ---- how soon ------------------------------------------------------------------------------------------------------
 */

static uint64_t stored_at;
static uint64_t seen_at;

static void note_time(int64_t *args)
{
    consume(args);
    seen_at = exec_now();
}

/* Stores after a while, and stays long behind that: the run must not wait for it. */
static void peer_stays(void *device)
{
    static _Atomic uint32_t never;
    (void)device;
    (void)exec_wait(&never, 0, exec_now() + 20 * PEER_STEP_NS);
    stored_at = exec_now();
    __atomic_store_n(&counters[0], 1, __ATOMIC_RELEASE);
    (void)exec_wait(&never, 0, exec_now() + 1000 * PEER_STEP_NS);
}

/* In exec time: a store of which nobody is told is seen before as much time again has passed (R22). */
static void a_store_is_seen_in_time(void **state)
{
    (void)state;
    struct mini_device *device = make_device(0);
    for (uint32_t threads = 1; threads <= 4; threads++) {
        const struct mini_run run = {.orchestration = chain,
                                     .kernels = {expect, do_nothing, note_time},
                                     .threads = threads,
                                     .scalars = {1},
                                     .peer = peer_stays};
        PLAY_OK(device, &run, 1, "a peer that stays");
        assert_true(seen_at >= stored_at);
        assert_in_range(seen_at - stored_at, 0, TRB_ASYNC_LOOK_MAX_NS);
    }
    mini_device_destroy(device);
}

/* More deferred tasks than the list holds are no error as long as something gets on (R21). */
static void check_many(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    mini_kernel *const kernels[] = {reach_and_expect, expect};
    const uint64_t counts[] = {COUNTERS, 200};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (kernels[i] == expect && counts[j] > 64) {
                continue; /* their notifier may have no core left to run on */
            }
            const struct mini_run run = {.orchestration = many,
                                         .kernels = {kernels[i], notify, consume},
                                         .threads = threads,
                                         .blocks = blocks,
                                         .window = 1024,
                                         .pool = 1024,
                                         .scalars = {counts[j], COUNTERS}};
            PLAY_OK(device, &run, counts[j], "many tasks");
        }
    }
    const struct mini_run mail = {.orchestration = many,
                                  .kernels = {post, notify, consume},
                                  .threads = threads,
                                  .blocks = blocks,
                                  .window = 1024,
                                  .pool = 1024,
                                  .scalars = {200, COUNTERS},
                                  .peer = peer_notifies};
    PLAY_OK(device, &mail, 200, "many tasks by mail");
}

static void more_tasks_than_the_list_holds(void **state)
{
    (void)state;
    on_every_engine(check_many);
}

/* ---- messages for other tasks ------------------------------------------------------------------------------------ */

static void post_for(int64_t *args, uint64_t token, uint64_t count, uint32_t *counter)
{
    const struct pto_dispatch_payload *payload =
        (const void *)((const char *)args - offsetof(struct pto_dispatch_payload, args));
    const struct pto_completion_entry condition =
        pto_async_condition(PTO_COMPLETION_COUNTER, PTO_ASYNC_ROCE, (uintptr_t)counter, 1);
    for (uint64_t i = 0; i < count; i++) {
        (void)pto_async_mailbox_post(payload->async_mailbox, token, &condition);
    }
}

static void post_foreign(int64_t *args)
{
    (void)exec_user_wait(&submitted, 0);
    if (pto_kernel_word(args, 2) != 0) {
        (void)exec_user_wait(&finished, 0);
    }
    post_for(args, pto_kernel_word(args, 1), 1, &counters[7]);
    tell(&posted);
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
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[0], 1);
    tell(&finished);
}

/* scalars: 0 the message comes before the task has an entry, 1 after */
static void foreign(const struct pto_chip_args *args)
{
    uint64_t token = submit_one(args->scalars[0] != 0 ? 3 : 0, 0, 0, 0).task_id;
    (void)submit_one(1, 1, token, args->scalars[0]);
    (void)submit_one(2, 0, 7, 8);
    tell(&submitted);
}

static void peer_notifies_seventh(void *device)
{
    static _Atomic uint32_t never;
    (void)device;
    (void)exec_wait(&posted, 0, EXEC_NEVER);
    (void)exec_wait(&never, 0, exec_now() + PEER_STEP_NS);
    __atomic_store_n(&counters[0], 1, __ATOMIC_RELEASE);
    (void)exec_wait(&never, 0, exec_now() + PEER_STEP_NS);
    __atomic_store_n(&counters[7], 1, __ATOMIC_RELEASE);
}

static void check_foreign(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    for (uint64_t after = 0; after < 2; after++) {
        const struct mini_run run = {.orchestration = foreign,
                                     .kernels = {wait_for_post, post_foreign, consume, defer_for_post},
                                     .threads = threads,
                                     .blocks = blocks,
                                     .scalars = {after},
                                     .peer = peer_notifies_seventh};
        PLAY_OK(device, &run, 1, after != 0 ? "a message for a deferred task" : "a message for a running task");
    }
}

static void messages_for_other_tasks(void **state)
{
    (void)state;
    on_every_engine(check_foreign);
}

/* ---- event records ----------------------------------------------------------------------------------------------- */

static void expect_event(int64_t *args)
{
    records[1].channel_info = (uintptr_t)&channels[2];
    (void)pto_async_expect_event(pto_kernel_async_context(args), &records[1]);
}

static void peer_transfers(void *device)
{
    static _Atomic uint32_t never;
    (void)device;
    if (exec_wait(&never, 0, exec_now() + PEER_STEP_NS) != -ECANCELED) {
        __atomic_store_n(&counters[0], 1, __ATOMIC_RELAXED);
        __atomic_store_n((uint64_t *)(void *)&records[1], 1ull | 0x1234ull << 32, __ATOMIC_RELEASE);
    }
}

static void check_event(struct mini_device *device, uint32_t threads, uint32_t blocks)
{
    const struct mini_run run = {.orchestration = chain,
                                 .kernels = {expect_event, do_nothing, consume},
                                 .threads = threads,
                                 .blocks = blocks,
                                 .scalars = {1},
                                 .peer = peer_transfers};
    PLAY_OK(device, &run, 1, "an event record");
    assert_int_equal(records[1].flag, 0);
    assert_int_equal(records[1].sq_tail, 0);
    assert_true(channels[2] == (0x1234ull | 0x1234ull << 32));
    assert_true(channels[0] == 0 && channels[1] == 0 && channels[3] == 0);
}

static void event_records_are_retired(void **state)
{
    (void)state;
    on_every_engine(check_event);
}

/* ---- what kernels may claim -------------------------------------------------------------------------------------- */

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
    while (pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&counters[0], 0) == 0) {
        posts++;
    }
    assert_int_equal(posts, PTO_ASYNC_MAILBOX_MESSAGES);
}

static void flood_slab(int64_t *args)
{
    for (uint32_t i = 0; i < 65; i++) {
        assert_int_equal(pto_async_expect_counter(pto_kernel_async_context(args), &counters[0], 0), i < 64 ? 0 : -102);
    }
}

/* 65 conditions of one task, whichever way they come. */
static void too_many_conditions(int64_t *args)
{
    flood_slab(args);
    *pto_kernel_async_context(args)->error = 0;
    (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&counters[0], 0);
}

static void too_many_messages(int64_t *args)
{
    for (uint32_t i = 0; i < 65; i++) {
        (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&counters[0], 0);
    }
}

/* A message for a task that there is not, or that was. */
static void post_for_nobody(int64_t *args)
{
    post_for(args, claim.addr, 1, &counters[0]);
}

static void scribble_head(int64_t *args)
{
    const struct pto_dispatch_payload *payload =
        (const void *)((const char *)args - offsetof(struct pto_dispatch_payload, args));
    __atomic_fetch_add(&payload->async_mailbox->head, claim_count, __ATOMIC_RELAXED);
}

#define GOOD_ADDRESS ((uintptr_t)&counters[0])

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
        const struct mini_run run = {
            .orchestration = chain, .kernels = {cases[i].kernel, do_nothing, consume}, .threads = threads};
        claim = cases[i].claim;
        claim_count = cases[i].count;
        claim_error = cases[i].error;
        play(device, &run, &result);
        if (result.outcome.end != EXEC_END_OK || result.status != cases[i].status || consumers != 0 ||
            strstr(result.message, cases[i].message) == NULL) {
            fail_msg("%s, %u threads: status %d, expected %d, %u consumers, '%s' for '%s'\n%s", cases[i].what, threads,
                     result.status, cases[i].status, consumers, result.message, cases[i].message,
                     result.outcome.report);
        }
        assert_int_equal(result.sched_code, cases[i].status == -9 ? 9 : -cases[i].status);
        run_good(device, threads);
    }
}

static void claims_that_make_no_sense(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIBERS; i++) {
        struct mini_device *device = make_device(i);
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
        struct mini_device *device = make_device(kind * FIBERS);
        for (size_t i = 0; i < 2 * sizeof(addresses) / sizeof(addresses[0]); i++) {
            struct mini_result result;
            const struct mini_run run = {.orchestration = chain,
                                         .kernels = {claim_in_slab, do_nothing, consume},
                                         .threads = 1 + (uint32_t)i % 4};
            claim = (struct pto_completion_entry){.addr = addresses[i / 2], .type = (int32_t)(i % 2), .expected = 1};
            claim_count = 1;
            claim_error = 0;
            play(device, &run, &result);
            assert_int_equal(result.outcome.end, EXEC_END_USER_FAULT);
            assert_int_equal(consumers, 0);
            run_good(device, 1 + (uint32_t)i % 4);
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
        const struct mini_run run = {.orchestration = chain, .kernels = {expect_bad_channel, do_nothing, consume}};
        claim.addr = addresses[i];
        play(device, &run, &result);
        assert_int_equal(result.outcome.end, addresses[i] == 0x1000 ? EXEC_END_USER_FAULT : EXEC_END_OK);
        if (addresses[i] != 0x1000) {
            assert_int_equal(result.status, -101);
            assert_non_null(strstr(result.message, "names a channel"));
        }
        run_good(device, 2);
    }
    mini_device_destroy(device);
}

/* ---- conditions that never hold ---------------------------------------------------------------------------------- */

/* The counter comes close, and no further. */
static void expect_five(int64_t *args)
{
    counters[3] = 4;
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[3], 5);
}

/* Counters have no sign. */
static void expect_two_billions(int64_t *args)
{
    counters[3] = 4;
    (void)pto_async_expect_counter(pto_kernel_async_context(args), &counters[3], 1u << 31);
}

static void expect_event_for_ever(int64_t *args)
{
    (void)pto_async_expect_event(pto_kernel_async_context(args), &records[2]);
}

static void read_it(const struct pto_chip_args *args)
{
    const uint32_t zero = 0;
    struct pto_tensor tensor;
    chain(args);
    cell(&tensor, 0);
    (void)pto_get_scalar(&tensor, 1, &zero);
}

/* The task window is full of tasks that wait for the deferred one. */
static void fill_the_ring(const struct pto_chip_args *args)
{
    (void)args;
    (void)submit_one(0, 0, 0, 0);
    for (uint32_t i = 0; i < 10; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)submit_one(2, 0, 0, 0);
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
    {expect_five, chain, -100, "task 0x100000001 waits for the counter at ADDRESS to reach 5; it is 4", &counters[3]},
    {expect_two_billions, chain, -100, "the counter at ADDRESS to reach 2147483648; it is 4", &counters[3]},
    {expect_event_for_ever, chain, -100, "waits for the event record at ADDRESS; its flag is 0", &records[2]},
    {expect_five, read_it, -8, "", NULL},
    {expect_five, fill_the_ring, -3, "", NULL},
};
#define ENDLESS (sizeof(endless) / sizeof(endless[0]))

static void check_never(struct mini_device *device, uint32_t threads, size_t i)
{
    struct mini_result result;
    char message[128];
    const struct mini_run run = {.orchestration = endless[i].orchestration,
                                 .kernels = {endless[i].kernel, do_nothing, consume},
                                 .threads = threads,
                                 .window = 4};
    (void)snprintf(message, sizeof(message), "%s", endless[i].message);
    if (endless[i].address != NULL) {
        const char *hole = strstr(endless[i].message, "ADDRESS");
        (void)snprintf(message, sizeof(message), "%.*s0x%llx%s", (int)(hole - endless[i].message), endless[i].message,
                       (unsigned long long)(uintptr_t)endless[i].address, hole + strlen("ADDRESS"));
    }
    play(device, &run, &result);
    if (result.outcome.end != EXEC_END_OK || result.status != endless[i].status || consumers != 0 ||
        strstr(result.message, message) == NULL) {
        fail_msg("case %zu, %u threads: status %d, expected %d, '%s' for '%s'\n%s", i, threads, result.status,
                 endless[i].status, result.message, message, result.outcome.report);
    }
    run_good(device, threads);
}

static void conditions_that_never_hold(void **state)
{
    (void)state;
    for (size_t engine = 0; engine < FIBERS; engine++) {
        struct mini_device *device = make_device(engine);
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

/* ---- lists that are full for good -------------------------------------------------------------------------------- */

static void never_enough_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIBERS; i++) {
        struct mini_device *device = make_device(i);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            for (uint64_t tasks = 64; tasks <= 66; tasks++) {
                struct mini_result result;
                const struct mini_run run = {.orchestration = many,
                                             .kernels = {expect, do_nothing, consume},
                                             .threads = threads,
                                             .window = 1024,
                                             .pool = 1024,
                                             .scalars = {tasks}};
                play(device, &run, &result);
                assert_int_equal(result.outcome.end, EXEC_END_OK);
                assert_int_equal(result.status, tasks > 64 ? -102 : -100);
                assert_non_null(strstr(result.message, tasks > 64 ? "none of the 64" : "64 conditions of 64 tasks"));
                assert_int_equal(consumers, 0);
                run_good(device, threads);
            }
        }
        mini_device_destroy(device);
    }
}

/* Posts scalars for three tasks that are waiting for this one. */
static void post_for_consumers(int64_t *args)
{
    (void)exec_user_wait(&submitted, 0);
    for (uint64_t i = 0; i < pto_kernel_word(args, 1); i++) {
        post_for(args, 1ull << 32 | (1 + i % 3), 1, &counters[0]);
    }
}

static void three_consumers(const struct pto_chip_args *args)
{
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)submit_one(0, 0, args->scalars[0], 0);
        for (uint32_t i = 0; i < 3; i++) {
            (void)submit_one(1, 0, 0, 0);
        }
        (void)submit_one(2, 0, 0, 1);
    }
    tell(&submitted);
}

static void pending_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIBERS; i++) {
        struct mini_device *device = make_device(i);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            struct mini_run run = {.orchestration = three_consumers,
                                   .kernels = {post_for_consumers, do_nothing, consume},
                                   .threads = threads,
                                   .scalars = {128},
                                   .peer = peer_notifies};
            PLAY_OK(device, &run, 1, "128 pending messages");
            struct mini_result result;
            run.scalars[0] = 129;
            play(device, &run, &result);
            assert_int_equal(result.outcome.end, EXEC_END_OK);
            assert_int_equal(result.status, -102);
            assert_non_null(strstr(result.message, "none of 128 messages"));
            run_good(device, threads);
        }
        mini_device_destroy(device);
    }
}

/* ---- runs after runs --------------------------------------------------------------------------------------------- */

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
        (void)submit_one(0, 0, 0, COUNTERS);
        (void)submit_one(3, 1, 1ull << 32, 20);
        (void)submit_one(1, 2, 0, 0);
    }
    (void)args;
}

static void post_and_fault(int64_t *args)
{
    post_for(args, pto_kernel_word(args, 1), pto_kernel_word(args, 2), &counters[9]);
    fault(args);
}

static void nothing_lives_on(void **state)
{
    (void)state;
    assert_int_equal(exec_user_image_add((const void *)(uintptr_t)fault), 0);
    for (size_t i = 0; i < ENGINES; i++) {
        struct mini_device *device = make_device(i);
        for (uint32_t round = 0; round < 8; round++) {
            struct mini_result result;
            const struct mini_run run = {
                .orchestration = leave_a_mess,
                .kernels = {round % 2 == 0 ? expect : post, do_nothing, consume, post_and_fault},
                .threads = 1 + round % 4,
                .blocks = 2};
            play(device, &run, &result);
            assert_int_equal(result.outcome.end, EXEC_END_USER_FAULT);
            run_good(device, 1 + round % 4);
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
        cmocka_unit_test(messages_for_other_tasks),
        cmocka_unit_test(event_records_are_retired),
        cmocka_unit_test(claims_that_make_no_sense),
        cmocka_unit_test(addresses_that_are_no_memory),
        cmocka_unit_test(channels_that_make_no_sense),
        cmocka_unit_test(conditions_that_never_hold),
        cmocka_unit_test(conditions_that_never_hold_on_threads),
        cmocka_unit_test(never_enough_entries),
        cmocka_unit_test(pending_messages),
        cmocka_unit_test(nothing_lives_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
