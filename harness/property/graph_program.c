/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/graph_program.h"

#include <string.h>

#include "abi/error_codes.h"
#include "abi/graph.h"

/* Required edges are at most GRAPH_PROGRAM_TASKS - 1 of a task; these fit beside them, and a cycle's two as well. */
#define EXTRA_SUCCESSORS 7u

static void draw_task(struct choice *choice, const struct graph_program *program, struct graph_program_task *task)
{
    static const uint32_t kinds[] = {6, 1};
    uint32_t most = choice_pick_weighted(choice, kinds, 2) == 0 ? 3 : GRAPH_PROGRAM_MAX_SOURCES;
    task->core_type = choice_bool(choice) ? PTO_CORE_AIC : PTO_CORE_AIV;
    task->salt = (uint32_t)choice_below(choice, 256);
    task->target = (uint32_t)choice_below(choice, program->cell_count);
    task->source_count = (uint32_t)choice_below(choice, most + 1);
    for (uint32_t i = 0; i < task->source_count; i++) {
        task->sources[i] = (uint32_t)choice_below(choice, program->cell_count);
    }
}

/* Ids in the order of the model, or in any order. */
static void draw_ids(struct choice *choice, struct graph_program *program)
{
    bool shuffled = choice_bool(choice);
    for (uint32_t i = 0; i < program->task_count; i++) {
        uint32_t other = shuffled ? (uint32_t)choice_below(choice, i + 1) : i;
        program->tasks[i].id = i;
        if (other != i) {
            program->tasks[i].id = program->tasks[other].id;
            program->tasks[other].id = i;
        }
    }
}

static bool reads(const struct graph_program_task *task, uint32_t cell)
{
    for (uint32_t i = 0; i < task->source_count; i++) {
        if (task->sources[i] == cell) {
            return true;
        }
    }
    return false;
}

static bool conflict(const struct graph_program_task *one, const struct graph_program_task *other)
{
    return one->target == other->target || reads(one, other->target) || reads(other, one->target);
}

static void add_edge(struct graph_program *program, const struct graph_program_task *from,
                     const struct graph_program_task *to)
{
    program->edges[program->edge_count++] = (struct graph_program_edge){from->id, to->id};
}

/*
 * An edge for each conflict that no path orders yet, `ordered[i]` being the tasks before task i; and a few edges more,
 * between any tasks or twice between the same.
 */
static void make_edges(struct choice *choice, struct graph_program *program)
{
    static bool ordered[GRAPH_PROGRAM_TASKS][GRAPH_PROGRAM_TASKS];
    uint8_t extra[GRAPH_PROGRAM_TASKS] = {0};
    memset(ordered, 0, sizeof(ordered));
    for (uint32_t i = 1; i < program->task_count; i++) {
        for (uint32_t j = i; j-- > 0;) {
            if (ordered[i][j] || !conflict(&program->tasks[j], &program->tasks[i])) {
                continue;
            }
            add_edge(program, &program->tasks[j], &program->tasks[i]);
            ordered[i][j] = true;
            for (uint32_t k = 0; k < j; k++) {
                ordered[i][k] = ordered[i][k] || ordered[j][k];
            }
        }
        uint32_t more = (uint32_t)choice_below(choice, 8);
        uint32_t from = more < 3 ? (uint32_t)choice_below(choice, i) : 0;
        for (uint32_t k = 0; more < 3 && k < more && extra[from] < EXTRA_SUCCESSORS; k++) {
            add_edge(program, &program->tasks[from], &program->tasks[i]);
            extra[from]++;
        }
    }
}

static void run_model(struct graph_program *program)
{
    memcpy(program->expected, program->cells, sizeof(program->cells));
    for (uint32_t i = 0; i < program->task_count; i++) {
        const struct graph_program_task *task = &program->tasks[i];
        uint64_t value = graph_program_mix(program->expected[task->target], task->salt);
        for (uint32_t k = 0; k < task->source_count; k++) {
            /* The kernel stores its target last, so a target among the sources is read as it was. */
            value = graph_program_mix(value, program->expected[task->sources[k]]);
        }
        program->expected[task->target] = value;
    }
}

