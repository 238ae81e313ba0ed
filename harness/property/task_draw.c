/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/task_draw.h"

#include <string.h>

#include "abi/arg.h"
#include "abi/error_codes.h"
#include "abi/orchestration.h"
#include "harness/property/task_draw_state.h"

#define MOST_OPS (TASK_PROGRAM_OPS - 256u) /* a burst and all scope ends fit behind */
#define GRAPH_TASKS 60u                    /* at most 128 successors each, whatever the edges */
#define SCRATCH_BUFFERS 480u               /* outputs are drawn only up to here */
#define MOST_DEPENDENCIES 96u              /* that are drawn for one task; more may be needed */

/* ---- one task ---- */

static void draw_kernels(struct task_draft *draft, struct task_op *op)
{
    static const uint32_t weights[] = {8, 3, 1, 1, 1, 1, 2};
    static const uint8_t lanes[] = {2, 1, 4, 3, 5, 6, 7}; /* of enum pto_active_mask */
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint8_t mask = lanes[choice_pick_weighted(draft->choice, weights, draft->rules->graph ? 2 : 7)];
    const uint8_t *order = orders[choice_below(draft->choice, 6)];
    for (uint32_t i = 0; i < 3; i++) {
        op->kernels[i] = (mask >> i & 1u) != 0 ? order[i] : TASK_PROGRAM_NO_KERNEL;
    }
}

static void draw_blocks(struct task_draft *draft, struct task_op *op)
{
    static const uint32_t weights[] = {8, 3, 1};
    static const uint32_t most[] = {1, 6, 60};
    uint32_t limit = most[choice_pick_weighted(draft->choice, weights, 3)];
    op->blocks = (uint16_t)(1 + (draft->rules->graph ? 0 : choice_below(draft->choice, limit)));
}

/* An output of at most 32 elements. False: there is no room for it. */
static bool draw_output(struct task_draft *draft, const struct task_op *op, struct task_argument *arg)
{
    struct task_program *program = draft->program;
    if (program->buffer_count >= SCRATCH_BUFFERS) {
        return false;
    }
    struct task_window *window = task_draft_register(draft, TASK_PROGRAM_NOBODY, &arg->reg);
    if (window == NULL) {
        return false;
    }
    struct task_buffer *buffer = &program->buffers[program->buffer_count];
    uint32_t elements = 1 + (uint32_t)choice_below(draft->choice, 32);
    window->buffer = (uint16_t)program->buffer_count++;
    window->dtype = task_draft_dtype(draft, &window->element);
    window->manual_dep = choice_below(draft->choice, 16) == 15;
    task_draft_shape(draft, window, elements);
    *buffer = (struct task_buffer){.owner = op->task,
                                   .bytes = (uint16_t)(elements * window->element),
                                   .element = window->element,
                                   .filled = op->opcode != TASK_SUBMIT || choice_bool(draft->choice)};
    buffer->initial = buffer->filled ? 0x1000u + op->task : 0;
    arg->role = (uint8_t)(op->opcode != TASK_SUBMIT ? 0 : buffer->filled ? TASK_WRITES | TASK_UPDATES : TASK_WRITES);
    return true;
}

/* From now on the base address is used under this version or newer ones, in the same task too. */
static void note_version(struct task_draft *draft, uint16_t reg)
{
    int32_t *newest = &draft->version[draft->root[reg]];
    int32_t version = draft->program->registers[reg].version;
    *newest = version > *newest ? version : *newest;
}

