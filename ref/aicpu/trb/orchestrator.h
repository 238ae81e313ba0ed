/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orchestrator: the thread that runs the orchestration and turns its calls into tasks (device.md 3.1, 3.2; R19-R23).
 *
 * Everything here is private to that thread, except what it hands over through the wiring queue and the slots.
 *
 * Waiting. Whenever a limit is reached the orchestrator waits until schedulers got on, and looks again; only when no
 * schedule could get on any more (exec_wait_stall) does it give up with the limit's code. When it is the only AICPU
 * thread it runs scheduler passes itself instead of waiting for others.
 *
 * Failing. trb_fail latches a code and does not return: the user's stack is abandoned. When somebody else latched an
 * error, the operation under way returns "gave up" and has no further effect.
 */
#ifndef AICPU_TRB_ORCHESTRATOR_H
#define AICPU_TRB_ORCHESTRATOR_H

#include <setjmp.h>

#include "abi/orchestration.h"
#include "aicpu/trb/run.h"
#include "aicpu/trb/scheduler.h"
#include "aicpu/trb/scope.h"
#include "aicpu/trb/tensor_map.h"
#include "aicpu/trb/wiring.h"

struct trb_orchestrator {
    struct pto_runtime_handle handle; /* first: what the orchestration SO sees */
    struct trb_run *run;
    struct trb_task_ring *rings; /* PTO_RING_COUNT */
    struct trb_wiring *wiring;
    struct trb_scheduler *scheduler; /* its own when it is the only thread, otherwise NULL */
    struct trb_scopes scopes;
    struct trb_map map;
    uint32_t first_alive[PTO_RING_COUNT]; /* rings' `alive`, as the map wants them */
    uint64_t submitted;                   /* tasks, allocations included */
    uint64_t dispatches_due;              /* blocks and lanes of all of them */
    uint32_t unannounced;                 /* submits since scheduler 0 was rung */
    bool advised;                         /* exec_wants_advice of this run */
    bool closed;                          /* orchestration_done was called */
    jmp_buf escape;                       /* the way out of the user's stack */
};

enum trb_wait { TRB_LOOK_AGAIN = 0, TRB_GAVE_UP, TRB_STALLED };

void trb_orchestrator_reset(struct trb_orchestrator *orchestrator, struct trb_run *run, struct trb_wiring *wiring,
                            struct trb_scheduler *scheduler);

/* Latches an error and leaves the user's stack. */
_Noreturn void trb_fail(struct trb_orchestrator *orchestrator, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* To be read before looking whether there is room; trb_orchestrator_wait returns at once when it has moved on since. */
static inline uint32_t trb_orchestrator_look(const struct trb_orchestrator *orchestrator)
{
    /* Acquire: pairs with trb_run_progress. */
    return atomic_load_explicit(&orchestrator->run->progress, memory_order_acquire);
}

/* Waits for progress. Does not return when the run is cancelled. */
enum trb_wait trb_orchestrator_wait(struct trb_orchestrator *orchestrator, uint32_t seen);

/* Lets scheduler 0 see what was submitted so far. */
void trb_orchestrator_announce(struct trb_orchestrator *orchestrator);

/* Catches up with one ring's retired tasks: their map entries, heap blocks and spill entries are free again. */
void trb_orchestrator_sync(struct trb_orchestrator *orchestrator, uint32_t ring);
void trb_orchestrator_sync_all(struct trb_orchestrator *orchestrator);

/* Scopes. trb_close_scope drops the scope's reference to each of its tasks. */
void trb_open_scope(struct trb_orchestrator *orchestrator, uint32_t mode);
void trb_close_scope(struct trb_orchestrator *orchestrator);

enum trb_request_kind { TRB_KERNELS, TRB_DUMMY, TRB_ALLOCATION };

/* A submitted task and the tensors created for it. */
struct trb_submitted {
    uint64_t id;
    uint32_t output_count;
    const struct pto_tensor *outputs[PTO_CORE_MAX_TENSOR_ARGS];
};

/* Submits a task. Returns false when it gave up; `submitted` means nothing then. */
bool trb_submit(struct trb_orchestrator *orchestrator, enum trb_request_kind kind,
                const struct pto_mixed_kernels *kernels, const struct pto_arg *arg, struct trb_submitted *submitted);

/*
 * Waits until no live task conflicts with an access of `tensor` (a refreshed copy): its writers, and for a write its
 * readers. False when it gave up.
 */
bool trb_wait_for_tensor(struct trb_orchestrator *orchestrator, const struct pto_tensor *tensor, bool writes);

/* The ops table of the handle. */
extern const struct pto_orchestration_ops trb_ops;

#endif
