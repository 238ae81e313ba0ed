/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_program: any program, on any variant, under any schedule, with any legal sizes, gives the result of running its
 * tasks one after another, or the documented error code, and then changes nothing (R13, R19-R23). The program is drawn
 * by task_draw.h, the result is that of task_sequence.h, the codes are those of task_limits.h; a debug build adds its
 * own check of the device after each run.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/shared_memory.h"
#include "harness/oracle/task_sequence.h"
#include "harness/program/artefacts.h"
#include "harness/program/session_set.h"
#include "harness/property/property.h"
#include "harness/property/task_case.h"

#define TASK_CALLABLE 0
#define TASK_PATH_BYTES 1024u

struct task_state {
    struct session_set set;
    struct task_case drawn;
    uint32_t words[TASK_PROGRAM_WORDS];
    struct task_memory before;   /* externals */
    struct task_memory device;   /* as the run leaves them */
    struct task_memory expected; /* by the oracle */
};

static bool task_wants(void *owner, const char *variant)
{
    (void)owner;
    (void)variant;
    return true;
}

static int prepare_trb(struct session *session)
{
    char orchestration[TASK_PATH_BYTES];
    char kernels[TASK_PROGRAM_KERNELS][TASK_PATH_BYTES];
    struct session_child children[TASK_PROGRAM_KERNELS] = {{0}};
    static const int32_t signature[] = {PTO_IN};
    void *image = NULL;
    size_t bytes = 0;
    int result = artefacts_path(orchestration, sizeof(orchestration), session->artefacts, "%s",
                                "fixtures/task_program/orchestration.so");
    for (uint32_t i = 0; i < TASK_PROGRAM_KERNELS && result == 0; i++) {
        result =
            artefacts_path(kernels[i], TASK_PATH_BYTES, session->artefacts, "fixtures/task_program/stamp_%u.so", i);
        children[i].path = kernels[i];
        children[i].func_id = (int32_t)i;
    }
    if (result == 0) {
        result = session_pack_files(session, orchestration, NULL, NULL, signature, 1, children, TASK_PROGRAM_KERNELS,
                                    &image, &bytes);
    }
    if (result == 0) {
        result = session_prepare(session, TASK_CALLABLE, image);
    }
    free(image);
    return result;
}

static int task_prepare(void *owner, struct session *session)
{
    (void)owner;
    if (strcmp(session->variant->runtime, "trb") == 0) {
        return prepare_trb(session);
    }
    return session_prepare_graph(session, TASK_CALLABLE, "fixtures/task_program_hbg/orchestration.so",
                                 "fixtures/task_program_hbg/stamp.so");
}

static int task_setup(struct property_context *context)
{
    static const struct session_set_rules rules = {.wants = task_wants, .prepare = task_prepare};
    struct task_state *state = calloc(1, sizeof(*state));
    char error[PROPERTY_MESSAGE_BYTES / 2] = "no memory";
    if (state == NULL || session_set_open(&state->set, &rules, error, sizeof(error)) != 0) {
        free(state);
        return -property_fail(context, "no variant runs programs: %s", error);
    }
    context->state = state;
    return 0;
}

static void clear_knobs(void)
{
    (void)unsetenv(PTO_ENV_TASK_WINDOW);
    (void)unsetenv(PTO_ENV_HEAP);
    (void)unsetenv(PTO_ENV_DEP_POOL);
    (void)unsetenv(PTO_ENV_ORCH_TO_SCHED);
}

static void task_teardown(struct property_context *context)
{
    struct task_state *state = context->state;
    if (state != NULL) {
        session_set_close(&state->set);
    }
    free(state);
    context->state = NULL;
}

static void set_knob(const char *name, uint64_t value, uint64_t standard)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lu", value);
    if (value != standard) {
        (void)setenv(name, text, 1);
    } else {
        (void)unsetenv(name);
    }
}

static void set_knobs(const struct task_case *drawn)
{
    set_knob(PTO_ENV_TASK_WINDOW, drawn->limits.window, PTO_DEFAULT_TASK_WINDOW);
    set_knob(PTO_ENV_HEAP, drawn->limits.heap, PTO_DEFAULT_HEAP_BYTES);
    set_knob(PTO_ENV_DEP_POOL, drawn->limits.pool, PTO_DEFAULT_DEP_POOL);
    set_knob(PTO_ENV_ORCH_TO_SCHED, drawn->transition ? 1 : 0, 0);
}

/* The session of the drawn variant; when that is not there, one of the same runtime, which the program is made for. */
static struct session *find_session(struct task_state *state)
{
    struct session *found = NULL;
    for (size_t i = 0; i < state->set.count; i++) {
        struct session *session = &state->set.sessions[i];
        if (session->variant == state->drawn.variant ||
            (found == NULL && strcmp(session->variant->runtime, state->drawn.variant->runtime) == 0)) {
            found = session;
        }
    }
    return found;
}

