/* SPDX-License-Identifier: Apache-2.0 */
/*
 * async_mailbox: the second way in which a kernel names a condition of deferred completion (device.md 5.1).
 *
 * One ring per context, in device memory: many cores write, the schedulers drain it. Unlike a slab it takes conditions
 * at any time, also for another task than the caller's, and from each lane as many as there is room for.
 *
 * A writer takes the place at `head`, fills it in and publishes it by its sequence. A sequence carries the run's epoch,
 * so whatever an earlier run left in the ring counts as not written. C++ kernels write too: the words are plain
 * integers, accessed through the compiler's atomic built-ins on both sides.
 */
#ifndef ABI_ASYNC_MAILBOX_H
#define ABI_ASYNC_MAILBOX_H

#include "abi/dispatch.h"
#include "abi/error_codes.h"

PTO_BEGIN_DECLS

#define PTO_ASYNC_MAILBOX_MESSAGES 4096u /* a power of two */

struct pto_async_message {
    uint64_t sequence;   /* pto_async_sequence of its position, once all of it is written */
    uint64_t task_token; /* the task that is not complete before the condition holds */
    struct pto_completion_entry condition;
    uint8_t reserved[24];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_async_message, 64);
PTO_ASSERT_ALIGN(struct pto_async_message, 64);
PTO_ASSERT_FIELD(struct pto_async_message, sequence, 0);
PTO_ASSERT_FIELD(struct pto_async_message, task_token, 8);
PTO_ASSERT_FIELD(struct pto_async_message, condition, 16);

struct pto_async_mailbox {
    uint32_t head; /* places taken by writers, modulo 2^32 */
    uint32_t reserved0[15];
    uint32_t tail;  /* places drained, modulo 2^32 */
    uint32_t epoch; /* of the run */
    uint32_t reserved1[14];
    struct pto_async_message messages[PTO_ASYNC_MAILBOX_MESSAGES]; /* by position modulo their number */
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_async_mailbox, 128 + 64 * 4096);
PTO_ASSERT_FIELD(struct pto_async_mailbox, head, 0);
PTO_ASSERT_FIELD(struct pto_async_mailbox, tail, 64);
PTO_ASSERT_FIELD(struct pto_async_mailbox, epoch, 68);
PTO_ASSERT_FIELD(struct pto_async_mailbox, messages, 128);

static inline uint64_t pto_async_sequence(uint32_t epoch, uint32_t position)
{
    return (uint64_t)epoch << 32 | (uint32_t)(position + 1u);
}

/* Any core. Returns 0, or -PTO_ERR_ASYNC_WAIT_OVERFLOW with nothing written when the ring is full. */
static inline int pto_async_mailbox_post(struct pto_async_mailbox *mailbox, uint64_t task_token,
                                         const struct pto_completion_entry *condition)
{
    uint32_t position = __atomic_load_n(&mailbox->head, __ATOMIC_RELAXED);
    do {
        /* Acquire: pairs with the drainer's release of the tail; the place was read before it is written again. A head
         * that was loaded long ago may be behind the tail: then it is not the head any more, and the exchange says so.
         */
        int32_t used = (int32_t)(position - __atomic_load_n(&mailbox->tail, __ATOMIC_ACQUIRE));
        if (used >= (int32_t)PTO_ASYNC_MAILBOX_MESSAGES) {
            return -PTO_ERR_ASYNC_WAIT_OVERFLOW;
        }
    } while (!__atomic_compare_exchange_n(&mailbox->head, &position, position + 1u, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    struct pto_async_message *message = &mailbox->messages[position & (PTO_ASYNC_MAILBOX_MESSAGES - 1u)];
    message->task_token = task_token;
    message->condition = *condition;
    /* Release: pairs with the drainer's acquire; the message is whole. */
    __atomic_store_n(&message->sequence, pto_async_sequence(mailbox->epoch, position), __ATOMIC_RELEASE);
    return 0;
}

PTO_END_DECLS

#endif
