/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_limits.h"

#include <string.h>

#include "abi/error_codes.h"
#include "abi/orchestration.h"
#include "abi/shared_memory.h"
#include "harness/oracle/task_order.h"

enum fit { FITS = 0, DEPENDS, CANNOT };

struct entry {
    uint64_t block;
    uint64_t spilled;
    uint32_t scope; /* serial number of its scope */
    uint32_t task;
};

struct ring {
    struct entry entries[TASK_PROGRAM_TASKS];
    uint32_t count;
};

/* The program so far, as if everything submitted had completed. */
struct walk {
    const struct task_program *program;
    const struct task_limits *limits;
    struct ring rings[PTO_RING_COUNT];
    uint32_t scope_of_task[TASK_PROGRAM_TASKS];
    uint32_t open[TASK_LIMIT_SCOPES]; /* serial numbers */
    uint32_t tasks[TASK_LIMIT_SCOPES];
    bool manual[TASK_LIMIT_SCOPES];
    uint32_t depth;
    uint32_t scopes; /* opened ever */
    struct task_ends ends;
};

static bool is_open(const struct walk *walk, uint32_t scope)
{
    for (uint32_t i = 0; i < walk->depth; i++) {
        if (walk->open[i] == scope) {
            return true;
        }
    }
    return false;
}

static uint32_t oldest_held(const struct walk *walk, const struct ring *ring)
{
    uint32_t first = 0;
    while (first < ring->count && !is_open(walk, ring->entries[first].scope)) {
        first++;
    }
    return first;
}

static uint64_t block_of(const struct walk *walk, const struct task_op *op)
{
    uint64_t block = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_window *window = task_program_window(walk->program, op->args[i].reg);
        uint64_t bytes = walk->program->buffers[window->buffer].bytes;
        if (op->args[i].tag == PTO_ARG_OUTPUT) {
            block += (bytes + PTO_OUTPUT_ALIGN - 1) / PTO_OUTPUT_ALIGN * PTO_OUTPUT_ALIGN;
        }
    }
    return block;
}

static enum fit judge_heap(const struct walk *walk, const struct ring *ring, uint64_t block)
{
    uint64_t held = 0;
    uint64_t largest = block;
    for (uint32_t i = oldest_held(walk, ring); i < ring->count; i++) {
        held += ring->entries[i].block;
        largest = ring->entries[i].block > largest ? ring->entries[i].block : largest;
    }
    if (block == 0 || (held == 0 && block <= walk->limits->heap) || held + block + largest < walk->limits->heap) {
        return FITS;
    }
    return held + block > walk->limits->heap ? CANNOT : DEPENDS;
}

/* What a task takes hold of while it is submitted: explicit producers and creators. */
static bool takes_hold(const struct walk *walk, const struct task_op *op, uint32_t task)
{
    uint32_t edges = task_order_edges(walk->program, task_program_task(walk->program, task), op);
    return (edges & (TASK_EDGE_EXPLICIT | TASK_EDGE_CREATOR)) != 0;
}

/* Producers beyond those that fit into the task itself, of those in open scopes alone or of all. */
static uint64_t spill_of(const struct walk *walk, const struct task_op *op, bool open_only)
{
    uint64_t held = 0;
    if (op->dependency_count + op->arg_count <= PTO_INLINE_FANIN) {
        return 0;
    }
    for (uint32_t j = 0; j < op->task; j++) {
        bool counts = !open_only || is_open(walk, walk->scope_of_task[j]);
        held += counts && takes_hold(walk, op, j);
    }
    return held > PTO_INLINE_FANIN ? held - PTO_INLINE_FANIN : 0;
}

static enum fit judge_spill(const struct walk *walk, const struct ring *ring, const struct task_op *op)
{
    uint64_t used = spill_of(walk, op, false);
    if (used == 0) {
        return FITS;
    }
    uint32_t first = 0;
    while (first < ring->count && !is_open(walk, ring->entries[first].scope) &&
           !takes_hold(walk, op, ring->entries[first].task)) {
        first++;
    }
    for (uint32_t i = first; i < ring->count; i++) {
        used += ring->entries[i].spilled;
    }
    if (used <= walk->limits->pool) {
        return FITS;
    }
    return spill_of(walk, op, true) > walk->limits->pool ? CANNOT : DEPENDS;
}

