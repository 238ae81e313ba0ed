/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drain: starts all blocks of a require_sync_start task together (device.md 3.8; invariants 28, 29).
 *
 * While a drain is open no scheduler dispatches anything else. Each joins it with the places that it has, and adds what
 * its cores give back; places only grow, as nobody takes any. When all have joined and the places suffice, each starts
 * blocks on cores of its own, and whoever starts the last one closes the drain. It opens for one task at a time; one
 * that comes meanwhile goes back to the ready queue.
 *
 * Nobody touches another's cores and nobody waits for anything but the own bell, so a run that fails in the middle of a
 * drain ends as it would at any other moment, and the cores that a drain waits for are polled as ever.
 */
#ifndef AICPU_TRB_DRAIN_H
#define AICPU_TRB_DRAIN_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pto_slot_state;
struct trb_run;
struct trb_scheduler;

enum trb_drain_phase {
    TRB_DRAIN_CLOSED = 0,
    TRB_DRAIN_OPENING, /* its task is being set; the others dispatch as usual */
    TRB_DRAIN_GATHERING,
    TRB_DRAIN_LAUNCHING,
};

/* Everything about a drain that changes under way, in one word. */
union trb_drain_word {
    uint64_t bits;
    struct {
        uint8_t
            serial; /* of the drain. None ends without having been joined by all, so a thread is never behind by two */
        uint8_t phase;
        uint8_t lanes; /* of the task (enum pto_active_mask) */
        uint8_t blocks;
        uint8_t joined;     /* schedulers */
        uint8_t offered;    /* places, all joined schedulers together */
        uint8_t unclaimed;  /* LAUNCHING: blocks that no scheduler has taken on */
        uint8_t unlaunched; /* LAUNCHING: blocks that are not dispatched yet */
    };
};

struct trb_drain {
    alignas(64) _Atomic uint64_t word;
    struct pto_slot_state *task; /* valid for who has claimed blocks of it and not launched them */
};

void trb_drain_reset(struct trb_drain *drain);

static inline union trb_drain_word trb_drain_look(const struct trb_drain *drain)
{
    /* Acquire: pairs with every change of the word. */
    return (union trb_drain_word){.bits = atomic_load_explicit(&drain->word, memory_order_acquire)};
}

/* True when nothing but the drain's task may be dispatched. */
static inline bool trb_drain_is_open(const struct trb_drain *drain)
{
    return trb_drain_look(drain).phase >= TRB_DRAIN_GATHERING;
}

/* Opens a drain for a ready task and calls the others to it. False when another one is open: the task stays with the
 * caller, who is rung when it closes. */
bool trb_drain_open(struct trb_scheduler *scheduler, struct pto_slot_state *slot);

/* A scheduler's part in the open drain, instead of dispatching: joins, offers, launches. True when blocks were
 * launched; `closed` says that the drain is not, or no longer, open. */
bool trb_drain_attend(struct trb_scheduler *scheduler, bool *closed);

/* The cores have other owners: all join again. Nobody attends meanwhile. */
void trb_drain_regather(struct trb_run *run, struct trb_scheduler *schedulers);

#endif
