/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fibers: the engine that runs all processors on one OS thread in virtual time. Private to exec.
 *
 * Processors switch straight to each other; the driver's own stack ("root") runs only to start the root group, to
 * report a deadlock, and when the root group has ended. Who runs next: a runnable processor by policy; else waiting
 * user code whose word has changed; else the first sleeper, unless a deadline lies before it; else a processor that
 * yielded low; else a stalled waiter of a group in which nobody can get on; else the first deadline. Nobody: deadlock.
 *
 * fibers.c holds that choice, fibers_inline.h the switch, fibers_wait.c the blocking calls, fibers_group.c start and
 * end of groups.
 */
#ifndef EXEC_FIBERS_H
#define EXEC_FIBERS_H

#include "exec/processor.h"

/* What a refused wait (the group is ending) and a blocking exec_user_wait cost: so that loops over them reach a limit.
 */
#define EXEC_REFUSED_WAIT_NS 1000u
#define EXEC_USER_WAIT_NS 100u

/* ---- fibers.c ---- */

/* Like exec_fibers_block of fibers_inline.h, also when the processor is over (it is then not resumed in this run). */
void exec_fibers_block_slow(struct exec_processor *processor);

/* Gives the OS thread to processors until the root group has ended or nobody can ever run; called on the driver's
 * stack. */
void exec_fibers_run_some(struct exec_engine *engine);

/* Out of whatever queue its state says; the state is stale afterwards. */
void exec_fibers_unlink(struct exec_processor *processor);
void exec_fibers_make_ready(struct exec_processor *processor, int result);

/* Moves virtual time on by `ns` and fires what is due meanwhile. May cut off the calling processor: see its state. */
void exec_fibers_advance(struct exec_engine *engine, uint64_t ns);

/* The time at which the op limit of the processor's user code is over, counted from the last progress of its group. */
uint64_t exec_fibers_op_limit(const struct exec_processor *processor);

/* Sum over the group of exec_progress calls; also used by the threads engine and the watchdog. */
uint64_t exec_group_progress(const struct exec_group *group);

/* ---- fibers_wait.c ---- */

int exec_fibers_wait(struct exec_processor *processor, uint64_t deadline_ns);
int exec_fibers_wait_stall(struct exec_processor *processor);
int exec_fibers_user_wait(struct exec_processor *processor);
void exec_fibers_wake(struct exec_processor *processor, _Atomic uint32_t *word);
void exec_fibers_settle(struct exec_processor *processor);
void exec_fibers_yield_low(struct exec_processor *processor);
void exec_fibers_pause(struct exec_processor *processor);

/* ---- fibers_group.c ---- */

int exec_fibers_run_group(struct exec_group *group);
void exec_fibers_cancel(struct exec_group *group);
/* The sync limit is over: every processor that is left ends where it is. */
void exec_fibers_cut(struct exec_group *group);
/* Ends the calling processor where it stands, in `state`. */
_Noreturn void exec_fibers_stop(struct exec_processor *processor, enum exec_state state);
/* exec_exit: settles what was charged, then ends. */
_Noreturn void exec_fibers_exit(struct exec_processor *processor);

#endif
