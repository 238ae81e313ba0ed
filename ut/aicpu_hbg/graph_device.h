/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_device: both device programs of host_build_graph in one process, on an exec group, with kernels as plain
 * functions. It plays the host's part of the contract (abi/device_program.h, abi/hbg_runtime.h) and nothing else.
 */
#ifndef UT_AICPU_HBG_GRAPH_DEVICE_H
#define UT_AICPU_HBG_GRAPH_DEVICE_H

#include "abi/device_program.h"
#include "abi/hbg_runtime.h"
#include "exec/exec.h"

typedef void graph_kernel(int64_t *args);

struct graph_device;

/* `options` NULL: fibers, round robin. Asserts that it worked. */
struct graph_device *graph_device_create(const struct exec_options *options);
void graph_device_destroy(struct graph_device *device);
void graph_device_configure(struct graph_device *device, const struct exec_options *options);

/* From now on each run leaves its exec time there. */
void graph_device_time(struct graph_device *device, uint64_t *wall_ns);

struct graph_run {
    struct pto_graph_task *tasks;
    uint32_t count;
    uint32_t blocks;
    uint32_t threads;
    uint32_t absent_core;                    /* worker + 1 whose physical id is out of range */
    uint32_t twin_core;                      /* worker + 1 whose physical id is the one of the worker before */
    uint32_t silent_core;                    /* worker + 1 that never starts */
    uint32_t half_core;                      /* worker + 1 that is gone once it has told its physical id */
    void (*edit)(struct hbg_runtime *image); /* last word on the image, may be NULL */
};

struct graph_result {
    int status; /* first non-zero result of a processor, or 0 */
    uint64_t tasks;
    uint64_t dispatches;
    int32_t report_status;
    struct exec_outcome outcome;
    char message[512];
};

void graph_device_run(struct graph_device *device, const struct graph_run *run, struct graph_result *result);

/* A task with no predecessors and no successors; word 0 is `word`. */
void graph_task_make(struct pto_graph_task *tasks, uint32_t id, graph_kernel *kernel, enum pto_core_type type,
                     uint64_t word);
void graph_edge_make(struct pto_graph_task *tasks, uint32_t from, uint32_t to);

#endif
