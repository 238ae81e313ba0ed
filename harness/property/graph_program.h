/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph_program: a drawn task graph for host_build_graph and what it must come to.
 *
 * The model is a sequence: tasks one after the other, each mixing cells into one cell. The program that is made of it
 * numbers the tasks in any order and gives edges for every conflict, and maybe more; so every topological order of the
 * graph gives the sequence's result. At most one thing in it is wrong.
 */
#ifndef HARNESS_PROPERTY_GRAPH_PROGRAM_H
#define HARNESS_PROPERTY_GRAPH_PROGRAM_H

#include <stdint.h>

#include "harness/choice/choice.h"
#include "st/fixtures/graph_program/program.h"

#define GRAPH_PROGRAM_TASKS 120u /* one task's successors are below the limit of 128, extra edges included */
#define GRAPH_PROGRAM_CELLS 24u
#define GRAPH_PROGRAM_EDGES (GRAPH_PROGRAM_TASKS * 128u)
#define GRAPH_PROGRAM_WORDS (4u * GRAPH_PROGRAM_EDGES)

enum graph_defect {
    GRAPH_SOUND = 0,
    GRAPH_BAD_EDGE,
    GRAPH_BAD_FANOUT,
    GRAPH_BAD_TASK,
    GRAPH_BAD_CYCLE,
    GRAPH_BAD_RETURN,
    GRAPH_DEFECTS
};

struct graph_program_task {
    uint32_t id; /* of the runtime */
    uint32_t core_type;
    uint32_t salt;
    uint32_t target;
    uint32_t source_count;
    uint32_t sources[GRAPH_PROGRAM_MAX_SOURCES];
};

struct graph_program_edge {
    uint32_t from; /* ids */
    uint32_t to;
};

struct graph_program {
    uint32_t task_count;
    struct graph_program_task tasks[GRAPH_PROGRAM_TASKS]; /* in the order of the model */
    uint32_t edge_count;
    struct graph_program_edge edges[GRAPH_PROGRAM_EDGES];
    uint32_t cell_count;
    uint64_t cells[GRAPH_PROGRAM_CELLS];    /* before */
    uint64_t expected[GRAPH_PROGRAM_CELLS]; /* after; the same as before when the run fails */
    enum graph_defect defect;
    int32_t expected_result;
    uint32_t word_count;
    uint32_t words[GRAPH_PROGRAM_WORDS];
};

void graph_program_draw(struct choice *choice, struct graph_program *program);

#endif
