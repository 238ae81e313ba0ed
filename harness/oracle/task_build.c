/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_build.h"

#include <string.h>

#include "abi/orchestration.h"

void task_build_start(struct task_build *build, struct task_program *program)
{
    memset(program, 0, sizeof(*program));
    *build = (struct task_build){.program = program};
}

static struct task_op *add_op(struct task_build *build, uint8_t opcode)
{
    struct task_program *program = build->program;
    struct task_op *op = &program->ops[program->op_count++];
    op->opcode = opcode;
    op->depth = (uint8_t)build->depth;
    op->manual_scope = build->manual_depth != 0;
    op->task = (uint16_t)program->task_count;
    op->reg = (uint16_t)program->register_count;
    op->first_dependency = program->dependency_count;
    return op;
}

static struct task_window *add_register(struct task_build *build)
{
    return &build->program->registers[build->program->register_count++];
}

static void add_buffer(struct task_build *build, struct task_window *window, uint32_t elements, uint16_t owner)
{
    struct task_program *program = build->program;
    struct task_buffer *buffer = &program->buffers[program->buffer_count];
    *buffer = (struct task_buffer){.owner = owner, .bytes = (uint16_t)(elements * 8), .element = 8};
    *window = (struct task_window){.buffer = (uint16_t)program->buffer_count++,
                                   .element = 8,
                                   .dtype = PTO_UINT64,
                                   .rank = 1,
                                   .shape = {elements, 1},
                                   .stride = {1, 1}};
}

uint16_t task_build_external(struct task_build *build, uint32_t elements)
{
    struct task_op *op = add_op(build, TASK_EXTERNAL);
    add_buffer(build, add_register(build), elements, TASK_PROGRAM_NOBODY);
    build->program->external_count++;
    return op->reg;
}

uint16_t task_build_view(struct task_build *build, uint16_t parent, uint32_t first, uint32_t elements)
{
    struct task_op *op = add_op(build, TASK_VIEW);
    struct task_window *window = add_register(build);
    *window = build->program->registers[parent];
    window->start = (uint16_t)(window->start + first * window->element);
    window->shape[0] = elements;
    op->parent = parent;
    op->values[0] = elements;
    op->values[1] = 1;
    op->values[2] = first;
    return op->reg;
}

struct task_op *task_build_task(struct task_build *build, uint8_t opcode)
{
    struct task_op *op = add_op(build, opcode);
    op->kernels[0] = op->kernels[2] = TASK_PROGRAM_NO_KERNEL;
    op->kernels[1] = opcode == TASK_SUBMIT ? 0 : TASK_PROGRAM_NO_KERNEL;
    op->blocks = 1;
    op->salt = op->task + 1u;
    build->program->op_of_task[build->program->task_count++] = (uint16_t)(build->program->op_count - 1);
    return op;
}

void task_build_arg(struct task_op *op, enum pto_tensor_arg_type tag, uint16_t reg)
{
    static const uint8_t roles[] = {[PTO_ARG_INPUT] = TASK_READS,
                                    [PTO_ARG_INOUT] = TASK_WRITES | TASK_UPDATES,
                                    [PTO_ARG_OUTPUT_EXISTING] = TASK_WRITES,
                                    [PTO_ARG_NO_DEP] = TASK_READS};
    uint8_t role = op->opcode == TASK_SUBMIT ? roles[tag] : 0;
    op->args[op->arg_count++] = (struct task_argument){.tag = (uint8_t)tag, .role = role, .reg = reg};
}

uint16_t task_build_output(struct task_build *build, struct task_op *op, uint32_t elements, bool filled)
{
    uint16_t reg = (uint16_t)build->program->register_count;
    uint8_t role = filled ? TASK_WRITES | TASK_UPDATES : TASK_WRITES;
    struct task_window *window = add_register(build);
    add_buffer(build, window, elements, op->task);
    build->program->buffers[window->buffer].filled = filled;
    build->program->buffers[window->buffer].initial = filled ? 0x77u : 0;
    op->args[op->arg_count++] = (struct task_argument){
        .tag = PTO_ARG_OUTPUT, .role = op->opcode == TASK_SUBMIT ? role : (uint8_t)0, .reg = reg};
    return reg;
}

void task_build_depend(struct task_build *build, struct task_op *op, uint16_t task)
{
    build->program->dependencies[build->program->dependency_count++] = task;
    op->dependency_count++;
}

void task_build_defer(struct task_build *build, uint16_t task, uint16_t how, uint16_t attendant)
{
    struct task_program *program = build->program;
    program->request_count++;
    program->ops[program->op_of_task[task]].defers = (uint16_t)program->request_count;
    program->ops[program->op_of_task[task]].how = how;
    program->ops[program->op_of_task[attendant]].attends = (uint16_t)program->request_count;
}

void task_build_mark(struct task_build *build, uint8_t opcode, uint32_t value)
{
    struct task_op *op = add_op(build, opcode);
    op->mode = (uint8_t)value;
    op->values[0] = value;
    if (opcode == TASK_SCOPE) {
        build->depth++;
        bool outermost = value == PTO_SCOPE_MANUAL && build->manual_depth == 0;
        build->manual_depth = outermost ? build->depth : build->manual_depth;
    } else if (opcode == TASK_SCOPE_END) {
        build->manual_depth = build->manual_depth == build->depth ? 0 : build->manual_depth;
        build->depth--;
    }
}

void task_build_scalar(struct task_build *build, uint8_t opcode, uint16_t reg, uint32_t index)
{
    struct task_op *op = add_op(build, opcode);
    op->parent = reg;
    op->values[0] = index;
    op->values[2] = 0xBEEF;
}
