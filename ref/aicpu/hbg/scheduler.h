/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler: one AICPU thread's part in running the graph (device.md 6). Every thread is one.
 *
 * A thread owns cores of both types, dealt out one by one, maybe none of a type. A pass looks at the cores that have
 * work, completes what they finished, and dispatches what is ready, first to idle cores, then as second dispatch to
 * busy ones. Tasks that a thread's completions made ready stay with it as long as it has room and cores for them, and
 * no other thread has idle ones; the rest goes to the shared queues, and the bells of threads with idle cores are rung.
 * A thread whose cores become idle later rings those that keep tasks.
 */
#ifndef AICPU_HBG_SCHEDULER_H
#define AICPU_HBG_SCHEDULER_H

#include "aicpu/core_answer.h"
#include "aicpu/hbg/run.h"

#define HBG_CORE_WORDS 2u /* one bit per core */

struct hbg_core {
    struct npu_register_block *registers;
    uint32_t running; /* task, CORE_NO_DISPATCH: nothing */
    uint32_t pending;
};

/* The cores of one type. */
struct hbg_cores {
    uint32_t count;
    uint64_t idle[HBG_CORE_WORDS];    /* nothing running, nothing pending */
    uint64_t running[HBG_CORE_WORDS]; /* something dispatched and not known to be finished */
    uint64_t open[HBG_CORE_WORDS];    /* running, taken by the core, and nothing pending: one more may be dispatched */
    struct hbg_core core[64u * HBG_CORE_WORDS];
};

struct hbg_local_ready {
    uint32_t count;
    uint32_t tasks[HBG_LOCAL_READY]; /* last in, first out */
};

struct hbg_scheduler {
    struct hbg_run *run;
    uint32_t index;
    uint32_t completed; /* in this pass */
    uint64_t dispatches;
    struct hbg_local_ready local[HBG_CORE_TYPES]; /* by enum pto_core_type */
    struct hbg_cores cores[HBG_CORE_TYPES];
};

/* Puts a scheduler into the state of a new run, without cores. */
void hbg_scheduler_reset(struct hbg_scheduler *scheduler, struct hbg_run *run, uint32_t index);
/* Gives it an idle core. */
void hbg_scheduler_own(struct hbg_scheduler *scheduler, enum pto_core_type type, struct npu_register_block *registers);

/* Passes and waits until the run is done. Returns 0 or -ECANCELED. */
int hbg_scheduler_loop(struct hbg_scheduler *scheduler);
/* Tells its cores to leave and waits for it. Returns 0; -ECANCELED, -ETIMEDOUT, with the error latched. */
int hbg_scheduler_release(const struct hbg_scheduler *scheduler);

/* ---- between the files of the scheduler ---- */

/* What a pass found, in rising order of urgency of the next one. */
enum hbg_pass {
    HBG_PASS_IDLE = 0, /* nothing */
    HBG_PASS_MOVED,    /* something; the next pass is for when the bell rings */
    HBG_PASS_SOON,     /* and more could be dispatched once cores have taken what they were given */
    HBG_PASS_MORE,     /* and there is more to do at once */
};

/* Dispatches ready tasks. */
enum hbg_pass hbg_dispatch(struct hbg_scheduler *scheduler);

#endif
