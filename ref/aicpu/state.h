/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: what the AICPU program of one context keeps between launches. It hangs off pto_device_block.state; the program
 * itself has no mutable statics.
 */
#ifndef AICPU_STATE_H
#define AICPU_STATE_H

#include <stdatomic.h>

#include "aicpu/orchestration_table.h"
#include "aicpu/runtime.h"

struct aicpu_state {
    struct orchestration_table orchestrations;
    struct aicpu_runtime *runtime;
    _Atomic uint32_t left; /* threads of the run that have left; set by the first one */
    uint64_t start_ns;     /* exec time at which the first one came */
};

/* The state of the block, NULL before simpler_aicpu_init. */
static inline struct aicpu_state *aicpu_state_of(const struct pto_device_block *block)
{
    return (struct aicpu_state *)(uintptr_t)block->state;
}

/* Makes the state when there is none. Fault site "aicpu.state". Returns 0, -ENOMEM with the block's message set. */
int aicpu_state_ensure(struct pto_device_block *block);
/* Closes every orchestration and frees the state, if there is one. */
void aicpu_state_release(struct pto_device_block *block);

#endif
