/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_async: how a kernel defers the completion of its task, and how it notifies somebody (device.md 5.1, 9.5).
 *
 * A task whose kernels registered conditions is complete, and its consumers start, only when all its blocks and lanes
 * have returned and every condition has held once. A kernel registers through its slab (pto_async_register and its two
 * shorter forms) or through the mailbox (pto_async_post). At most 64 conditions per task; a condition that never holds
 * fails the run.
 */
#ifndef ABI_KERNEL_ASYNC_H
#define ABI_KERNEL_ASYNC_H

#include "abi/async_mailbox.h"
#include "abi/task_id.h"

PTO_BEGIN_DECLS

enum pto_notify_op {
    PTO_NOTIFY_SET = 0, /* the counter becomes the value */
    PTO_NOTIFY_ADD = 1, /* the value is added to it */
};

/* The calling dispatch's way to its slab (upstream: get_async_ctx). */
static inline const struct pto_async_context *pto_kernel_async_context(const int64_t *args)
{
    const struct pto_local_context *local =
        (const struct pto_local_context *)(uintptr_t)args[PTO_DISPATCH_LOCAL_CONTEXT_INDEX];
    return &local->async;
}

/* True when the dispatch gives the kernel a way to defer its task's completion. */
static inline bool pto_async_is_available(const struct pto_async_context *context)
{
    return context->task_token != PTO_TASK_ID_INVALID && context->count != NULL;
}

static inline struct pto_completion_entry
pto_async_condition(enum pto_completion_type type, enum pto_async_engine engine, uint64_t addr, uint32_t expected)
{
    struct pto_completion_entry condition;
    condition.addr = addr;
    condition.expected = expected;
    condition.engine = (uint32_t)engine;
    condition.type = (int32_t)type;
    condition.reserved = 0;
    return condition;
}

/*
 * The task will not count as complete before this condition holds (upstream: register_completion_condition). Returns 0;
 * -PTO_ERR_ASYNC_REGISTRATION_FAILED when deferral is not available; -PTO_ERR_ASYNC_WAIT_OVERFLOW when the slab is
 * full, which also fails the run.
 */
static inline int pto_async_register(const struct pto_async_context *context, enum pto_completion_type type,
                                     enum pto_async_engine engine, uint64_t addr, uint32_t expected)
{
    if (!pto_async_is_available(context)) {
        return -PTO_ERR_ASYNC_REGISTRATION_FAILED;
    }
    uint32_t i = *context->count;
    if (i >= context->capacity) {
        *context->error = PTO_ERR_ASYNC_WAIT_OVERFLOW;
        return -PTO_ERR_ASYNC_WAIT_OVERFLOW;
    }
    context->entries[i] = pto_async_condition(type, engine, addr, expected);
    *context->count = i + 1;
    return 0;
}

/* Waits for *counter >= expected, unsigned (upstream: save_expected_notification_counter). Returns as above. */
static inline int pto_async_expect_counter(const struct pto_async_context *context, const uint32_t *counter,
                                           uint32_t expected)
{
    return pto_async_register(context, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)counter, expected);
}

/* Waits for an SDMA transfer; a2a3 only. The record is retired by the scheduler. Returns as above. */
static inline int pto_async_expect_event(const struct pto_async_context *context,
                                         const struct pto_sdma_event_record *record)
{
    return pto_async_register(context, PTO_COMPLETION_SDMA_EVENT_RECORD, PTO_ASYNC_SDMA, (uintptr_t)record, 0);
}

/*
 * A condition of the calling task through the mailbox. Returns as pto_async_register; a full mailbox fails the run as a
 * full slab does.
 */
static inline int pto_async_post(const int64_t *args, enum pto_completion_type type, enum pto_async_engine engine,
                                 uint64_t addr, uint32_t expected)
{
    const struct pto_dispatch_payload *payload =
        (const struct pto_dispatch_payload *)(const void *)((const char *)(const void *)args -
                                                            offsetof(struct pto_dispatch_payload, args));
    const struct pto_async_context *context = pto_kernel_async_context(args);
    const struct pto_completion_entry condition = pto_async_condition(type, engine, addr, expected);
    if (!pto_async_is_available(context) || payload->async_mailbox == NULL) {
        return -PTO_ERR_ASYNC_REGISTRATION_FAILED;
    }
    int result = pto_async_mailbox_post(payload->async_mailbox, context->task_token, &condition);
    if (result != 0) {
        *context->error = -result;
    }
    return result;
}

/* Notifies whoever waits for a counter, which may be a peer's: everything stored before is visible to it. */
static inline void pto_send_notification(uint32_t *counter, uint32_t value, enum pto_notify_op op)
{
    /* Release: pairs with the acquire of the scheduler that waits for the counter. */
    if (op == PTO_NOTIFY_ADD) {
        (void)__atomic_fetch_add(counter, value, __ATOMIC_RELEASE);
    } else {
        __atomic_store_n(counter, value, __ATOMIC_RELEASE);
    }
}

PTO_END_DECLS

#endif
