/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hbg: the host part of host_build_graph, shared by the files of this folder that begin with hbg (device.md 6; R24).
 *
 * A run has three stages: the user's orchestration builds the graph in a table on the host, the tasks that there are go
 * to the device in one piece, and after the launch the recorded pairs are copied back. Both tables are kept from run to
 * run, and a run touches as much of them as it has tasks (R34). What the orchestration allocates belongs to the run.
 */
#ifndef HOST_RUNTIME_HBG_H
#define HOST_RUNTIME_HBG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/hbg_runtime.h"
#include "abi/task_args.h"

#define HBG_TEXT_BYTES 512u

struct host_context;
struct hbg_allocation;

struct hbg_pair {
    void *host;
    const void *device;
    size_t bytes;
};

/* The entry of an orchestration. */
struct runtime_callable {
    void *handle;
    void *entry; /* pto_graph_entry_fn, registered as user code */
};

struct runtime {
    struct pto_graph_handle handle; /* first: what the orchestration holds is this address */
    struct host_context *context;

    /* the graph under construction */
    _Atomic uintptr_t builder; /* the thread on which the orchestration runs, whose calls have an effect; 0: none */
    _Atomic uint32_t foreign;  /* calls from other threads meanwhile */
    int32_t latched;           /* first error of its calls as a run result, 0: none */
    char text[HBG_TEXT_BYTES]; /* ... in words */
    int32_t callable_id;
    struct pto_graph_task *tasks; /* PTO_GRAPH_MAX_TASKS, reserved by the first run; NULL before */
    uint32_t task_count;
    struct hbg_allocation *allocations; /* of this run, newest first; NULL: none */
    struct hbg_pair *pairs;
    size_t pair_count;
    size_t pair_capacity;
    uint64_t bound_serial;                /* of the chip buffer whose kernels are in `functions`; 0: none */
    uint64_t functions[PTO_MAX_FUNC_IDS]; /* code addresses; 0: no such kernel */

    /* on the device */
    struct pto_graph_task *device_tasks; /* NULL: none */
    uint64_t runs;                       /* that were bound; the number of the last one is in the image */
    uint32_t device_capacity;            /* tasks */
    struct hbg_runtime *device_image;    /* NULL before the first run */
};

/* ---- hbg_ops: the nine calls --------------------------------------------------------------------------------------
 */

extern const struct pto_graph_ops hbg_ops;

/* Latches a run result; the first one wins, later ones are only logged. */
void hbg_latch(struct runtime *runtime, int32_t result, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- hbg_build: the stage on the host -----------------------------------------------------------------------------
 */

/* Runs the orchestration. Returns 0 with the graph in `tasks`, or the result of the run with the context's error text.
 */
int hbg_build(struct host_context *context, const struct runtime_callable *callable, const struct pto_chip_args *args);

/* ---- hbg_memory: what the orchestration allocates and records -----------------------------------------------------
 */

/* NULL when there is none left. */
void *hbg_memory_alloc(struct runtime *runtime, size_t bytes);
/* Frees a buffer of this run. False when it is none. */
bool hbg_memory_free(struct runtime *runtime, void *device);
/* Returns 0 or -ENOMEM. */
int hbg_memory_record(struct runtime *runtime, const struct hbg_pair *pair);
/* The first pair that lies in this buffer of the run; pair_count: none does. */
size_t hbg_memory_pair_in(struct runtime *runtime, const void *device);
/* Copies every pair back, in their order. Returns 0, or -1 at the first that failed, with the context's error text. */
int hbg_memory_copy_back(struct runtime *runtime);
/* Forgets pairs and frees what is left. */
void hbg_memory_end(struct runtime *runtime);

#endif
