/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edge_model: which producers a submitted task has by device.md 1.13, R19 and R20, found by brute force, and who holds
 * whom. It remembers every access of every task as a set of elements.
 *
 * Edges are taken at submit, against the producers that are alive then: one that is COMPLETED is one as well, one that
 * is CONSUMED is not. The one freedom: what has completed and is wanted for the order alone may be left out, and then
 * its access is forgotten, when the payload's own list is full.
 */
#ifndef UT_AICPU_EDGE_MODEL_H
#define UT_AICPU_EDGE_MODEL_H

#include "abi/arg.h"

#define EDGE_TASKS 300u
#define EDGE_ARGS 4u
#define EDGE_GRID 512u /* elements of the largest buffer */

enum edge_state { EDGE_PENDING, EDGE_COMPLETED, EDGE_CONSUMED }; /* as in slots */
enum edge { EDGE_NONE, EDGE_LISTED, EDGE_MAY_BE_LISTED, EDGE_HELD };

struct edge_task {
    uint64_t id;
    enum edge_state state;
    uint32_t holders; /* references: scope, itself, consumers */
    uint32_t scope;   /* depth of its scope, UINT32_MAX: closed */
    uint8_t edges[EDGE_TASKS];
};

struct edge_entry {
    uint32_t task;
    struct pto_tensor tensor;
    bool writes;
    bool listed;
    bool may_be_gone; /* forgotten by a task that had no room */
};

struct edge_model {
    struct edge_task tasks[EDGE_TASKS];
    uint32_t count;
    struct edge_entry entries[EDGE_TASKS * EDGE_ARGS];
    uint32_t entry_count;
    uint32_t depth;
    uint32_t manual; /* depth from which on scopes are MANUAL, 0: none */
};

void edge_model_reset(struct edge_model *model);

/* Index of a task, which must be known. */
uint32_t edge_model_of(const struct edge_model *model, uint64_t id);

/* The next task, with its edges; it is counted and holds its producers from edge_model_settle on. */
struct edge_task *edge_model_submit(struct edge_model *model, uint64_t id, const struct pto_arg *arg);
/* Takes over, for the task just submitted, what was free: `listed` tells for each task before it whether it is among
 * the producers. */
void edge_model_settle(struct edge_model *model, const bool *listed);

/* The references that a completed task has are dropped. */
void edge_model_release(struct edge_model *model, uint32_t task);
void edge_model_open(struct edge_model *model, bool manual);
void edge_model_close(struct edge_model *model);

#endif
