/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/task_play.h"

#include <stdlib.h>
#include <string.h>

#include "abi/shared_memory.h"
#include "harness/program/artefacts.h"
#include "npu/arch.h"

#define TASK_CALLABLE 0
#define TASK_PATH_BYTES 1024u

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

struct task_play *task_play_open(char *error, size_t capacity)
{
    static const struct session_set_rules rules = {.wants = task_wants, .prepare = task_prepare};
    struct task_play *play = calloc(1, sizeof(*play));
    (void)snprintf(error, capacity, "no memory");
    if (play != NULL && session_set_open(&play->set, &rules, error, capacity) != 0) {
        free(play);
        return NULL;
    }
    return play;
}

void task_play_close(struct task_play *play)
{
    session_set_close(&play->set);
    free(play);
}

static void clear_knobs(void)
{
    (void)unsetenv(PTO_ENV_TASK_WINDOW);
    (void)unsetenv(PTO_ENV_HEAP);
    (void)unsetenv(PTO_ENV_DEP_POOL);
    (void)unsetenv(PTO_ENV_ORCH_TO_SCHED);
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
static struct session *find_session(struct task_play *play, const struct variant *variant)
{
    struct session *found = NULL;
    for (size_t i = 0; i < play->set.count; i++) {
        struct session *session = &play->set.sessions[i];
        if (session->variant == variant ||
            (found == NULL && strcmp(session->variant->runtime, variant->runtime) == 0)) {
            found = session;
        }
    }
    return found;
}

static struct task_board *task_play_board(struct task_play *play)
{
    return (struct task_board *)(void *)play->board;
}

/* Another variant than the drawn one may have no events. */
static bool can_wait(const struct session *session, const struct task_program *program)
{
    bool events = npu_arch_find(session->variant->arch)->has_sdma;
    for (uint32_t i = 0; i < program->task_count; i++) {
        const struct task_op *op = task_program_task(program, i);
        if (op->defers != 0 && op->how == TASK_EVENT && !events) {
            return false;
        }
    }
    return true;
}

void task_play_load(struct task_play *play, const struct task_case *drawn)
{
    const struct task_program *program = &drawn->program;
    play->word_count = task_program_encode(program, play->words, TASK_PROGRAM_WORDS);
    task_trace_prepare(program, task_play_board(play));
    play->board_bytes = task_board_bytes(program->request_count, task_program_parts(program, program->task_count));
    for (uint32_t i = 0; i < program->external_count; i++) {
        for (uint32_t k = 0; k < program->buffers[i].bytes; k++) {
            play->before.bytes[i][k] = (uint8_t)(i * 64 + k + 1);
        }
        memcpy(play->device.bytes[i], play->before.bytes[i], TASK_PROGRAM_BUFFER_BYTES);
        memcpy(play->expected.bytes[i], play->before.bytes[i], TASK_PROGRAM_BUFFER_BYTES);
    }
}

static void fill_args(struct task_play *play, const struct task_program *program, struct pto_chip_args *args)
{
    struct pto_continuous_tensor tensor = {
        .data = (uintptr_t)play->words, .shapes = {play->word_count}, .ndims = 1, .dtype = PTO_UINT32};
    pto_chip_args_clear(args);
    (void)pto_chip_args_add_tensor(args, &tensor);
    for (uint32_t i = 0; i < program->external_count; i++) {
        tensor = (struct pto_continuous_tensor){.data = (uintptr_t)play->device.bytes[i],
                                                .shapes = {program->buffers[i].bytes},
                                                .ndims = 1,
                                                .dtype = PTO_UINT8};
        (void)pto_chip_args_add_tensor(args, &tensor);
    }
    tensor = (struct pto_continuous_tensor){
        .data = (uintptr_t)play->board, .shapes = {(uint32_t)play->board_bytes}, .ndims = 1, .dtype = PTO_UINT8};
    (void)pto_chip_args_add_tensor(args, &tensor);
}

static int check_externals(struct property_context *context, const struct task_play *play,
                           const struct task_program *program, const struct task_memory *expected, const char *what)
{
    for (uint32_t i = 0; i < program->external_count; i++) {
        for (uint32_t k = 0; k < program->buffers[i].bytes; k++) {
            PROPERTY_REQUIRE(context, play->device.bytes[i][k] == expected->bytes[i][k],
                             "external %u, byte %u of %u is %#x, %s %#x", i, k, program->buffers[i].bytes,
                             play->device.bytes[i][k], what, expected->bytes[i][k]);
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

static int run_on(struct task_play *play, const struct task_case *drawn, struct session *session,
                  struct property_context *context)
{
    static struct pto_chip_args args;
    fill_args(play, &drawn->program, &args);
    int set = session->debug->set_engine(session->context, &drawn->engine);
    PROPERTY_REQUIRE(context, set == 0, "set_engine(kind %d, policy %d) returned %d", drawn->engine.kind,
                     drawn->engine.policy, set);
    int result = session_run(session, TASK_CALLABLE, &args, drawn->blocks, drawn->threads, NULL);
    PROPERTY_REQUIRE(context, task_ends_allow(&drawn->ends, result), "result %d, allowed are%s and codes %#lx: %s",
                     result, drawn->ends.well ? " 0" : " not 0", drawn->ends.codes,
                     result != 0 ? session->error : "no error");
    if (result != 0) {
        return check_externals(context, play, &drawn->program, &play->before, "a failed run leaves");
    }
    task_sequence_run(&drawn->program, &play->expected);
    if (check_externals(context, play, &drawn->program, &play->expected, "one task after the other gives") != 0) {
        return 1;
    }
    char text[256];
    bool traced = task_trace_check(&drawn->program, &drawn->limits, task_play_board(play), text, sizeof(text));
    PROPERTY_REQUIRE(context, traced, "%s", text);
    return check_counts(context, session, &drawn->program);
}

int task_play_run(struct task_play *play, const struct task_case *drawn, struct property_context *context)
{
    struct session *session = find_session(play, drawn->variant);
    if (session == NULL || !can_wait(session, &drawn->program)) {
        return 0;
    }
    set_knobs(drawn);
    int result = run_on(play, drawn, session, context);
    clear_knobs();
    return result;
}