/* One more argument, or none when nothing can be drawn. */
static void draw_arg(struct task_draft *draft, struct task_op *op)
{
    static const uint32_t weights[] = {5, 4, 3, 3, 1};
    static const uint8_t tags[] = {PTO_ARG_INPUT, PTO_ARG_INOUT, PTO_ARG_OUTPUT_EXISTING, PTO_ARG_OUTPUT,
                                   PTO_ARG_NO_DEP};
    static const uint8_t roles[] = {TASK_READS, TASK_WRITES, TASK_WRITES | TASK_UPDATES};
    struct task_argument *arg = &op->args[op->arg_count];
    arg->tag = op->opcode == TASK_ALLOC ? PTO_ARG_OUTPUT : tags[choice_pick_weighted(draft->choice, weights, 5)];
    if (arg->tag == PTO_ARG_OUTPUT) {
        op->arg_count = (uint8_t)(op->arg_count + draw_output(draft, op, arg));
        return;
    }
    uint32_t before = op->reg; /* its own outputs are no arguments */
    if (!task_draft_pick(draft, &arg->reg) || arg->reg >= before) {
        return;
    }
    note_version(draft, arg->reg);
    bool more = choice_bool(draft->choice);
    if (arg->tag == PTO_ARG_INPUT) {
        arg->role = TASK_READS;
    } else if (arg->tag == PTO_ARG_INOUT) {
        arg->role = (uint8_t)(TASK_WRITES | TASK_UPDATES | (more ? TASK_READS : 0));
    } else if (arg->tag == PTO_ARG_OUTPUT_EXISTING) {
        arg->role = TASK_WRITES;
    } else {
        arg->role = roles[choice_below(draft->choice, 3)];
    }
    if (op->opcode == TASK_DUMMY) {
        arg->role = 0;
    }
    op->arg_count++;
}

/* Whether the parts of a task would get into each other's way. */
static bool parts_clash(const struct task_draft *draft, const struct task_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct task_window *one = &draft->program->registers[op->args[i].reg];
        uint32_t both = TASK_READS | TASK_WRITES;
        if ((op->args[i].role & both) == both) {
            return true;
        }
        for (uint32_t k = 0; k < op->arg_count; k++) {
            const struct task_window *other = &draft->program->registers[op->args[k].reg];
            if (i != k && (op->args[i].role & TASK_WRITES) != 0 && op->args[k].role != 0 &&
                task_windows_meet(one, other)) {
                return true;
            }
        }
    }
    return false;
}

static void make_one_part(struct task_op *op)
{
    bool taken = false;
    op->blocks = 1;
    for (uint32_t i = 0; i < 3; i++) {
        op->kernels[i] = taken ? TASK_PROGRAM_NO_KERNEL : op->kernels[i];
        taken = taken || op->kernels[i] != TASK_PROGRAM_NO_KERNEL;
    }
}

/* ---- dependencies ---- */

static bool depends_on(const struct task_program *program, const struct task_op *op, uint32_t task)
{
    for (uint32_t i = 0; i < op->dependency_count; i++) {
        if (program->dependencies[op->first_dependency + i] == task) {
            return true;
        }
    }
    return false;
}

static bool add_dependency(struct task_draft *draft, struct task_op *op, uint32_t task)
{
    struct task_program *program = draft->program;
    if (depends_on(program, op, task)) {
        return true;
    }
    if (program->dependency_count == TASK_PROGRAM_EDGES) {
        return false;
    }
    program->dependencies[program->dependency_count++] = (uint16_t)task;
    op->dependency_count++;
    return true;
}

static void draw_dependencies(struct task_draft *draft, struct task_op *op)
{
    static const uint32_t weights[] = {10, 3, 1, 1};
    uint32_t tasks = op->task;
    uint32_t kind = (uint32_t)choice_pick_weighted(draft->choice, weights, tasks == 0 ? 1 : 4);
    uint32_t count = kind == 1 ? 1 : kind == 2 ? 1 + (uint32_t)choice_below(draft->choice, 8) : 0;
    count = kind == 3 ? MOST_DEPENDENCIES : count;
    uint32_t last = count == 0 ? 0 : tasks - (kind == 3 ? 0 : (uint32_t)choice_below(draft->choice, tasks));
    for (uint32_t i = 0; i < count && i < last; i++) {
        (void)add_dependency(draft, op, last - 1 - i);
    }
}

