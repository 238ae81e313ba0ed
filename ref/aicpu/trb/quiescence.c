/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/quiescence.h"

#include <stdio.h>

static int check_slot(const struct trb_task_ring *ring, uint32_t local, char *text, size_t capacity)
{
    const struct pto_slot_state *slot = &ring->slots[local & ring->mask];
    const char *broken = NULL;
    /* Relaxed throughout: the caller is alone. */
    int32_t dropped = atomic_load_explicit(&slot->fanout_refcount, memory_order_relaxed);
    int32_t finished = atomic_load_explicit(&slot->completed_subtasks, memory_order_relaxed);
    /* 0: an allocation, which is never wired. */
    int32_t heard = atomic_load_explicit(&slot->fanin_refcount, memory_order_relaxed);
    if (slot->task->task_id != pto_task_id_make(ring->index, local)) {
        broken = "12: a slot holds another task than the last one taken";
    } else if (atomic_load_explicit(&slot->task_state, memory_order_relaxed) != PTO_TASK_CONSUMED) {
        broken = "15: a task is not CONSUMED";
    } else if (dropped != slot->fanout_count) {
        broken = "16: references given and dropped differ";
    } else if (slot->fanout_head != NULL) {
        broken = "17: a consumer was never told";
    } else if (heard != 0 && heard != slot->fanin_count) {
        broken = "17: it heard from more or fewer producers than it has";
    } else if (finished > slot->total_required_subtasks) {
        broken = "20: more subtasks finished than there are";
    } else if (slot->total_required_subtasks > 1 && finished != slot->total_required_subtasks) {
        broken = "20: it completed before its last subtask"; /* a single one is not counted */
    }
    if (broken == NULL) {
        return 0;
    }
    (void)snprintf(text, capacity, "invariant %s: task %u of ring %u, references %d of %d, subtasks %d of %d", broken,
                   local, ring->index, dropped, slot->fanout_count, finished, slot->total_required_subtasks);
    return -1;
}

static int check_ring(const struct trb_task_ring *ring, const struct trb_dep_pool *pool, char *text, size_t capacity)
{
    uint32_t alive = trb_ring_last_alive(ring);
    if (alive != ring->next) {
        (void)snprintf(text, capacity, "invariant 14: last_task_alive of ring %u is %u, %u tasks were taken",
                       ring->index, alive, ring->next);
        return -1;
    }
    if (ring->blocks != 0 || ring->spill.tail != ring->spill.top || pool->tail != pool->top) {
        (void)snprintf(text, capacity,
                       "invariant 15: ring %u holds %u blocks, %u spill entries, %u dependency entries for nobody",
                       ring->index, ring->blocks, ring->spill.top - ring->spill.tail, pool->top - pool->tail);
        return -1;
    }
    if (pool->wired_tail != pool->wired_top) {
        (void)snprintf(text, capacity, "invariant 21: ring %u keeps the dependency entries of %u tasks", ring->index,
                       pool->wired_top - pool->wired_tail);
        return -1;
    }
    uint32_t first = ring->next > ring->mask ? ring->next - ring->mask : 0;
    for (uint32_t local = first; local != ring->next; local++) {
        if (check_slot(ring, local, text, capacity) != 0) {
            return -1;
        }
    }
    return 0;
}

int trb_quiescence_check(struct aicpu_runtime *context, char *text, size_t capacity)
{
    trb_orchestrator_sync_all(&context->orchestrator);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        trb_dep_pool_reclaim(&context->wiring.pools[i], &context->rings[i]);
        if (check_ring(&context->rings[i], &context->wiring.pools[i], text, capacity) != 0) {
            return -1;
        }
    }
    if (trb_map_entries_used(&context->orchestrator.map) != 0) {
        (void)snprintf(text, capacity, "invariant 15: the tensor map holds %u accesses for nobody",
                       trb_map_entries_used(&context->orchestrator.map));
        return -1;
    }
    union trb_drain_word drain = trb_drain_look(&context->run.drain);
    if (drain.phase != TRB_DRAIN_CLOSED) {
        (void)snprintf(text, capacity, "invariant 29: a drain for %u blocks is open, %u places are offered",
                       drain.blocks, drain.offered);
        return -1;
    }
    for (uint32_t i = 0; i <= PTO_SHAPE_DUMMY; i++) {
        if (trb_ready_pending(&context->ready[i])) {
            (void)snprintf(text, capacity, "invariant 30: a ready task of shape %u was never taken", i);
            return -1;
        }
    }
    if (context->run.block->dispatches != context->orchestrator.dispatches_due) {
        (void)snprintf(text, capacity, "invariant 1: %llu dispatches, the tasks have %llu blocks and lanes",
                       (unsigned long long)context->run.block->dispatches,
                       (unsigned long long)context->orchestrator.dispatches_due);
        return -1;
    }
    return 0;
}
