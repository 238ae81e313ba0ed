/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "npu/program_states.h"

/* The block is only told what closed; the state's own may be gone with the device's memory. */
static void state_free(struct aicpu_state *state, struct pto_device_block *block)
{
    npu_program_state_remove(state);
    orchestration_unload_set(&state->orchestrations, block, UINT64_MAX);
    aicpu_runtime_destroy(state->runtime);
    free(state);
}

static void state_abandon(void *argument)
{
    struct pto_device_block nobody = {0};
    state_free(argument, &nobody);
}

int aicpu_state_ensure(struct pto_device_block *block)
{
    struct aicpu_state *state;
    if (block->state != 0) {
        return 0;
    }
    state = os_zalloc("aicpu.state", sizeof(*state));
    bool made = state != NULL && aicpu_runtime_create(&state->runtime) == 0;
    if (!made || npu_program_state_add(state, block->device_id, state_abandon) != 0) {
        if (made) {
            aicpu_runtime_destroy(state->runtime);
        }
        free(state);
        (void)snprintf(block->message, sizeof(block->message), "the AICPU has no memory for its state");
        return -ENOMEM;
    }
    block->state = (uintptr_t)state;
    return 0;
}

void aicpu_state_release(struct pto_device_block *block)
{
    struct aicpu_state *state = aicpu_state_of(block);
    if (state == NULL) {
        return;
    }
    state_free(state, block);
    block->state = 0;
}
