/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cores: the register blocks of a context's cores and the table through which device programs find them
 * (device.md 4.5).
 *
 * Made once for the largest number of blocks that the context has used, kept from run to run, and reset in time
 * proportional to the cores of the run (R34). Physical core id = index of the block in the table.
 */
#ifndef NPU_CORES_H
#define NPU_CORES_H

#include <stdint.h>

#include "abi/device_program.h"
#include "npu/arch.h"
#include "npu/hbm.h"
#include "npu/registers.h"

struct npu_cores {
    struct npu_register_block *blocks; /* device memory, kind REGISTERS; NULL when count is 0 */
    uint64_t *table;                   /* device memory: address of each block */
    uint32_t count;
};

/* At least `count` cores: keeps what is there or replaces it by more. On failure (-ENOMEM) nothing changes. */
int npu_cores_ensure(struct npu_cores *cores, struct npu_owner *owner, uint32_t count);
/* Puts the first `count` cores into the state in which the AICPU expects to meet them: registers zero, nobody
 * listening. */
void npu_cores_reset(struct npu_cores *cores, const struct npu_arch *arch, uint32_t count);
void npu_cores_release(struct npu_cores *cores, struct npu_owner *owner);

/* What core `worker` of a launch with `block_dim` blocks is told about itself: AIC 0 .. block_dim - 1 first, then the
 * AIVs. */
void npu_cores_identity(const struct npu_cores *cores, uint32_t block_dim, uint32_t worker,
                        struct pto_aicore_identity *identity);

#endif
