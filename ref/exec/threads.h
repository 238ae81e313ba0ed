/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads: the engine that gives every processor a pooled OS thread, in real time. Private to exec.
 *
 * A wait spins at most 10 us, and only while busy processors <= CPUs, then sleeps on a futex of the awaited word
 * itself. Exec time is real time divided by options.deadline_scale, so every limit and deadline is scaled at once. Who
 * runs a group watches over it: it wakes again whom a cancel found between check and sleep, applies the sync limit, and
 * finds deadlocks.
 *
 * threads.c holds the pool, threads_wait.c the blocking calls, threads_group.c start, watch, cancel and end of groups.
 */
#ifndef EXEC_THREADS_H
#define EXEC_THREADS_H

#include "exec/processor.h"

#include <setjmp.h>

/* A pooled OS thread. */
struct exec_worker {
    struct exec_worker *next;     /* idle ones, under the engine's lock */
    struct exec_worker *next_all; /* all of the engine */
    struct exec_engine *engine;
    struct exec_processor *processor; /* for the run; written before job */
    _Atomic uint32_t job;             /* futex: enum exec_job */
    int start_result;                 /* written before job becomes idle for the first time */
    pthread_t thread;
    size_t stack_bytes; /* as asked for */
    uintptr_t guard_low;
    uintptr_t guard_high;
    sigjmp_buf base; /* where a processor that is stopped comes out */
};

enum exec_job { EXEC_JOB_STARTING = 0, EXEC_JOB_IDLE, EXEC_JOB_RUN, EXEC_JOB_QUIT };

/* ---- threads.c ---- */

void exec_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t until_clock_ns);
void exec_futex_wake(_Atomic uint32_t *word);

/* Exec time now. Async-signal-safe. */
uint64_t exec_threads_now(const struct exec_engine *engine);
/* The time of exec_clock_ns at exec time `ns`. */
uint64_t exec_threads_clock_at(const struct exec_engine *engine, uint64_t ns);

/* Gives the processor a worker with such a stack. Returns 0, -ENOMEM, -EAGAIN. */
int exec_worker_equip(struct exec_processor *processor, size_t stack_bytes);
void exec_worker_give(struct exec_engine *engine, struct exec_worker *worker);
void exec_workers_join(struct exec_engine *engine);
bool exec_worker_guards(const struct exec_worker *worker, const void *address);

/* Ends the calling processor where it stands, in `state`: back to its worker's base. */
_Noreturn void exec_threads_stop(struct exec_processor *processor, enum exec_state state);

/* ---- threads_wait.c ---- */

int exec_threads_wait(struct exec_processor *processor, uint64_t deadline_ns);
int exec_threads_wait_stall(struct exec_processor *processor);
int exec_threads_user_wait(struct exec_processor *processor);
void exec_threads_pause(struct exec_processor *processor);

/* ---- threads_group.c ---- */

int exec_threads_run_group(struct exec_group *group);
void exec_threads_fail(struct exec_group *group, enum exec_end end, int signal_number,
                       const struct exec_processor *culprit, const char *headline);
/* The last processor of the group calls it: releases who runs the group. */
void exec_threads_done(struct exec_group *group);

#endif
