/* SPDX-License-Identifier: Apache-2.0 */
/* The part of task_draw that makes tensors. */
#include <string.h>

#include "abi/data_type.h"
#include "harness/property/task_draw_state.h"

struct task_op *task_draft_op(struct task_draft *draft, uint8_t opcode)
{
    struct task_program *program = draft->program;
    if (program->op_count == TASK_PROGRAM_OPS) {
        return NULL;
    }
    struct task_op *op = &program->ops[program->op_count];
    memset(op, 0, sizeof(*op));
    op->opcode = opcode;
    op->depth = (uint8_t)draft->depth;
    op->manual_scope = draft->rules->graph || (draft->depth > 0 && draft->manual[draft->depth - 1]);
    op->task = (uint16_t)program->task_count;
    op->reg = (uint16_t)program->register_count;
    op->first_dependency = program->dependency_count;
    return op;
}

void task_draft_keep(struct task_draft *draft)
{
    draft->program->op_count++;
}

struct task_window *task_draft_register(struct task_draft *draft, uint16_t root, uint16_t *reg)
{
    struct task_program *program = draft->program;
    if (program->register_count == TASK_PROGRAM_REGISTERS) {
        return NULL;
    }
    *reg = (uint16_t)program->register_count++;
    draft->root[*reg] = root == TASK_PROGRAM_NOBODY ? *reg : root;
    draft->version[*reg] = 0;
    memset(&program->registers[*reg], 0, sizeof(program->registers[*reg]));
    return &program->registers[*reg];
}

static bool usable(const struct task_draft *draft, uint32_t reg)
{
    const struct task_window *window = &draft->program->registers[reg];
    return !draft->dead[window->buffer] && window->version >= draft->version[draft->root[reg]];
}

bool task_draft_pick(struct task_draft *draft, uint16_t *reg)
{
    uint32_t count = draft->program->register_count;
    bool recent = choice_below(draft->choice, 8) >= 5; /* what was made last is of interest */
    uint32_t among = recent && count > 4 ? 4 : count;
    uint32_t first = count - among + (uint32_t)choice_below(draft->choice, among);
    for (uint32_t i = 0; i < count; i++) {
        *reg = (uint16_t)((first + i) % count);
        if (usable(draft, *reg)) {
            return true;
        }
    }
    return false;
}

uint8_t task_draft_dtype(struct task_draft *draft, uint8_t *element)
{
    static const uint8_t types[] = {PTO_UINT64, PTO_UINT32, PTO_INT64, PTO_INT32, PTO_FLOAT32};
    uint8_t dtype = types[choice_below(draft->choice, sizeof(types))];
    *element = (uint8_t)pto_data_type_bytes(dtype);
    return dtype;
}

void task_draft_shape(struct task_draft *draft, struct task_window *window, uint32_t elements)
{
    uint32_t columns = 1 + (uint32_t)choice_below(draft->choice, 8);
    if (columns == 1 || elements % columns != 0) {
        window->rank = 1;
        window->shape[0] = elements;
        window->shape[1] = 1;
        window->stride[0] = 1;
        window->stride[1] = 1;
        return;
    }
    window->rank = 2;
    window->shape[0] = elements / columns;
    window->shape[1] = columns;
    window->stride[0] = columns;
    window->stride[1] = 1;
}

void task_draft_external(struct task_draft *draft)
{
    static const uint32_t sizes[] = {2, 1};
    struct task_program *program = draft->program;
    struct task_op *op = task_draft_op(draft, TASK_EXTERNAL);
    struct task_window *window = task_draft_register(draft, TASK_PROGRAM_NOBODY, &op->reg);
    struct task_buffer *buffer = &program->buffers[program->buffer_count];
    uint32_t most = choice_pick_weighted(draft->choice, sizes, 2) == 0 ? 8 : 32;
    uint32_t elements = 1 + (uint32_t)choice_below(draft->choice, most);
    *buffer = (struct task_buffer){.owner = TASK_PROGRAM_NOBODY};
    window->buffer = (uint16_t)program->buffer_count++;
    window->dtype = task_draft_dtype(draft, &window->element);
    buffer->element = window->element;
    buffer->bytes = (uint16_t)(elements * window->element);
    task_draft_shape(draft, window, elements);
    window->manual_dep = choice_below(draft->choice, 16) == 15;
    task_draft_keep(draft);
}

/* The first register with this buffer and base. */
static uint16_t find_root(const struct task_draft *draft, uint16_t buffer, uint16_t base)
{
    for (uint32_t i = 0; i < draft->program->register_count; i++) {
        const struct task_window *window = &draft->program->registers[i];
        if (window->buffer == buffer && window->base == base && draft->root[i] == i) {
            return (uint16_t)i;
        }
    }
    return TASK_PROGRAM_NOBODY;
}

