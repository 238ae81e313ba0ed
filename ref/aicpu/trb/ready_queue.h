/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready_queue: tasks that may run, between any number of AICPU threads (device.md 3.4).
 *
 * A bounded ring whose cells carry their own turn, so that pushing and popping threads meet only in the two position
 * counters. A task is in at most one queue and at most once, and the capacity is at least the number of tasks that can
 * be alive: a push always finds room, and waits at most for a thread that is about to leave the cell. Pops give tasks
 * in push order.
 */
#ifndef AICPU_TRB_READY_QUEUE_H
#define AICPU_TRB_READY_QUEUE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

#include "abi/shared_memory.h"

struct trb_ready_cell {
    _Atomic uint64_t turn; /* 2 * lap: empty in that lap; 2 * lap + 1: full */
    struct pto_slot_state *slot;
};

struct trb_ready_queue {
    struct trb_ready_cell *cells;
    uint64_t capacity; /* a power of two */
    uint32_t shift;    /* its logarithm */
    alignas(64) _Atomic uint64_t push_position;
    alignas(64) _Atomic uint64_t pop_position;
};

/* Fault site "aicpu.ready_queue". Returns 0, -ENOMEM. */
int trb_ready_create(struct trb_ready_queue *queue, uint64_t capacity);
void trb_ready_destroy(struct trb_ready_queue *queue);
/* Empties the queue, whatever state it is in; nobody may use it meanwhile. Costs what was ever pushed. */
void trb_ready_clear(struct trb_ready_queue *queue);

/* Any thread. `count` <= capacity. */
void trb_ready_push(struct trb_ready_queue *queue, struct pto_slot_state *const *slots, uint32_t count);
/* Any thread: takes up to `limit` tasks. Returns how many. */
uint32_t trb_ready_pop(struct trb_ready_queue *queue, struct pto_slot_state **slots, uint32_t limit);

/*
 * False only when every push that began before has been popped. A thread that announces itself idle (seq_cst) and then
 * finds the queue empty here cannot miss a pusher that looks for idle threads (seq_cst) after its push.
 */
static inline bool trb_ready_pending(const struct trb_ready_queue *queue)
{
    /* seq_cst: one half of the Dekker pattern above. */
    return atomic_load_explicit(&queue->pop_position, memory_order_seq_cst) !=
           atomic_load_explicit(&queue->push_position, memory_order_seq_cst);
}

#endif
