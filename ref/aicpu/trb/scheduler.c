/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/scheduler.h"

#include <errno.h>

#include "aicpu/trb/stall.h"

void trb_scheduler_reset(struct trb_scheduler *scheduler, struct trb_run *run, struct trb_wiring *wiring,
                         uint32_t index)
{
    scheduler->run = run;
    scheduler->wiring = wiring;
    scheduler->index = index;
    for (uint32_t i = 0; i < PTO_SHAPE_DUMMY; i++) {
        scheduler->local[i].count = 0;
    }
    scheduler->released_count = 0;
    scheduler->completed = 0;
    scheduler->mix_came = false;
    scheduler->halted = false;
    scheduler->drain_serial = 0;
    scheduler->drain_offer = 0;
    scheduler->dispatches = 0;
    trb_cores_clear(&scheduler->cores);
}

/* Wires what was submitted. Ready tasks go to the global queues in submit order, in batches. */
static enum trb_pass wire(struct trb_scheduler *scheduler)
{
    struct pto_slot_state *ready[PTO_SHAPE_DUMMY + 1][TRB_LOCAL_READY];
    uint32_t counts[PTO_SHAPE_DUMMY + 1] = {0};
    struct pto_slot_state *slot;
    enum trb_pass progress = TRB_PASS_IDLE;
    enum trb_wired_result result;
    while ((result = trb_wiring_next(scheduler->wiring, scheduler->run->rings, &slot)) <= TRB_WIRED_READY) {
        progress = TRB_PASS_MOVED;
        if (result == TRB_WIRED_READY) {
            enum pto_task_shape shape = pto_task_shape_of(slot->active_mask);
            scheduler->mix_came |= shape == PTO_SHAPE_MIX;
            ready[shape][counts[shape]++] = slot;
            if (counts[shape] == TRB_LOCAL_READY) {
                trb_ready_push(&scheduler->run->ready[shape], ready[shape], TRB_LOCAL_READY);
                counts[shape] = 0;
            }
        }
    }
    for (uint32_t shape = 0; shape <= PTO_SHAPE_DUMMY; shape++) {
        if (counts[shape] > 0) {
            trb_ready_push(&scheduler->run->ready[shape], ready[shape], counts[shape]);
        }
    }
    _Atomic uint32_t *starved = &scheduler->run->wiring_starved;
    uint32_t is_starved = result == TRB_WIRED_STARVED;
    /* Relaxed: its only writer. seq_cst: this thread says so and looks again before it waits; whoever completes tasks
     * counts them and then looks here. */
    if (atomic_load_explicit(starved, memory_order_relaxed) != is_starved) {
        atomic_store_explicit(starved, is_starved, memory_order_seq_cst);
        progress = TRB_PASS_MORE;
    }
    return progress;
}

static enum trb_pass complete_dummies(struct trb_scheduler *scheduler)
{
    struct pto_slot_state *slots[TRB_DUMMIES_PER_PASS];
    uint32_t count = trb_ready_pop(&scheduler->run->ready[PTO_SHAPE_DUMMY], slots, TRB_DUMMIES_PER_PASS);
    for (uint32_t i = 0; i < count; i++) {
        trb_complete_task(scheduler, slots[i]);
    }
    if (trb_ready_pending(&scheduler->run->ready[PTO_SHAPE_DUMMY])) {
        return TRB_PASS_MORE;
    }
    return count > 0 ? TRB_PASS_MOVED : TRB_PASS_IDLE;
}

/* Counts what this pass completed, and tells those who wait for it. */
static void report_completed(struct trb_scheduler *scheduler)
{
    struct trb_run *run = scheduler->run;
    uint32_t count = scheduler->completed;
    if (count == 0) {
        return;
    }
    scheduler->completed = 0;
    exec_progress();
    /* seq_cst, as the loads below: of the last completion and the end of the orchestration, one sees the other. */
    uint64_t completed = atomic_fetch_add_explicit(&run->completed, count, memory_order_seq_cst) + count;
    if (completed >= atomic_load_explicit(&run->total, memory_order_seq_cst)) {
        trb_run_ring_all(run);
    } else if (scheduler->index != 0 && atomic_load_explicit(&run->wiring_starved, memory_order_seq_cst) != 0) {
        trb_run_ring(run, 0);
    }
}

static enum trb_pass more_urgent(enum trb_pass a, enum trb_pass b)
{
    return a > b ? a : b;
}

enum trb_pass trb_scheduler_pass(struct trb_scheduler *scheduler)
{
    enum trb_pass result = trb_poll_cores(scheduler) ? TRB_PASS_MOVED : TRB_PASS_IDLE;
    if (trb_async_look(scheduler)) {
        result = TRB_PASS_MOVED;
    }
    if (scheduler->wiring != NULL) {
        result = more_urgent(result, wire(scheduler));
        result = more_urgent(result, complete_dummies(scheduler));
    }
    result = more_urgent(result, trb_dispatch(scheduler));
    report_completed(scheduler);
    return result;
}

bool trb_scheduler_is_done(const struct trb_scheduler *scheduler)
{
    const struct trb_run *run = scheduler->run;
    /* seq_cst: see report_completed. */
    return trb_run_failed(run) || atomic_load_explicit(&run->completed, memory_order_seq_cst) >=
                                      atomic_load_explicit(&run->total, memory_order_seq_cst);
}

