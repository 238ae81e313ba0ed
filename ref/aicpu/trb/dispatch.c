/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch: from ready tasks to registers (device.md 3.6, 4.3). */
#include "aicpu/trb/places.h"

/* Up to `limit` ready tasks of a shape, the thread's own first. */
static uint32_t take_ready(struct trb_scheduler *scheduler, enum pto_task_shape shape, struct pto_slot_state **slots,
                           uint32_t limit)
{
    struct trb_local_ready *local = &scheduler->local[shape];
    uint32_t count = 0;
    while (count < limit && local->count > 0) {
        slots[count++] = local->slots[--local->count];
    }
    if (count < limit) {
        count += trb_ready_pop(&scheduler->run->ready[shape], slots + count, limit - count);
    }
    return count;
}

/*
 * Dispatches as many blocks of a task as there are places. The blocks it keeps are counted off and the rest is offered
 * to others before the first one is dispatched: afterwards the task may be finished by somebody else at any moment.
 * True when a block was dispatched.
 */
static bool place_task(struct trb_scheduler *scheduler, struct trb_places *places, struct pto_slot_state *slot)
{
    if (slot->logical_block_num == 1 && trb_places_put(scheduler, places, slot, 0)) {
        return true;
    }
    uint32_t room = trb_places_for(places, slot->active_mask);
    int32_t first = slot->next_block_idx;
    int32_t left = slot->logical_block_num - first;
    int32_t claim = left < (int32_t)room ? left : (int32_t)room;
    if (claim < left) {
        slot->next_block_idx = (int16_t)(first + claim);
        trb_ready_push(&scheduler->run->ready[places->shape], &slot, 1);
    }
    for (int32_t i = 0; i < claim; i++) {
        (void)trb_places_put(scheduler, places, slot, first + i);
    }
    return claim > 0;
}

/*
 * A task whose blocks start together opens a drain. It and those taken after it go back when there is one open already;
 * in either case this thread dispatches nothing until that is closed.
 */
static void start_together(struct trb_scheduler *scheduler, struct pto_slot_state *const *slots, uint32_t count)
{
    uint32_t opened = trb_drain_open(scheduler, slots[0]) ? 1 : 0;
    if (count > opened) {
        enum pto_task_shape shape = pto_task_shape_of(slots[opened]->active_mask);
        trb_ready_push(&scheduler->run->ready[shape], slots + opened, count - opened);
    }
    scheduler->halted = true;
}

/* Places tasks in their order, up to one that starts together. True when a block was dispatched. */
static bool place_tasks(struct trb_scheduler *scheduler, struct trb_places *places, struct pto_slot_state **slots,
                        uint32_t count)
{
    bool placed = false;
    for (uint32_t i = 0; i < count && !scheduler->halted; i++) {
        if ((slots[i]->active_mask & PTO_ACTIVE_SYNC_START) != 0) {
            start_together(scheduler, slots + i, count - i);
        } else {
            placed |= place_task(scheduler, places, slots[i]);
        }
    }
    return placed;
}

static bool fill_places(struct trb_scheduler *scheduler, struct trb_places *places)
{
    struct pto_slot_state *slots[2 * TRB_MAX_CLUSTERS];
    bool progress = false;
    bool placed = true;
    while (placed && !scheduler->halted) {
        uint32_t limit = trb_places_count(places);
        uint32_t count = limit == 0 ? 0 : take_ready(scheduler, places->shape, slots, limit);
        placed = place_tasks(scheduler, places, slots, count);
        progress |= placed;
    }
    return progress;
}

static bool shape_pending(const struct trb_scheduler *scheduler, enum pto_task_shape shape)
{
    return scheduler->local[shape].count > 0 || trb_ready_pending(&scheduler->run->ready[shape]);
}

static bool fill_shape(struct trb_scheduler *scheduler, enum pto_task_shape shape, const uint64_t *lanes)
{
    if (scheduler->halted || !shape_pending(scheduler, shape)) {
        return false;
    }
    struct trb_places places = trb_places_of(shape, lanes);
    return fill_places(scheduler, &places);
}

static void flush_local(struct trb_scheduler *scheduler)
{
    for (uint32_t shape = 0; shape < PTO_SHAPE_DUMMY; shape++) {
        struct trb_local_ready *local = &scheduler->local[shape];
        if (local->count > 0) {
            trb_ready_push(&scheduler->run->ready[shape], local->slots, local->count);
            local->count = 0;
        }
    }
}

/* Lanes (enum pto_active_mask) on which other schedulers have idle cores. */
static uint32_t idle_elsewhere(const struct trb_scheduler *scheduler)
{
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < scheduler->run->schedulers; i++) {
        if (i != scheduler->index) {
            /* seq_cst: the pusher's half of the pattern of trb_ready_pending. */
            lanes |= atomic_load_explicit(&scheduler->run->bells[i].idle_lanes, memory_order_seq_cst);
        }
    }
    return lanes;
}

/* Wakes the schedulers that could run what is left in the global queues. */
static void ring_idle(const struct trb_scheduler *scheduler, uint32_t wanted_lanes)
{
    for (uint32_t i = 0; i < scheduler->run->schedulers; i++) {
        if (i != scheduler->index &&
            (atomic_load_explicit(&scheduler->run->bells[i].idle_lanes, memory_order_seq_cst) & wanted_lanes) != 0) {
            trb_run_ring(scheduler->run, i);
        }
    }
}

