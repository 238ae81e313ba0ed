/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mini_device: the two device programs in one process, on an exec group, with orchestrations and kernels as plain
 * functions.
 *
 * It plays the host's part of the contract (abi/device_program.h, abi/trb_runtime.h) and nothing else.
 */
#ifndef UT_AICPU_MINI_DEVICE_H
#define UT_AICPU_MINI_DEVICE_H

#include "abi/device_program.h"
#include "abi/orchestration.h"
#include "abi/trb_runtime.h"
#include "aicpu/runtime.h"
#include "exec/exec.h"

#define MINI_KERNELS 8

typedef void mini_kernel(int64_t *args);
typedef void mini_orchestration(const struct pto_chip_args *args);

struct mini_device;

/* `options` NULL: fibers, round robin. Asserts that it worked. */
struct mini_device *mini_device_create(const struct exec_options *options);
void mini_device_destroy(struct mini_device *device);

/* A run; zero fields mean 1 block, 2 threads, window 64, heap 64 KiB, pool 64. */
struct mini_run {
    mini_orchestration *orchestration;  /* NULL: `image` as it is */
    mini_kernel *kernels[MINI_KERNELS]; /* by kernel id */
    uint32_t blocks;
    uint32_t threads;
    uint64_t window;
    uint64_t heap;
    uint64_t pool;
    uint64_t scalars[4];
    uint32_t absent_core;                    /* worker + 1 whose physical id is out of range */
    uint32_t twin_core;                      /* worker + 1 whose physical id is the one of the worker before */
    void (*edit)(struct trb_runtime *image); /* last word on the image, may be NULL */
    void (*peer)(void *device);              /* another processor of the run: a peer of the device; may be NULL */
};

struct mini_result {
    int status;        /* first non-zero result of a processor, or 0 */
    int32_t orch_code; /* from the shared-memory header */
    int32_t sched_code;
    uint64_t tasks;
    uint64_t dispatches;
    uint64_t wall_ns;
    uint64_t graph_output[2];
    struct trb_report report;
    struct exec_outcome outcome;
    char message[512];
};

void mini_device_run(struct mini_device *device, const struct mini_run *run, struct mini_result *result);

/* What the runtime keeps, for tests that look behind the contract. */
struct aicpu_runtime *mini_device_runtime(struct mini_device *device);
struct pto_device_block *mini_device_block(struct mini_device *device);
/* simpler_aicpu_init or _exit on a processor of its own. */
int mini_device_call(struct mini_device *device, pto_aicpu_entry *entry);

/* For orchestrations: an AIV task with one output of so many bytes. */
struct pto_task_outputs mini_submit_output(int32_t kernel, uint64_t bytes);

/* Set-up and tear-down of tests whose kernels crash or wait: functions of the test's binary count as user code. */
int mini_device_watch_user_code(void **state);
int mini_device_forget_user_code(void **state);

void mini_device_configure(struct mini_device *device, const struct exec_options *options);

#endif
