/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arg.h"
#include "aicpu/trb/context.h"

static void note(struct dispatch_trace *trace, const char *what, const struct dispatch_event *event)
{
    if (trace->broken[0] == '\0') {
        (void)snprintf(trace->broken, sizeof(trace->broken),
                       "invariant %s: dispatch %u of %u, task 0x%llx block %d on core %u as 0x%x", what,
                       (uint32_t)(event - trace->events), trace->count, (unsigned long long)event->task, event->block,
                       event->worker, event->id);
    }
}

static void append(struct dispatch_trace *trace, const struct dispatch_event *event)
{
    if (trace->count == trace->capacity) {
        trace->capacity = trace->capacity != 0 ? 2 * trace->capacity : 1024;
        trace->events = realloc(trace->events, trace->capacity * sizeof(*trace->events));
        assert_non_null(trace->events);
    }
    trace->events[trace->count++] = *event;
}

/* The cluster of a worker, and its lane (TRB_LANE_*) there. */
static uint32_t place_of(uint32_t blocks, uint32_t worker, uint32_t *lane)
{
    if (worker < blocks) {
        *lane = TRB_LANE_AIC;
        return worker;
    }
    *lane = (worker - blocks) % 2 == 0 ? TRB_LANE_AIV0 : TRB_LANE_AIV1;
    return (worker - blocks) / 2;
}

/* The core has answered everything up to `newest`. */
static bool is_idle(const struct npu_register_block *registers, uint32_t newest)
{
    uint32_t cond = npu_register_read(registers, NPU_COND_OFFSET);
    return pto_cond_state(cond) == PTO_COND_FIN && (newest == PTO_REG_AICPU_IDLE || pto_cond_id(cond) == newest);
}

static void note_idle(const struct dispatch_trace *trace, const struct aicpu_runtime *runtime,
                      struct dispatch_event *event)
{
    for (uint32_t i = 0; i < trace->blocks * NPU_CORES_PER_BLOCK; i++) {
        uint32_t lane = 0;
        uint32_t cluster = place_of(trace->blocks, i, &lane);
        if (is_idle(runtime->registers[i], trace->last[i])) {
            event->idle[lane] |= 1ull << cluster;
        }
    }
}

/* A new id in a core's DATA_MAIN_BASE. */
static void see_dispatch(struct dispatch_trace *trace, struct aicpu_runtime *runtime, uint32_t worker, uint32_t id)
{
    const struct pto_dispatch_payload *payload = &runtime->buffers[worker].payloads[id & 1u];
    uint32_t before = trace->last[worker];
    uint32_t cond = npu_register_read(runtime->registers[worker], NPU_COND_OFFSET);
    uint32_t answered = pto_cond_id(cond);
    bool finished = pto_cond_state(cond) == PTO_COND_FIN;
    bool is_first = before == PTO_REG_AICPU_IDLE;
    struct dispatch_event event = {.task = payload->local.async.task_token,
                                   .worker = worker,
                                   .id = id,
                                   .block = payload->local.block_idx,
                                   .on_idle = is_idle(runtime->registers[worker], before)};
    note_idle(trace, runtime, &event);
    append(trace, &event);
    const struct dispatch_event *kept = &trace->events[trace->count - 1];
    if (!is_first && id != pto_reg_id_next(before)) {
        note(trace, "26: ids of a core follow each other", kept);
    }
    /* Taken: the one before. Anything older means that two dispatches are not finished. */
    if (!is_first && !event.on_idle && !(finished ? pto_reg_id_next(answered) == before : answered == before)) {
        note(trace, "25: one running and one pending dispatch at most", kept);
    }
    trace->last[worker] = id;
}

static void look(struct dispatch_trace *trace)
{
    struct aicpu_runtime *runtime = mini_device_runtime(trace->device);
    for (uint32_t i = 0; i < trace->blocks * NPU_CORES_PER_BLOCK; i++) {
        if (runtime->registers[i] == NULL) {
            continue;
        }
        uint32_t value = npu_register_read(runtime->registers[i], NPU_DATA_MAIN_BASE_OFFSET);
        trace->met[i] |= value == PTO_REG_AICPU_IDLE;
        if (trace->met[i] && value != trace->last[i] && pto_reg_id_is_dispatch(value)) {
            see_dispatch(trace, runtime, i, value);
        }
    }
}

static uint32_t choose(void *context, uint32_t count)
{
    struct dispatch_trace *trace = context;
    look(trace);
    if (exec_random_below(&trace->random, 8) < trace->stay) {
        return 0;
    }
    return (uint32_t)exec_random_below(&trace->random, count);
}

