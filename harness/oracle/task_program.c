/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_program.h"

#include <stdlib.h>
#include <string.h>

#include "abi/tensor.h"

uint32_t task_op_lanes(const struct task_op *op)
{
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < 3 && op->opcode == TASK_SUBMIT; i++) {
        lanes += op->kernels[i] != TASK_PROGRAM_NO_KERNEL;
    }
    return lanes;
}

uint32_t task_op_parts(const struct task_op *op)
{
    return op->blocks * task_op_lanes(op);
}

uint32_t task_program_parts(const struct task_program *program, uint32_t task)
{
    uint32_t parts = 0;
    for (uint32_t i = 0; i < task; i++) {
        parts += task_op_parts(task_program_task(program, i));
    }
    return parts;
}

uint16_t task_program_attendant(const struct task_program *program, uint16_t request)
{
    for (uint32_t i = 0; i < program->task_count; i++) {
        if (task_program_task(program, i)->attends == request) {
            return (uint16_t)i;
        }
    }
    return TASK_PROGRAM_NOBODY;
}

bool task_windows_meet(const struct task_window *one, const struct task_window *other)
{
    uint8_t touched[TASK_PROGRAM_BUFFER_BYTES] = {0};
    if (one->buffer != other->buffer) {
        return false;
    }
    for (uint32_t i = 0; i < task_window_elements(one); i++) {
        memset(touched + task_window_at(one, i), 1, one->element);
    }
    for (uint32_t i = 0; i < task_window_elements(other); i++) {
        if (memchr(touched + task_window_at(other, i), 1, other->element) != NULL) {
            return true;
        }
    }
    return false;
}

/* ---- encoding ---- */

struct writer {
    uint32_t *words;
    uint32_t count;
    uint32_t capacity;
    uint32_t record; /* of the next part */
};

static void put(struct writer *writer, const uint32_t *words, uint32_t count)
{
    if (writer->count + count > writer->capacity) {
        abort(); /* a program is bounded by its own arrays */
    }
    memcpy(writer->words + writer->count, words, count * sizeof(words[0]));
    writer->count += count;
}

#define PUT(writer, ...)                                                    \
    do {                                                                    \
        const uint32_t given[] = {__VA_ARGS__};                             \
        put(writer, given, (uint32_t)(sizeof(given) / sizeof((given)[0]))); \
    } while (0)

static void put_task(struct writer *writer, const struct task_program *program, const struct task_op *op)
{
    PUT(writer, op->opcode, op->kernels[0], op->kernels[1], op->kernels[2], op->blocks, op->sync_start, op->salt,
        op->extra, writer->record, op->defers, op->how, op->attends, op->arg_count, op->dependency_count);
    writer->record += task_op_parts(op);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_argument *arg = &op->args[i];
        const struct task_window *window = task_program_window(program, arg->reg);
        const struct task_buffer *buffer = &program->buffers[window->buffer];
        PUT(writer, arg->tag, arg->role, arg->reg, window->dtype, window->rank, window->shape[0], window->shape[1],
            window->manual_dep, buffer->filled, buffer->initial);
    }
    for (uint32_t i = 0; i < op->dependency_count; i++) {
        PUT(writer, program->dependencies[op->first_dependency + i]);
    }
}

static void put_window(struct writer *writer, const struct task_program *program, const struct task_op *op)
{
    const struct task_window *window = task_program_window(program, op->reg);
    const uint32_t *values = op->values;
    switch (op->opcode) {
    case TASK_EXTERNAL:
        /* Argument 0 of the orchestration is the program itself. */
        PUT(writer, TASK_EXTERNAL, window->buffer + 1u, window->base, window->dtype, window->rank, window->shape[0],
            window->shape[1], window->manual_dep, (uint32_t)window->version);
        break;
    case TASK_RESHAPE:
        PUT(writer, TASK_RESHAPE, op->parent, op->manual_dep, window->rank, window->shape[0], window->shape[1]);
        break;
    case TASK_TRANSPOSE:
        PUT(writer, TASK_TRANSPOSE, op->parent, op->manual_dep);
        break;
    default:
        PUT(writer, op->opcode, op->parent, op->manual_dep, values[0], values[1], values[2], values[3]);
        break;
    }
}

static void put_op(struct writer *writer, const struct task_program *program, const struct task_op *op)
{
    switch (op->opcode) {
    case TASK_SUBMIT:
    case TASK_DUMMY:
    case TASK_ALLOC:
        put_task(writer, program, op);
        break;
    case TASK_SCOPE:
        PUT(writer, TASK_SCOPE, op->mode);
        break;
    case TASK_SCOPE_END:
        PUT(writer, TASK_SCOPE_END);
        break;
    case TASK_GET:
        PUT(writer, TASK_GET, op->parent, op->values[0], op->values[1]);
        break;
    case TASK_SET:
        PUT(writer, TASK_SET, op->parent, op->values[0], op->values[1], op->values[2]);
        break;
    case TASK_FATAL:
        PUT(writer, TASK_FATAL, op->values[0]);
        break;
    default:
        put_window(writer, program, op);
        break;
    }
}

uint32_t task_program_encode(const struct task_program *program, uint32_t *words, uint32_t capacity)
{
    struct writer writer = {.words = words, .capacity = capacity};
    for (uint32_t i = 0; i < program->op_count; i++) {
        put_op(&writer, program, &program->ops[i]);
    }
    PUT(&writer, TASK_END);
    return writer.count;
}
