/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_order.h"

#include <string.h>

#include "abi/tensor.h"

/* One access of an operation, as the runtime is told of it and as it happens. */
struct access {
    const struct task_window *window;
    bool tracked; /* listed for inference */
    bool told_writes;
    bool reads;
    bool writes;
};

static struct access access_of(const struct task_program *program, const struct task_op *op, uint32_t i)
{
    struct access access = {.window = task_program_window(program, op->parent)};
    if (!task_op_is_task(op)) {
        access.told_writes = access.writes = op->opcode == TASK_SET;
        access.reads = true;
        access.tracked = true;
        return access;
    }
    const struct task_argument *arg = &op->args[i];
    access.window = task_program_window(program, arg->reg);
    access.tracked =
        !op->manual_scope && !access.window->manual_dep && arg->tag != PTO_ARG_NO_DEP && arg->tag != PTO_ARG_OUTPUT;
    access.told_writes = arg->tag != PTO_ARG_INPUT;
    /* An output comes into being at the submit, whoever runs. */
    access.writes = arg->tag == PTO_ARG_OUTPUT || (arg->role & TASK_WRITES) != 0;
    access.reads = (arg->role & (TASK_READS | TASK_UPDATES)) != 0;
    return access;
}

static uint32_t accesses(const struct task_op *op)
{
    return task_op_is_task(op) ? op->arg_count : op->opcode == TASK_GET || op->opcode == TASK_SET;
}

bool task_order_conflict(const struct task_program *program, const struct task_op *one, const struct task_op *other)
{
    for (uint32_t i = 0; i < accesses(one); i++) {
        struct access a = access_of(program, one, i);
        for (uint32_t k = 0; k < accesses(other); k++) {
            struct access b = access_of(program, other, k);
            bool conflict = (a.writes && (b.reads || b.writes)) || (a.reads && b.writes);
            if (conflict && task_windows_meet(a.window, b.window)) {
                return true;
            }
        }
    }
    return false;
}

static uint32_t inferred(const struct task_program *program, const struct task_op *from, const struct task_op *to)
{
    uint32_t edges = 0;
    for (uint32_t k = 0; k < accesses(to); k++) {
        struct access later = access_of(program, to, k);
        bool output = task_op_is_task(to) && to->args[k].tag == PTO_ARG_OUTPUT;
        if (!output && program->buffers[later.window->buffer].owner == from->task) {
            edges |= TASK_EDGE_CREATOR;
        }
        for (uint32_t i = 0; later.tracked && i < accesses(from); i++) {
            struct access earlier = access_of(program, from, i);
            if (earlier.tracked && (earlier.told_writes || later.told_writes) &&
                task_windows_meet(earlier.window, later.window)) {
                edges |= earlier.told_writes ? TASK_EDGE_WRITER : TASK_EDGE_READER;
            }
        }
    }
    return edges;
}

static bool depends_explicitly(const struct task_program *program, const struct task_op *op, uint32_t task)
{
    for (uint32_t i = 0; i < op->dependency_count; i++) {
        if (program->dependencies[op->first_dependency + i] == task) {
            return true;
        }
    }
    return false;
}

uint32_t task_order_edges(const struct task_program *program, const struct task_op *from, const struct task_op *to)
{
    uint32_t edges = depends_explicitly(program, to, from->task) ? TASK_EDGE_EXPLICIT : 0;
    /* A scalar access waits wherever it stands. */
    bool infers = !task_op_is_task(to) || (!to->manual_scope && to->opcode != TASK_ALLOC);
    return edges | (infers ? inferred(program, from, to) : 0);
}

void task_order_clear(struct task_order *order)
{
    memset(order, 0, sizeof(*order));
}

/* The tasks before `op` when it is the next one. */
static void collect(const struct task_order *order, const struct task_program *program, const struct task_op *op,
                    struct task_set *before)
{
    *before = order->done;
    for (uint32_t j = op->task; j-- > 0;) {
        if (!task_set_has(before, j) && task_order_edges(program, task_program_task(program, j), op) != 0) {
            task_set_add(before, j);
            task_set_unite(before, &order->before[j]);
        }
    }
}

void task_order_add(struct task_order *order, const struct task_program *program, const struct task_op *op)
{
    if (task_op_is_task(op)) {
        collect(order, program, op, &order->before[op->task]);
    } else if (op->opcode == TASK_GET || op->opcode == TASK_SET) {
        struct task_set before;
        collect(order, program, op, &before);
        order->done = before;
    }
}

/* Whether `op` uses a buffer of `owner` without being listed there. */
static bool uses_unheld(const struct task_program *program, const struct task_op *op, const struct task_op *owner)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_window *window = task_program_window(program, op->args[i].reg);
        if (op->args[i].tag != PTO_ARG_OUTPUT && program->buffers[window->buffer].owner == owner->task) {
            return (task_order_edges(program, owner, op) & (TASK_EDGE_CREATOR | TASK_EDGE_EXPLICIT)) == 0;
        }
    }
    return false;
}

uint32_t task_order_missing(const struct task_order *order, const struct task_program *program,
                            const struct task_op *op, uint32_t below)
{
    struct task_set before;
    collect(order, program, op, &before);
    for (uint32_t j = below; j-- > 0;) {
        const struct task_op *earlier = task_program_task(program, j);
        if ((!task_set_has(&before, j) && task_order_conflict(program, earlier, op)) ||
            (task_op_is_task(op) && uses_unheld(program, op, earlier))) {
            return j;
        }
    }
    return TASK_PROGRAM_NOBODY;
}
