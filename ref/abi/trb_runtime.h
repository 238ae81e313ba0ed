/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trb_runtime: the runtime image of tensormap_and_ringbuffer, built by the host for each run and read by the AICPU.
 *
 * The host builds it in the caller's buffer (R1: any size, 16-aligned only, not kept) and copies it to device memory,
 * where kernel_args.runtime_args points. The AICPU writes the handshakes and `report`; the host reads `report` back.
 */
#ifndef ABI_TRB_RUNTIME_H
#define ABI_TRB_RUNTIME_H

#include "abi/callable.h"
#include "abi/handshake.h"
#include "abi/limits.h"
#include "abi/task_args.h"

/* What the AICPU tells about the run, beside the error words in shared memory. */
struct trb_report {
    uint32_t orchestration_loaded; /* 1: callable_id's orchestration is loaded now, whatever became of the run (R9) */
    uint32_t orchestration_opened; /* 1: it was opened in this run; counts as one AICPU dlopen */
    int32_t status;                /* first error of the run, negated code or -1; 0 = success */
    PTO_ATOMIC(uint32_t) gate;     /* the AICPU's own: where its threads meet; 0 before a launch */
    uint64_t run;                  /* the image's `run` when it ended: who finds another one was told of no end */
};

struct trb_runtime {
    struct pto_handshake workers[PTO_MAX_WORKERS]; /* first block_dim entries AIC, then 2 * block_dim AIV */
    uint32_t worker_count;
    uint32_t aicpu_thread_num;
    uint64_t run;              /* never the same twice on a context; the three agree, or a part did not arrive */
    uint64_t task_window_size; /* per ring; a power of two >= 4 */
    uint64_t heap_size;        /* per ring, bytes; a power of two >= 1024 */
    uint64_t dep_pool_size;    /* per ring, entries; >= 4 */
    uint32_t orch_to_sched;
    uint32_t block_dim;
    uint64_t shared_memory; /* pto_sm_bytes(task_window_size) bytes, 64-aligned; kept from run to run */
    uint64_t heap;          /* 4 * heap_size bytes; kept from run to run */
    uint64_t function_addresses[PTO_MAX_FUNC_IDS]; /* device address of the CoreCallable, 0 = not registered */
    uint64_t run_of_arguments;                     /* = run */
    uint64_t orchestration_address; /* device address of the orchestration image: inside the chip buffer (R7) */
    uint64_t orchestration_bytes;
    int32_t callable_id;
    uint32_t callable_is_new;                /* 1: (re)load the orchestration of callable_id */
    char entry_name[PTO_CALLABLE_NAME_MAX];  /* "" = default */
    char config_name[PTO_CALLABLE_NAME_MAX]; /* "" = default */
    struct pto_chip_args args;               /* tensors rewritten to device addresses */
    uint64_t run_of_report;                  /* = run */
    struct trb_report report;
};
PTO_ASSERT_FIELD(struct trb_runtime, workers, 0);

#endif
