/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_program: what the host program and the two device programs (AICPU and AICore images) agree on, on both
 * platforms.
 *
 * The host hands both images over as bytes (simpler_init). They are loaded once per context and keep no mutable
 * statics: what the AICPU program keeps between runs hangs off `state` in the context's device block.
 */
#ifndef ABI_DEVICE_PROGRAM_H
#define ABI_DEVICE_PROGRAM_H

#include <stdint.h>

#define PTO_AICPU_INIT_SYMBOL "simpler_aicpu_init"
#define PTO_AICPU_EXEC_SYMBOL "simpler_aicpu_exec"
#define PTO_AICPU_EXIT_SYMBOL "simpler_aicpu_exit"
#define PTO_AICORE_EXECUTE_SYMBOL "aicore_execute"

/*
 * One per context, in zeroed device memory (kind RUNTIME), from simpler_init to finalize_device;
 * kernel_args.device_args points to it. Written by the AICPU program, read by the host between launches.
 */
struct pto_device_block {
    uint64_t state; /* the AICPU program's own, 0 before its first launch and after simpler_aicpu_exit */
    uint64_t orchestration_handles; /* dlopen handles held now */
    uint64_t not_unloadable;        /* handles that dlclose left mapped, ever (R9) */
    uint64_t unload_callables; /* host to AICPU: bit c set = close the orchestration of callable c; AICPU clears it */
    uint64_t tasks;            /* of the last run */
    uint64_t dispatches;       /* of the last run */
    int32_t device_id;
    int32_t context_serial; /* unique in the process; goes into staged file names (R10) */
    char message[512];      /* why the last launch failed, "" when it did not */
};

/*
 * AICPU entries. Each takes the address of a kernel_args struct (abi/kernel_args.h) whose device_args is a
 * pto_device_block, and returns 0 or a non-zero code; each runs on simulated processors (exec).
 *
 * simpler_aicpu_init: one thread, alone. Makes `state` when it is 0, closes `unload_callables`.
 *
 * simpler_aicpu_exec: every launched thread of a run. runtime_args points to the runtime struct of the variant (for trb
 * struct trb_runtime). Surplus threads leave at once. The last one writes the device wall time (ns from the first
 * arrival to the last exit) to device_wall_data_base.
 *
 * simpler_aicpu_exit: one thread, alone. Closes every handle, frees `state`, sets it to 0. Idempotent.
 */
typedef int pto_aicpu_entry(void *kernel_args);

/* What one simulated core is told about itself. */
struct pto_aicore_identity {
    uint32_t worker;           /* index into the runtime's workers[], AIC first, then AIV */
    int32_t core_type;         /* enum pto_core_type of abi/handshake.h */
    uint32_t physical_core_id; /* index into the register table kernel_args.regs */
    uint32_t cluster;          /* AIC i: i; AIV j: j / 2 counted from the first AIV */
    uint32_t sub_block;        /* AIC 0; AIV 0 or 1 */
    uint32_t reserved;
    uint64_t registers; /* address of its register block (npu/registers.h) */
};

/* AICore entry: handshake, dispatch loop, until the exit signal or the launch is cancelled. Returns 0 or a non-zero
 * code. */
typedef int pto_aicore_entry(void *kernel_args, const struct pto_aicore_identity *identity);

#endif
