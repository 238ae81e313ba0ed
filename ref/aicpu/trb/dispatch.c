/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch: from ready tasks to registers (device.md 3.6, 4.3). */
#include <string.h>

#include "abi/callable.h"
#include "aicpu/trb/scheduler.h"

/* The code's address is the platform's own addition to the kernel's header, which is only 4-aligned. */
static uint64_t function_of(const struct trb_runtime *image, int32_t kernel_id)
{
    uint64_t address;
    const unsigned char *callable = (const unsigned char *)(uintptr_t)image->function_addresses[kernel_id];
    memcpy(&address, callable + offsetof(struct pto_core_callable, resolved_addr), sizeof(address));
    return address;
}

static void fill_payload(struct trb_core *core, uint32_t id, const struct pto_slot_state *slot, uint64_t function,
                         int32_t block)
{
    struct pto_dispatch_payload *dispatch = &core->buffers->payloads[id & 1u];
    struct pto_completion_slab *slab = &core->buffers->slabs[id & 1u];
    const struct pto_task_payload *task = slot->payload;
    uint32_t tensors = (uint32_t)task->tensor_count;
    dispatch->function_addr = function;
    for (uint32_t i = 0; i < tensors; i++) {
        dispatch->args[i] = (uintptr_t)&task->tensors[i];
    }
    for (uint32_t i = 0; i < (uint32_t)task->scalar_count; i++) {
        dispatch->args[tensors + i] = task->scalars[i];
    }
    dispatch->local.block_idx = block;
    dispatch->local.block_num = slot->logical_block_num;
    dispatch->local.async.task_token = slot->task->task_id;
    slab->count = 0;
    slab->error = 0;
}

/* Gives one block of a task to one core, as running or as pending dispatch. */
static void dispatch_block(struct trb_scheduler *scheduler, uint32_t lane, uint32_t cluster,
                           struct pto_slot_state *slot, int32_t block)
{
    struct trb_cores *cores = &scheduler->cores;
    struct trb_core *core = &cores->core[lane][cluster];
    uint64_t bit = 1ull << cluster;
    /* AIV tasks name their kernel in the AIV0 place, whichever AIV core they run on. */
    uint32_t kernel = pto_task_shape_of(slot->active_mask) == PTO_SHAPE_AIV ? TRB_LANE_AIV0 : lane;
    uint32_t id = pto_reg_id_next(core->last_id);
    core->last_id = id;
    fill_payload(core, id, slot, function_of(scheduler->run->image, slot->task->kernel_id[kernel]), block);
    if (core->running_id == CORE_NO_DISPATCH) {
        core->running = slot;
        core->running_id = id;
        cores->idle[lane] &= ~bit;
        cores->running[lane] |= bit;
    } else {
        core->pending = slot;
        core->pending_id = id;
        cores->pending[lane] |= bit;
        cores->open[lane] &= ~bit;
    }
    scheduler->dispatches++;
    npu_register_write(core->registers, NPU_DATA_MAIN_BASE_OFFSET, id);
}

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

/* The places for tasks of one shape: bits of clusters, per lane. */
struct places {
    enum pto_task_shape shape;
    uint64_t lanes[TRB_LANES];
};

static uint32_t count_places(const struct places *places)
{
    if (places->shape == PTO_SHAPE_AIC) {
        return trb_bits(places->lanes[TRB_LANE_AIC]);
    }
    if (places->shape == PTO_SHAPE_AIV) {
        return trb_bits(places->lanes[TRB_LANE_AIV0]) + trb_bits(places->lanes[TRB_LANE_AIV1]);
    }
    return trb_bits(places->lanes[TRB_LANE_AIC] | places->lanes[TRB_LANE_AIV0] | places->lanes[TRB_LANE_AIV1]);
}

/* The clusters on which a MIX task finds all the lanes that it uses, and only those count (R22). */
static uint64_t mix_clusters(const struct places *places, uint32_t active_mask)
{
    uint64_t clusters = UINT64_MAX;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        clusters &= (active_mask & (1u << lane)) != 0 ? places->lanes[lane] : UINT64_MAX;
    }
    return clusters;
}