/* What makes the program determinate. False: there is no room for it. */
static bool complete_dependencies(struct task_draft *draft, struct task_op *op)
{
    uint32_t missing = task_order_missing(&draft->order, draft->program, op, op->task);
    while (missing != TASK_PROGRAM_NOBODY) {
        if (op->opcode == TASK_ALLOC || !add_dependency(draft, op, missing)) {
            return false;
        }
        missing = task_order_missing(&draft->order, draft->program, op, missing);
    }
    return true;
}

/* ---- operations ---- */

/* Ends the drawing of a task: its registers are made and its arguments known. */
static void keep_task(struct task_draft *draft, struct task_op *op)
{
    struct task_program *program = draft->program;
    if (op->opcode == TASK_SUBMIT && parts_clash(draft, op)) {
        make_one_part(op);
    }
    if (!complete_dependencies(draft, op)) {
        draft->over = true; /* registers of its outputs would name nothing */
        return;
    }
    program->op_of_task[program->task_count++] = (uint16_t)program->op_count;
    task_draft_keep(draft);
    task_order_add(&draft->order, program, op);
}

static bool is_full(const struct task_draft *draft)
{
    return draft->program->task_count == (draft->rules->graph ? GRAPH_TASKS : TASK_PROGRAM_TASKS);
}

static void draw_task(struct task_draft *draft, uint8_t opcode, uint32_t most_args)
{
    struct task_op *op = task_draft_op(draft, opcode);
    if (op == NULL || is_full(draft)) {
        return;
    }
    uint32_t args = (uint32_t)choice_below(draft->choice, most_args + 1);
    op->blocks = 1;
    op->salt = op->task + 1u;
    if (opcode == TASK_SUBMIT) {
        draw_kernels(draft, op);
        draw_blocks(draft, op);
        op->extra = (uint8_t)(choice_below(draft->choice, 8) == 7 ? choice_below(draft->choice, 13) : 0);
    } else {
        op->kernels[0] = op->kernels[1] = op->kernels[2] = TASK_PROGRAM_NO_KERNEL;
    }
    for (uint32_t i = 0; i < args; i++) {
        draw_arg(draft, op);
    }
    if (opcode == TASK_ALLOC && op->arg_count == 0) {
        return;
    }
    if (opcode != TASK_ALLOC) {
        draw_dependencies(draft, op);
    }
    keep_task(draft, op);
}

static void draw_burst(struct task_draft *draft)
{
    uint32_t count = 2 + (uint32_t)choice_below(draft->choice, 100);
    for (uint32_t i = 0; i < count && !draft->over; i++) {
        draw_task(draft, TASK_SUBMIT, 2);
    }
}

/* A task on one vector core that reads one tensor and updates another. */
static void draw_step(struct task_draft *draft, uint16_t read, uint16_t updated)
{
    struct task_op *op = task_draft_op(draft, TASK_SUBMIT);
    if (op == NULL || is_full(draft)) {
        return;
    }
    op->kernels[0] = op->kernels[2] = TASK_PROGRAM_NO_KERNEL;
    op->blocks = 1;
    op->salt = op->task + 1u;
    op->arg_count = 2;
    op->args[0] = (struct task_argument){.tag = PTO_ARG_INPUT, .role = TASK_READS, .reg = read};
    op->args[1] = (struct task_argument){.tag = PTO_ARG_INOUT, .role = TASK_WRITES | TASK_UPDATES, .reg = updated};
    note_version(draft, read);
    note_version(draft, updated);
    keep_task(draft, op);
}

/* Many tasks update one element each of a tensor and read another one; then one reads the first and updates the second,
 * and has as many writers and readers to wait for. */
