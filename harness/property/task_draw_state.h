/* SPDX-License-Identifier: Apache-2.0 */
/* task_draw_state: what task_draw knows of a program that is half drawn. For its files. */
#ifndef HARNESS_PROPERTY_TASK_DRAW_STATE_H
#define HARNESS_PROPERTY_TASK_DRAW_STATE_H

#include "harness/oracle/task_limits.h"
#include "harness/oracle/task_order.h"
#include "harness/property/task_draw.h"

struct task_draft {
    struct choice *choice;
    const struct task_draw_rules *rules;
    struct task_program *program;
    struct task_order order;
    uint32_t depth; /* open scopes, that of the executor not counted */
    bool manual[TASK_LIMIT_SCOPES];
    uint32_t first_buffer[TASK_LIMIT_SCOPES]; /* per scope: buffers that were there before */
    bool dead[TASK_PROGRAM_BUFFERS];          /* its scope has ended */
    uint16_t root[TASK_PROGRAM_REGISTERS];    /* first register of the same base address */
    int32_t version[TASK_PROGRAM_REGISTERS];  /* per root: newest version that a task used */
    bool over;                                /* nothing can follow */
};

/* A new operation at the end; not part of the program before task_draft_keep. NULL: the program is full. */
struct task_op *task_draft_op(struct task_draft *draft, uint8_t opcode);
void task_draft_keep(struct task_draft *draft);

/* Adds a register; NULL when there are too many. */
struct task_window *task_draft_register(struct task_draft *draft, uint16_t root, uint16_t *reg);

/* Draws a register that may be used now. False: there is none. */
bool task_draft_pick(struct task_draft *draft, uint16_t *reg);

/* Draws an element size and one of its types. */
uint8_t task_draft_dtype(struct task_draft *draft, uint8_t *element);
/* Makes a window row-major over `elements` from its start: a row, or a drawn rectangle. */
void task_draft_shape(struct task_draft *draft, struct task_window *window, uint32_t elements);

/* What is drawn when the whole program stands: which blocks start together, and who defers. */
void task_draft_late(struct task_draft *draft);
void task_draft_deferred(struct task_draft *draft);

/* The operations that make tensors. */
void task_draft_external(struct task_draft *draft);
void task_draft_remake(struct task_draft *draft);
void task_draft_derive(struct task_draft *draft);
/* A view of one element, counted row by row. False: there is no room. */
bool task_draft_element(struct task_draft *draft, uint16_t parent, uint32_t index, uint16_t *reg);

#endif
