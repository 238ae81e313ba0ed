/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step: functions of the runtime executed one machine instruction at a time, in this thread. Cost can be counted
 * instead of timed, and another thread's part can be played at every single point of a function, which is every
 * interleaving with one preemption.
 *
 * x86-64 only, and not under valgrind or ThreadSanitizer.
 */
#ifndef UT_AICPU_STEP_H
#define UT_AICPU_STEP_H

#include <stdbool.h>
#include <stdint.h>

typedef void step_function(void *argument);

/* Skips the test where this cannot be done. */
void step_required(void);

/* Instructions that the call executes. */
uint64_t step_count(step_function *function, void *argument);

/*
 * Calls `function`, and `intruder` once, after instruction `at` (from 1 on) of it. False when it ended before; then the
 * intruder was not called. What the intruder waits for must not be up to the function.
 */
bool step_interrupt(step_function *function, void *argument, uint64_t at, step_function *intruder, void *intruded);

/* Calls `watch` after every instruction of `function`. */
void step_watch(step_function *function, void *argument, step_function *watch, void *watched);

#endif
