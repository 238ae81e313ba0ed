/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog: what the engine does about user code that spins or faults (R33). Private to exec.
 *
 * Each OS thread that runs processors has one CPU-time timer, made when it first runs any, armed only while it runs
 * some. A tick acts only on user code that was already running at the tick before, and only while the program counter
 * lies in a registered user image: then nothing that could be half-done is interrupted, and the handler may behave as
 * if the code had called the engine. A second duty catches what never gets on without spinning in one place: when
 * neither virtual time nor progress moved for EXEC_STUCK_TICKS ticks, the next call into exec charges the CPU time
 * spent.
 */
#ifndef EXEC_WATCHDOG_H
#define EXEC_WATCHDOG_H

#include "exec/processor.h"

#include <signal.h>

#define EXEC_TICK_NS 2000000L
#define EXEC_STUCK_TICKS 250u

/* What is delivered by a tick: ignored by default, so that one that comes late does no harm. */
#define EXEC_TICK_SIGNAL SIGURG

/*
 * Brackets a stretch in which the calling OS thread runs processors; may nest. Makes the thread's timer and signal
 * stack when it has none, arms the timer, and makes sure that the fault handlers are still ours. Returns 0 or a
 * negative errno.
 */
int exec_watchdog_begin(void);
void exec_watchdog_end(void);

/* Fibers: charges the CPU time that passed without virtual time or progress moving, and lets others run. */
void exec_watchdog_attend(struct exec_processor *processor);

/* Signal handlers: installed while there are engines (signals.c). Returns 0 or a negative errno. */
int exec_signals_acquire(void);
void exec_signals_release(void);
/* Installs again what somebody else has replaced since; what he installed is then called for faults that are not ours.
 * Returns 0 or a negative errno. */
int exec_signals_verify(void);

/* The tick's handler, called on the interrupted stack. */
void exec_watchdog_tick(uintptr_t pc);

#endif
