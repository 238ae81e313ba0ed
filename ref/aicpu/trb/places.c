/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/places.h"

#include <string.h>

#include "abi/callable.h"

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

#ifndef NDEBUG
/* Invariants 25 and 26, and that a block of a task which starts together never waits behind another (28). */
static void check_dispatch(struct trb_scheduler *scheduler, const struct trb_core *core, uint32_t id,
                           const struct pto_slot_state *slot)
{
    const char *broken = NULL;
    bool second = core->running_id != CORE_NO_DISPATCH;
    if (core->pending_id != CORE_NO_DISPATCH) {
        broken = "25: a third dispatch";
    } else if (second && ((core->running_id ^ id) & 1u) == 0) {
        broken = "25: the buffer of an unfinished dispatch is written";
    } else if (!pto_reg_id_is_dispatch(id) || id == core->last_id) {
        broken = "26: the dispatch id is reserved, or the one before";
    } else if (second && (slot->active_mask & PTO_ACTIVE_SYNC_START) != 0) {
        broken = "28: a block that is to start at once waits behind another";
    }
    if (broken != NULL) {
        trb_latch(scheduler->run, TRB_SCHEDULER, scheduler->index, PTO_RUN_FAILED,
                  "invariant %s: core %u, running 0x%x, pending 0x%x, new 0x%x", broken, core->worker, core->running_id,
                  core->pending_id, id);
    }
}
#endif

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
#ifndef NDEBUG
    check_dispatch(scheduler, core, id, slot);
#endif
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

uint32_t trb_places_count(const struct trb_places *places)
{
    if (places->shape == PTO_SHAPE_AIC) {
        return trb_bits(places->lanes[TRB_LANE_AIC]);
    }
    if (places->shape == PTO_SHAPE_AIV) {
        return trb_bits(places->lanes[TRB_LANE_AIV0]) + trb_bits(places->lanes[TRB_LANE_AIV1]);
    }
    return trb_bits(places->lanes[TRB_LANE_AIC] | places->lanes[TRB_LANE_AIV0] | places->lanes[TRB_LANE_AIV1]);
}

/* The clusters on which a MIX task finds all the lanes that it uses. */
static uint64_t mix_clusters(const struct trb_places *places, uint32_t active_mask)
{
    uint64_t clusters = UINT64_MAX;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        clusters &= (active_mask & (1u << lane)) != 0 ? places->lanes[lane] : UINT64_MAX;
    }
    return clusters;
}

uint32_t trb_places_for(const struct trb_places *places, uint32_t active_mask)
{
    return places->shape == PTO_SHAPE_MIX ? trb_bits(mix_clusters(places, active_mask)) : trb_places_count(places);
}

static bool put_mix(struct trb_scheduler *scheduler, struct trb_places *places, struct pto_slot_state *slot,
                    int32_t block)
{
    uint32_t active_mask = slot->active_mask;
    uint64_t clusters = mix_clusters(places, active_mask);
    if (clusters == 0) {
        return false;
    }
    uint32_t cluster = (uint32_t)__builtin_ctzll(clusters);
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        if ((active_mask & (1u << lane)) != 0) {
            places->lanes[lane] &= ~(1ull << cluster);
            dispatch_block(scheduler, lane, cluster, slot, block);
        }
    }
    return true;
}

bool trb_places_put(struct trb_scheduler *scheduler, struct trb_places *places, struct pto_slot_state *slot,
                    int32_t block)
{
    if (places->shape == PTO_SHAPE_MIX) {
        return put_mix(scheduler, places, slot, block);
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
