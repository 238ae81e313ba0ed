/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wiring: the hand-over of submitted tasks to scheduler 0, which enters each as consumer at its producers
 * (device.md 3.3, 1.11).
 *
 * The queue is first in, first out over all rings, one writer and one reader. Entries of consumer lists come from one
 * pool per ring, taken in submit order and given back in that order once the consumer has heard from all its producers,
 * whether it has retired or not. A task whose unfinished producers are more than the free entries waits at the head of
 * the queue: everything before it can still finish, so the pool drains and any capacity is enough.
 */
#ifndef AICPU_TRB_WIRING_H
#define AICPU_TRB_WIRING_H

#include <stdalign.h>
#include <stdatomic.h>

#include "aicpu/trb/limits.h"
#include "aicpu/trb/task_ring.h"

/* A wired consumer whose entries are not given back yet. */
struct trb_wired {
    struct pto_slot_state *slot;
    uint32_t local;
    uint32_t mark; /* top of the pool after it */
};

struct trb_dep_pool {
    struct pto_dep_entry *entries;
    struct trb_wired *wired; /* a ring of `window` places */
    uint32_t capacity;
    uint32_t wired_mask;
    uint32_t top;       /* entries ever taken */
    uint32_t tail;      /* entries ever given back */
    uint32_t top_place; /* index of the next entry */
    uint32_t wired_top;
    uint32_t wired_tail;
};

struct trb_wiring {
    alignas(64) _Atomic uint32_t pushed; /* written by the orchestrator */
    uint32_t popped_seen;                /* the orchestrator's last look at `popped` */
    alignas(64) _Atomic uint32_t popped; /* written by scheduler 0 */
    struct trb_dep_pool pools[PTO_RING_COUNT];
    struct pto_slot_state *queue[TRB_WIRING_SLOTS];
};

void trb_wiring_reset(struct trb_wiring *wiring);

/* Orchestrator. False when the queue is full; then nothing changed. */
bool trb_wiring_push(struct trb_wiring *wiring, struct pto_slot_state *slot);

enum trb_wired_result { TRB_WIRED_WAITING, TRB_WIRED_READY, TRB_WIRED_STARVED, TRB_WIRED_NOTHING };

/*
 * Scheduler 0: wires the task at the head of the queue and gives it in `slot`. READY: it waits for nobody and belongs
 * to the caller now. STARVED: the pool is short, the task stays at the head. NOTHING: the queue is empty.
 */
enum trb_wired_result trb_wiring_next(struct trb_wiring *wiring, const struct trb_task_ring *rings,
                                      struct pto_slot_state **slot);

/* Scheduler 0: gives back the entries of consumers that have heard from all their producers. */
void trb_dep_pool_reclaim(struct trb_dep_pool *pool, const struct trb_task_ring *ring);

#endif
