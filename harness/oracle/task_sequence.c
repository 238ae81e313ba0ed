/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_sequence.h"

#include <string.h>

#include "abi/tensor.h"

struct sequence {
    const struct task_program *program;
    struct task_memory *memory;
    uint64_t sum; /* of the scalars read so far */
};

static uint64_t load(const struct sequence *sequence, const struct task_window *window, uint32_t index)
{
    uint64_t value = 0;
    memcpy(&value, sequence->memory->bytes[window->buffer] + task_window_at(window, index), window->element);
    return value;
}

static void store(const struct sequence *sequence, const struct task_window *window, uint32_t index, uint64_t value)
{
    memcpy(sequence->memory->bytes[window->buffer] + task_window_at(window, index), &value, window->element);
}

static void create_outputs(const struct sequence *sequence, const struct task_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_window *window = task_program_window(sequence->program, op->args[i].reg);
        const struct task_buffer *buffer = &sequence->program->buffers[window->buffer];
        for (uint32_t e = 0; op->args[i].tag == PTO_ARG_OUTPUT && e < task_window_elements(window); e++) {
            store(sequence, window, e, buffer->filled ? buffer->initial : 0);
        }
    }
}

/* One block on one lane, which is lane number `lane` of those that the task uses. */
static void run_part(const struct sequence *sequence, const struct task_op *op, uint32_t block, uint32_t lane,
                     uint32_t kernel)
{
    uint32_t part = block * task_op_lanes(op) + lane;
    uint64_t digest = task_mix(task_mix(task_mix(task_mix(sequence->sum, op->salt), kernel), block), op->blocks);
    for (uint32_t i = 0; i < op->extra; i++) {
        digest = task_mix(digest, task_mix(op->salt, i));
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_window *window = task_program_window(sequence->program, op->args[i].reg);
        for (uint32_t e = 0; (op->args[i].role & TASK_READS) != 0 && e < task_window_elements(window); e++) {
            digest = task_mix(digest, load(sequence, window, e));
        }
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_window *window = task_program_window(sequence->program, op->args[i].reg);
        uint32_t elements = (op->args[i].role & TASK_WRITES) != 0 ? task_window_elements(window) : 0;
        for (uint32_t e = part; e < elements; e += task_op_parts(op)) {
            uint64_t value = task_mix(task_mix(digest, i), e);
            bool updates = (op->args[i].role & TASK_UPDATES) != 0;
            store(sequence, window, e, updates ? task_mix(value, load(sequence, window, e)) : value);
        }
    }
}

static void run_task(const struct sequence *sequence, const struct task_op *op)
{
    create_outputs(sequence, op);
    for (uint32_t block = 0; block < op->blocks; block++) {
        uint32_t lane = 0;
        for (uint32_t i = 0; i < 3 && op->opcode == TASK_SUBMIT; i++) {
            if (op->kernels[i] != TASK_PROGRAM_NO_KERNEL) {
                run_part(sequence, op, block, lane++, op->kernels[i]);
            }
        }
    }
}

void task_sequence_run(const struct task_program *program, struct task_memory *memory)
{
    struct sequence sequence = {.program = program, .memory = memory};
    for (uint32_t i = 0; i < program->op_count; i++) {
        const struct task_op *op = &program->ops[i];
        const struct task_window *window = task_program_window(program, op->parent);
        uint32_t index = op->values[0] * (op->opcode == TASK_GET || op->opcode == TASK_SET ? window->shape[1] : 0);
        index += op->values[1];
        if (task_op_is_task(op)) {
            run_task(&sequence, op);
        } else if (op->opcode == TASK_GET) {
            sequence.sum = task_mix(sequence.sum, load(&sequence, window, index));
        } else if (op->opcode == TASK_SET) {
            store(&sequence, window, index, task_mix(sequence.sum, op->values[2]));
        }
    }
}
