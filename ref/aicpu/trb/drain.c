/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/drain.h"

#include "aicpu/trb/places.h"

_Static_assert(sizeof(union trb_drain_word) == sizeof(uint64_t), "one word");
_Static_assert(NPU_AIV_PER_BLOCK *NPU_MAX_BLOCKS <= UINT8_MAX, "places and blocks are counted in a byte");

void trb_drain_reset(struct trb_drain *drain)
{
    /* Relaxed: the gate publishes it. */
    atomic_store_explicit(&drain->word, 0, memory_order_relaxed);
    drain->task = NULL;
}

/* Acquire and release: whoever changes the word has seen what all those before did, and shows what it did. */
static bool change(struct trb_drain *drain, union trb_drain_word *now, union trb_drain_word next)
{
    return atomic_compare_exchange_strong_explicit(&drain->word, &now->bits, next.bits, memory_order_acq_rel,
                                                   memory_order_acquire);
}

static void ring_others(const struct trb_scheduler *scheduler)
{
    for (uint32_t i = 0; i < scheduler->run->schedulers; i++) {
        if (i != scheduler->index) {
            trb_run_ring(scheduler->run, i);
        }
    }
}

bool trb_drain_open(struct trb_scheduler *scheduler, struct pto_slot_state *slot)
{
    struct trb_drain *drain = &scheduler->run->drain;
    union trb_drain_word now = trb_drain_look(drain);
    union trb_drain_word next = {.serial = (uint8_t)(now.serial + 1), .phase = TRB_DRAIN_OPENING};
    if (now.phase != TRB_DRAIN_CLOSED || !change(drain, &now, next)) {
        return false;
    }
    drain->task = slot;
    next.phase = TRB_DRAIN_GATHERING;
    next.lanes = slot->active_mask & PTO_ACTIVE_LANES;
    next.blocks = (uint8_t)slot->logical_block_num;
    /* Release: pairs with trb_drain_look; the task is visible to who joins. */
    atomic_store_explicit(&drain->word, next.bits, memory_order_release);
    ring_others(scheduler);
    return true;
}

/* Where blocks can start. Every block gets a core of its own, also when others have ended before it starts. */
static struct trb_places free_places(const struct trb_scheduler *scheduler, union trb_drain_word drain)
{
    uint64_t lanes[TRB_LANES];
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        lanes[lane] = scheduler->cores.idle[lane] & ~scheduler->cores.spent[lane];
    }
    return trb_places_of(pto_task_shape_of(drain.lanes), lanes);
}

/* Notes which cores got blocks: those that are in `places` no more. */
static void spend(struct trb_scheduler *scheduler, const struct trb_places *before, const struct trb_places *places)
{
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        scheduler->cores.spent[lane] |= before->lanes[lane] & ~places->lanes[lane];
    }
}

/* Joins, or offers more than before. The last one needed calls the others to the launch. */
static union trb_drain_word gather(struct trb_scheduler *scheduler, union trb_drain_word now)
{
    struct trb_run *run = scheduler->run;
    while (now.phase == TRB_DRAIN_GATHERING) {
        bool is_new = scheduler->drain_serial != now.serial;
        for (uint32_t lane = 0; lane < TRB_LANES && is_new; lane++) {
            scheduler->cores.spent[lane] = 0;
        }
        struct trb_places places = free_places(scheduler, now);
        uint32_t offer = trb_places_for(&places, now.lanes);
        uint32_t before = is_new ? 0 : scheduler->drain_offer;
        if (!is_new && offer == before) {
            break;
        }
        union trb_drain_word next = now;
        next.joined = (uint8_t)(now.joined + is_new);
        next.offered = (uint8_t)(now.offered + offer - before);
        if (next.joined == run->schedulers && next.offered >= next.blocks) {
            next.phase = TRB_DRAIN_LAUNCHING;
            next.unclaimed = next.unlaunched = next.blocks;
        }
        if (!change(&run->drain, &now, next)) {
            continue;
        }
        scheduler->drain_serial = now.serial;
        scheduler->drain_offer = offer;
        if (next.phase == TRB_DRAIN_LAUNCHING) {
            ring_others(scheduler);
        }
        return next;
    }
    return now;
}

/* Takes on as many blocks as there are places here. Returns their number, and the drain as it was before. */
static uint32_t claim_blocks(struct trb_scheduler *scheduler, union trb_drain_word *now)
{
    uint32_t claim = 0;
    union trb_drain_word next;
    do {
        if (now->phase != TRB_DRAIN_LAUNCHING) {
            return 0;
        }
        struct trb_places places = free_places(scheduler, *now);
        claim = trb_places_for(&places, now->lanes);
        claim = claim < now->unclaimed ? claim : now->unclaimed;
        next = *now;
        next.unclaimed = (uint8_t)(now->unclaimed - claim);
    } while (claim != 0 && !change(&scheduler->run->drain, now, next));
    return claim;
}

/* So many blocks are dispatched. The last ones close the drain; everybody goes on as usual then. */
static void report_launched(struct trb_scheduler *scheduler, uint32_t count)
{
    struct trb_drain *drain = &scheduler->run->drain;
    union trb_drain_word now = trb_drain_look(drain);
    union trb_drain_word next;
    do {
        next = now;
        next.unlaunched = (uint8_t)(now.unlaunched - count);
        next.phase = next.unlaunched == 0 ? TRB_DRAIN_CLOSED : TRB_DRAIN_LAUNCHING;
    } while (!change(drain, &now, next));
    if (next.phase == TRB_DRAIN_CLOSED) {
        ring_others(scheduler);
    }
}

static bool launch(struct trb_scheduler *scheduler, union trb_drain_word now)
{
    uint32_t claim = claim_blocks(scheduler, &now);
    if (claim == 0) {
        return false;
    }
    struct pto_slot_state *task = scheduler->run->drain.task;
    const struct trb_places before = free_places(scheduler, now);
    struct trb_places places = before;
    uint32_t first = (uint32_t)now.blocks - now.unclaimed;
    for (uint32_t block = first; block < first + claim; block++) {
        (void)trb_places_put(scheduler, &places, task, (int32_t)block);
    }
    spend(scheduler, &before, &places);
    report_launched(scheduler, claim);
    return true;
}

bool trb_drain_attend(struct trb_scheduler *scheduler, bool *closed)
{
    struct trb_drain *drain = &scheduler->run->drain;
    bool launched = launch(scheduler, gather(scheduler, trb_drain_look(drain)));
    *closed = trb_drain_look(drain).phase == TRB_DRAIN_CLOSED;
    return launched;
}

void trb_drain_regather(struct trb_run *run, struct trb_scheduler *schedulers)
{
    union trb_drain_word now = trb_drain_look(&run->drain);
    if (now.phase == TRB_DRAIN_GATHERING) {
        now.joined = 0;
        now.offered = 0;
        /* Relaxed: whoever keeps the schedulers away publishes it. */
        atomic_store_explicit(&run->drain.word, now.bits, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < run->schedulers; i++) {
        schedulers[i].drain_serial = (uint8_t)(now.serial - 1);
        schedulers[i].drain_offer = 0;
    }
}
