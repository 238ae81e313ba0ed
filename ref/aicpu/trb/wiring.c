/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/wiring.h"

#include <assert.h>

#include "aicpu/trb/slot.h"

void trb_wiring_reset(struct trb_wiring *wiring)
{
    /* Relaxed: the gate publishes it. */
    atomic_store_explicit(&wiring->pushed, 0, memory_order_relaxed);
    atomic_store_explicit(&wiring->popped, 0, memory_order_relaxed);
    wiring->popped_seen = 0;
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        struct trb_dep_pool *pool = &wiring->pools[i];
        pool->top = 0;
        pool->tail = 0;
        pool->top_place = 0;
        pool->wired_top = 0;
        pool->wired_tail = 0;
    }
}

bool trb_wiring_push(struct trb_wiring *wiring, struct pto_slot_state *slot)
{
    uint32_t at = atomic_load_explicit(&wiring->pushed, memory_order_relaxed); /* its only writer */
    if (at - wiring->popped_seen >= TRB_WIRING_SLOTS - 1) {
        /* Acquire: pairs with the reader's release, so that its read of a place comes before this write. */
        wiring->popped_seen = atomic_load_explicit(&wiring->popped, memory_order_acquire);
        if (at - wiring->popped_seen >= TRB_WIRING_SLOTS - 1) {
            return false;
        }
    }
    wiring->queue[at & (TRB_WIRING_SLOTS - 1)] = slot;
    /* Release: pairs with trb_wiring_next; the whole task is visible to scheduler 0. */
    atomic_store_explicit(&wiring->pushed, at + 1, memory_order_release);
    return true;
}

static struct pto_dep_entry *take_entry(struct trb_dep_pool *pool)
{
    assert(pool->top - pool->tail < pool->capacity); /* invariant 21: no live entry is handed out */
    struct pto_dep_entry *entry = &pool->entries[pool->top_place];
    pool->top++;
    pool->top_place = pool->top_place + 1 == pool->capacity ? 0 : pool->top_place + 1;
    return entry;
}

static void untake_entry(struct trb_dep_pool *pool)
{
    pool->top--;
    pool->top_place = pool->top_place == 0 ? pool->capacity - 1 : pool->top_place - 1;
}

void trb_dep_pool_reclaim(struct trb_dep_pool *pool, const struct trb_task_ring *ring)
{
    uint32_t alive = trb_ring_last_alive(ring);
    while (pool->wired_tail != pool->wired_top) {
        const struct trb_wired *wired = &pool->wired[pool->wired_tail & pool->wired_mask];
        /* Only the slot of a task that is still alive may be looked at. Acquire: pairs with the notification's release,
         * after which nobody reads the consumer's entries. */
        if ((int32_t)(wired->local - alive) >= 0 &&
            atomic_load_explicit(&wired->slot->fanin_refcount, memory_order_acquire) != wired->slot->fanin_count) {
            break;
        }
        pool->tail = wired->mark;
        pool->wired_tail++;
    }
}

static uint32_t unfinished_producers(const struct pto_task_payload *payload, uint32_t count)
{
    uint32_t unfinished = 0;
    for (uint32_t i = 0; i < count; i++) {
        unfinished += trb_slot_state(trb_fanin(payload, i)) == PTO_TASK_PENDING;
    }
    return unfinished;
}

/* Whether the pool has what a task needs, reclaiming only when it looks short. */
static bool has_entries(struct trb_dep_pool *pool, const struct trb_task_ring *ring,
                        const struct pto_task_payload *payload, uint32_t count)
{
    bool places = pool->wired_top - pool->wired_tail <= pool->wired_mask;
    if (places && pool->capacity - (pool->top - pool->tail) >= count) {
        return true;
    }
    trb_dep_pool_reclaim(pool, ring);
    uint32_t free = pool->capacity - (pool->top - pool->tail);
    return free >= count || free >= unfinished_producers(payload, count);
}

/* Enters the task at each unfinished producer. Returns how many had finished. */
static uint32_t enter_task(struct trb_dep_pool *pool, struct pto_slot_state *slot, uint32_t count, uint32_t local)
{
    uint32_t finished = 0;
    uint32_t before = pool->top;
    for (uint32_t i = 0; i < count; i++) {
        struct pto_slot_state *producer = trb_fanin(slot->payload, i);
        if (trb_slot_state(producer) != PTO_TASK_PENDING) {
            finished++;
        } else if (!trb_slot_add_consumer(producer, slot, take_entry(pool))) {
            untake_entry(pool);
            finished++;
        }
    }
    slot->dep_pool_mark = (int32_t)pool->top;
    if (pool->top != before) {
        struct trb_wired *wired = &pool->wired[pool->wired_top++ & pool->wired_mask];
        *wired = (struct trb_wired){.slot = slot, .local = local, .mark = pool->top};
    }
    return finished;
}

enum trb_wired_result trb_wiring_next(struct trb_wiring *wiring, const struct trb_task_ring *rings,
                                      struct pto_slot_state **slot)
{
    uint32_t at = atomic_load_explicit(&wiring->popped, memory_order_relaxed); /* its only writer */
    /* Acquire: pairs with trb_wiring_push. */
    if (atomic_load_explicit(&wiring->pushed, memory_order_acquire) == at) {
        return TRB_WIRED_NOTHING;
    }
    struct pto_slot_state *task = wiring->queue[at & (TRB_WIRING_SLOTS - 1)];
    uint32_t count = (uint32_t)task->payload->fanin_actual_count;
    struct trb_dep_pool *pool = &wiring->pools[task->ring_id];
    *slot = task;
    if (count > 0 && !has_entries(pool, &rings[task->ring_id], task->payload, count)) {
        return TRB_WIRED_STARVED;
    }
    /* The count is published with each entry, under the producer's lock. */
    task->fanin_count = (int32_t)count + 1;
    uint32_t finished = 1;
    if (count > 0) {
        finished += enter_task(pool, task, count, pto_task_id_local(task->task->task_id));
    }
    atomic_store_explicit(&wiring->popped, at + 1, memory_order_release); /* pairs with trb_wiring_push */
    /* Acquire and release: whoever counts last has seen what every producer wrote. */
    uint32_t heard =
        (uint32_t)atomic_fetch_add_explicit(&task->fanin_refcount, (int32_t)finished, memory_order_acq_rel) + finished;
    return heard == count + 1 ? TRB_WIRED_READY : TRB_WIRED_WAITING;
}
