/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hbg_runtime: the runtime image of host_build_graph, built by the host for each run and read by both device programs.
 *
 * The graph itself lies elsewhere in device memory, `task_count` records long: a run carries the tasks that it has, not
 * the table that it could have. The AICPU writes the handshakes, the tasks' fanin, and `report`; the host reads
 * `report` back.
 */
#ifndef ABI_HBG_RUNTIME_H
#define ABI_HBG_RUNTIME_H

#include "abi/graph.h"
#include "abi/handshake.h"

struct hbg_report {
    int32_t status;            /* first error of the run, negated code or -1; 0 = success */
    PTO_ATOMIC(uint32_t) gate; /* the AICPU's own: where its threads meet; 0 before a launch */
    uint64_t run;              /* the image's `run` when it ended: who finds another one was told of no end */
};

struct hbg_runtime {
    struct pto_handshake workers[PTO_MAX_WORKERS]; /* first block_dim entries AIC, then 2 * block_dim AIV */
    uint32_t worker_count;
    uint32_t aicpu_thread_num;
    uint32_t block_dim;
    uint32_t task_count; /* at most PTO_GRAPH_MAX_TASKS */
    uint64_t run;        /* never the same twice on a context; end_time of the last task, or the table did not arrive */
    uint64_t tasks;      /* address of the first struct pto_graph_task; any when there is none */
    struct hbg_report report;
};
PTO_ASSERT_FIELD(struct hbg_runtime, workers, 0);

#endif
