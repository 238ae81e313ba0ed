/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context: everything that the trb device program keeps from run to run, and how it becomes ready for the next one
 * (R13, R34).
 *
 * Memory is made for a shape (window, pools) and kept; another shape replaces it. A run that ended well leaves every
 * structure empty, and the next one only resets counters. A run that failed or was cut off leaves them in any state:
 * the context is marked dirty when a run begins and clean when it ended well, and a dirty one is emptied in full. Slots
 * are never reset: the orchestrator begins each slot's life itself, so shared memory may hold anything.
 */
#ifndef AICPU_TRB_CONTEXT_H
#define AICPU_TRB_CONTEXT_H

#include "aicpu/runtime.h"
#include "aicpu/trb/orchestrator.h"

/* What the memory was made for. */
struct trb_shape {
    uint64_t window;
    uint64_t pool;
};

struct aicpu_runtime {
    struct trb_run run;
    struct trb_wiring wiring;
    struct trb_task_ring rings[PTO_RING_COUNT];
    struct trb_ready_queue ready[PTO_SHAPE_DUMMY + 1];
    struct trb_scheduler schedulers[TRB_MAX_SCHEDULERS];
    struct trb_orchestrator orchestrator;
    struct trb_shape shape; /* window 0: no memory */
    void *memory;           /* records, pools, scope list, core buffers */
    size_t memory_bytes;
    struct trb_core_buffers *buffers; /* one per worker */
    struct trb_async_list *async;
    struct pto_async_mailbox *mailbox;
    struct npu_register_block *registers[PTO_MAX_WORKERS];
    const struct orchestration *orchestration; /* of the run, once it is loaded */
    bool has_map;
    bool dirty;
};

/*
 * Checks the image's sizes, makes memory for them, and resets everything. Fault sites "aicpu.tensor_map",
 * "aicpu.ready_queue", "aicpu.trb_memory". Returns 0, -EINVAL or -ENOMEM with the block's message set; then the context
 * has no memory.
 */
int trb_context_prepare(struct aicpu_runtime *context, struct trb_runtime *image, struct pto_device_block *block);

/* Frees the memory. */
void trb_context_release(struct aicpu_runtime *context);

#endif
