/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/producers.h"

#include "aicpu/trb/slot.h"

static uint32_t spill_start(const struct trb_draft *draft)
{
    return (uint32_t)draft->payload->fanin_spill_start - 1;
}

static struct pto_slot_state **entry_at(const struct trb_draft *draft, uint32_t i)
{
    if (i < PTO_INLINE_FANIN) {
        return &draft->payload->fanin_inline[i];
    }
    return trb_spill_entry(&draft->ring->spill, spill_start(draft), i);
}

static struct trb_task_record *record_of(const struct trb_draft *draft, const struct pto_slot_state *slot)
{
    const struct trb_task_ring *ring = &draft->orchestrator->rings[slot->ring_id];
    return &ring->records[slot - ring->slots];
}

/* Forgets listed producers that are wanted only for the order and have completed. True when there were any. */
static bool drop_completed(struct trb_draft *draft)
{
    uint32_t before = draft->producers;
    draft->finished = 0;
    for (uint32_t i = 0; i < draft->producers;) {
        struct pto_slot_state *slot = *entry_at(draft, i);
        struct trb_task_record *record = record_of(draft, slot);
        if (record->only_ordered == 0 || trb_slot_state(slot) == PTO_TASK_PENDING) {
            i++;
            continue;
        }
        record->consumer = PTO_TASK_ID_INVALID;
        trb_slot_unclaim(slot);
        *entry_at(draft, i) = *entry_at(draft, draft->producers - 1);
        if (draft->producers > PTO_INLINE_FANIN) {
            trb_spill_untake(&draft->ring->spill);
        }
        draft->producers--;
    }
    return draft->producers != before;
}

/*
 * Spill entries of tasks that have retired meanwhile. The ring itself is not synced here: the tensor map is being
 * walked, and entries must not be freed under it.
 */
static void reclaim_spill(struct trb_task_ring *ring)
{
    uint32_t alive = trb_ring_last_alive(ring);
    if (alive != ring->alive) {
        trb_spill_reclaim(&ring->spill, ring->records[(alive - 1) & ring->mask].spill_mark);
    }
}

/* Makes room for producer number `draft->producers`. False when it gave up. */
static bool make_room(struct trb_draft *draft)
{
    struct trb_orchestrator *orchestrator = draft->orchestrator;
    struct trb_spill_pool *spill = &draft->ring->spill;
    for (;;) {
        uint32_t seen = trb_orchestrator_look(orchestrator);
        reclaim_spill(draft->ring);
        if (spill->top - spill->tail < spill->capacity || drop_completed(draft)) {
            return true;
        }
        switch (trb_orchestrator_wait(orchestrator, seen)) {
        case TRB_LOOK_AGAIN:
            break;
        case TRB_GAVE_UP:
            draft->gave_up = true;
            return false;
        case TRB_STALLED:
            trb_fail(orchestrator, PTO_ERR_DEP_POOL_OVERFLOW,
                     "task 0x%llx has more than %u producers, of which %u are to be spilled; the spill pool of ring %u "
                     "has %u entries, %u in use for good",
                     (unsigned long long)draft->id, draft->producers, draft->producers - PTO_INLINE_FANIN + 1,
                     draft->ring->index, spill->capacity, spill->top - spill->tail);
        }
    }
}

static bool append(struct trb_draft *draft, struct pto_slot_state *slot)
{
    struct trb_spill_pool *spill = &draft->ring->spill;
    if (draft->producers >= PTO_INLINE_FANIN && draft->finished != 0) {
        (void)drop_completed(draft);
    }
    if (draft->producers >= PTO_INLINE_FANIN) {
        if (spill->top - spill->tail >= spill->capacity && !make_room(draft)) {
            return false;
        }
    }
    /* Dropping may have made room in the payload itself. */
    if (draft->producers >= PTO_INLINE_FANIN) {
        uint32_t place = trb_spill_take(spill);
        if (draft->producers == PTO_INLINE_FANIN) {
            draft->payload->fanin_spill_start = (int32_t)place + 1;
        }
    }
    *entry_at(draft, draft->producers++) = slot;
    return true;
}

bool trb_draft_add(struct trb_draft *draft, uint64_t producer, enum trb_edge edge)
{
    struct trb_task_ring *ring = &draft->orchestrator->rings[pto_task_id_ring(producer)];
    uint32_t local = pto_task_id_local(producer);
    if (draft->gave_up || producer == draft->id) {
        return false;
    }
    if (!trb_ring_holds(ring, local)) {
        return true;
    }
    struct trb_task_record *record = &ring->records[local & ring->mask];
    struct pto_slot_state *slot = &ring->slots[local & ring->mask];
    if (record->consumer == draft->id) {
        record->only_ordered &= edge == TRB_EDGE_ORDERED;
        return false;
    }
    /* Only room that costs nothing is spent on keeping what has completed and is wanted for the order alone. */
    bool finished = edge == TRB_EDGE_ORDERED && trb_slot_state(slot) != PTO_TASK_PENDING;
    if (finished && draft->producers >= PTO_INLINE_FANIN) {
        return true;
    }
    if (!trb_slot_claim(slot)) {
        return true;
    }
    record->consumer = draft->id;
    record->only_ordered = edge == TRB_EDGE_ORDERED;
    (void)append(draft, slot);
    draft->finished += finished;
    return false;
}

void trb_draft_finish(struct trb_draft *draft)
{
    struct pto_task_payload *payload = draft->payload;
    payload->fanin_actual_count = (int32_t)draft->producers;
    if (draft->producers <= PTO_INLINE_FANIN) {
        payload->fanin_spill_start = 0;
    }
    payload->fanin_spill_pool = &draft->ring->spill;
    draft->record->spill_mark = draft->ring->spill.top;
}