static void draw_fan(struct task_draft *draft)
{
    uint16_t many = 0;
    uint16_t other = 0;
    uint16_t element = 0;
    if (!task_draft_pick(draft, &many) || !task_draft_pick(draft, &other) ||
        (draft->root[other] == draft->root[many] &&
         draft->program->registers[other].version != draft->program->registers[many].version)) {
        return;
    }
    uint32_t count = task_window_elements(&draft->program->registers[many]);
    for (uint32_t i = 0; i < count && !draft->over && task_draft_element(draft, many, i, &element); i++) {
        draw_step(draft, other, element);
    }
    if (!draft->over) {
        draw_step(draft, many, other);
    }
}

/* False: that was one too many, or there is no room for it. */
static bool push_scope(struct task_draft *draft, bool manual)
{
    bool inside = draft->depth > 0 && draft->manual[draft->depth - 1];
    struct task_op *op = task_draft_op(draft, TASK_SCOPE);
    if (op == NULL) {
        return false;
    }
    op->mode = manual ? PTO_SCOPE_MANUAL : PTO_SCOPE_AUTO;
    task_draft_keep(draft);
    if (draft->depth == TASK_LIMIT_SCOPES - 1 || (inside && !manual)) {
        draft->over = true;
        return false;
    }
    draft->manual[draft->depth] = manual;
    draft->first_buffer[draft->depth] = draft->program->buffer_count;
    draft->depth++;
    return true;
}

static void open_scope(struct task_draft *draft)
{
    bool inside = draft->depth > 0 && draft->manual[draft->depth - 1];
    bool other = choice_below(draft->choice, 16) >= 12; /* MANUAL; inside one: AUTO, which is an error, but rarely */
    (void)push_scope(draft, inside ? !other || choice_below(draft->choice, 8) != 7 : other);
}

static void open_scopes(struct task_draft *draft)
{
    static const uint32_t weights[] = {14, 3, 1};
    static const uint32_t most[] = {1, 4, 70};
    uint32_t count = 1 + (uint32_t)choice_below(draft->choice, most[choice_pick_weighted(draft->choice, weights, 3)]);
    for (uint32_t i = 0; i < count && !draft->over; i++) {
        open_scope(draft);
    }
}

static void close_scope(struct task_draft *draft)
{
    if (draft->depth == 0 || task_draft_op(draft, TASK_SCOPE_END) == NULL) {
        return;
    }
    task_draft_keep(draft);
    draft->depth--;
    for (uint32_t i = draft->first_buffer[draft->depth]; i < draft->program->buffer_count; i++) {
        draft->dead[i] = true;
    }
}

/* Small scopes one after the other: slots and heap are used over and over, also where they are few. */
static void draw_rounds(struct task_draft *draft)
{
    uint32_t rounds = 2 + (uint32_t)choice_below(draft->choice, 14);
    uint32_t tasks = 1 + (uint32_t)choice_below(draft->choice, 3);
    bool allocates = choice_bool(draft->choice);
    for (uint32_t i = 0; i < rounds && !draft->over; i++) {
        if (!push_scope(draft, draft->depth > 0 && draft->manual[draft->depth - 1])) {
            return;
        }
        if (allocates) {
            draw_task(draft, TASK_ALLOC, 2);
        }
        for (uint32_t k = 0; k < tasks && !draft->over; k++) {
            draw_task(draft, TASK_SUBMIT, 3);
        }
        close_scope(draft);
    }
}

static void draw_scalar(struct task_draft *draft, uint8_t opcode)
{
    struct task_op *op = task_draft_op(draft, opcode);
    if (op == NULL || !task_draft_pick(draft, &op->parent)) {
        return;
    }
    const struct task_window *window = &draft->program->registers[op->parent];
    op->values[0] = (uint32_t)choice_below(draft->choice, window->shape[0]);
    op->values[1] = (uint32_t)choice_below(draft->choice, window->shape[1]);
    op->values[2] = 0xA000u + op->task;
    if (task_order_missing(&draft->order, draft->program, op, op->task) == TASK_PROGRAM_NOBODY) {
        task_draft_keep(draft);
        task_order_add(&draft->order, draft->program, op);
    }
}

