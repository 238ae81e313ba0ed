/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places: where blocks of a task can go on one scheduler's cores, and how one gets there (device.md 3.6, 4.3).
 *
 * A place is what one block needs: a core for AIC and AIV tasks, for a MIX task a cluster with all the lanes that it
 * uses, and only those count (R22).
 */
#ifndef AICPU_TRB_PLACES_H
#define AICPU_TRB_PLACES_H

#include "aicpu/trb/scheduler.h"

/* The places for tasks of one shape: bits of clusters, per lane. */
struct trb_places {
    enum pto_task_shape shape;
    uint64_t lanes[TRB_LANES];
};

static inline struct trb_places trb_places_of(enum pto_task_shape shape, const uint64_t *lanes)
{
    return (struct trb_places){.shape = shape, .lanes = {lanes[0], lanes[1], lanes[2]}};
}

/* At most so many blocks of any tasks of the shape. 0: of none. */
uint32_t trb_places_count(const struct trb_places *places);

/* Exactly so many blocks of one task that uses these lanes. */
uint32_t trb_places_for(const struct trb_places *places, uint32_t active_mask);

/*
 * Dispatches one block if there is a place for it, and takes the place. A block for which there was none is not
 * started on any lane. Once the last block of a task is dispatched the task may be finished, and its slot another's, at
 * any moment.
 */
bool trb_places_put(struct trb_scheduler *scheduler, struct trb_places *places, struct pto_slot_state *slot,
                    int32_t block);

#endif
