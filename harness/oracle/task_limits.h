/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_limits: how a program may end under given sizes (device.md 1.11, 2.4; R21).
 *
 * A limit may fail a run only when no schedule could go on: when every task that was submitted has completed, so that
 * nothing is held but what open scopes hold. That state is known without running anything, up to where exactly blocks
 * lie in a heap and which producers had already retired. Hence three answers per operation: it fits, it cannot fit, or
 * it depends on the schedule:
 *
 *   -1   the innermost scope already holds window - 1 tasks: cannot fit.
 *   -3   from the oldest task in its ring that an open scope holds there are window - 1 tasks: cannot fit.
 *   -2   with H the heap, S the blocks since that oldest task, M the largest of them or of the request R: it fits when
 *        nothing is held and R <= H, or S + R + M < H (the gap at a wrap is smaller than M); it cannot when S + R > H
 *        or R > H; otherwise it depends on where the blocks lie.
 *   -4   more than 64 producers that the task must hold (explicit ones, creators) are spilled. It cannot fit when those
 *        in open scopes alone are more than 64 and the pool; it depends when all of them are, with what was spilled
 *        from the oldest task on in its ring that an open scope holds, or the new task itself: it takes hold of one
 *        producer after the other. Producers wanted for the order alone are dropped as they complete, and the
 *        dependency pool only makes tasks wait.
 *   -7   a task of several blocks that start together has more of them than cores: cannot fit.
 *   -5   more than 63 scopes, AUTO inside MANUAL; -9 and others: the program's own fatal. They are certain.
 */
#ifndef HARNESS_ORACLE_TASK_LIMITS_H
#define HARNESS_ORACLE_TASK_LIMITS_H

#include "harness/oracle/task_program.h"

#define TASK_LIMIT_SCOPES 64u

struct task_limits {
    uint64_t window;
    uint64_t heap;
    uint64_t pool;
    uint32_t clusters; /* of one matrix and two vector cores each */
};

struct task_ends {
    bool well;      /* it may end with 0 */
    uint64_t codes; /* bit c: it may end with -c */
};

/* Blocks of a task that can run at the same time: a block on one vector core takes any of them, every other one takes
 * cores of a cluster of its own. */
uint32_t task_limits_together(const struct task_limits *limits, const struct task_op *op);

struct task_ends task_limits_ends(const struct task_program *program, const struct task_limits *limits);

static inline bool task_ends_allow(const struct task_ends *ends, int result)
{
    return result == 0 ? ends->well : result < 0 && result > -64 && (ends->codes >> -result & 1u) != 0;
}

#endif