bool trb_any_core_busy(const struct trb_run *run)
{
    for (uint32_t i = 0; i < run->image->worker_count; i++) {
        if (core_is_busy(run->registers[i])) {
            return true;
        }
    }
    return false;
}

int trb_wait(const struct trb_run *run, _Atomic uint32_t *word, uint32_t seen, uint32_t rank)
{
    int rc = exec_wait_stall(word, seen, rank);
    while (rc == -EDEADLK && trb_async_is_patient(run)) {
        rc = exec_wait(word, seen, exec_now() + TRB_ASYNC_LOOK_MAX_NS);
        rc = rc == -ETIMEDOUT ? -EDEADLK : rc;
    }
    if (rc == -EDEADLK && trb_any_core_busy(run)) {
        rc = exec_wait(word, seen, exec_now() + TRB_BUSY_LIMIT_NS);
        rc = rc == -ETIMEDOUT ? -EDEADLK : rc;
    }
    return rc;
}

int trb_scheduler_wait(struct trb_scheduler *scheduler, uint32_t seen, uint32_t rank)
{
    struct trb_bell *bell = &scheduler->run->bells[scheduler->index];
    if (scheduler->wiring != NULL) {
        /* Relaxed: a hint; a submit that misses it is found at the next bell. */
        atomic_store_explicit(&bell->asleep, 1, memory_order_relaxed);
    }
    return trb_async_wait(scheduler, seen, rank);
}

static void latch_stall(struct trb_scheduler *scheduler)
{
    struct trb_run *run = scheduler->run;
    char awaited[384];
    trb_stall_describe(scheduler, awaited, sizeof(awaited));
    /* Relaxed: for the text. */
    trb_latch(run, TRB_SCHEDULER, scheduler->index, PTO_ERR_SCHEDULER_TIMEOUT,
              "scheduler %u: %llu of %llu tasks completed, and nothing can get on: %s", scheduler->index,
              (unsigned long long)atomic_load_explicit(&run->completed, memory_order_relaxed),
              (unsigned long long)trb_stall_submitted(run), awaited);
}

/*
 * Lets time pass while cores answer, so that one look finds all answers that come together. It stands for the time that
 * a look takes on the device; cores keep running meanwhile, thanks to their second dispatch.
 */
static void look_later(void)
{
    exec_charge(TRB_LOOK_NS);
    exec_settle();
}

static bool runs_several(const struct trb_cores *cores)
{
    uint64_t aic = cores->running[TRB_LANE_AIC];
    uint64_t aiv0 = cores->running[TRB_LANE_AIV0];
    uint64_t aiv1 = cores->running[TRB_LANE_AIV1];
    /* More than one bit in all three together. */
    return ((aic & (aic - 1)) | (aiv0 & (aiv0 - 1)) | (aiv1 & (aiv1 - 1))) != 0 ||
           (aic != 0) + (aiv0 != 0) + (aiv1 != 0) > 1;
}

/* Waits for the next occasion. Returns 0, -ECANCELED, -EDEADLK. */
static int wait_for_bell(struct trb_scheduler *scheduler, uint32_t seen)
{
    int rc = trb_scheduler_wait(scheduler, seen, 1);
    if (rc == 0 && runs_several(&scheduler->cores)) {
        look_later();
    }
    return rc;
}

/* Between passes: makes room for the orchestrator while it moves cores (transition.h). Returns 0 or -ECANCELED. */
static int park(struct trb_run *run)
{
    /* Acquire: pairs with the orchestrator's release. */
    if (atomic_load_explicit(&run->transition, memory_order_acquire) != TRB_TRANSITION_ASKED) {
        return 0;
    }
    /* Release: pairs with the orchestrator's acquire; what this thread knows of its cores is visible to it. */
    atomic_fetch_add_explicit(&run->parked, 1, memory_order_release);
    trb_run_progress(run);
    int rc = exec_wait(&run->transition, TRB_TRANSITION_ASKED, EXEC_NEVER);
    /* Cancelled: the orchestrator may be moving cores all the same. It waits for nothing while it does. */
    while (rc != 0 && atomic_load_explicit(&run->transition, memory_order_acquire) == TRB_TRANSITION_ASKED) {
        exec_pause();
    }
    return rc;
}

int trb_scheduler_loop(struct trb_scheduler *scheduler)
{
    _Atomic uint32_t *word = &scheduler->run->bells[scheduler->index].word;
    int rc = 0;
    while (rc == 0) {
        rc = park(scheduler->run);
        if (rc != 0) {
            break;
        }
        /* Acquire: pairs with npu_bell_ring. Read before the pass, so that nothing rung during it is missed. */
        uint32_t seen = atomic_load_explicit(word, memory_order_acquire);
        enum trb_pass pass = trb_scheduler_pass(scheduler);
        if (trb_scheduler_is_done(scheduler)) {
            break;
        }
        if (pass == TRB_PASS_MORE) {
            continue;
        }
        if (trb_flush_releases(scheduler) || pass != TRB_PASS_IDLE) {
            trb_run_progress(scheduler->run);
        }
        if (pass == TRB_PASS_SOON) {
            look_later();
            continue;
        }
        rc = wait_for_bell(scheduler, seen);
        if (rc == -EDEADLK) {
            if (!trb_async_stalled(scheduler)) {
                latch_stall(scheduler);
            }
            rc = 0;
        }
    }
    (void)trb_flush_releases(scheduler);
    return rc;
}
