/* SPDX-License-Identifier: Apache-2.0 */
/* kernel: one lane of one block (layout.h). Needs libnpu.so for pto_kernel_wait. */
#ifndef ST_SCENES_SPMD_COMMON_KERNEL_H
#define ST_SCENES_SPMD_COMMON_KERNEL_H

#include "abi/kernel.h"
#include "st/scenes/spmd_common/layout.h"

/* Waits until `parts` kernels are there. Returns how many are. */
static inline uint32_t spmd_meet(uint32_t *there, uint32_t parts)
{
    uint32_t count = __atomic_add_fetch(there, 1, __ATOMIC_ACQ_REL);
    while (count < parts) {
        (void)pto_kernel_wait(there, count);
        count = __atomic_load_n(there, __ATOMIC_ACQUIRE);
    }
    return count;
}

static inline void spmd_run(const int64_t *args, uint32_t lane)
{
    float *lines = pto_kernel_data(pto_kernel_tensor(args, 0));
    uint32_t *meetings = pto_kernel_data(pto_kernel_tensor(args, 1));
    uint64_t first = pto_kernel_word(args, 2);
    uint64_t meeting = pto_kernel_word(args, 3);
    uint32_t parts = (uint32_t)pto_kernel_word(args, 4);
    int32_t block = pto_kernel_block_idx(args);
    float *line = lines + (first + (uint64_t)block * SPMD_LANES + lane) * SPMD_LINE;
    line[SPMD_RUNS] += 1.0f;
    line[SPMD_BLOCKS] = (float)pto_kernel_block_num(args);
    line[SPMD_SUB_BLOCK] = (float)pto_kernel_sub_block_id(args);
    line[SPMD_MET] = parts != 0 ? (float)spmd_meet(&meetings[meeting * SPMD_LINE], parts) : 0.0f;
    line[SPMD_BLOCK] = (float)block;
}

#endif
