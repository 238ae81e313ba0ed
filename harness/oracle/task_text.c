/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/oracle/task_text.h"

#include "abi/data_type.h"
#include "abi/orchestration.h"
#include "harness/oracle/task_order.h"

struct text {
    FILE *stream;
    const struct task_program *program;
};

static const char *type_name(uint8_t dtype)
{
    switch (dtype) {
    case PTO_UINT64:
        return "u64";
    case PTO_INT64:
        return "i64";
    case PTO_UINT32:
        return "u32";
    case PTO_INT32:
        return "i32";
    case PTO_FLOAT32:
        return "f32";
    default:
        return "?";
    }
}

static void print_shape(const struct text *text, const struct task_window *window)
{
    (void)fprintf(text->stream, "%s[%u", type_name(window->dtype), window->shape[0]);
    if (window->rank == 2) {
        (void)fprintf(text->stream, ", %u", window->shape[1]);
    }
    (void)fprintf(text->stream, "]%s", window->manual_dep ? " manual_dep" : "");
}

static void print_indent(const struct text *text, const struct task_op *op)
{
    /* The end of a scope stands below its beginning. */
    uint32_t depth = op->opcode == TASK_SCOPE_END && op->depth > 0 ? op->depth - 1u : op->depth;
    (void)fprintf(text->stream, "%*s", (int)(4 * depth), "");
}

static void print_argument(const struct text *text, const struct task_argument *arg)
{
    static const char *const tags[] = {"input", "output", "inout", "output_existing", "no_dep"};
    const struct task_window *window = task_program_window(text->program, arg->reg);
    const struct task_buffer *buffer = &text->program->buffers[window->buffer];
    (void)fprintf(text->stream, "%s r%u", tags[arg->tag], arg->reg);
    if (arg->tag == PTO_ARG_OUTPUT) {
        (void)fprintf(text->stream, " = ");
        print_shape(text, window);
        if (buffer->filled) {
            (void)fprintf(text->stream, " of %u", buffer->initial);
        }
    } else if (arg->tag == PTO_ARG_NO_DEP) {
        (void)fprintf(text->stream, (arg->role & TASK_WRITES) != 0 ? " written" : " read");
    } else if (arg->tag == PTO_ARG_INOUT && (arg->role & TASK_READS) != 0) {
        (void)fprintf(text->stream, " whole");
    }
}

static void print_kernels(const struct text *text, const struct task_op *op)
{
    static const char *const lanes[] = {"AIC", "AIV0", "AIV1"};
    const char *separator = "";
    for (uint32_t i = 0; i < 3 && op->opcode == TASK_SUBMIT; i++) {
        if (op->kernels[i] != TASK_PROGRAM_NO_KERNEL) {
            (void)fprintf(text->stream, "%s%s kernel %u", separator, lanes[i], op->kernels[i]);
            separator = " + ";
        }
    }
    if (op->blocks != 1) {
        (void)fprintf(text->stream, ", %u blocks%s", op->blocks, op->sync_start ? " together" : "");
    }
}

static void print_edges(const struct text *text, const struct task_op *op)
{
    static const char *const names[] = {"explicit", "creator", "writer", "reader"};
    const char *separator = "    after ";
    for (uint32_t j = 0; j < op->task; j++) {
        uint32_t edges = task_order_edges(text->program, task_program_task(text->program, j), op);
        for (uint32_t bit = 0; edges != 0 && bit < 4; bit++) {
            if ((edges >> bit & 1u) != 0) {
                (void)fprintf(text->stream, "%st%u (%s)", separator, j, names[bit]);
                separator = ", ";
            }
        }
    }
}

static void print_request(const struct text *text, const struct task_op *op)
{
    static const char *const ways[] = {"counter", "counter by mail", "event"};
    if (op->defers != 0) {
        (void)fprintf(text->stream, "; deferred to t%u by %s", task_program_attendant(text->program, op->defers),
                      ways[op->how]);
    }
}

static void print_task(const struct text *text, const struct task_op *op)
{
    (void)fprintf(text->stream, "t%u = %s(", op->task,
                  op->opcode == TASK_ALLOC   ? "alloc_tensors"
                  : op->opcode == TASK_DUMMY ? "submit_dummy"
                                             : "submit");
    print_kernels(text, op);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        (void)fprintf(text->stream, "%s", i > 0 || op->opcode == TASK_SUBMIT ? "; " : "");
        print_argument(text, &op->args[i]);
    }
    if (op->extra > 0) {
        (void)fprintf(text->stream, "; %u scalars", op->extra);
    }
    print_request(text, op);
    (void)fprintf(text->stream, ")");
    print_edges(text, op);
}

static void print_window(const struct text *text, const struct task_op *op)
{
    const struct task_window *window = task_program_window(text->program, op->reg);
    const uint32_t *v = op->values;
    (void)fprintf(text->stream, "r%u = ", op->reg);
    switch (op->opcode) {
    case TASK_EXTERNAL:
        (void)fprintf(text->stream, "external %u from byte %u, version %d", window->buffer, window->base,
                      window->version);
        break;
    case TASK_VIEW:
        (void)fprintf(text->stream, "r%u.view(%u x %u at %u, %u)", op->parent, v[0], v[1], v[2], v[3]);
        break;
    case TASK_SLICE:
        (void)fprintf(text->stream, "r%u.slice(dim %u, %u:%u:%u)", op->parent, v[0], v[1], v[2], v[3]);
        break;
    case TASK_TRANSPOSE:
        (void)fprintf(text->stream, "r%u.transpose()", op->parent);
        break;
    default:
        (void)fprintf(text->stream, "r%u.reshape()", op->parent);
        break;
    }
    (void)fprintf(text->stream, ": ");
    print_shape(text, window);
}

static void print_op(const struct text *text, const struct task_op *op)
{
    const uint32_t *v = op->values;
    print_indent(text, op);
    switch (op->opcode) {
    case TASK_SUBMIT:
    case TASK_DUMMY:
    case TASK_ALLOC:
        print_task(text, op);
        break;
    case TASK_SCOPE:
        (void)fprintf(text->stream, "scope %s {", op->mode == PTO_SCOPE_MANUAL ? "MANUAL" : "AUTO");
        break;
    case TASK_SCOPE_END:
        (void)fprintf(text->stream, "}");
        break;
    case TASK_GET:
        (void)fprintf(text->stream, "sum = mix(sum, r%u[%u, %u])", op->parent, v[0], v[1]);
        print_edges(text, op);
        break;
    case TASK_SET:
        (void)fprintf(text->stream, "r%u[%u, %u] = mix(sum, %u)", op->parent, v[0], v[1], v[2]);
        print_edges(text, op);
        break;
    case TASK_FATAL:
        (void)fprintf(text->stream, "fatal(%u)", v[0]);
        break;
    default:
        print_window(text, op);
        break;
    }
    (void)fprintf(text->stream, "\n");
}

void task_text_print(FILE *stream, const struct task_program *program)
{
    const struct text text = {.stream = stream, .program = program};
    for (uint32_t i = 0; i < program->op_count; i++) {
        print_op(&text, &program->ops[i]);
    }
}
