/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hbg_graph: a random graph on host_build_graph gives what its tasks give one after the other, for any blocks, threads,
 * engine, policy and schedule; and what is wrong with it fails the run with its code, changes nothing on the host, and
 * leaves no buffer behind (R13, R22, R24). The oracle is the sequence itself (graph_program.h).
 */
#include <stdlib.h>
#include <string.h>

#include "abi/graph.h"
#include "harness/program/session_set.h"
#include "harness/property/engine_choice.h"
#include "harness/property/graph_program.h"
#include "harness/property/property.h"
#include "npu/arch.h"

#define GRAPH_CALLABLE 0

struct graph_state {
    struct session_set set;
    struct graph_program program;
    uint64_t cells[GRAPH_PROGRAM_CELLS];
};

static bool graph_wants(void *owner, const char *variant)
{
    (void)owner;
    return variant_matches("*/hbg/*", variant);
}

static int graph_prepare(void *owner, struct session *session)
{
    (void)owner;
    return session_prepare_graph(session, GRAPH_CALLABLE, "fixtures/graph_program/orchestration.so",
                                 "fixtures/graph_program/kernel_mix.so");
}

static int graph_setup(struct property_context *context)
{
    static const struct session_set_rules rules = {.wants = graph_wants, .prepare = graph_prepare};
    struct graph_state *state = calloc(1, sizeof(*state));
    char error[PROPERTY_MESSAGE_BYTES / 2] = "no memory";
    if (state == NULL || session_set_open(&state->set, &rules, error, sizeof(error)) != 0) {
        free(state);
        return -property_fail(context, "no variant runs graphs: %s", error);
    }
    context->state = state;
    return 0;
}

static void graph_teardown(struct property_context *context)
{
    struct graph_state *state = context->state;
    if (state != NULL) {
        session_set_close(&state->set);
    }
    free(state);
    context->state = NULL;
}

/* After any run nothing is left but the table of tasks; a good one ran every task once. */
static int graph_check_ledgers(struct property_context *context, struct session *session,
                               const struct graph_program *program, int result)
{
    struct pto_statistics statistics;
    PROPERTY_REQUIRE(context, session_statistics(session, &statistics) == 0, "no statistics: %s", session->error);
    uint64_t bytes = statistics.device_bytes_by_kind[PTO_MEMORY_GRAPH];
    PROPERTY_REQUIRE(context, bytes % sizeof(struct pto_graph_task) == 0, "%lu bytes of graphs are no table of tasks",
                     bytes);
    PROPERTY_REQUIRE(context,
                     result != 0 || (statistics.last_tasks == program->task_count &&
                                     statistics.last_dispatches == program->task_count),
                     "%lu tasks and %lu dispatches for %u tasks", statistics.last_tasks, statistics.last_dispatches,
                     program->task_count);
    return 0;
}

static void graph_fill_args(struct graph_state *state, struct pto_chip_args *args)
{
    const struct graph_program *program = &state->program;
    const struct pto_continuous_tensor words = {
        .data = (uintptr_t)program->words, .shapes = {program->word_count}, .ndims = 1, .dtype = PTO_UINT32};
    const struct pto_continuous_tensor cells = {
        .data = (uintptr_t)state->cells, .shapes = {program->cell_count}, .ndims = 1, .dtype = PTO_UINT64};
    pto_chip_args_clear(args);
    (void)pto_chip_args_add_tensor(args, &words);
    (void)pto_chip_args_add_tensor(args, &cells);
    memcpy(state->cells, program->cells, sizeof(state->cells));
}

static int graph_check_cells(struct property_context *context, const struct graph_state *state)
{
    const struct graph_program *program = &state->program;
    for (uint32_t i = 0; i < GRAPH_PROGRAM_CELLS; i++) {
        PROPERTY_REQUIRE(context, state->cells[i] == program->expected[i],
                         "cell %u of %u is %#lx, one task after the other gives %#lx", i, program->cell_count,
                         state->cells[i], program->expected[i]);
    }
    return 0;
}

static void graph_trace(struct property_context *context, const struct graph_program *program)
{
    for (uint32_t i = 0; context->trace != NULL && i < program->task_count; i++) {
        const struct graph_program_task *task = &program->tasks[i];
        property_trace(context, "task %u on %s: cell %u, salt %u, %u sources", task->id,
                       task->core_type == PTO_CORE_AIC ? "AIC" : "AIV", task->target, task->salt, task->source_count);
    }
    for (uint32_t i = 0; context->trace != NULL && i < program->edge_count; i++) {
        property_trace(context, "%u before %u", program->edges[i].from, program->edges[i].to);
    }
}

static int graph_run(struct choice *choice, struct property_context *context)
{
    struct graph_state *state = context->state;
    struct graph_program *program = &state->program;
    struct session *session = &state->set.sessions[choice_below(choice, VARIANT_COUNT) % state->set.count];
    const struct npu_arch *arch = npu_arch_find(session->variant->arch);
    static const uint32_t block_kinds[] = {6, 1};
    static struct pto_chip_args args;
    struct pto_engine_options options;
    char name[VARIANT_NAME_BYTES];
    bool few = choice_pick_weighted(choice, block_kinds, 2) == 0;
    int blocks = (int)choice_range(choice, 1, few ? 3 : arch->max_blocks);
    int threads = (int)choice_range(choice, 1, arch->max_aicpu_threads);
    engine_choice_draw(choice, &options);
    graph_program_draw(choice, program);
    if (program->defect == GRAPH_BAD_CYCLE) {
        options.kind = PTO_ENGINE_FIBERS; /* threads need real time to find out */
    }
    property_trace(context, "%s, engine %d, policy %d, seed %lu, %d blocks, %d threads, %u tasks, %u edges, defect %d",
                   variant_name(session->variant, name), options.kind, options.policy, options.seed, blocks, threads,
                   program->task_count, program->edge_count, (int)program->defect);
    graph_trace(context, program);
    graph_fill_args(state, &args);
    int set = session->debug->set_engine(session->context, &options);
    PROPERTY_REQUIRE(context, set == 0, "set_engine(kind %d, policy %d) returned %d", options.kind, options.policy,
                     set);
    int result = session_run(session, GRAPH_CALLABLE, &args, blocks, threads, NULL);
    PROPERTY_REQUIRE(context, result == program->expected_result,
                     "%d blocks, %d threads, defect %d: result %d, expected %d: %s", blocks, threads,
                     (int)program->defect, result, program->expected_result, session->error);
    return graph_check_cells(context, state) != 0 ? 1 : graph_check_ledgers(context, session, program, result);
}

const struct property property_hbg_graph = {
    .name = "hbg_graph",
    .summary = "a random graph on host_build_graph equals its tasks one after the other; a wrong one fails cleanly",
    .run = graph_run,
    .default_runs = 2000,
    .max_bytes = 8192,
    .setup = graph_setup,
    .teardown = graph_teardown,
};