static void fill_args(struct task_state *state, struct pto_chip_args *args)
{
    const struct task_program *program = &state->drawn.program;
    struct pto_continuous_tensor tensor = {.data = (uintptr_t)state->words, .ndims = 1, .dtype = PTO_UINT32};
    tensor.shapes[0] = task_program_encode(program, state->words, TASK_PROGRAM_WORDS);
    pto_chip_args_clear(args);
    (void)pto_chip_args_add_tensor(args, &tensor);
    for (uint32_t i = 0; i < program->external_count; i++) {
        for (uint32_t k = 0; k < program->buffers[i].bytes; k++) {
            state->before.bytes[i][k] = (uint8_t)(i * 64 + k + 1);
        }
        memcpy(state->device.bytes[i], state->before.bytes[i], TASK_PROGRAM_BUFFER_BYTES);
        memcpy(state->expected.bytes[i], state->before.bytes[i], TASK_PROGRAM_BUFFER_BYTES);
        tensor =
            (struct pto_continuous_tensor){.data = (uintptr_t)state->device.bytes[i], .ndims = 1, .dtype = PTO_UINT8};
        tensor.shapes[0] = program->buffers[i].bytes;
        (void)pto_chip_args_add_tensor(args, &tensor);
    }
}

static int check_externals(struct property_context *context, const struct task_state *state,
                           const struct task_memory *expected, const char *what)
{
    const struct task_program *program = &state->drawn.program;
    for (uint32_t i = 0; i < program->external_count; i++) {
        for (uint32_t k = 0; k < program->buffers[i].bytes; k++) {
            PROPERTY_REQUIRE(context, state->device.bytes[i][k] == expected->bytes[i][k],
                             "external %u, byte %u of %u is %#x, %s %#x", i, k, program->buffers[i].bytes,
                             state->device.bytes[i][k], what, expected->bytes[i][k]);
        }
    }
    return 0;
}

/* Every task was run, and every part of it, once. */
static int check_counts(struct property_context *context, struct session *session, const struct task_program *program)
{
    struct pto_statistics statistics;
    uint64_t parts = 0;
    uint64_t tasks = 0;
    bool graph = strcmp(session->variant->runtime, "hbg") == 0;
    for (uint32_t i = 0; i < program->task_count; i++) {
        const struct task_op *op = task_program_task(program, i);
        parts += task_op_parts(op);
        tasks += !graph || op->opcode == TASK_SUBMIT;
    }
    PROPERTY_REQUIRE(context, session_statistics(session, &statistics) == 0, "no statistics: %s", session->error);
    PROPERTY_REQUIRE(context, statistics.last_tasks == tasks && statistics.last_dispatches == parts,
                     "%lu tasks and %lu dispatches, the program has %lu and %lu", statistics.last_tasks,
                     statistics.last_dispatches, tasks, parts);
    return 0;
}

static int run_case(struct task_state *state, struct session *session, struct property_context *context)
{
    static struct pto_chip_args args;
    const struct task_case *drawn = &state->drawn;
    fill_args(state, &args);
    int set = session->debug->set_engine(session->context, &drawn->engine);
    PROPERTY_REQUIRE(context, set == 0, "set_engine(kind %d, policy %d) returned %d", drawn->engine.kind,
                     drawn->engine.policy, set);
    int result = session_run(session, TASK_CALLABLE, &args, drawn->blocks, drawn->threads, NULL);
    PROPERTY_REQUIRE(context, task_ends_allow(&drawn->ends, result), "result %d, allowed are%s and codes %#lx: %s",
                     result, drawn->ends.well ? " 0" : " not 0", drawn->ends.codes,
                     result != 0 ? session->error : "no error");
    if (result != 0) {
        return check_externals(context, state, &state->before, "a failed run leaves");
    }
    task_sequence_run(&drawn->program, &state->expected);
    return check_externals(context, state, &state->expected, "one task after the other gives") != 0
               ? 1
               : check_counts(context, session, &drawn->program);
}

static int task_run(struct choice *choice, struct property_context *context)
{
    struct task_state *state = context->state;
    task_case_draw(choice, &state->drawn);
    struct session *session = find_session(state);
    if (context->trace != NULL) {
        task_case_print(context->trace, &state->drawn);
    }
    if (session == NULL) {
        return 0;
    }
    set_knobs(&state->drawn);
    int result = run_case(state, session, context);
    clear_knobs();
    return result;
}

const struct property property_task_program = {
    .name = "task_program",
    .summary = "a random program equals its tasks one after another on any variant, or fails with its documented code",
    .run = task_run,
    .default_runs = 1500,
    .max_bytes = 8192,
    .setup = task_setup,
    .teardown = task_teardown,
};
