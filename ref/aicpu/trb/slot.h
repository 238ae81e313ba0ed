/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot: life and references of the task in one slot (device.md 1.9, 3.7; R20).
 *
 * A task is referenced by its scope, by itself until its deferred release is done, and by each consumer that was
 * submitted while it was alive. fanout_count counts references given, fanout_refcount those dropped. When they meet the
 * task is CONSUMED: that is decided once, under the lock, by whoever drops the last reference, and nothing but the
 * ring's advance looks at the slot afterwards. A claim that comes later is refused, so a reference never revives a
 * task.
 *
 * The lock is held for a few instructions and never across a call of exec.
 */
#ifndef AICPU_TRB_SLOT_H
#define AICPU_TRB_SLOT_H

#include <assert.h>

#include "abi/shared_memory.h"
#include "exec/exec.h"

#define TRB_OWN_REFERENCES 2 /* the scope's and the task's own */

static inline void trb_slot_lock(struct pto_slot_state *slot)
{
    /* Acquire: pairs with the release in trb_slot_unlock. */
    while (atomic_exchange_explicit(&slot->fanout_lock, 1, memory_order_acquire) != 0) {
        exec_pause();
    }
}

static inline void trb_slot_unlock(struct pto_slot_state *slot)
{
    atomic_store_explicit(&slot->fanout_lock, 0, memory_order_release);
}

/* Acquire: what a completed task and its kernels wrote is visible to whoever sees it completed. */
static inline int32_t trb_slot_state(const struct pto_slot_state *slot)
{
    return atomic_load_explicit(&slot->task_state, memory_order_acquire);
}

/*
 * Orchestrator: one more reference, for a consumer that is being submitted. The caller knows that the slot still
 * belongs to the task. False when the task is CONSUMED, or about to be: there is nothing left to wait for or to hold.
 */
static inline bool trb_slot_claim(struct pto_slot_state *slot)
{
    trb_slot_lock(slot);
    /* Relaxed: the lock orders every change of the two counts. */
    bool alive = atomic_load_explicit(&slot->fanout_refcount, memory_order_relaxed) != slot->fanout_count;
    if (alive) {
        slot->fanout_count++;
    }
    trb_slot_unlock(slot);
    return alive;
}

/* Orchestrator: takes a claim back before the consumer was handed to the schedulers. Never the last reference. */
static inline void trb_slot_unclaim(struct pto_slot_state *slot)
{
    trb_slot_lock(slot);
    slot->fanout_count--;
    assert(slot->fanout_count > atomic_load_explicit(&slot->fanout_refcount, memory_order_relaxed));
    trb_slot_unlock(slot);
}

/* Drops one reference. True when it was the last: the task is CONSUMED now, and its ring may advance. */
static inline bool trb_slot_drop(struct pto_slot_state *slot)
{
    trb_slot_lock(slot);
    int32_t dropped = atomic_load_explicit(&slot->fanout_refcount, memory_order_relaxed) + 1;
    atomic_store_explicit(&slot->fanout_refcount, dropped, memory_order_relaxed);
    bool last = dropped == slot->fanout_count;
    assert(dropped <= slot->fanout_count);                       /* invariant 16 */
    assert(!last || trb_slot_state(slot) == PTO_TASK_COMPLETED); /* invariant 18 */
    trb_slot_unlock(slot);
    if (last) {
        /* Release: pairs with the acquire of the ring's advance. After it the slot may be reused at any moment. */
        atomic_store_explicit(&slot->task_state, PTO_TASK_CONSUMED, memory_order_release);
    }
    return last;
}

/* Marks a task completed and takes the list of its consumers, each of which is to be told once. */
static inline struct pto_dep_entry *trb_slot_complete(struct pto_slot_state *slot)
{
    trb_slot_lock(slot);
    assert(trb_slot_state(slot) == PTO_TASK_PENDING); /* invariants 18 and 20: once */
    /* Release: pairs with trb_slot_state. */
    atomic_store_explicit(&slot->task_state, PTO_TASK_COMPLETED, memory_order_release);
    struct pto_dep_entry *consumers = slot->fanout_head;
    slot->fanout_head = NULL;
    trb_slot_unlock(slot);
    return consumers;
}

/* Adds a consumer to the list of a task. False when the task is completed: nothing was added. */
static inline bool trb_slot_add_consumer(struct pto_slot_state *slot, struct pto_slot_state *consumer,
                                         struct pto_dep_entry *entry)
{
    trb_slot_lock(slot);
    bool pending = atomic_load_explicit(&slot->task_state, memory_order_relaxed) == PTO_TASK_PENDING;
    if (pending) {
        entry->consumer = consumer;
        entry->next = slot->fanout_head;
        slot->fanout_head = entry;
    }
    trb_slot_unlock(slot);
    return pending;
}

#endif
