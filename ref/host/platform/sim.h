/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: the simulated platform's own state, shared by the files of this folder that begin with sim.
 *
 * Both device programs run in this process on an exec engine; device memory is host memory, so a copy is a memcpy.
 */
#ifndef HOST_PLATFORM_SIM_H
#define HOST_PLATFORM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/device_program.h"
#include "exec/exec.h"
#include "host/platform/platform.h"
#include "npu/arch.h"
#include "npu/cores.h"
#include "npu/pipes.h"

#define SIM_LAUNCH_FAILED (-100) /* a launch that ended badly (R33) */
#define SIM_NAME_BYTES 16u

/* One program image: its bytes as simpler_init gave them, and the loaded library. */
struct sim_image {
    uint8_t *bytes; /* NULL: none given */
    size_t size;
    void *handle; /* NULL: not loaded */
};

/* One processor of a launch. */
struct sim_processor {
    struct platform *platform;
    pto_aicpu_entry *entry; /* AICPU threads; NULL: a core */
    struct pto_aicore_identity identity;
    struct npu_core_local local;
    int result;
};

struct platform {
    struct sim_image aicpu;
    struct sim_image aicore;
    pto_aicpu_entry *aicpu_init;
    pto_aicpu_entry *aicpu_exec;
    pto_aicpu_entry *aicpu_exit;
    pto_aicore_entry *aicore_execute;

    /* device memory of kind RUNTIME, from attach to detach */
    struct pto_device_block *block;
    struct NPU_KERNEL_ARGS *kernel_args;
    uint64_t *device_wall;
    struct npu_cores cores;
    struct npu_pipes *pipes;
    uint64_t kernel_handles;

    /* A launch from outside any processor runs on this engine, made by the first one (R14). */
    _Atomic(struct exec_engine *) engine;
    struct exec_group *group;
    struct exec_options options;
    bool options_changed; /* the engine has not been told yet */

    struct exec_outcome outcome; /* of the last launch */
    struct sim_processor processors[NPU_LAUNCHED_AICPU_THREADS + NPU_MAX_WORKERS];
    char aicpu_names[NPU_LAUNCHED_AICPU_THREADS][SIM_NAME_BYTES];
    char aic_names[NPU_MAX_BLOCKS][SIM_NAME_BYTES];
    char aiv_names[NPU_MAX_BLOCKS * NPU_AIV_PER_BLOCK][SIM_NAME_BYTES];
};

/* sim_programs: loads what is not loaded yet. 0, or -1 with error text. */
int sim_programs_load(struct host_context *context);
/* Runs the AICPU's exit entry and closes both libraries. */
void sim_programs_stop(struct host_context *context);

/* sim_engine: the group of processors of a launch. Inside a processor it belongs to the engine that is running. */
int sim_group_begin(struct host_context *context, struct exec_group **group);
/* Runs it; `outcome` of the platform is filled. 0, or SIM_LAUNCH_FAILED with error text. */
int sim_group_run(struct host_context *context, struct exec_group *group);
/* The launch of `group` is over, or was given up before it ran (`failed`: its spawned processors are dropped). */
void sim_group_end(struct host_context *context, struct exec_group *group, bool failed);
void sim_engine_destroy(struct platform *platform);

/* sim_launch: one AICPU entry alone. 0, the entry's result, SIM_LAUNCH_FAILED, or -1 (not launched), with error text.
 */
int sim_launch_single(struct host_context *context, pto_aicpu_entry *entry, bool *started);

#endif
