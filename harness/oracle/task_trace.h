/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_trace: what the kernels of a run wrote on the board, held against the program (device.md 7.1: 1, 2, 25, 27, 28).
 *
 *   - every part ran once, and what it had to do was done; its dispatch kept its meaning while it ran
 *   - no part began before every task was complete that the brute-force model puts before its own (task_order.h);
 *     complete is a task when all its parts returned and their work is done, by whomever
 *   - a core runs one kernel at a time
 *   - the lanes of a block ran on one cluster, each where it belongs
 *   - when the first block began of a task whose blocks start together, there were places for all of them; and each
 *     ran on cores of its own
 *   - every request was attended to, and the event of one that had an event was retired
 */
#ifndef HARNESS_ORACLE_TASK_TRACE_H
#define HARNESS_ORACLE_TASK_TRACE_H

#include "harness/oracle/task_limits.h"
#include "st/fixtures/task_program/board.h"

#define TASK_TRACE_PARTS (TASK_PROGRAM_TASKS * 192u) /* of all tasks: 64 blocks of three lanes each */

/* Makes an empty board for a program. */
void task_trace_prepare(const struct task_program *program, struct task_board *board);

/* True when all of the above holds; otherwise `text` says what does not. Not for two threads at once. */
bool task_trace_check(const struct task_program *program, const struct task_limits *limits,
                      const struct task_board *board, char *text, size_t capacity);

#endif
