/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch_program: tasks of blocks and lanes that contend for cores, and what must be true of every run of them.
 *
 * The tasks are in MANUAL scopes with no order but the one that each names, so whatever is ready competes. Kernels
 * count themselves, look whether the task's producer is finished, and where the task says so wait until all its blocks
 * and lanes are there (invariants 1, 2, 28; 30 where there are as many cores as blocks). Under traced schedules the
 * order of dispatches is checked too (25 to 28).
 */
#ifndef UT_AICPU_DISPATCH_PROGRAM_H
#define UT_AICPU_DISPATCH_PROGRAM_H

#include "dispatch_trace.h"

#define PROGRAM_MAX_TASKS 48u
#define PROGRAM_MAX_BLOCKS 128
/* Of runs on threads: a busy machine ends none that could get on, and one that cannot ends in time. */
#define PROGRAM_DEADLINE_SCALE (5 * exec_tool_deadline_scale())

struct program_task {
    uint32_t lanes; /* enum pto_active_mask */
    int32_t blocks;
    bool together;   /* require_sync_start */
    bool meets;      /* its kernels wait for each other: all must run at the same time */
    uint32_t after;  /* number of an earlier task + 1, 0: none */
    uint32_t pauses; /* schedule points in each kernel */
};

struct program {
    struct program_task tasks[PROGRAM_MAX_TASKS];
    uint32_t count;
    uint32_t scope; /* tasks per scope */
};

/* How it is run. */
struct program_run {
    enum exec_kind kind;
    enum exec_policy policy; /* of fibers; EXEC_CHOICE: traced */
    uint64_t seed;
    uint32_t threads;
    uint32_t blocks;
    uint64_t window;
    bool transition; /* PTO2_ORCH_TO_SCHED */
    bool wrap;       /* fibers: dispatch ids begin shortly before they start again (D33) */
};

/* A block count up to which every core of the shape gets one. */
int32_t program_limit(uint32_t lanes, uint32_t blocks);

/* A program of `count` tasks at most, for a run on `blocks` blocks. */
void program_draw(struct program *program, struct exec_random *random, uint32_t count, uint32_t blocks);

/* Runs it and asserts all of the above. A failure prints the run and the program. */
void program_check(struct mini_device *device, const struct program *program, const struct program_run *run);

/* Draws and checks `rounds` programs, seeds from run->seed on; 0 threads or blocks: drawn as well. */
void program_check_random(const struct program_run *run, uint32_t rounds);

/* One program per shape that fills all cores at once, together or not, and one of all of them: for every number of
 * threads, and of blocks in steps of `step`, with and without transition. */
void program_check_sizes(const struct program_run *run, uint32_t step);

/* For tests that watch a run from inside its kernels. */
void program_fill(const struct program *program, const struct program_run *run, struct mini_run *mini);

#endif
