/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime: what a device runtime (trb, hbg) provides to the AICPU program's entries; one is linked in (design section
 * 2).
 */
#ifndef AICPU_RUNTIME_H
#define AICPU_RUNTIME_H

#include <stdatomic.h>
#include <stdint.h>

#include "abi/device_program.h"
#include "aicpu/orchestration_table.h"
#include "npu/arch.h"

struct aicpu_runtime; /* what it keeps from run to run */

/* A launch as the runtime sees it. */
struct aicpu_launch {
    const struct NPU_KERNEL_ARGS *kernel_args;
    struct pto_device_block *block;
    struct orchestration_table *orchestrations;
    struct aicpu_runtime *runtime;
};

/* Returns 0, -ENOMEM. */
int aicpu_runtime_create(struct aicpu_runtime **runtime);
void aicpu_runtime_destroy(struct aicpu_runtime *runtime);

/* Threads that the run's image asks for, 0 counting as 1; 0 when there are not so many. */
uint32_t aicpu_runtime_threads(const struct aicpu_launch *launch);
/* The word in the run's image, 0 before a launch, at which the threads meet. */
_Atomic uint32_t *aicpu_runtime_gate(const struct aicpu_launch *launch);

/* The first thread, while the others wait: makes everything ready. Non-zero: the run does not take place. */
int aicpu_runtime_begin(const struct aicpu_launch *launch);
/* Every thread, `index` below the number of threads. Returns the run's result as far as it is known. */
int aicpu_runtime_thread(const struct aicpu_launch *launch, uint32_t index);
/* The last thread, when all others have left. Returns the run's result. */
int aicpu_runtime_end(const struct aicpu_launch *launch);

#endif
