/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ready: the queue of ready tasks of one core type that all threads share.
 *
 * A task becomes ready once and enters once, so the queue is a list that only grows during a run: a slot holds task +
 * 1, or 0 while nobody has written it. Any thread may push and pop. Emptying costs what the run before pushed.
 *
 * Nobody waits in vain: a pusher stores a slot and then looks who is idle; an idle thread says so and then looks at the
 * queue. All four accesses are seq_cst, so one of the two sees the other. Tasks that a thread keeps to itself follow
 * the same pattern, with the word that says so in place of the slot (hbg_bell).
 */
#ifndef AICPU_HBG_READY_H
#define AICPU_HBG_READY_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/graph.h"

#define HBG_READY_SLOTS (PTO_GRAPH_MAX_TASKS + 1u) /* the one behind the last stays 0 */

struct hbg_ready {
    alignas(64) _Atomic uint32_t tail; /* slots given to pushers */
    alignas(64) _Atomic uint32_t head; /* slots taken by poppers */
    _Atomic uint32_t *slots;           /* HBG_READY_SLOTS, zero behind tail */
};

void hbg_ready_clear(struct hbg_ready *ready);
void hbg_ready_push(struct hbg_ready *ready, const uint32_t *tasks, uint32_t count);
/* Up to `limit` tasks in the order in which they came; returns how many. */
uint32_t hbg_ready_pop(struct hbg_ready *ready, uint32_t *tasks, uint32_t limit);

static inline bool hbg_ready_pending(const struct hbg_ready *ready)
{
    /* Relaxed: a head that is too old names a slot that was filled, so the answer is at worst a look too many. */
    uint32_t head = atomic_load_explicit(&ready->head, memory_order_relaxed);
    /* seq_cst: see above. */
    return atomic_load_explicit(&ready->slots[head], memory_order_seq_cst) != 0;
}

#endif
