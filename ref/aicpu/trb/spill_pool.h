/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spill_pool: where the producers of a task beyond its first 64 are listed (device.md 1.11).
 *
 * One per ring, private to the orchestrator. A ring of pointers, taken at the top by the task being submitted and given
 * back at the tail when the oldest task retires, so a mark per task (the top after it) is all that reclaiming needs.
 * Positions count on modulo 2^32; the place of an entry is kept beside them, so the capacity may be any number.
 */
#ifndef AICPU_TRB_SPILL_POOL_H
#define AICPU_TRB_SPILL_POOL_H

#include "abi/shared_memory.h"

struct trb_spill_pool {
    struct pto_slot_state **entries;
    uint32_t capacity;
    uint32_t top;       /* entries ever taken */
    uint32_t tail;      /* entries ever given back */
    uint32_t top_place; /* index of the next entry */
};

static inline void trb_spill_reset(struct trb_spill_pool *pool)
{
    pool->top = 0;
    pool->tail = 0;
    pool->top_place = 0;
}

/* The place of a new entry, or UINT32_MAX when the pool is full. */
static inline uint32_t trb_spill_take(struct trb_spill_pool *pool)
{
    if (pool->top - pool->tail >= pool->capacity) {
        return UINT32_MAX;
    }
    uint32_t place = pool->top_place;
    pool->top++;
    pool->top_place = place + 1 == pool->capacity ? 0 : place + 1;
    return place;
}

/* Gives back the newest entry. */
static inline void trb_spill_untake(struct trb_spill_pool *pool)
{
    pool->top--;
    pool->top_place = pool->top_place == 0 ? pool->capacity - 1 : pool->top_place - 1;
}

/* Gives back everything up to the mark of a retired task. */
static inline void trb_spill_reclaim(struct trb_spill_pool *pool, uint32_t mark)
{
    pool->tail = mark;
}

/* Producer i >= PTO_INLINE_FANIN of a task whose first spilled one lies at place `start`. */
static inline struct pto_slot_state **trb_spill_entry(struct trb_spill_pool *pool, uint32_t start, uint32_t i)
{
    uint64_t place = (uint64_t)start + i - PTO_INLINE_FANIN;
    return &pool->entries[place < pool->capacity ? place : place - pool->capacity];
}

/* Producer i of a task. The spill pool's address and start (index + 1) are in its payload. */
static inline struct pto_slot_state *trb_fanin(const struct pto_task_payload *payload, uint32_t i)
{
    if (i < PTO_INLINE_FANIN) {
        return payload->fanin_inline[i];
    }
    return *trb_spill_entry(payload->fanin_spill_pool, (uint32_t)payload->fanin_spill_start - 1, i);
}

#endif
