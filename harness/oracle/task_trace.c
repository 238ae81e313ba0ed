/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/oracle/task_order.h"

struct part {
    const struct task_record *record;
    uint32_t task;
    uint32_t block;
    uint32_t lane;             /* as in the program: 0 is the matrix core's */
    uint32_t core;             /* on its cluster */
    const struct part *behind; /* what the same core ran before it */
};

struct span {
    uint32_t begin;    /* the first part's */
    uint32_t complete; /* 0: nothing runs */
    uint32_t first;    /* part */
    uint32_t count;
};

struct trace {
    const struct task_program *program;
    const struct task_limits *limits;
    const struct task_board *board;
    struct part parts[TASK_TRACE_PARTS];
    struct part *by_core[TASK_TRACE_PARTS];
    uint32_t count;
    struct span spans[TASK_PROGRAM_TASKS];
    struct task_order order;
    char *text;
    size_t capacity;
};

#define BROKEN(trace, ...) ((void)snprintf((trace)->text, (trace)->capacity, __VA_ARGS__), false)

void task_trace_prepare(const struct task_program *program, struct task_board *board)
{
    uint32_t parts = task_program_parts(program, program->task_count);
    if (parts > TASK_TRACE_PARTS) {
        abort(); /* programs are drawn smaller */
    }
    memset(board, 0, task_board_bytes(program->request_count, parts));
    board->requests = program->request_count;
    board->records = parts;
}

/* ---- one part ---- */

static bool check_part(struct trace *trace, const struct part *part)
{
    const struct task_record *record = part->record;
    uint32_t last = record->done > record->end ? record->done : record->end;
    if (record->times != 1 || record->done <= record->begin || record->end <= record->begin) {
        return BROKEN(trace, "task %u, block %u, lane %u was called %u times: from %u to %u, done at %u", part->task,
                      part->block, part->lane, record->times, record->begin, record->end, record->done);
    }
    if (record->spoiled != 0) {
        return BROKEN(trace, "task %u, block %u, lane %u: its dispatch changed, or names another lane", part->task,
                      part->block, part->lane);
    }
    struct span *span = &trace->spans[part->task];
    span->begin = span->count == 0 || record->begin < span->begin ? record->begin : span->begin;
    span->complete = last > span->complete ? last : span->complete;
    span->count++;
    return true;
}

static bool take_part(struct trace *trace, const struct task_op *op, uint32_t block, uint32_t lane)
{
    struct part *part = &trace->parts[trace->count];
    const struct task_record *record = task_board_record(trace->board, trace->count);
    *part = (struct part){
        .record = record, .task = op->task, .block = block, .lane = lane, .core = lane == 0 ? 0 : 1 + record->lane};
    trace->by_core[trace->count++] = part;
    return check_part(trace, part);
}

