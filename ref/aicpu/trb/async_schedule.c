/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the schedulers do for deferred tasks: every pass of each of them looks at the list, and scheduler 0 also looks
 * from time to time while nothing else happens, since a peer stores to a counter without a word to anybody.
 */
#include <errno.h>

#include "aicpu/trb/scheduler.h"
#include "base/log.h"

static void tell(struct trb_scheduler *scheduler, const struct trb_async_failure *failure)
{
    if (failure->code != 0) {
        trb_latch(scheduler->run, TRB_SCHEDULER, scheduler->index, failure->code, "%s", failure->text);
    }
}

/* Others were refused for want of what is there now. Their cores are looked at in their next passes. */
static void ring_refused(struct trb_scheduler *scheduler, bool woken)
{
    if (woken) {
        trb_run_ring_all(scheduler->run);
    }
}

/* Scheduler 0 has to know that there is something to look at from time to time. */
static void ring_watcher(struct trb_scheduler *scheduler)
{
    if (scheduler->index != 0) {
        trb_run_ring(scheduler->run, 0);
    }
}

bool trb_async_finish_subtask(struct trb_scheduler *scheduler, struct pto_slot_state *slot,
                              const struct pto_completion_slab *slab)
{
    struct trb_async_failure failure = {.code = 0};
    bool woken = false;
    bool admitted = trb_async_admit(scheduler->run->async, slot, slab, &failure, &woken);
    tell(scheduler, &failure);
    ring_refused(scheduler, woken);
    ring_watcher(scheduler);
    return admitted;
}

bool trb_async_finish_task(struct trb_scheduler *scheduler, struct pto_slot_state *slot)
{
    bool held = trb_async_hold(scheduler->run->async, slot);
    if (held) {
        ring_watcher(scheduler);
    }
    return held;
}

static bool is_active(const struct trb_run *run)
{
    return trb_async_is_busy(run->async) || trb_async_has_mail(run->async);
}

bool trb_async_look(struct trb_scheduler *scheduler)
{
    struct pto_slot_state *slots[TRB_ASYNC_TASKS];
    struct trb_async_failure failure = {.code = 0};
    bool woken = false;
    if (!is_active(scheduler->run)) {
        return false;
    }
    uint32_t count = trb_async_poll(scheduler->run->async, slots, &failure, &woken);
    tell(scheduler, &failure);
    for (uint32_t i = 0; i < count && failure.code == 0; i++) {
        trb_complete_task(scheduler, slots[i]);
    }
    ring_refused(scheduler, woken);
    return count > 0;
}

/* ---- waiting while tasks are deferred ---- */

bool trb_async_is_patient(const struct trb_run *run)
{
    /* Relaxed: a hint; scheduler 0 decides in the end. */
    return atomic_load_explicit(&run->async->patient, memory_order_relaxed) != 0;
}

static void set_patient(struct trb_async_list *list, uint32_t patient)
{
    /* Relaxed: see trb_async_is_patient. */
    if (atomic_load_explicit(&list->patient, memory_order_relaxed) != patient) {
        atomic_store_explicit(&list->patient, patient, memory_order_relaxed);
    }
}

/* How long to wait before the next look; 0: nothing got on for TRB_ASYNC_LIMIT_NS. R33 ends a busy core before. */
static uint64_t next_interval(struct trb_run *run)
{
    struct trb_async_list *list = run->async;
    /* Relaxed: only whether they changed matters. */
    uint32_t progress = atomic_load_explicit(&run->progress, memory_order_relaxed);
    uint32_t events = atomic_load_explicit(&list->events, memory_order_relaxed);
    uint64_t now = exec_now();
    if (!trb_async_is_patient(run) || progress != list->seen_progress || events != list->seen_events) {
        list->seen_progress = progress;
        list->seen_events = events;
        list->since_ns = now;
        list->interval_ns = TRB_ASYNC_LOOK_NS;
        return list->interval_ns;
    }
    if (now - list->since_ns >= TRB_ASYNC_LIMIT_NS) {
        return 0;
    }
    list->interval_ns = list->interval_ns < TRB_ASYNC_LOOK_MAX_NS ? 2 * list->interval_ns : list->interval_ns;
    return list->interval_ns;
}

int trb_async_wait(struct trb_scheduler *scheduler, uint32_t seen, uint32_t rank)
{
    struct trb_run *run = scheduler->run;
    _Atomic uint32_t *word = &run->bells[scheduler->index].word;
    if (scheduler->index != 0 || !is_active(run)) {
        if (scheduler->index == 0) {
            set_patient(run->async, 0);
        }
        return trb_wait(run, word, seen, rank);
    }
    uint64_t interval = next_interval(run);
    set_patient(run->async, interval != 0);
    if (interval == 0) {
        return trb_wait(run, word, seen, rank);
    }
    int rc = exec_wait(word, seen, exec_now() + interval);
    return rc == -ETIMEDOUT ? 0 : rc;
}

bool trb_async_stalled(struct trb_scheduler *scheduler)
{
    struct trb_async_failure failure = {.code = 0};
    if (!is_active(scheduler->run)) {
        return false;
    }
    if (scheduler->index != 0 || trb_async_look(scheduler)) {
        return true; /* scheduler 0 decides; and the last look may have found something */
    }
    if (!trb_async_explain(scheduler->run->async, &failure)) {
        return false;
    }
    tell(scheduler, &failure);
    return true;
}
