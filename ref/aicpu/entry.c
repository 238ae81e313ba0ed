/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: the three entries of the AICPU program (abi/device_program.h), the affinity gate and the device wall time.
 *
 * A launch starts more threads than a run uses. They take a ticket at the gate, a word of the run's own image: the
 * first one prepares the run while the others wait, surplus ones leave at once.
 */
#include <errno.h>
#include <stdio.h>

#include "abi/kernel_args.h"
#include "abi/layout.h"
#include "aicpu/state.h"
#include "exec/exec.h"

#define GATE_TICKET 1u
#define GATE_TICKETS 0xFFFFu
#define GATE_OPEN 0x10000u
#define GATE_CLOSED 0x20000u /* the first thread found that the run cannot take place */

PTO_EXPORT pto_aicpu_entry simpler_aicpu_init;
PTO_EXPORT pto_aicpu_entry simpler_aicpu_exec;
PTO_EXPORT pto_aicpu_entry simpler_aicpu_exit;

static struct pto_device_block *block_of(const void *kernel_args)
{
    const struct NPU_KERNEL_ARGS *args = kernel_args;
    return (struct pto_device_block *)(uintptr_t)args->device_args;
}

static void unload_requested(struct pto_device_block *block)
{
    uint64_t callables = block->unload_callables;
    block->unload_callables = 0;
    orchestration_unload_set(&aicpu_state_of(block)->orchestrations, block, callables);
}

int simpler_aicpu_init(void *kernel_args)
{
    struct pto_device_block *block = block_of(kernel_args);
    if (aicpu_state_ensure(block) != 0) {
        return -1;
    }
    unload_requested(block);
    return 0;
}

int simpler_aicpu_exit(void *kernel_args)
{
    aicpu_state_release(block_of(kernel_args));
    return 0;
}

static int begin_run(const struct aicpu_launch *launch, struct aicpu_state *state, _Atomic uint32_t *gate)
{
    state->start_ns = exec_now();
    launch->block->message[0] = '\0';
    launch->block->tasks = 0; /* what the last run had is not this one's, however this one ends */
    launch->block->dispatches = 0;
    unload_requested(launch->block);
    /* Relaxed: the gate publishes it. */
    atomic_store_explicit(&state->left, 0, memory_order_relaxed);
    int rc = aicpu_runtime_begin(launch);
    /* Release: pairs with wait_at_gate; everything the run needs is ready. */
    atomic_fetch_or_explicit(gate, rc == 0 ? GATE_OPEN : GATE_CLOSED, memory_order_release);
    exec_wake(gate);
    return rc;
}

static int wait_at_gate(_Atomic uint32_t *gate)
{
    for (;;) {
        /* Acquire: pairs with begin_run. */
        uint32_t seen = atomic_load_explicit(gate, memory_order_acquire);
        if ((seen & (GATE_OPEN | GATE_CLOSED)) != 0) {
            return (seen & GATE_OPEN) != 0 ? 0 : -1;
        }
        int rc = exec_wait(gate, seen, EXEC_NEVER);
        if (rc != 0) {
            return rc;
        }
    }
}

static int leave_run(const struct aicpu_launch *launch, struct aicpu_state *state, uint32_t threads, int rc)
{
    /* Acquire and release: the last one sees what all others did. */
    uint32_t left = atomic_fetch_add_explicit(&state->left, 1, memory_order_acq_rel) + 1;
    if (left < threads) {
        return rc;
    }
    rc = aicpu_runtime_end(launch);
    if (launch->kernel_args->device_wall_data_base != 0) {
        *(uint64_t *)(uintptr_t)launch->kernel_args->device_wall_data_base = exec_now() - state->start_ns;
    }
    return rc;
}

int simpler_aicpu_exec(void *kernel_args)
{
    struct pto_device_block *block = block_of(kernel_args);
    struct aicpu_state *state = aicpu_state_of(block);
    if (state == NULL) {
        (void)snprintf(block->message, sizeof(block->message), "simpler_aicpu_exec before simpler_aicpu_init");
        return -1;
    }
    struct aicpu_launch launch = {.kernel_args = kernel_args,
                                  .block = block,
                                  .orchestrations = &state->orchestrations,
                                  .runtime = state->runtime};
    _Atomic uint32_t *gate = aicpu_runtime_gate(&launch);
    /* Relaxed: a ticket says nothing but its number. */
    uint32_t ticket = atomic_fetch_add_explicit(gate, GATE_TICKET, memory_order_relaxed) & GATE_TICKETS;
    uint32_t threads = aicpu_runtime_threads(&launch);
    if (threads == 0) {
        threads = 1; /* the first one tells why nothing runs */
    }
    if (ticket >= threads) {
        return 0;
    }
    int rc = ticket == 0 ? begin_run(&launch, state, gate) : wait_at_gate(gate);
    if (rc != 0) {
        return -1;
    }
    rc = aicpu_runtime_thread(&launch, ticket);
    return leave_run(&launch, state, threads, rc);
}