static uint32_t idle_lanes(const struct trb_cores *cores)
{
    uint64_t whole = cores->idle[TRB_LANE_AIC] & cores->idle[TRB_LANE_AIV0] & cores->idle[TRB_LANE_AIV1];
    uint32_t lanes = whole != 0 ? TRB_IDLE_CLUSTER : 0;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        lanes |= cores->idle[lane] != 0 ? 1u << lane : 0;
    }
    return lanes;
}

static void announce_idle(struct trb_scheduler *scheduler)
{
    uint32_t lanes = idle_lanes(&scheduler->cores);
    _Atomic uint32_t *word = &scheduler->run->bells[scheduler->index].idle_lanes;
    /* Relaxed: its only writer. seq_cst: the idle thread's half of the pattern of trb_ready_pending. */
    if (atomic_load_explicit(word, memory_order_relaxed) != lanes) {
        atomic_store_explicit(word, lanes, memory_order_seq_cst);
    }
}

#define AIV_LANES (PTO_ACTIVE_AIV0 | PTO_ACTIVE_AIV1)

/* The single-core shapes, in an order that alternates between threads. */
static bool fill_single(struct trb_scheduler *scheduler, const uint64_t *lanes, uint32_t busy_lanes)
{
    bool progress = false;
    for (uint32_t i = 0; i < 2; i++) {
        enum pto_task_shape shape = ((i + scheduler->index) & 1u) == 0 ? PTO_SHAPE_AIC : PTO_SHAPE_AIV;
        if (((shape == PTO_SHAPE_AIC ? (uint32_t)PTO_ACTIVE_AIC : AIV_LANES) & busy_lanes) == 0) {
            progress |= fill_shape(scheduler, shape, lanes);
        }
    }
    return progress;
}

/* Lanes on which a core has been given work and has not taken it yet: it can be given more as soon as it has. */
static uint32_t untaken_lanes(const struct trb_cores *cores)
{
    uint32_t lanes = 0;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        uint64_t untaken = cores->running[lane] & ~cores->open[lane] & ~cores->pending[lane];
        lanes |= untaken != 0 ? 1u << lane : 0;
    }
    return lanes;
}

/*
 * Who may be rung for the tasks left over. MIX tasks hold the others back. One that just came is offered to everybody
 * with an idle core; one that was put back only to those whose idle cluster serves any, or two schedulers with cores
 * that do not fit would ring each other for ever.
 */
static uint32_t wanted_lanes(const struct trb_scheduler *scheduler, bool mix_left)
{
    if (mix_left) {
        return scheduler->mix_came ? (uint32_t)PTO_ACTIVE_LANES : TRB_IDLE_CLUSTER;
    }
    return (shape_pending(scheduler, PTO_SHAPE_AIC) ? (uint32_t)PTO_ACTIVE_AIC : 0u) |
           (shape_pending(scheduler, PTO_SHAPE_AIV) ? AIV_LANES : 0u);
}

static enum trb_pass dispatch_ready(struct trb_scheduler *scheduler)
{
    struct trb_cores *cores = &scheduler->cores;
    bool moved = fill_shape(scheduler, PTO_SHAPE_MIX, cores->idle);
    /* MIX tasks that found no cluster must not lose its cores one by one to smaller ones. */
    bool mix_left = shape_pending(scheduler, PTO_SHAPE_MIX);
    if (!mix_left) {
        moved |= fill_single(scheduler, cores->idle, 0);
    }
    announce_idle(scheduler);
    uint32_t left = wanted_lanes(scheduler, mix_left);
    scheduler->mix_came = false;
    if (left == 0) {
        return moved ? TRB_PASS_MOVED : TRB_PASS_IDLE;
    }
    flush_local(scheduler);
    uint32_t elsewhere = idle_elsewhere(scheduler) & left;
    if (elsewhere != 0) {
        ring_idle(scheduler, elsewhere);
    }
    if (mix_left) {
        /* A free cluster serves any MIX task: one that came after the look above is dispatched in the next pass. */
        return (idle_lanes(cores) & TRB_IDLE_CLUSTER) != 0 ? TRB_PASS_MORE : moved ? TRB_PASS_MOVED : TRB_PASS_IDLE;
    }
    /* The same for tasks that came before the announcement, when nobody knew of this thread's idle cores. */
    if ((left & idle_lanes(cores)) != 0) {
        return TRB_PASS_MORE;
    }
    moved |= fill_single(scheduler, cores->open, elsewhere);
    if (!moved) {
        return TRB_PASS_IDLE;
    }
    return (wanted_lanes(scheduler, false) & ~elsewhere & untaken_lanes(cores)) != 0 ? TRB_PASS_SOON : TRB_PASS_MOVED;
}

/* The scheduler's part in a drain. What came in meanwhile is dispatched as soon as it is closed. */
static enum trb_pass attend_drain(struct trb_scheduler *scheduler)
{
    bool closed = false;
    bool launched = trb_drain_attend(scheduler, &closed);
    announce_idle(scheduler);
    return closed ? TRB_PASS_MORE : launched ? TRB_PASS_MOVED : TRB_PASS_IDLE;
}

enum trb_pass trb_dispatch(struct trb_scheduler *scheduler)
{
    if (!trb_drain_is_open(&scheduler->run->drain)) {
        scheduler->halted = false;
        enum trb_pass result = dispatch_ready(scheduler);
        if (!scheduler->halted) {
            return result;
        }
    }
    return attend_drain(scheduler);
}
