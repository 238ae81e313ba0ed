/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_build: programs written down by hand, for tests. Every buffer is a row of 64-bit elements; a program that these
 * functions made is as good as a drawn one, if its author saw to the dependencies.
 */
#ifndef HARNESS_ORACLE_TASK_BUILD_H
#define HARNESS_ORACLE_TASK_BUILD_H

#include "abi/data_type.h"
#include "harness/oracle/task_program.h"

struct task_build {
    struct task_program *program;
    uint32_t depth;
    uint32_t manual_depth; /* depth of the outermost MANUAL scope; 0: none is open */
};

void task_build_start(struct task_build *build, struct task_program *program);

/* Registers. Externals come first. */
uint16_t task_build_external(struct task_build *build, uint32_t elements);
uint16_t task_build_view(struct task_build *build, uint16_t parent, uint32_t first, uint32_t elements);

/* A task on one vector core with kernel 0 and one block. What it returns may be changed until the next call. */
struct task_op *task_build_task(struct task_build *build, uint8_t opcode);
/* The role is what the tag says. */
void task_build_arg(struct task_op *op, enum pto_tensor_arg_type tag, uint16_t reg);
/* An output of so many elements, filled or not; returns its register. */
uint16_t task_build_output(struct task_build *build, struct task_op *op, uint32_t elements, bool filled);
void task_build_depend(struct task_build *build, struct task_op *op, uint16_t task);

/* Lets the first part of a task defer, and that of another one attend to it. */
void task_build_defer(struct task_build *build, uint16_t task, uint16_t how, uint16_t attendant);

/* TASK_SCOPE with `value` as mode, TASK_SCOPE_END, TASK_FATAL with `value` as code. */
void task_build_mark(struct task_build *build, uint8_t opcode, uint32_t value);
/* TASK_GET and TASK_SET of one element. */
void task_build_scalar(struct task_build *build, uint8_t opcode, uint16_t reg, uint32_t index);

#endif