void task_draft_remake(struct task_draft *draft)
{
    struct task_op *op = task_draft_op(draft, TASK_EXTERNAL);
    uint16_t buffer = (uint16_t)choice_below(draft->choice, draft->program->external_count);
    uint32_t bytes = draft->program->buffers[buffer].bytes;
    uint8_t element = 0;
    uint8_t dtype = task_draft_dtype(draft, &element);
    if (op == NULL || element == 0 || bytes < element) {
        return;
    }
    uint16_t base = (uint16_t)(element * choice_below(draft->choice, bytes / element));
    uint32_t elements = 1 + (uint32_t)choice_below(draft->choice, (bytes - base) / element);
    uint16_t root = find_root(draft, buffer, base);
    struct task_window *window = task_draft_register(draft, root, &op->reg);
    if (window == NULL) {
        return;
    }
    window->buffer = buffer;
    window->base = window->start = base;
    window->dtype = dtype;
    window->element = element;
    window->manual_dep = choice_below(draft->choice, 8) == 7;
    window->version = draft->version[draft->root[op->reg]] + (choice_below(draft->choice, 4) == 3);
    task_draft_shape(draft, window, elements);
    task_draft_keep(draft);
}

static void derive_view(struct task_draft *draft, struct task_op *op, struct task_window *window)
{
    uint32_t start = 0;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t offset = (uint32_t)choice_below(draft->choice, window->shape[i]);
        uint32_t length = window->shape[i] - offset;
        length -= (uint32_t)choice_below(draft->choice, length);
        start += offset * window->stride[i] * window->element;
        window->shape[i] = length;
        op->values[i] = length;
        op->values[2 + i] = offset;
    }
    window->start = (uint16_t)(window->start + start);
}

static void derive_slice(struct task_draft *draft, struct task_op *op, struct task_window *window)
{
    uint32_t dim = (uint32_t)choice_below(draft->choice, window->rank);
    uint32_t start = (uint32_t)choice_below(draft->choice, window->shape[dim]);
    uint32_t end = window->shape[dim] - (uint32_t)choice_below(draft->choice, window->shape[dim] - start);
    uint32_t step = 1 + (uint32_t)choice_below(draft->choice, 3);
    window->start = (uint16_t)(window->start + start * window->stride[dim] * window->element);
    window->shape[dim] = (end - start + step - 1) / step;
    window->stride[dim] *= step;
    op->values[0] = dim;
    op->values[1] = start;
    op->values[2] = end;
    op->values[3] = step;
}

static void derive_transpose(struct task_window *window)
{
    if (window->rank == 2) {
        uint32_t shape = window->shape[0];
        uint32_t stride = window->stride[0];
        window->shape[0] = window->shape[1];
        window->stride[0] = window->stride[1];
        window->shape[1] = shape;
        window->stride[1] = stride;
    }
}

static bool is_contiguous(const struct task_window *window)
{
    uint32_t last = window->rank - 1u;
    return window->stride[last] == 1 && (last == 0 || window->stride[0] == window->shape[1]);
}

void task_draft_derive(struct task_draft *draft)
{
    static const uint8_t opcodes[] = {TASK_VIEW, TASK_SLICE, TASK_TRANSPOSE, TASK_RESHAPE};
    uint8_t opcode = opcodes[choice_below(draft->choice, sizeof(opcodes))];
    struct task_op *op = task_draft_op(draft, opcode);
    uint16_t parent = 0;
    if (op == NULL || !task_draft_pick(draft, &parent)) {
        return;
    }
    const struct task_window *source = &draft->program->registers[parent];
    if (opcode == TASK_RESHAPE && !is_contiguous(source)) {
        return;
    }
    struct task_window *window = task_draft_register(draft, draft->root[parent], &op->reg);
    if (window == NULL) {
        return;
    }
    *window = *source;
    op->parent = parent;
    op->manual_dep = choice_below(draft->choice, 16) == 15;
    window->manual_dep = op->manual_dep;
    if (opcode == TASK_VIEW) {
        derive_view(draft, op, window);
    } else if (opcode == TASK_SLICE) {
        derive_slice(draft, op, window);
    } else if (opcode == TASK_TRANSPOSE) {
        derive_transpose(window);
    } else {
        task_draft_shape(draft, window, task_window_elements(source));
    }
    task_draft_keep(draft);
}

bool task_draft_element(struct task_draft *draft, uint16_t parent, uint32_t index, uint16_t *reg)
{
    struct task_op *op = task_draft_op(draft, TASK_VIEW);
    struct task_window *window = op != NULL ? task_draft_register(draft, draft->root[parent], reg) : NULL;
    if (window == NULL) {
        return false;
    }
    const struct task_window *source = &draft->program->registers[parent];
    *window = *source;
    window->start = (uint16_t)task_window_at(source, index);
    window->shape[0] = window->shape[1] = 1;
    window->manual_dep = false;
    op->reg = *reg;
    op->parent = parent;
    op->values[0] = op->values[1] = 1;
    op->values[2] = index / source->shape[1];
    op->values[3] = index % source->shape[1];
    task_draft_keep(draft);
    return true;
}
