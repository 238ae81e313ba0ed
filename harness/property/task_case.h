/* SPDX-License-Identifier: Apache-2.0 */
/* task_case: one case of the property task_program: a program, where it runs, and how it may end. */
#ifndef HARNESS_PROPERTY_TASK_CASE_H
#define HARNESS_PROPERTY_TASK_CASE_H

#include <stdio.h>

#include "abi/debug_api.h"
#include "harness/choice/choice.h"
#include "harness/oracle/task_limits.h"
#include "harness/program/variant.h"

struct task_case {
    const struct variant *variant;
    struct pto_engine_options engine;
    int blocks;
    int threads;
    struct task_limits limits;
    bool transition; /* the orchestrator becomes a scheduler when it is done */
    struct task_program program;
    struct task_ends ends;
};

/* The engine's own draws, if its policy makes any, follow those made here. */
void task_case_draw(struct choice *choice, struct task_case *drawn);

/* The case as text: where it runs, and the program. */
void task_case_print(FILE *stream, const struct task_case *drawn);

#endif
