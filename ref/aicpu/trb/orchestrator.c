/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/orchestrator.h"

#include <errno.h>

#include "aicpu/trb/slot.h"

void trb_orchestrator_reset(struct trb_orchestrator *orchestrator, struct trb_run *run, struct trb_wiring *wiring,
                            struct trb_scheduler *scheduler)
{
    orchestrator->handle = (struct pto_runtime_handle){.ops = &trb_ops};
    orchestrator->run = run;
    orchestrator->rings = run->rings;
    orchestrator->wiring = wiring;
    orchestrator->scheduler = scheduler;
    trb_scope_reset(&orchestrator->scopes);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        orchestrator->first_alive[i] = 0;
    }
    orchestrator->submitted = 0;
    orchestrator->dispatches_due = 0;
    orchestrator->unannounced = 0;
    orchestrator->advised = exec_wants_advice();
    orchestrator->closed = false;
}

void trb_fail(struct trb_orchestrator *orchestrator, int32_t code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    trb_latch_v(orchestrator->run, TRB_ORCHESTRATOR, 0, code, format, arguments);
    va_end(arguments);
    _longjmp(orchestrator->escape, 1);
}

void trb_orchestrator_announce(struct trb_orchestrator *orchestrator)
{
    if (orchestrator->unannounced > 0) {
        orchestrator->unannounced = 0;
        trb_run_ring(orchestrator->run, 0);
    }
}

/* The only thread: whatever it waits for, it has to bring about. */
static int wait_as_scheduler(struct trb_orchestrator *orchestrator)
{
    struct trb_scheduler *scheduler = orchestrator->scheduler;
    /* Acquire: pairs with npu_bell_ring. */
    uint32_t seen = atomic_load_explicit(&orchestrator->run->bells[0].word, memory_order_acquire);
    bool moved = trb_scheduler_pass(scheduler) != TRB_PASS_IDLE;
    if (trb_flush_releases(scheduler) || moved) {
        return 0;
    }
    return trb_scheduler_wait(scheduler, seen, 0);
}

enum trb_wait trb_orchestrator_wait(struct trb_orchestrator *orchestrator, uint32_t seen)
{
    struct trb_run *run = orchestrator->run;
    int rc;
    trb_orchestrator_announce(orchestrator);
    if (orchestrator->scheduler != NULL) {
        rc = wait_as_scheduler(orchestrator);
    } else {
        rc = trb_wait(run, &run->progress, seen, 0);
    }
    if (rc == -ECANCELED) {
        trb_fail(orchestrator, PTO_RUN_FAILED, "the launch was cancelled while the orchestration waited");
    }
    if (trb_run_failed(run)) {
        return TRB_GAVE_UP;
    }
    return rc == -EDEADLK ? TRB_STALLED : TRB_LOOK_AGAIN;
}

void trb_orchestrator_sync(struct trb_orchestrator *orchestrator, uint32_t ring)
{
    struct trb_task_ring *synced = &orchestrator->rings[ring];
    uint32_t alive = trb_ring_last_alive(synced);
    while (synced->alive != alive) {
        const struct trb_task_record *later = &synced->records[(synced->alive + TRB_PREFETCH_TASKS) & synced->mask];
        __builtin_prefetch(&orchestrator->map.entries[later->map_entries], 1);
        trb_map_retire(&orchestrator->map, &synced->records[synced->alive & synced->mask].map_entries);
        trb_ring_retire(synced);
    }
    orchestrator->first_alive[ring] = alive;
}

void trb_orchestrator_sync_all(struct trb_orchestrator *orchestrator)
{
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        trb_orchestrator_sync(orchestrator, i);
    }
}

void trb_open_scope(struct trb_orchestrator *orchestrator, uint32_t mode)
{
    struct trb_scopes *scopes = &orchestrator->scopes;
    switch (trb_scope_open(scopes, mode)) {
    case 0:
        return;
    case TRB_SCOPE_TOO_DEEP:
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scope_begin: %u scopes are open, and no more may be",
                 scopes->depth);
    case TRB_SCOPE_AUTO_IN_MANUAL:
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scope_begin: an AUTO scope inside a MANUAL one, at depth %u",
                 scopes->depth);
    default:
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scope_begin: mode %u is not AUTO (0) or MANUAL (1)", mode);
    }
}

void trb_close_scope(struct trb_orchestrator *orchestrator)
{
    uint32_t count = 0;
    uint32_t rings = 0;
    struct pto_slot_state **tasks = trb_scope_close(&orchestrator->scopes, &count);
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(tasks[i + TRB_PREFETCH_TASKS < count ? i + TRB_PREFETCH_TASKS : i], 1);
        uint32_t ring = tasks[i]->ring_id; /* the slot may be gone after the drop */
        if (trb_slot_drop(tasks[i])) {
            rings |= 1u << ring;
        }
    }
    for (; rings != 0; rings &= rings - 1) {
        trb_advance(orchestrator->run, (uint32_t)__builtin_ctz(rings));
    }
}
