/* SPDX-License-Identifier: Apache-2.0 */
/*
 * async_list: the tasks of a run whose completion was deferred, and what each of them waits for (device.md 5.1; R20,
 * R21, R34).
 *
 * Kernels name conditions in the slab of their dispatch or in the mailbox. When a subtask has finished, the scheduler
 * that saw it takes them over (trb_async_admit); when the last one has, the task is either complete or held
 * (trb_async_hold). Held tasks come out of trb_async_poll, once, when each of their conditions has held once.
 *
 * What finds no room is not lost: the subtask counts as not finished and is admitted later. Only when nothing gets on
 * any more is that an overflow. Nothing here is believed: counts, types and addresses are checked before use.
 *
 * One lock orders everything. It is waited for with exec_wait, which ends when the run is cut off.
 */
#ifndef AICPU_TRB_ASYNC_LIST_H
#define AICPU_TRB_ASYNC_LIST_H

#include <stdalign.h>

#include "abi/async_mailbox.h"
#include "abi/shared_memory.h"
#include "aicpu/trb/limits.h"
#include "aicpu/trb/task_ring.h"

#define TRB_ASYNC_TEXT_BYTES 256u

/* Each condition is one bit in a word, and so is each entry of the list. */
struct trb_async_entry {
    struct pto_slot_state *slot;
    uint64_t open;  /* conditions that did not hold yet */
    uint32_t count; /* conditions */
    bool held;      /* every subtask has finished */
    struct pto_completion_entry conditions[TRB_ASYNC_CONDITIONS];
};

/* A message from the mailbox whose task has no entry yet. */
struct trb_async_pending {
    uint64_t task_token;
    struct pto_completion_entry condition;
};

/* What a subtask that cannot be admitted waits for. */
enum trb_async_shortage {
    TRB_ASYNC_ENOUGH = 0,
    TRB_ASYNC_NO_ENTRY,   /* TRB_ASYNC_TASKS tasks are deferred */
    TRB_ASYNC_NO_PENDING, /* TRB_ASYNC_PENDING messages wait for their tasks */
    TRB_ASYNC_NO_MESSAGE, /* a writer took a place of the mailbox and did not fill it in yet */
};

struct trb_async_list {
    alignas(64) _Atomic uint32_t lock;
    /* Stored under the lock, read without it. */
    alignas(64) _Atomic uint32_t attention; /* entries, pending messages and shortage: 0 when there is nothing to do */
    _Atomic uint32_t unmatched;             /* pending messages */
    _Atomic uint32_t taken;                 /* messages drained, modulo 2^32 */
    _Atomic uint32_t events;                /* conditions that came to hold, messages drained */
    _Atomic uint32_t patient;               /* scheduler 0 looks from time to time: nobody else is to call it a stall */
    /* Under the lock. */
    alignas(64) uint64_t used; /* entries */
    uint32_t pending_count;
    uint32_t epoch;
    enum trb_async_shortage shortage;
    struct pto_async_mailbox *mailbox;
    const struct trb_task_ring *rings;
    /* Scheduler 0's: since when nothing got on, as seen at these counts, and when it looks next. */
    uint64_t since_ns;
    uint64_t interval_ns;
    uint32_t seen_progress;
    uint32_t seen_events;
    struct trb_async_pending pending[TRB_ASYNC_PENDING];
    struct trb_async_entry entries[TRB_ASYNC_TASKS];
};

/* Why a run has to fail. */
struct trb_async_failure {
    int32_t code; /* enum pto_error_code, or what the kernel said; 0: none */
    char text[TRB_ASYNC_TEXT_BYTES];
};

/* Makes the list empty for a new run. `list` and `mailbox` were zeroed when they were made. */
void trb_async_reset(struct trb_async_list *list, struct pto_async_mailbox *mailbox, const struct trb_task_ring *rings);

/* True while tasks are deferred, messages wait for their tasks, or a subtask waits for room. */
static inline bool trb_async_is_busy(const struct trb_async_list *list)
{
    /* Relaxed: the caller itself changed it, or heard of the change through a subtask counter or a bell. */
    return atomic_load_explicit(&list->attention, memory_order_relaxed) != 0;
}

/* True when the mailbox holds messages. */
static inline bool trb_async_has_mail(const struct trb_async_list *list)
{
    /* Acquire: pairs with publish in async_list.c, so that what became of drained messages is seen. */
    return atomic_load_explicit(&list->taken, memory_order_acquire) !=
           __atomic_load_n(&list->mailbox->head, __ATOMIC_RELAXED);
}

/* True when the end of a subtask has to go through trb_async_admit. */
static inline bool trb_async_concerns(const struct trb_async_list *list, const struct pto_completion_slab *slab)
{
    /* Relaxed: behind the acquire of trb_async_has_mail. */
    return slab->count != 0 || slab->error != 0 || trb_async_has_mail(list) ||
           atomic_load_explicit(&list->unmatched, memory_order_relaxed) != 0;
}

/*
 * Takes over what a subtask of `slot` registered. False when it has to be asked again: there is no room, the run is
 * cut off, or `failure` says why the run fails. `woken` is set when others that were refused may ask again.
 */
bool trb_async_admit(struct trb_async_list *list, struct pto_slot_state *slot, const struct pto_completion_slab *slab,
                     struct trb_async_failure *failure, bool *woken);

/* Every subtask of `slot` has finished. True when trb_async_poll will give the task out; false: it is complete. */
bool trb_async_hold(struct trb_async_list *list, struct pto_slot_state *slot);

/* Looks at all conditions. Returns how many tasks became complete, at most TRB_ASYNC_TASKS; `woken`, `failure` as
 * above. */
uint32_t trb_async_poll(struct trb_async_list *list, struct pto_slot_state **slots, struct trb_async_failure *failure,
                        bool *woken);

/* Why nothing gets on, as far as it is this list's doing: sets `failure` (code 100, 102 or 103). False: it is not. */
bool trb_async_explain(struct trb_async_list *list, struct trb_async_failure *failure);

/* At the end of a run in which all tasks completed: false when something is left for nobody, told in `failure`. */
bool trb_async_is_empty(const struct trb_async_list *list, struct trb_async_failure *failure);

#endif