/* Notes that an operation may fail. True: it does, and the program is over. */
static bool note(struct walk *walk, enum fit fit, uint32_t code)
{
    if (fit != FITS) {
        walk->ends.codes |= 1ull << code;
    }
    walk->ends.well = walk->ends.well && fit != CANNOT;
    return fit == CANNOT;
}

uint32_t task_limits_together(const struct task_limits *limits, const struct task_op *op)
{
    bool one_vector_core = task_op_lanes(op) == 1 && op->kernels[0] == TASK_PROGRAM_NO_KERNEL;
    return one_vector_core ? 2 * limits->clusters : limits->clusters;
}

static enum fit judge_start(const struct walk *walk, const struct task_op *op)
{
    bool together = op->opcode == TASK_SUBMIT && op->sync_start && op->blocks > 1;
    return together && op->blocks > task_limits_together(walk->limits, op) ? CANNOT : FITS;
}

/* True: the program is over. */
static bool walk_task(struct walk *walk, const struct task_op *op)
{
    uint32_t top = walk->depth - 1;
    struct ring *ring = &walk->rings[top < PTO_RING_COUNT ? top : PTO_RING_COUNT - 1];
    uint64_t block = block_of(walk, op);
    uint32_t live = ring->count - oldest_held(walk, ring);
    if (note(walk, judge_start(walk, op), PTO_ERR_REQUIRE_SYNC_START_INVALID) ||
        note(walk, walk->tasks[top] >= walk->limits->window - 1 ? CANNOT : FITS, PTO_ERR_SCOPE_DEADLOCK) ||
        note(walk, block > walk->limits->heap ? CANNOT : FITS, PTO_ERR_HEAP_RING_DEADLOCK) ||
        note(walk, live + 1 >= walk->limits->window ? CANNOT : FITS, PTO_ERR_FLOW_CONTROL_DEADLOCK) ||
        note(walk, judge_heap(walk, ring, block), PTO_ERR_HEAP_RING_DEADLOCK) ||
        note(walk, judge_spill(walk, ring, op), PTO_ERR_DEP_POOL_OVERFLOW)) {
        return true;
    }
    ring->entries[ring->count++] = (struct entry){
        .block = block, .spilled = spill_of(walk, op, false), .scope = walk->open[top], .task = op->task};
    walk->scope_of_task[op->task] = walk->open[top];
    walk->tasks[top]++;
    return false;
}

static void open_scope(struct walk *walk, bool manual)
{
    walk->manual[walk->depth] = manual;
    walk->tasks[walk->depth] = 0;
    walk->open[walk->depth++] = ++walk->scopes;
}

static bool walk_op(struct walk *walk, const struct task_op *op)
{
    if (task_op_is_task(op)) {
        return walk_task(walk, op);
    }
    switch (op->opcode) {
    case TASK_SCOPE: {
        bool wrong = walk->depth == TASK_LIMIT_SCOPES ||
                     (op->mode == PTO_SCOPE_AUTO && walk->depth > 0 && walk->manual[walk->depth - 1]);
        if (note(walk, wrong ? CANNOT : FITS, PTO_ERR_INVALID_ARGS)) {
            return true;
        }
        open_scope(walk, op->mode == PTO_SCOPE_MANUAL);
        return false;
    }
    case TASK_SCOPE_END:
        walk->depth--;
        return false;
    case TASK_FATAL:
        return note(walk, CANNOT, op->values[0] != 0 ? op->values[0] : PTO_ERR_EXPLICIT_ORCH_FATAL);
    default:
        return false;
    }
}

struct task_ends task_limits_ends(const struct task_program *program, const struct task_limits *limits)
{
    static struct walk walk;
    memset(&walk, 0, sizeof(walk));
    walk.program = program;
    walk.limits = limits;
    walk.ends.well = true;
    open_scope(&walk, false);
    for (uint32_t i = 0; i < program->op_count; i++) {
        if (walk_op(&walk, &program->ops[i])) {
            break;
        }
    }
    return walk.ends;
}
