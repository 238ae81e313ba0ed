/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: what the spmd scenes have in common: tasks of several blocks and lanes, each of which writes a line of its
 * own.
 *
 * The tasks of a scene are ready together and in nobody's way but for the cores (NO_DEP), so they really contend. A
 * block's lines, one per lane of the cluster, follow each other, and the tasks' lines do. Those that start together
 * (require_sync_start) also wait for each other: each counts itself at the task's meeting and goes on when all are
 * there, which only comes to an end when all have a core at the same time.
 *
 * Arguments of the orchestration: lines (INOUT, float32 [lines, 16]), meetings (INOUT, uint32 [tasks, 16]).
 * Words of the kernels: lines, meetings, first line of the task, its meeting, kernels to meet there (0: none).
 */
#ifndef ST_SCENES_SPMD_COMMON_LAYOUT_H
#define ST_SCENES_SPMD_COMMON_LAYOUT_H

#include "abi/arg.h"

#define SPMD_LANES 3
#define SPMD_LINE 16 /* elements of 4 bytes: a line of 64 bytes */

/* Elements of a line. The test's value stays what it was in the others. */
enum spmd_element {
    SPMD_BLOCK = 0, /* index */
    SPMD_RUNS,      /* counts up: a block that ran twice shows */
    SPMD_BLOCKS,    /* of the task */
    SPMD_SUB_BLOCK, /* lane within the cluster; not for single vector lanes, which may be any */
    SPMD_MET,       /* kernels at the meeting in the end */
    SPMD_ELEMENTS,
};

struct spmd_task {
    uint32_t lanes; /* enum pto_active_mask */
    int16_t blocks;
    bool together;
};

enum spmd_kernel { SPMD_AIC = 0, SPMD_AIV0, SPMD_AIV1, SPMD_VECTOR, SPMD_KERNELS };

/* Kernels that run in all. */
static inline uint32_t spmd_parts(const struct spmd_task *task)
{
    return (uint32_t)task->blocks * (uint32_t)__builtin_popcount(task->lanes);
}

static inline uint32_t spmd_lines(const struct spmd_task *task)
{
    return (uint32_t)task->blocks * SPMD_LANES;
}

#endif
