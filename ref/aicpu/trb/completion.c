/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: from a core's answer to the consumers of the task and to its references (device.md 3.4, 3.7, 5.1). */
#include "aicpu/trb/scheduler.h"
#include "aicpu/trb/slot.h"

void trb_ready(struct trb_scheduler *scheduler, struct pto_slot_state *slot)
{
    enum pto_task_shape shape = pto_task_shape_of(slot->active_mask);
    scheduler->mix_came |= shape == PTO_SHAPE_MIX;
    if (shape != PTO_SHAPE_DUMMY && scheduler->local[shape].count < TRB_LOCAL_READY) {
        struct trb_local_ready *local = &scheduler->local[shape];
        local->slots[local->count++] = slot;
        return;
    }
    trb_ready_push(&scheduler->run->ready[shape], &slot, 1);
    if (shape == PTO_SHAPE_DUMMY && scheduler->index != 0) {
        trb_run_ring(scheduler->run, 0); /* dummy tasks are completed there */
    }
}

static void notify_consumers(struct trb_scheduler *scheduler, struct pto_dep_entry *entry)
{
    while (entry != NULL) {
        struct pto_slot_state *consumer = entry->consumer;
        /* Read before the count: once the consumer has heard from everybody its entries are given back. */
        struct pto_dep_entry *next = entry->next;
        int32_t expected = consumer->fanin_count;
        /* Release: what this producer wrote; acquire: what the others wrote, for whoever counts last. */
        if (atomic_fetch_add_explicit(&consumer->fanin_refcount, 1, memory_order_acq_rel) + 1 == expected) {
            trb_ready(scheduler, consumer);
        }
        entry = next;
    }
}

void trb_complete_task(struct trb_scheduler *scheduler, struct pto_slot_state *slot)
{
    notify_consumers(scheduler, trb_slot_complete(slot));
    if (scheduler->released_count == TRB_RELEASE_BATCH) {
        trb_flush_releases(scheduler);
    }
    scheduler->released[scheduler->released_count++] = slot;
    scheduler->completed++;
}

static void release_task(struct pto_slot_state *slot, uint32_t *rings)
{
    const struct pto_task_payload *payload = slot->payload;
    uint32_t count = (uint32_t)payload->fanin_actual_count;
    for (uint32_t i = 0; i < count; i++) {
        struct pto_slot_state *producer = trb_fanin(payload, i);
        uint32_t ring = producer->ring_id; /* the slot may be gone after the drop */
        if (trb_slot_drop(producer)) {
            *rings |= 1u << ring;
        }
    }
    uint32_t ring = slot->ring_id;
    if (trb_slot_drop(slot)) {
        *rings |= 1u << ring;
    }
}

bool trb_flush_releases(struct trb_scheduler *scheduler)
{
    uint32_t count = scheduler->released_count;
    uint32_t rings = 0;
    for (uint32_t i = 0; i < count; i++) {
        release_task(scheduler->released[i], &rings);
    }
    scheduler->released_count = 0;
    for (; rings != 0; rings &= rings - 1) {
        trb_advance(scheduler->run, (uint32_t)__builtin_ctz(rings));
    }
    return count != 0;
}

/* False: the subtask registered conditions for which there is no room. Nothing was done; it is looked at again. */
static bool finish_dispatch(struct trb_scheduler *scheduler, const struct trb_core *core)
{
    struct pto_slot_state *slot = core->running;
    const struct pto_completion_slab *slab = &core->buffers->slabs[core->running_id & 1u];
    if (trb_async_concerns(scheduler->run->async, slab) && !trb_async_finish_subtask(scheduler, slot, slab)) {
        return false;
    }
    if (slot->total_required_subtasks > 1) {
        /* Release: what this kernel wrote; acquire: what the other lanes and blocks wrote, for whoever finishes last.
         */
        int16_t finished = atomic_fetch_add_explicit(&slot->completed_subtasks, 1, memory_order_acq_rel);
        if (finished + 1 != slot->total_required_subtasks) {
            return true;
        }
    }
    if (!trb_async_is_busy(scheduler->run->async) || !trb_async_finish_task(scheduler, slot)) {
        trb_complete_task(scheduler, slot);
    }
    return true;
}

/* The running dispatch is done, and the pending one takes its place. False: not yet. */
static bool finish_running(struct trb_scheduler *scheduler, struct trb_core *core)
{
    if (!finish_dispatch(scheduler, core)) {
        return false;
    }
    core->running = core->pending;
    core->running_id = core->pending_id;
    core->pending_id = CORE_NO_DISPATCH;
    return true;
}

static bool apply_answer(struct trb_scheduler *scheduler, uint32_t lane, uint32_t cluster, enum core_answer answer)
{
    struct trb_cores *cores = &scheduler->cores;
    struct trb_core *core = &cores->core[lane][cluster];
    uint64_t bit = 1ull << cluster;
    if (answer == CORE_ANSWER_NOTHING || (answer == CORE_ANSWER_TAKEN && (cores->open[lane] & bit) != 0)) {
        return false;
    }
    if (answer != CORE_ANSWER_TAKEN) {
        if (!finish_running(scheduler, core)) {
            return false;
        }
        cores->pending[lane] &= ~bit;
    }
    if (answer == CORE_ANSWER_BOTH_FINISHED) {
        (void)finish_running(scheduler, core);
    }
    if (core->running_id == CORE_NO_DISPATCH) {
        cores->running[lane] &= ~bit;
        cores->open[lane] &= ~bit;
        cores->idle[lane] |= bit;
    } else {
        cores->open[lane] |= bit;
    }
    return true;
}

bool trb_poll_cores(struct trb_scheduler *scheduler)
{
    struct trb_cores *cores = &scheduler->cores;
    bool moved = false;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint64_t bits = cores->running[lane]; bits != 0; bits &= bits - 1) {
            uint32_t cluster = (uint32_t)__builtin_ctzll(bits);
            const struct trb_core *core = &cores->core[lane][cluster];
            uint32_t cond = npu_register_read(core->registers, NPU_COND_OFFSET);
            moved |= apply_answer(scheduler, lane, cluster, core_judge(cond, core->running_id, core->pending_id));
        }
    }
    return moved;
}