static bool take_task(struct trace *trace, const struct task_op *op)
{
    trace->spans[op->task] = (struct span){.first = trace->count};
    for (uint32_t block = 0; block < op->blocks && op->opcode == TASK_SUBMIT; block++) {
        for (uint32_t lane = 0; lane < 3; lane++) {
            if (op->kernels[lane] != TASK_PROGRAM_NO_KERNEL && !take_part(trace, op, block, lane)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- cores ---- */

static int compare_core(const struct part *a, const struct part *b)
{
    if (a->record->cluster != b->record->cluster) {
        return a->record->cluster < b->record->cluster ? -1 : 1;
    }
    return (a->core > b->core) - (a->core < b->core);
}

static int compare_parts(const void *one, const void *other)
{
    const struct part *a = *(const struct part *const *)one;
    const struct part *b = *(const struct part *const *)other;
    int core = compare_core(a, b);
    return core != 0 ? core : (a->record->begin > b->record->begin) - (a->record->begin < b->record->begin);
}

static bool check_cores(struct trace *trace)
{
    qsort((void *)trace->by_core, trace->count, sizeof(void *), compare_parts);
    for (uint32_t i = 1; i < trace->count; i++) {
        const struct part *before = trace->by_core[i - 1];
        struct part *part = trace->by_core[i];
        if (compare_core(before, part) != 0) {
            continue;
        }
        part->behind = before;
        if (before->record->end > part->record->begin) {
            return BROKEN(trace, "a core ran task %u until %u and began with task %u at %u", before->task,
                          before->record->end, part->task, part->record->begin);
        }
    }
    return true;
}

/* Each block of several lanes is on one cluster; a single vector lane may be on either vector core. */
static bool check_lanes(struct trace *trace, const struct task_op *op)
{
    const struct span *span = &trace->spans[op->task];
    uint32_t lanes = task_op_lanes(op);
    for (uint32_t i = 0; i < span->count && lanes > 1; i++) {
        const struct part *part = &trace->parts[span->first + i];
        const struct part *first = &trace->parts[span->first + i / lanes * lanes];
        if (part->record->cluster != first->record->cluster || part->core != part->lane) {
            return BROKEN(trace, "task %u, block %u: lane %u ran %s", op->task, part->block, part->lane,
                          part->core != part->lane ? "on the other vector core" : "on another cluster than the first");
        }
    }
    return true;
}

static bool is_busy(const struct part *part, uint32_t when)
{
    return part->record->begin < when && part->record->end > when;
}

/* Places for a task's blocks that others have at a time: cores of its one lane, or clusters of which it uses a lane. */
static uint32_t places_taken(const struct trace *trace, const struct task_op *op, uint32_t when)
{
    const struct part *last = NULL;
    uint32_t taken = 0;
    bool one_vector_core = task_op_lanes(op) == 1 && op->kernels[0] == TASK_PROGRAM_NO_KERNEL;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct part *part = trace->by_core[i];
        bool wanted = one_vector_core ? part->core != 0 : op->kernels[part->core] != TASK_PROGRAM_NO_KERNEL;
        if (part->task == op->task || !wanted || !is_busy(part, when)) {
            continue;
        }
        taken += one_vector_core || last == NULL || last->record->cluster != part->record->cluster;
        last = part;
    }
    return taken;
}

/* All blocks find cores when the first one begins, and each gets its own. */
static bool check_together(struct trace *trace, const struct task_op *op)
{
    const struct span *span = &trace->spans[op->task];
    if (!op->sync_start || op->blocks == 1) {
        return true;
    }
    uint32_t taken = places_taken(trace, op, span->begin);
    uint32_t places = task_limits_together(trace->limits, op);
    if (op->blocks + taken > places) {
        return BROKEN(trace, "task %u starts its %u blocks together, at %u, when %u of %u places are taken", op->task,
                      op->blocks, span->begin, taken, places);
    }
    for (uint32_t i = 0; i < span->count; i++) {
        const struct part *part = &trace->parts[span->first + i];
        if (part->behind != NULL && part->behind->task == op->task) {
            return BROKEN(trace, "task %u starts together, but its blocks %u and %u ran on one core", op->task,
                          part->behind->block, part->block);
        }
    }
    return true;
}

/* ---- order ---- */

static bool check_order(struct trace *trace, const struct task_op *op)
{
    const struct span *span = &trace->spans[op->task];
    for (uint32_t j = 0; j < op->task && span->count > 0; j++) {
        if (task_set_has(&trace->order.before[op->task], j) && trace->spans[j].complete > span->begin) {
            return BROKEN(trace, "task %u began at %u, before task %u was complete, at %u", op->task, span->begin, j,
                          trace->spans[j].complete);
        }
    }
    return true;
}

static bool check_requests(struct trace *trace)
{
    for (uint32_t i = 0; i < trace->board->requests; i++) {
        const struct task_request *request = task_board_request(trace->board, i);
        uint64_t tail = TASK_EVENT_TAIL;
        bool done = request->how == TASK_EVENT ? request->event.flag == 0 && request->channel == (tail | tail << 32)
                                               : request->counter == 1;
        if (request->state != TASK_REQUEST_ATTENDED || !done) {
            return BROKEN(trace, "request %u is in state %u, its counter is %u, its event %u, its channel %#lx", i,
                          request->state, request->counter, request->event.flag, request->channel);
        }
    }
    return true;
}

bool task_trace_check(const struct task_program *program, const struct task_limits *limits,
                      const struct task_board *board, char *text, size_t capacity)
{
    static struct trace trace;
    trace.program = program;
    trace.limits = limits;
    trace.board = board;
    trace.count = 0;
    trace.text = text;
    trace.capacity = capacity;
    task_order_clear(&trace.order);
    for (uint32_t i = 0; i < program->op_count; i++) {
        const struct task_op *op = &program->ops[i];
        task_order_add(&trace.order, program, op);
        if (task_op_is_task(op) && (!take_task(&trace, op) || !check_order(&trace, op) || !check_lanes(&trace, op))) {
            return false;
        }
    }
    bool good = check_cores(&trace) && check_requests(&trace);
    for (uint32_t i = 0; i < program->task_count && good; i++) {
        good = check_together(&trace, task_program_task(program, i));
    }
    return good;
}
