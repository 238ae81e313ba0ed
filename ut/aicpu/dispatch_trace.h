/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch_trace: every dispatch of a run in the order of the register writes, without help from the product.
 *
 * It is the schedule's choice (EXEC_CHOICE), so it is asked at every schedule point, of which a register write is one,
 * and looks at the cores' registers first. What it saw is then held against invariants 1 and 25 to 28.
 */
#ifndef UT_AICPU_DISPATCH_TRACE_H
#define UT_AICPU_DISPATCH_TRACE_H

#include "abi/limits.h"
#include "exec/random.h"
#include "mini_device.h"

struct dispatch_event {
    uint64_t task;
    uint32_t worker;
    uint32_t id; /* of the dispatch */
    int32_t block;
    bool on_idle;     /* the core had finished everything before */
    uint64_t idle[3]; /* such cores at that moment, this one included: one bit per cluster, by lane */
};

struct dispatch_trace {
    struct mini_device *device;
    struct exec_random random;
    uint32_t stay; /* of 8 picks, how many leave the running processor where it is */
    uint32_t blocks;
    uint32_t last[PTO_MAX_WORKERS]; /* newest id */
    bool met[PTO_MAX_WORKERS];
    struct dispatch_event *events;
    uint32_t count;
    uint32_t capacity;
    char broken[256]; /* the first thing that must not be, "" if none */
};

/* What the trace must show of a task. */
struct dispatch_expected {
    uint64_t task;
    uint32_t lanes; /* enum pto_active_mask; a single AIV lane means any AIV core */
    int32_t blocks;
    bool together;
};

/* Options of fibers that ask the trace. `trace` is kept until the engine has other options. */
struct exec_options dispatch_trace_options(struct dispatch_trace *trace, struct mini_device *device, uint64_t seed);

/* Before and after a run of `blocks` blocks. */
void dispatch_trace_begin(struct dispatch_trace *trace, uint32_t blocks);
void dispatch_trace_end(struct dispatch_trace *trace);

/* Holds the trace against the tasks of the run; true when all is well, else `broken` says what is not. */
bool dispatch_trace_check(struct dispatch_trace *trace, const struct dispatch_expected *tasks, uint32_t count);

void dispatch_trace_free(struct dispatch_trace *trace);

#endif