struct exec_options dispatch_trace_options(struct dispatch_trace *trace, struct mini_device *device, uint64_t seed)
{
    static const uint32_t stays[] = {0, 4, 7, 8};
    trace->device = device;
    trace->stay = stays[seed % 4];
    exec_random_seed(&trace->random, seed);
    return (struct exec_options){.policy = EXEC_CHOICE, .choose = choose, .choose_context = trace};
}

void dispatch_trace_begin(struct dispatch_trace *trace, uint32_t blocks)
{
    trace->blocks = blocks;
    trace->count = 0;
    trace->broken[0] = '\0';
    for (uint32_t i = 0; i < PTO_MAX_WORKERS; i++) {
        trace->last[i] = PTO_REG_AICPU_IDLE;
        trace->met[i] = false;
    }
}

void dispatch_trace_end(struct dispatch_trace *trace)
{
    trace->blocks = 0; /* the registers are not looked at any more: they are another run's, or nobody's */
}

void dispatch_trace_free(struct dispatch_trace *trace)
{
    free(trace->events);
    trace->events = NULL;
    trace->capacity = 0;
}

/* Blocks of one task: which lanes of each were dispatched, and on which cluster; and which cores got any. */
struct seen {
    bool workers[PTO_MAX_WORKERS];
    uint32_t lanes[256];
    uint32_t clusters[256];
};

static void check_event(struct dispatch_trace *trace, const struct dispatch_expected *task, struct seen *seen,
                        const struct dispatch_event *event, uint32_t blocks)
{
    uint32_t lane = 0;
    uint32_t cluster = place_of(blocks, event->worker, &lane);
    bool is_vector = pto_task_shape_of(task->lanes) == PTO_SHAPE_AIV;
    lane = is_vector && lane != TRB_LANE_AIC ? task->lanes : 1u << lane;
    if (event->block < 0 || event->block >= task->blocks || (task->lanes & lane) == 0) {
        note(trace, "1: a block or lane that the task has not", event);
        return;
    }
    if ((seen->lanes[event->block] & lane) != 0) {
        note(trace, "1: a lane of a block twice", event);
    }
    if (seen->lanes[event->block] != 0 && seen->clusters[event->block] != cluster) {
        note(trace, "27: the lanes of a block on two clusters", event);
    }
    if (task->together && !event->on_idle) {
        note(trace, "28: a block that starts together behind another one", event);
    }
    if (task->together && seen->workers[event->worker]) {
        note(trace, "28: two blocks that start together on one core", event);
    }
    seen->workers[event->worker] = true;
    seen->lanes[event->block] |= lane;
    seen->clusters[event->block] = cluster;
}

/* Blocks of a task for which there were cores when the first one was dispatched. */
static int32_t room_at(const struct dispatch_event *event, uint32_t lanes)
{
    uint64_t clusters = UINT64_MAX;
    if (pto_task_shape_of(lanes) == PTO_SHAPE_AIV) {
        return (int32_t)(trb_bits(event->idle[TRB_LANE_AIV0]) + trb_bits(event->idle[TRB_LANE_AIV1]));
    }
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        clusters &= (lanes & (1u << lane)) != 0 ? event->idle[lane] : UINT64_MAX;
    }
    return (int32_t)trb_bits(clusters);
}

static void check_task(struct dispatch_trace *trace, const struct dispatch_expected *task, uint32_t blocks)
{
    struct seen seen = {0};
    uint32_t wanted = (uint32_t)task->blocks * (uint32_t)__builtin_popcount(task->lanes);
    uint32_t found = 0;
    const struct dispatch_event *first = NULL;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct dispatch_event *event = &trace->events[i];
        if (event->task != task->task) {
            if (task->together && first != NULL && found < wanted) {
                note(trace, "28: another dispatch between the blocks of a task that starts together", event);
            }
            continue;
        }
        if (first == NULL && task->together && room_at(event, task->lanes) < task->blocks) {
            note(trace, "28: started before there were cores for all blocks", event);
        }
        first = event;
        found++;
        check_event(trace, task, &seen, event, blocks);
    }
    if (found != wanted && trace->broken[0] == '\0') {
        (void)snprintf(trace->broken, sizeof(trace->broken), "invariant 1: task 0x%llx was dispatched %u times, not %u",
                       (unsigned long long)task->task, found, wanted);
    }
}

bool dispatch_trace_check(struct dispatch_trace *trace, const struct dispatch_expected *tasks, uint32_t count)
{
    uint32_t blocks = mini_device_runtime(trace->device)->run.image->block_dim;
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        check_task(trace, &tasks[i], blocks);
        total += (uint32_t)tasks[i].blocks * (uint32_t)__builtin_popcount(tasks[i].lanes);
    }
    if (total != trace->count && trace->broken[0] == '\0') {
        (void)snprintf(trace->broken, sizeof(trace->broken),
                       "invariant 1: %u dispatches of tasks that nobody submitted", trace->count - total);
    }
    return trace->broken[0] == '\0';
}
