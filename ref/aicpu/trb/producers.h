/* SPDX-License-Identifier: Apache-2.0 */
/*
 * producers: collects the tasks that a task being submitted has to wait for (device.md 1.13, R19, R20, R21).
 *
 * Each producer is listed once, found by a stamp in its record, the first 64 in the payload and the rest in the spill
 * pool. A listed producer is retained, finished or not, until the consumer has completed; one that has completed only
 * gets no list node from wiring. A producer that is CONSUMED or gone is recognised and dropped.
 *
 * There are two kinds of edges: *held* ones, from the creator of a tensor or an explicit dependency, keep the producer
 * and its buffers alive; *ordered* ones, from the tensor map, have done their work when the producer has completed.
 * Then they give way where room is short: they take no spill entry, and make room before another has to, so that
 * no list grows with the accesses that a long scope has seen.
 */
#ifndef AICPU_TRB_PRODUCERS_H
#define AICPU_TRB_PRODUCERS_H

#include "aicpu/trb/orchestrator.h"

/* A task being submitted. */
struct trb_draft {
    struct trb_orchestrator *orchestrator;
    struct trb_task_ring *ring;
    struct pto_slot_state *slot;
    struct pto_task_payload *payload;
    struct trb_task_record *record;
    uint64_t id;
    uint32_t producers;
    uint32_t finished; /* how many of them had completed and are wanted for the order alone */
    bool gave_up;      /* while waiting for spill entries; nothing more is listed */
};

enum trb_edge { TRB_EDGE_HELD, TRB_EDGE_ORDERED };

/* Lists a producer. True when it does not matter any more: CONSUMED, or completed, wanted for the order only, and the
 * payload's own list is full. */
bool trb_draft_add(struct trb_draft *draft, uint64_t producer, enum trb_edge edge);

/* Completes the payload's fanin fields. */
void trb_draft_finish(struct trb_draft *draft);

#endif