/* Dispatches one block if there is a place for it. */
static bool place_block(struct trb_scheduler *scheduler, struct places *places, struct pto_slot_state *slot,
                        int32_t block)
{
    if (places->shape == PTO_SHAPE_MIX) {
        uint64_t clusters = mix_clusters(places, slot->active_mask);
        if (clusters == 0) {
            return false;
        }
        uint32_t cluster = (uint32_t)__builtin_ctzll(clusters);
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            if ((slot->active_mask & (1u << lane)) != 0) {
                places->lanes[lane] &= ~(1ull << cluster);
                dispatch_block(scheduler, lane, cluster, slot, block);
            }
        }
        return true;
    }
    uint32_t lane = places->shape == PTO_SHAPE_AIC ? TRB_LANE_AIC : TRB_LANE_AIV0;
    if (places->shape == PTO_SHAPE_AIV && places->lanes[lane] == 0) {
        lane = TRB_LANE_AIV1;
    }
    if (places->lanes[lane] == 0) {
        return false;
    }
    uint32_t cluster = (uint32_t)__builtin_ctzll(places->lanes[lane]);
    places->lanes[lane] &= places->lanes[lane] - 1;
    dispatch_block(scheduler, lane, cluster, slot, block);
    return true;
}

/*
 * Dispatches as many blocks of a task as there are places. The blocks it keeps are counted off and the rest is offered
 * to others before the first one is dispatched: afterwards the task may be finished by somebody else at any moment.
 * True when a block was dispatched.
 */
static bool place_task(struct trb_scheduler *scheduler, struct places *places, struct pto_slot_state *slot)
{
    if (slot->logical_block_num == 1 && place_block(scheduler, places, slot, 0)) {
        return true;
    }
    uint32_t room =
        places->shape == PTO_SHAPE_MIX ? trb_bits(mix_clusters(places, slot->active_mask)) : count_places(places);
    int32_t first = slot->next_block_idx;
    int32_t left = slot->logical_block_num - first;
    int32_t claim = left < (int32_t)room ? left : (int32_t)room;
    if (claim < left) {
        slot->next_block_idx = (int16_t)(first + claim);
        trb_ready_push(&scheduler->run->ready[places->shape], &slot, 1);
    }
    for (int32_t i = 0; i < claim; i++) {
        (void)place_block(scheduler, places, slot, first + i);
    }
    return claim > 0;
}

static bool fill_places(struct trb_scheduler *scheduler, struct places *places)
{
    struct pto_slot_state *slots[2 * TRB_MAX_CLUSTERS];
    bool progress = false;
    bool placed = true;
    while (placed) {
        uint32_t limit = count_places(places);
        uint32_t count = limit == 0 ? 0 : take_ready(scheduler, places->shape, slots, limit);
        placed = false;
        for (uint32_t i = 0; i < count; i++) {
            placed |= place_task(scheduler, places, slots[i]);
        }
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
    if (!shape_pending(scheduler, shape)) {
        return false;
    }
    struct places places = {.shape = shape, .lanes = {lanes[0], lanes[1], lanes[2]}};
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
    uint32_t lanes = 0;
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

/* Lanes that the tasks left over want. */
static uint32_t wanted_lanes(const struct trb_scheduler *scheduler, bool mix_left)
{
    return (mix_left ? (uint32_t)PTO_ACTIVE_LANES : 0u) |
           (shape_pending(scheduler, PTO_SHAPE_AIC) ? (uint32_t)PTO_ACTIVE_AIC : 0u) |
           (shape_pending(scheduler, PTO_SHAPE_AIV) ? AIV_LANES : 0u);
}

enum trb_pass trb_dispatch(struct trb_scheduler *scheduler)
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
        bool free_cluster = (cores->idle[TRB_LANE_AIC] & cores->idle[TRB_LANE_AIV0] & cores->idle[TRB_LANE_AIV1]) != 0;
        return free_cluster ? TRB_PASS_MORE : moved ? TRB_PASS_MOVED : TRB_PASS_IDLE;
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
