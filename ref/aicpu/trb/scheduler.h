/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler: one AICPU thread's part in running tasks (device.md 3.4-3.7).
 *
 * A pass looks at the cores that have work, completes what they finished, wires what was submitted (scheduler 0), and
 * dispatches what is ready, first to idle cores, then as second dispatch to busy ones. Then the thread waits on its
 * bell. Ready tasks stay with the thread that found them, up to a point; what is left over goes to the global queues
 * and the bells of schedulers that have idle cores are rung.
 */
#ifndef AICPU_TRB_SCHEDULER_H
#define AICPU_TRB_SCHEDULER_H

#include "aicpu/trb/cores.h"
#include "aicpu/trb/run.h"
#include "aicpu/trb/wiring.h"

struct trb_local_ready {
    uint32_t count;
    struct pto_slot_state *slots[TRB_LOCAL_READY]; /* last in, first out */
};

struct trb_scheduler {
    struct trb_run *run;
    struct trb_wiring *wiring; /* scheduler 0 only, otherwise NULL */
    uint32_t index;
    struct trb_local_ready local[PTO_SHAPE_DUMMY];      /* by enum pto_task_shape */
    struct pto_slot_state *released[TRB_RELEASE_BATCH]; /* completed tasks whose references are not dropped yet */
    uint32_t released_count;
    uint32_t completed;   /* in this pass */
    bool mix_came;        /* MIX tasks became ready here since the last dispatch */
    bool halted;          /* in this pass: a drain is, or has been, open (drain.h) */
    uint8_t drain_serial; /* of the last drain that it joined */
    uint32_t drain_offer; /* places that it offered there */
    uint64_t dispatches;
    struct trb_cores cores;
};

/* Puts a scheduler into the state of a new run, without cores. */
void trb_scheduler_reset(struct trb_scheduler *scheduler, struct trb_run *run, struct trb_wiring *wiring,
                         uint32_t index);

/* What a pass found, in rising order of urgency of the next one. */
enum trb_pass {
    TRB_PASS_IDLE = 0, /* nothing */
    TRB_PASS_MOVED,    /* something; the next pass is for when the bell rings */
    TRB_PASS_SOON,     /* and more could be dispatched once cores have taken what they were given */
    TRB_PASS_MORE,     /* and there is more to do at once */
};

enum trb_pass trb_scheduler_pass(struct trb_scheduler *scheduler);

/* Drops the references of completed tasks, which may free room that the orchestrator waits for. True when there were
 * any. */
bool trb_flush_releases(struct trb_scheduler *scheduler);

/* True when every submitted task is complete, or an error is latched. */
bool trb_scheduler_is_done(const struct trb_scheduler *scheduler);

/* Passes and waits until the run is done. Returns 0 or -ECANCELED. All deferred releases are done then. */
int trb_scheduler_loop(struct trb_scheduler *scheduler);

/*
 * Between passes: waits for the bell to move on from `seen`, read before the last pass. `rank` as in exec_wait_stall.
 * Returns 0, -ECANCELED, -EDEADLK.
 */
int trb_scheduler_wait(struct trb_scheduler *scheduler, uint32_t seen, uint32_t rank);

/*
 * exec_wait_stall for schedulers and orchestrator: a core that works on a kernel excuses a stall (R22) until it has
 * outlived what R33 grants it, and so do conditions that may still come to hold. Any thread.
 */
int trb_wait(const struct trb_run *run, _Atomic uint32_t *word, uint32_t seen, uint32_t rank);

/* True when some core of the run took a dispatch and has not finished it. Any thread. */
bool trb_any_core_busy(const struct trb_run *run);

/* ---- between the files of the scheduler ---- */

/* A task may run: to the local buffer of its shape, or the global queue. */
void trb_ready(struct trb_scheduler *scheduler, struct pto_slot_state *slot);
/* Every subtask of a task is finished. */
void trb_complete_task(struct trb_scheduler *scheduler, struct pto_slot_state *slot);
/* Looks at the cores that have work. True when anything got on. */
bool trb_poll_cores(struct trb_scheduler *scheduler);
/* A subtask of `slot` finished and may have registered conditions. False: it has to be looked at again later. */
bool trb_async_finish_subtask(struct trb_scheduler *scheduler, struct pto_slot_state *slot,
                              const struct pto_completion_slab *slab);
/* All subtasks of `slot` finished. True when the task is not complete because conditions are open. */
bool trb_async_finish_task(struct trb_scheduler *scheduler, struct pto_slot_state *slot);
/* Completes the deferred tasks whose conditions hold. True when there were any. */
bool trb_async_look(struct trb_scheduler *scheduler);
/* trb_scheduler_wait that also comes back to look at open conditions. */
int trb_async_wait(struct trb_scheduler *scheduler, uint32_t seen, uint32_t rank);
/* True while scheduler 0 waits for conditions and does not think of a stall. Any thread. */
bool trb_async_is_patient(const struct trb_run *run);
/* Nothing gets on. False: deferred tasks are not the reason; otherwise the code is latched, or it was no stall. */
bool trb_async_stalled(struct trb_scheduler *scheduler);
/* Dispatches ready tasks. */
enum trb_pass trb_dispatch(struct trb_scheduler *scheduler);

#endif