/* ---- encoding ---- */

static void emit(struct graph_program *program, const uint32_t *words, uint32_t count)
{
    memcpy(program->words + program->word_count, words, count * sizeof(words[0]));
    program->word_count += count;
}

#define EMIT(program, ...)                                                        \
    do {                                                                          \
        const uint32_t emitted[] = {__VA_ARGS__};                                 \
        emit(program, emitted, (uint32_t)(sizeof(emitted) / sizeof(emitted[0]))); \
    } while (0)

static void emit_task(struct graph_program *program, const struct graph_program_task *task)
{
    EMIT(program, GRAPH_TASK, task->core_type, task->salt, task->target, task->source_count);
    emit(program, task->sources, task->source_count);
}

/* Edges whose later end is `id`; all of them for UINT32_MAX. */
static void emit_edges(struct graph_program *program, uint32_t id)
{
    for (uint32_t i = 0; i < program->edge_count; i++) {
        const struct graph_program_edge *edge = &program->edges[i];
        uint32_t later = edge->from > edge->to ? edge->from : edge->to;
        if (id == UINT32_MAX || later == id) {
            EMIT(program, GRAPH_EDGE, edge->from, edge->to);
        }
    }
}

static const struct graph_program_task *task_with(const struct graph_program *program, uint32_t id)
{
    const struct graph_program_task *task = program->tasks;
    while (task->id != id) {
        task++;
    }
    return task;
}

static int32_t draw_outside(struct choice *choice, int32_t low, int32_t high)
{
    int32_t value = (int32_t)choice_edge(choice);
    if (value >= low && value <= high) {
        value = choice_bool(choice) ? low - 1 : high + 1;
    }
    return value;
}

static void emit_bad_task(struct choice *choice, struct graph_program *program)
{
    uint32_t wrong = (uint32_t)choice_below(choice, 3);
    int32_t count = wrong == 0 ? draw_outside(choice, 0, PTO_GRAPH_MAX_ARGS) : 1;
    int32_t func_id = wrong == 1 ? draw_outside(choice, 0, 0) : 0;
    int32_t core_type = wrong == 2 ? draw_outside(choice, PTO_CORE_AIC, PTO_CORE_AIV) : PTO_CORE_AIV;
    EMIT(program, GRAPH_RAW_TASK, (uint32_t)count, (uint32_t)func_id, (uint32_t)core_type);
}

static void emit_bad_edge(struct choice *choice, struct graph_program *program)
{
    uint32_t bad = (uint32_t)draw_outside(choice, 0, (int32_t)program->task_count - 1);
    uint32_t other = (uint32_t)choice_below(choice, program->task_count);
    bool from = choice_bool(choice);
    EMIT(program, GRAPH_EDGE, from ? bad : other, from ? other : bad);
}

/* The wrong thing. Everything before it is as it should be, and what comes after it must not matter. */
static void emit_defect(struct choice *choice, struct graph_program *program)
{
    uint32_t one = (uint32_t)choice_below(choice, program->task_count);
    uint32_t other = (uint32_t)choice_below(choice, program->task_count);
    switch (program->defect) {
    case GRAPH_BAD_EDGE:
        emit_bad_edge(choice, program);
        break;
    case GRAPH_BAD_FANOUT:
        for (uint32_t i = 0; i <= PTO_GRAPH_MAX_FANOUT; i++) {
            EMIT(program, GRAPH_EDGE, one, other);
        }
        break;
    case GRAPH_BAD_TASK:
        emit_bad_task(choice, program);
        break;
    case GRAPH_BAD_CYCLE:
        EMIT(program, GRAPH_EDGE, one, other);
        EMIT(program, GRAPH_EDGE, other, one);
        break;
    case GRAPH_BAD_RETURN:
        EMIT(program, GRAPH_RETURN, (uint32_t)program->expected_result);
        break;
    default:
        break;
    }
}

