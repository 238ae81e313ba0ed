/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope: which tasks belong to which open scope (device.md 3.2).
 *
 * Scopes nest up to 64 deep. Depth index 0 is the one that the executor opens around the entry. Tasks of depth d live
 * in ring min(d, 3). MANUAL lasts until the outermost MANUAL scope ends; an AUTO scope inside is an error of the
 * caller's.
 */
#ifndef AICPU_TRB_SCOPE_H
#define AICPU_TRB_SCOPE_H

#include "abi/orchestration.h"
#include "abi/shared_memory.h"
#include "aicpu/trb/limits.h"

struct trb_scopes {
    struct pto_slot_state **tasks; /* of all open scopes, in submit order; TRB_SCOPE_TASKS places */
    uint32_t task_count;
    uint32_t depth;                      /* open scopes */
    uint32_t first[TRB_MAX_SCOPE_DEPTH]; /* index in `tasks` of each one's first */
    uint8_t manual[TRB_MAX_SCOPE_DEPTH]; /* it, or one around it, is MANUAL */
};

enum trb_scope_error { TRB_SCOPE_TOO_DEEP = -1, TRB_SCOPE_AUTO_IN_MANUAL = -2, TRB_SCOPE_BAD_MODE = -3 };

static inline void trb_scope_reset(struct trb_scopes *scopes)
{
    scopes->task_count = 0;
    scopes->depth = 0;
}

static inline bool trb_scope_is_manual(const struct trb_scopes *scopes)
{
    return scopes->depth > 0 && scopes->manual[scopes->depth - 1] != 0;
}

/* Opens a scope. Returns 0 or a trb_scope_error; then nothing changed. */
static inline int trb_scope_open(struct trb_scopes *scopes, uint32_t mode)
{
    if (mode > PTO_SCOPE_MANUAL) {
        return TRB_SCOPE_BAD_MODE;
    }
    if (scopes->depth == TRB_MAX_SCOPE_DEPTH) {
        return TRB_SCOPE_TOO_DEEP;
    }
    if (mode == PTO_SCOPE_AUTO && trb_scope_is_manual(scopes)) {
        return TRB_SCOPE_AUTO_IN_MANUAL;
    }
    scopes->first[scopes->depth] = scopes->task_count;
    scopes->manual[scopes->depth] = mode == PTO_SCOPE_MANUAL;
    scopes->depth++;
    return 0;
}

/* Ring of the tasks submitted now. A scope is open. */
static inline uint32_t trb_scope_ring(const struct trb_scopes *scopes)
{
    uint32_t index = scopes->depth - 1;
    return index < PTO_RING_COUNT ? index : PTO_RING_COUNT - 1;
}

/* Tasks of the innermost scope. */
static inline uint32_t trb_scope_tasks(const struct trb_scopes *scopes)
{
    return scopes->task_count - scopes->first[scopes->depth - 1];
}

/* Adds a task to the innermost scope; there is room. */
static inline void trb_scope_add(struct trb_scopes *scopes, struct pto_slot_state *slot)
{
    scopes->tasks[scopes->task_count++] = slot;
}

/* Closes the innermost scope and gives its tasks, in submit order, valid until the next task is added. */
static inline struct pto_slot_state **trb_scope_close(struct trb_scopes *scopes, uint32_t *count)
{
    uint32_t first = scopes->first[--scopes->depth];
    *count = scopes->task_count - first;
    scopes->task_count = first;
    return &scopes->tasks[first];
}

#endif
