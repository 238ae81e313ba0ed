/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/run.h"

#include <assert.h>
#include <stdio.h>

#include "aicpu/trb/slot.h"
#include "base/log.h"
#include "npu/registers.h"

void trb_run_reset(struct trb_run *run)
{
    /* Relaxed: the gate publishes all of it. */
    atomic_store_explicit(&run->status, 0, memory_order_relaxed);
    atomic_store_explicit(&run->progress, 0, memory_order_relaxed);
    atomic_store_explicit(&run->completed, 0, memory_order_relaxed);
    atomic_store_explicit(&run->total, UINT64_MAX, memory_order_relaxed);
    atomic_store_explicit(&run->transition, 0, memory_order_relaxed);
    atomic_store_explicit(&run->parked, 0, memory_order_relaxed);
    atomic_store_explicit(&run->wiring_starved, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        atomic_store_explicit(&run->advance[i].requests, 0, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < TRB_MAX_SCHEDULERS; i++) {
        atomic_store_explicit(&run->bells[i].word, 0, memory_order_relaxed);
        atomic_store_explicit(&run->bells[i].idle_lanes, 0, memory_order_relaxed);
        atomic_store_explicit(&run->bells[i].asleep, 0, memory_order_relaxed);
    }
    trb_drain_reset(&run->drain);
}

static int32_t result_of(int32_t code)
{
    if (code == PTO_RUN_FAILED) {
        return -1;
    }
    return code > 0 ? -code : code == INT32_MIN ? -INT32_MAX : code;
}

static void publish(struct trb_run *run, enum trb_role role, uint32_t thread, int32_t result)
{
    run->image->report.status = result;
    /* Relaxed: the host reads them after the run; threads go by the status. */
    if (role == TRB_ORCHESTRATOR) {
        atomic_store_explicit(&run->shared->orch_error_code, -result, memory_order_relaxed);
    } else {
        atomic_store_explicit(&run->shared->sched_error_code, -result, memory_order_relaxed);
        atomic_store_explicit(&run->shared->sched_error_thread, (int32_t)thread, memory_order_relaxed);
        atomic_fetch_or_explicit(&run->shared->sched_error_bitmap, 1u << thread, memory_order_relaxed);
    }
}

void trb_latch_v(struct trb_run *run, enum trb_role role, uint32_t thread, int32_t code, const char *format,
                 va_list arguments)
{
    char text[sizeof(run->block->message)];
    int32_t result = result_of(code);
    int32_t latched = 0;
    int length = vsnprintf(text, sizeof(text), format, arguments);
    (void)length;
    /* Release: pairs with trb_run_failed, for what the failing thread did before. */
    if (!atomic_compare_exchange_strong_explicit(&run->status, &latched, result, memory_order_acq_rel,
                                                 memory_order_relaxed)) {
        log_message(LOG_LEVEL_WARN, "aicpu", "code %d comes after latched code %d: %s", result, latched, text);
        return;
    }
    (void)snprintf(run->block->message, sizeof(run->block->message), "%s", text);
    if (code != PTO_RUN_FAILED) {
        publish(run, role, thread, result);
    } else {
        run->image->report.status = result;
    }
    log_message(LOG_LEVEL_WARN, "aicpu", "the run fails with %d: %s", result, text);
    trb_run_progress(run);
    trb_run_ring_all(run);
}

void trb_latch(struct trb_run *run, enum trb_role role, uint32_t thread, int32_t code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    trb_latch_v(run, role, thread, code, format, arguments);
    va_end(arguments);
}

void trb_run_ring(struct trb_run *run, uint32_t scheduler)
{
    npu_bell_ring(&run->bells[scheduler].word);
}

void trb_run_ring_all(struct trb_run *run)
{
    for (uint32_t i = 0; i < run->schedulers; i++) {
        trb_run_ring(run, i);
    }
}

void trb_run_progress(struct trb_run *run)
{
    /* Release: pairs with the orchestrator's acquire in exec_wait; what got on is visible to it. */
    atomic_fetch_add_explicit(&run->progress, 1, memory_order_release);
    exec_wake(&run->progress);
}

static void advance_once(struct trb_task_ring *ring)
{
    /* Relaxed: only the holder of the advance writes it, and holders follow each other through `requests`. */
    uint32_t alive = (uint32_t)atomic_load_explicit(&ring->header->last_task_alive, memory_order_relaxed);
    uint32_t first = alive;
    /* Acquire: pairs with the orchestrator's release, so that a slot below it shows its new life. */
    uint32_t end = (uint32_t)atomic_load_explicit(&ring->header->current_task_index, memory_order_acquire);
    while (alive != end && trb_slot_state(&ring->slots[alive & ring->mask]) == PTO_TASK_CONSUMED) {
        alive++;
    }
    assert(first <= end && end <= INT32_MAX); /* invariant 14 */
    if (alive != first) {
        /* Release: pairs with trb_ring_last_alive; the slots passed may be reused from here on. */
        atomic_store_explicit(&ring->header->last_task_alive, (int32_t)alive, memory_order_release);
    }
}

void trb_advance(struct trb_run *run, uint32_t ring)
{
    _Atomic uint32_t *requests = &run->advance[ring].requests;
    /* Acquire and release: each walk sees what every request before it saw, and the walk before it. */
    if (atomic_fetch_add_explicit(requests, 1, memory_order_acq_rel) != 0) {
        return;
    }
    uint32_t seen;
    do {
        seen = atomic_load_explicit(requests, memory_order_acquire);
        advance_once(&run->rings[ring]);
    } while (!atomic_compare_exchange_strong_explicit(requests, &seen, 0, memory_order_acq_rel, memory_order_relaxed));
}
