/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: what the AICPU threads of one run share, and the one latch for errors (R23, R24).
 *
 * The fixed part is written by the first thread before the gate opens. Each thread waits on its bell, which is rung by
 * its cores, by whoever finds tasks that it could take, and at the end of the run.
 */
#ifndef AICPU_HBG_RUN_H
#define AICPU_HBG_RUN_H

#include "abi/device_program.h"
#include "abi/hbg_runtime.h"
#include "aicpu/hbg/limits.h"
#include "aicpu/hbg/ready.h"
#include "npu/registers.h"

/* A thread as the others see it. */
struct hbg_bell {
    alignas(64) _Atomic uint32_t word;
    /* Bit t: it has an idle core of enum pto_core_type t; bit HBG_HELD + t: ready tasks for one, kept to itself. */
    _Atomic uint32_t types;
};
#define HBG_HELD HBG_CORE_TYPES

struct hbg_run {
    struct hbg_runtime *image;
    struct pto_device_block *block;
    struct pto_graph_task *tasks;
    uint32_t total; /* tasks */
    uint32_t threads;
    struct npu_register_block **registers;  /* by worker */
    struct hbg_ready ready[HBG_CORE_TYPES]; /* by enum pto_core_type */
    alignas(64) _Atomic int32_t status;     /* 0, or the first error as a run result */
    alignas(64) _Atomic uint32_t completed; /* tasks */
    struct hbg_bell bells[HBG_MAX_THREADS];
};

/* Puts the words into the state of a new run. */
void hbg_run_reset(struct hbg_run *run);

static inline bool hbg_run_failed(const struct hbg_run *run)
{
    /* Acquire: pairs with the latch. Its message is for whoever comes after the thread that wrote it has left. */
    return atomic_load_explicit(&run->status, memory_order_acquire) != 0;
}

/*
 * Latches a run result (negative): the first one wins, is told in the device block's message and in the report, and
 * wakes everybody; later ones are only logged.
 */
void hbg_latch(struct hbg_run *run, int32_t result, const char *format, ...) __attribute__((format(printf, 3, 4)));

void hbg_run_ring_all(struct hbg_run *run);

#endif
