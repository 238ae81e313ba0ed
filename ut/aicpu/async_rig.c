/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/aicpu/async_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "abi/kernel.h"
#include "aicpu/runtime.h"
#include "aicpu/trb/context.h"
#include "aicpu/trb/slot.h"

uint32_t async_counters[ASYNC_COUNTERS];
_Atomic uint32_t async_submitted;
_Atomic uint32_t async_consumers;
static _Alignas(64) uint64_t cells[512];
static _Atomic uint32_t too_early; /* kernels that started before their producers' conditions held */
static _Atomic uint32_t released;  /* the producer of a deferred task was let go */

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void async_cell(struct pto_tensor *tensor, uint32_t index)
{
    const uint32_t shape[1] = {1};
    (void)pto_tensor_external(tensor, (uintptr_t)&cells[index], shape, 1, PTO_UINT64, false, 0);
}

struct pto_task_outputs async_submit(const struct pto_mixed_kernels *kernels, uint32_t index, int16_t blocks,
                                     uint64_t a, uint64_t b)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    async_cell(&tensor, index);
    pto_arg_init(&arg);
    pto_add_inout(&arg, &tensor);
    pto_add_scalar(&arg, a);
    pto_add_scalar(&arg, b);
    pto_set_block_num(&arg, blocks);
    return pto_submit(kernels, &arg);
}

struct pto_task_outputs async_submit_one(int32_t kernel, uint32_t index, uint64_t a, uint64_t b)
{
    const struct pto_mixed_kernels kernels = {.aic = -1, .aiv0 = kernel, .aiv1 = -1};
    return async_submit(&kernels, index, 1, a, b);
}

void async_consume(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        if (load(&async_counters[i]) == 0) {
            atomic_fetch_add(&too_early, 1);
        }
    }
    atomic_fetch_add(&async_consumers, 1);
}

void async_do_nothing(int64_t *args)
{
    (void)args;
}

void async_tell(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    exec_wake(word);
}

void async_await_submission(int64_t *args)
{
    (void)args;
    (void)exec_user_wait(&async_submitted, 0);
}

void async_expect(int64_t *args)
{
    uint64_t lanes = (uint64_t)pto_kernel_block_num(args);
    for (uint64_t i = pto_kernel_word(args, 1) + (uint64_t)pto_kernel_block_idx(args); i < pto_kernel_word(args, 2);
         i += lanes) {
        (void)pto_async_expect_counter(pto_kernel_async_context(args), &async_counters[i], 1);
    }
}

void async_post(int64_t *args)
{
    uint64_t lanes = (uint64_t)pto_kernel_block_num(args);
    for (uint64_t i = pto_kernel_word(args, 1) + (uint64_t)pto_kernel_block_idx(args); i < pto_kernel_word(args, 2);
         i += lanes) {
        (void)pto_async_post(args, PTO_COMPLETION_COUNTER, PTO_ASYNC_URMA, (uintptr_t)&async_counters[i], 1);
    }
}

void async_reach_and_expect(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        pto_send_notification(&async_counters[i], 1, PTO_NOTIFY_ADD);
    }
    async_expect(args);
}

void async_notify(int64_t *args)
{
    for (uint64_t i = pto_kernel_word(args, 1); i < pto_kernel_word(args, 2); i++) {
        pto_send_notification(&async_counters[i], 1, PTO_NOTIFY_SET);
    }
}

void async_chain(const struct pto_chip_args *args)
{
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)async_submit_one(1, 0, 0, 0);
        (void)async_submit_one(0, 0, 0, args->scalars[0]);
        (void)async_submit_one(2, 0, 0, args->scalars[0]);
    }
    async_tell(&async_submitted);
}

void async_post_for(int64_t *args, uint64_t token, uint64_t count, uint32_t *counter)
{
    const struct pto_dispatch_payload *payload =
        (const void *)((const char *)args - offsetof(struct pto_dispatch_payload, args));
    const struct pto_completion_entry condition =
        pto_async_condition(PTO_COMPLETION_COUNTER, PTO_ASYNC_ROCE, (uintptr_t)counter, 1);
    for (uint64_t i = 0; i < count; i++) {
        (void)pto_async_mailbox_post(payload->async_mailbox, token, &condition);
    }
}

void async_many(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)async_submit_one(0, (uint32_t)i, i % ASYNC_COUNTERS, i % ASYNC_COUNTERS + 1);
        }
    }
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        (void)async_submit_one(1, 511, 0, args->scalars[1]);
    }
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)async_submit_one(2, (uint32_t)i, i % ASYNC_COUNTERS, i % ASYNC_COUNTERS + 1);
        }
    }
}

/* What a deferred task reads must stay: it still holds its producer. Here they are the first tasks of the second ring.
 */
static bool producer_is_gone(const struct pto_slot_state *slots)
{
    return trb_slot_state(&slots[1]) == PTO_TASK_PENDING && trb_slot_state(&slots[0]) == PTO_TASK_CONSUMED;
}

void async_peer_notifies(void *device)
{
    static _Atomic uint32_t never;
    const struct aicpu_runtime *runtime = mini_device_runtime(device);
    for (uint32_t i = 0; i < ASYNC_COUNTERS; i++) {
        if (exec_wait(&never, 0, exec_now() + ASYNC_PEER_STEP_NS) == -ECANCELED) {
            return;
        }
        if (i == 0 && atomic_load(&async_submitted) != 0 && producer_is_gone(runtime->rings[1].slots)) {
            atomic_fetch_add(&released, 1);
        }
        __atomic_store_n(&async_counters[i], 1, __ATOMIC_RELEASE);
    }
}

void async_play(struct mini_device *device, const struct mini_run *run, struct mini_result *result)
{
    memset(async_counters, 0, sizeof(async_counters));
    async_submitted = 0;
    async_consumers = 0;
    too_early = 0;
    released = 0;
    mini_device_run(device, run, result);
}

void async_play_ok(struct mini_device *device, const struct mini_run *run, uint64_t expected, const char *what)
{
    struct mini_result played;
    async_play(device, run, &played);
    if (played.status != 0 || played.outcome.end != EXEC_END_OK || too_early != 0 || released != 0 ||
        async_consumers != expected) {
        fail_msg("%s, %u threads, %u blocks: status %d, %u too early, %u of %lu consumers, %u released early: %s\n%s",
                 what, run->threads, run->blocks, played.status, too_early, async_consumers, expected, released,
                 played.message, played.outcome.report);
    }
}

void async_run_good(struct mini_device *device, uint32_t threads)
{
    const struct mini_run run = {.orchestration = async_chain,
                                 .kernels = {async_reach_and_expect, async_do_nothing, async_consume},
                                 .threads = threads,
                                 .scalars = {3}};
    async_play_ok(device, &run, 1, "the run after");
}

static const struct exec_options engines[ASYNC_ENGINES] = {
    {.kind = EXEC_FIBERS},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 1},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 2},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 3},
    {.kind = EXEC_FIBERS, .policy = EXEC_RANDOM, .seed = 4},
    {.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 5},
    {.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 6},
    {.kind = EXEC_THREADS},
};
struct mini_device *async_device(size_t engine)
{
    struct exec_options options = engines[engine];
    options.deadline_scale = exec_tool_deadline_scale();
    return mini_device_create(&options);
}

void async_on_every_engine(void (*check)(struct mini_device *device, uint32_t threads, uint32_t blocks))
{
    for (size_t i = 0; i < ASYNC_ENGINES; i++) {
        struct mini_device *device = async_device(i);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            check(device, threads, 1 + (threads + (uint32_t)i) % 3);
        }
        mini_device_destroy(device);
    }
}
