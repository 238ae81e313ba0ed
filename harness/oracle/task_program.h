/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_program: a program of the device runtimes as the oracles know it (design.md 4).
 *
 * A list of operations on *registers* (windows on buffers) and *tasks*, both numbered as program.h says. Everything
 * that the oracles ask about an operation is in its struct, so they need no interpreter state of their own. Buffers are
 * the externals and then one per output of a task; a window has at most two dimensions.
 */
#ifndef HARNESS_ORACLE_TASK_PROGRAM_H
#define HARNESS_ORACLE_TASK_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "st/fixtures/task_program/program.h"

#define TASK_PROGRAM_EXTERNALS 4u
#define TASK_PROGRAM_OPS 640u
#define TASK_PROGRAM_BUFFERS 512u
#define TASK_PROGRAM_BUFFER_BYTES 256u
#define TASK_PROGRAM_MAX_ARGS 16u
#define TASK_PROGRAM_EDGES (TASK_PROGRAM_TASKS * 64u) /* explicit dependencies of all tasks together */
#define TASK_PROGRAM_WORDS 65536u
#define TASK_PROGRAM_REQUESTS 64u /* so many deferred tasks a run holds without having to wait for one */
#define TASK_PROGRAM_NOBODY UINT16_MAX

/* A window: element (i, j) is `element` bytes at start + (i * stride[0] + j * stride[1]) * element of the buffer. */
struct task_window {
    uint16_t buffer;
    uint16_t base;  /* where the runtime takes the buffer to begin: byte of the external that the tensor was made at */
    uint16_t start; /* byte */
    uint8_t element;
    uint8_t dtype;
    uint8_t rank;
    bool manual_dep;
    int32_t version;
    uint32_t shape[2]; /* the second is 1 for rank 1 */
    uint32_t stride[2];
};

struct task_buffer {
    uint16_t owner; /* the task whose output it is; TASK_PROGRAM_NOBODY: external */
    uint16_t bytes;
    bool filled;      /* with `initial` */
    uint32_t initial; /* of each element, zero-extended */
    uint8_t element;
};

struct task_argument {
    uint8_t tag;  /* enum pto_tensor_arg_type */
    uint8_t role; /* enum task_role */
    uint16_t reg; /* of an output: the register that it makes */
};

struct task_op {
    uint8_t opcode;
    bool manual_scope; /* it is inside a MANUAL scope */
    bool manual_dep;   /* TASK_VIEW and its like */
    bool sync_start;
    uint8_t mode; /* TASK_SCOPE */
    uint8_t arg_count;
    uint8_t extra; /* scalars */
    uint8_t depth; /* scopes open around it, that of the executor not counted */
    uint16_t task; /* number of the task that it is, or of the next one */
    uint16_t reg;  /* that it makes; of a task: its first output's */
    uint16_t parent;
    uint16_t blocks;
    uint16_t defers;  /* number + 1 of the request by which its first part defers, 0: none */
    uint16_t how;     /* enum task_condition */
    uint16_t attends; /* number + 1 of the request that its first part attends to, 0: none */
    uint32_t kernels[3];
    uint32_t salt;
    uint32_t values[4]; /* views: as in the encoding; scalar access: indices and value; fatal: code */
    struct task_argument args[TASK_PROGRAM_MAX_ARGS];
    uint32_t first_dependency; /* in the program's list */
    uint32_t dependency_count;
};

struct task_program {
    uint32_t external_count;
    uint32_t op_count;
    uint32_t task_count;
    uint32_t register_count;
    uint32_t buffer_count; /* externals first */
    uint32_t dependency_count;
    uint32_t request_count;
    struct task_buffer buffers[TASK_PROGRAM_BUFFERS];
    struct task_window registers[TASK_PROGRAM_REGISTERS];
    struct task_op ops[TASK_PROGRAM_OPS];
    uint16_t op_of_task[TASK_PROGRAM_TASKS];
    uint16_t dependencies[TASK_PROGRAM_EDGES];
};

static inline bool task_op_is_task(const struct task_op *op)
{
    return op->opcode == TASK_SUBMIT || op->opcode == TASK_DUMMY || op->opcode == TASK_ALLOC;
}

static inline const struct task_op *task_program_task(const struct task_program *program, uint32_t task)
{
    return &program->ops[program->op_of_task[task]];
}

static inline const struct task_window *task_program_window(const struct task_program *program, uint32_t reg)
{
    return &program->registers[reg];
}

static inline uint32_t task_window_elements(const struct task_window *window)
{
    return window->shape[0] * window->shape[1];
}

/* Byte of the buffer at which element `index`, counted row by row, begins. */
static inline uint32_t task_window_at(const struct task_window *window, uint32_t index)
{
    uint32_t row = index / window->shape[1];
    uint32_t column = index % window->shape[1];
    return window->start + (row * window->stride[0] + column * window->stride[1]) * window->element;
}

/* How many lanes of a cluster the kernels of a task take: 0 for what runs nothing. */
uint32_t task_op_lanes(const struct task_op *op);
/* Parts in which a task writes. */
uint32_t task_op_parts(const struct task_op *op);

/* Parts of all tasks before `task`. */
uint32_t task_program_parts(const struct task_program *program, uint32_t task);

/* The task that attends to a request (number + 1); TASK_PROGRAM_NOBODY: there is none. */
uint16_t task_program_attendant(const struct task_program *program, uint16_t request);

/* Whether two windows share a byte. */
bool task_windows_meet(const struct task_window *one, const struct task_window *other);

/*
 * Writes the program in the form of program.h; returns how many words. `capacity` is large enough for any program:
 * TASK_PROGRAM_WORDS.
 */
uint32_t task_program_encode(const struct task_program *program, uint32_t *words, uint32_t capacity);

#endif
