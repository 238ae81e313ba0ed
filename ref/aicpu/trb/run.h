/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: what the AICPU threads of one run share, and the one latch for errors (R23).
 *
 * The fixed part is written by the first thread before the gate opens. The words are each on their own cache line; who
 * changes one wakes or rings whoever waits for it:
 *   progress   bumped after every scheduler pass that got on; the orchestrator waits on it when it needs room;
 *   bells      one per scheduler: registers of its cores, ready tasks that it could take, the end of the run.
 */
#ifndef AICPU_TRB_RUN_H
#define AICPU_TRB_RUN_H

#include <stdalign.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "abi/device_program.h"
#include "abi/error_codes.h"
#include "abi/shared_memory.h"
#include "abi/trb_runtime.h"
#include "aicpu/trb/async_list.h"
#include "aicpu/trb/drain.h"
#include "aicpu/trb/limits.h"
#include "aicpu/trb/ready_queue.h"
#include "aicpu/trb/task_ring.h"
#include "npu/registers.h"

enum trb_role { TRB_ORCHESTRATOR, TRB_SCHEDULER };

struct trb_wiring;

/* Asks for an advance of one ring; see trb_advance. */
struct trb_advance {
    alignas(64) _Atomic uint32_t requests;
};

#define TRB_IDLE_CLUSTER 8u /* in idle_lanes: it has a cluster that is idle as a whole */

/* A scheduler as the others see it. */
struct trb_bell {
    alignas(64) _Atomic uint32_t word;
    _Atomic uint32_t idle_lanes; /* bit AIC, AIV0, AIV1 (enum pto_active_mask): it has an idle core of that lane */
    _Atomic uint32_t asleep;     /* it is about to wait and wants the first submit that follows */
};

/* Moving cores to one more scheduler (transition.h). */
enum trb_transition_phase { TRB_TRANSITION_NONE = 0, TRB_TRANSITION_ASKED, TRB_TRANSITION_OVER };

struct trb_run {
    struct trb_runtime *image;
    struct pto_device_block *block;
    struct pto_sm_header *shared;
    struct trb_task_ring *rings;           /* PTO_RING_COUNT */
    struct trb_ready_queue *ready;         /* by enum pto_task_shape */
    struct npu_register_block **registers; /* by worker */
    struct trb_async_list *async;          /* deferred tasks */
    const struct trb_wiring *wiring;       /* for reports */
    uint32_t schedulers;
    bool orchestrator_schedules; /* one thread only: it is both */

    alignas(64) _Atomic int32_t status; /* 0, or the first error as a run result */
    alignas(64) _Atomic uint32_t progress;
    alignas(64) _Atomic uint64_t completed;      /* tasks */
    alignas(64) _Atomic uint64_t total;          /* tasks submitted, UINT64_MAX until the orchestration is done */
    alignas(64) _Atomic uint32_t transition;     /* enum trb_transition_phase; schedulers look at it between passes */
    _Atomic uint32_t parked;                     /* schedulers that have made room for it */
    alignas(64) _Atomic uint32_t wiring_starved; /* scheduler 0 waits for entries of the dependency pool */
    struct trb_advance advance[PTO_RING_COUNT];
    struct trb_bell bells[TRB_MAX_SCHEDULERS];
    struct trb_drain drain;
};

/* Puts the words into the state of a new run. */
void trb_run_reset(struct trb_run *run);

/* True once an error is latched. */
static inline bool trb_run_failed(const struct trb_run *run)
{
    /* Acquire: pairs with the latch, whose message and error words are then visible. */
    return atomic_load_explicit(&run->status, memory_order_acquire) != 0;
}

/*
 * Latches an error: the first one wins, is told in the device block's message and in the error words of shared memory,
 * and wakes everybody; later ones are only logged. `code` is positive (enum pto_error_code); negative ones count by
 * their magnitude; PTO_RUN_FAILED fails the run with -1 and no code.
 */
#define PTO_RUN_FAILED 0
void trb_latch(struct trb_run *run, enum trb_role role, uint32_t thread, int32_t code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void trb_latch_v(struct trb_run *run, enum trb_role role, uint32_t thread, int32_t code, const char *format,
                 va_list arguments);

/* Wakes one scheduler, or all of them. */
void trb_run_ring(struct trb_run *run, uint32_t scheduler);
void trb_run_ring_all(struct trb_run *run);

/* Wakes the orchestrator if it waits for room. */
void trb_run_progress(struct trb_run *run);

/* Moves last_task_alive of a ring on as far as tasks are CONSUMED, or leaves that to the thread that is doing it. */
void trb_advance(struct trb_run *run, uint32_t ring);

#endif