static void draw_fatal(struct task_draft *draft)
{
    static const uint32_t codes[] = {0, PTO_ERR_EXPLICIT_ORCH_FATAL, PTO_ERR_SCOPE_DEADLOCK, 42};
    struct task_op *op = task_draft_op(draft, TASK_FATAL);
    bool really = choice_below(draft->choice, 4) == 3;
    if (op != NULL && really) {
        op->values[0] = codes[choice_below(draft->choice, sizeof(codes) / sizeof(codes[0]))];
        task_draft_keep(draft);
    }
}

enum draw_kind {
    DRAW_SUBMIT = 0,
    DRAW_DERIVE,
    DRAW_REMAKE,
    DRAW_ALLOC,
    DRAW_LARGE,
    DRAW_BURST,
    DRAW_FAN,
    DRAW_DUMMY, /* from here on not for graphs */
    DRAW_SCOPE,
    DRAW_ROUNDS,
    DRAW_SCOPE_END,
    DRAW_GET,
    DRAW_SET,
    DRAW_FATAL,
    DRAW_KINDS
};

static void draw_op(struct task_draft *draft)
{
    static const uint32_t weights[DRAW_KINDS] = {86, 50, 10, 10, 5, 1, 5, 10, 20, 6, 15, 8, 8, 2};
    switch (choice_pick_weighted(draft->choice, weights, draft->rules->graph ? DRAW_DUMMY : DRAW_KINDS)) {
    case DRAW_SUBMIT:
        draw_task(draft, TASK_SUBMIT, 4);
        break;
    case DRAW_DERIVE:
        task_draft_derive(draft);
        break;
    case DRAW_REMAKE:
        task_draft_remake(draft);
        break;
    case DRAW_ALLOC:
        draw_task(draft, TASK_ALLOC, 2);
        break;
    case DRAW_LARGE:
        draw_task(draft, TASK_SUBMIT, TASK_PROGRAM_MAX_ARGS);
        break;
    case DRAW_BURST:
        draw_burst(draft);
        break;
    case DRAW_FAN:
        draw_fan(draft);
        break;
    case DRAW_DUMMY:
        draw_task(draft, TASK_DUMMY, 3);
        break;
    case DRAW_SCOPE:
        open_scopes(draft);
        break;
    case DRAW_ROUNDS:
        draw_rounds(draft);
        break;
    case DRAW_SCOPE_END:
        close_scope(draft);
        break;
    case DRAW_GET:
        draw_scalar(draft, TASK_GET);
        break;
    case DRAW_SET:
        draw_scalar(draft, TASK_SET);
        break;
    default:
        draw_fatal(draft);
        break;
    }
}

void task_draw(struct choice *choice, const struct task_draw_rules *rules, struct task_program *program)
{
    static const uint32_t lengths[] = {3, 1};
    static const uint32_t externals[TASK_PROGRAM_EXTERNALS] = {4, 3, 1, 1};
    static struct task_draft draft;
    memset(&draft, 0, sizeof(draft));
    draft.choice = choice;
    draft.rules = rules;
    draft.program = program;
    program->op_count = program->task_count = program->register_count = 0;
    program->buffer_count = program->dependency_count = program->request_count = 0;
    program->external_count = 1 + (uint32_t)choice_pick_weighted(choice, externals, TASK_PROGRAM_EXTERNALS);
    for (uint32_t i = 0; i < program->external_count; i++) {
        task_draft_external(&draft);
    }
    uint32_t length = choice_pick_weighted(choice, lengths, 2) == 0 ? 8 : 32; /* on average */
    while (!draft.over && program->op_count < MOST_OPS && choice_below(choice, length) != 0) {
        draw_op(&draft);
    }
    while (draft.depth > 0) {
        close_scope(&draft);
    }
    if (!rules->graph) {
        task_draft_late(&draft);
    }
}