/* Gives one task as many successors as there may be. */
static void fill_fanout(struct choice *choice, struct graph_program *program)
{
    const struct graph_program_task *last = &program->tasks[program->task_count - 1];
    const struct graph_program_task *from = &program->tasks[choice_below(choice, program->task_count - 1)];
    uint32_t count = 0;
    for (uint32_t i = 0; i < program->edge_count; i++) {
        count += program->edges[i].from == from->id;
    }
    for (; count < PTO_GRAPH_MAX_FANOUT; count++) {
        add_edge(program, from, last);
    }
}

static void draw_defect(struct choice *choice, struct graph_program *program)
{
    static const uint32_t kinds[GRAPH_DEFECTS] = {12, 1, 1, 1, 1, 1};
    static const int32_t results[GRAPH_DEFECTS] = {[GRAPH_BAD_EDGE] = -PTO_ERR_INVALID_ARGS,
                                                   [GRAPH_BAD_FANOUT] = -PTO_ERR_INVALID_ARGS,
                                                   [GRAPH_BAD_TASK] = -PTO_ERR_INVALID_ARGS,
                                                   [GRAPH_BAD_CYCLE] = -PTO_ERR_SCHEDULER_TIMEOUT};
    program->defect = (enum graph_defect)choice_pick_weighted(choice, kinds, GRAPH_DEFECTS);
    if (program->task_count == 0) {
        program->defect = GRAPH_SOUND;
    }
    program->expected_result = results[program->defect];
    if (program->defect == GRAPH_BAD_RETURN) {
        program->expected_result = (int32_t)choice_range(choice, 1, 100) * (choice_bool(choice) ? -1 : 1);
    }
    if (program->defect != GRAPH_SOUND) {
        memcpy(program->expected, program->cells, sizeof(program->cells));
    } else if (program->task_count > 1 && choice_below(choice, 16) == 1) {
        fill_fanout(choice, program);
    }
}

static void encode(struct choice *choice, struct graph_program *program)
{
    bool at_once = choice_bool(choice); /* edges as soon as both ends are there */
    bool early = choice_bool(choice);   /* the wrong thing before the edges that follow all tasks */
    program->word_count = 0;
    if (choice_bool(choice)) {
        EMIT(program, GRAPH_SCRATCH, (uint32_t)choice_below(choice, 4096));
    }
    for (uint32_t id = 0; id < program->task_count; id++) {
        emit_task(program, task_with(program, id));
        if (at_once) {
            emit_edges(program, id);
        }
    }
    if (early) {
        emit_defect(choice, program);
    }
    if (!at_once) {
        emit_edges(program, UINT32_MAX);
    }
    if (!early) {
        emit_defect(choice, program);
    }
}

void graph_program_draw(struct choice *choice, struct graph_program *program)
{
    static const uint32_t sizes[] = {4, 1};
    uint32_t most = choice_pick_weighted(choice, sizes, 2) == 0 ? 16 : GRAPH_PROGRAM_TASKS;
    program->task_count = (uint32_t)choice_below(choice, most + 1);
    program->cell_count = 1 + (uint32_t)choice_below(choice, GRAPH_PROGRAM_CELLS);
    program->edge_count = 0;
    for (uint32_t i = 0; i < GRAPH_PROGRAM_CELLS; i++) {
        program->cells[i] = i;
    }
    for (uint32_t i = 0; i < program->task_count; i++) {
        draw_task(choice, program, &program->tasks[i]);
    }
    draw_ids(choice, program);
    make_edges(choice, program);
    run_model(program);
    draw_defect(choice, program);
    encode(choice, program);
}
