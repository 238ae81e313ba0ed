/* SPDX-License-Identifier: Apache-2.0 */
/* failure_rig: runs that fail, each with its code, and the run after them on the same device. */
#ifndef UT_AICPU_FAILURE_RIG_H
#define UT_AICPU_FAILURE_RIG_H

#include "mini_device.h"

#define FAILURE_CELLS 1024u

extern uint64_t failure_cells[FAILURE_CELLS];
extern bool failure_returned; /* the failing operation came back to the orchestration */

/* Kernels 0 and 1 of every run here, unless the failure is theirs. */
void failure_add_one(int64_t *args);
void failure_do_nothing(int64_t *args);

void failure_cell(struct pto_tensor *tensor, uint32_t index, int32_t version);
/* A task of kernel 0 on a cell. */
struct pto_task_outputs failure_submit(uint32_t index, enum pto_tensor_arg_type tag, int32_t version);

/* An orchestration without a fault, and a run of it that must be as if it were the first. */
void failure_good(const struct pto_chip_args *args);
void failure_run_good(struct mini_device *device, uint32_t threads);

struct failure {
    const char *name;
    mini_orchestration *orchestration;
    uint64_t scalars[2];
    int status;
    const char *message; /* a part of it */
    bool returns;
    uint64_t window, heap, pool;
};

/* Runs each with 1 to 3 threads, and a good run behind each. */
void failure_run_table(const struct failure *failures, size_t count, enum exec_kind kind, enum exec_policy policy);

/* The tests of a table, on every kind of engine. */
#define FAILURE_TESTS(table)                                                                          \
    static void on_round_robin(void **state)                                                          \
    {                                                                                                 \
        (void)state;                                                                                  \
        failure_run_table(table, sizeof(table) / sizeof((table)[0]), EXEC_FIBERS, EXEC_ROUND_ROBIN);  \
    }                                                                                                 \
    static void on_random(void **state)                                                               \
    {                                                                                                 \
        (void)state;                                                                                  \
        failure_run_table(table, sizeof(table) / sizeof((table)[0]), EXEC_FIBERS, EXEC_RANDOM);       \
    }                                                                                                 \
    static void on_threads(void **state)                                                              \
    {                                                                                                 \
        (void)state;                                                                                  \
        failure_run_table(table, sizeof(table) / sizeof((table)[0]), EXEC_THREADS, EXEC_ROUND_ROBIN); \
    }

#endif
