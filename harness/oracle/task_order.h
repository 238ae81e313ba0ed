/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_order: which tasks of a program wait for which, by brute force (device.md 1.13, R19).
 *
 * Every pair of accesses is compared byte by byte. What a run may rely on are the edges that the runtime promises:
 * explicit ones everywhere, and in AUTO scopes the creator of a tensor and the conflicts between accesses that are not
 * NO_DEP, not manual_dep and not made in a MANUAL scope. A blocking scalar access orders too: whatever it waited for is
 * before all that follows. A program is determinate when these order every conflict; what it conflicts in are the bytes
 * that kernels really touch.
 */
#ifndef HARNESS_ORACLE_TASK_ORDER_H
#define HARNESS_ORACLE_TASK_ORDER_H

#include "harness/oracle/task_program.h"

enum task_edge {
    TASK_EDGE_EXPLICIT = 1,
    TASK_EDGE_CREATOR = 2,
    TASK_EDGE_WRITER = 4, /* the earlier task writes */
    TASK_EDGE_READER = 8, /* the earlier task reads what the later one writes */
};

struct task_set {
    uint64_t bits[TASK_PROGRAM_TASKS / 64];
};

struct task_order {
    struct task_set before[TASK_PROGRAM_TASKS]; /* per task: the tasks that are complete when it starts */
    struct task_set done;                       /* complete because the orchestration waited for them */
};

static inline bool task_set_has(const struct task_set *set, uint32_t task)
{
    return (set->bits[task / 64] >> (task % 64) & 1u) != 0;
}

static inline void task_set_add(struct task_set *set, uint32_t task)
{
    set->bits[task / 64] |= 1ull << (task % 64);
}

static inline void task_set_unite(struct task_set *set, const struct task_set *more)
{
    for (size_t i = 0; i < sizeof(set->bits) / sizeof(set->bits[0]); i++) {
        set->bits[i] |= more->bits[i];
    }
}

/* The edges from one task to a later one, enum task_edge or-ed; 0: none. */
uint32_t task_order_edges(const struct task_program *program, const struct task_op *from, const struct task_op *to);

/* Whether two operations touch a byte that one of them changes. */
bool task_order_conflict(const struct task_program *program, const struct task_op *one, const struct task_op *other);

void task_order_clear(struct task_order *order);

/* Takes the operations in their order; of those that are no task or scalar access there is nothing to take. */
void task_order_add(struct task_order *order, const struct task_program *program, const struct task_op *op);

/*
 * A task that conflicts with `op`, the next to be added, and is not before it; and, as a buffer lives no longer than
 * those that wait for its owner, the owner of a buffer that `op` uses without an edge from it. The latest one below
 * task `below`; TASK_PROGRAM_NOBODY: there is none.
 */
uint32_t task_order_missing(const struct task_order *order, const struct task_program *program,
                            const struct task_op *op, uint32_t below);

#endif
