/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_example: the scene of that name gives its golden result on any variant, for any inputs, sizes, blocks,
 * threads, engine, policy and schedule (R13, R19, R22).
 */
#include <stdlib.h>
#include <string.h>

#include "harness/program/session_set.h"
#include "harness/property/engine_choice.h"
#include "harness/property/property.h"
#include "npu/arch.h"

#define VECTOR_CALLABLE 0

/* A session on each variant that was built and that the scene runs on. */
struct vector_state {
    const struct scene *scene;
    struct session_set set;
};

static bool vector_wants(void *owner, const char *variant)
{
    const struct vector_state *state = owner;
    return variant_of_scene(state->scene, variant);
}

static int vector_prepare(void *owner, struct session *session)
{
    const struct vector_state *state = owner;
    void *image = NULL;
    size_t bytes = 0;
    int result = session_pack_scene(session, state->scene, &image, &bytes);
    if (result == 0) {
        result = session_prepare(session, VECTOR_CALLABLE, image);
    }
    free(image);
    return result;
}

static int vector_setup(struct property_context *context)
{
    struct vector_state *state = calloc(1, sizeof(*state));
    char error[PROPERTY_MESSAGE_BYTES / 2] = "no such scene, or no memory";
    const struct session_set_rules rules = {.wants = vector_wants, .prepare = vector_prepare, .owner = state};
    if (state != NULL) {
        state->scene = scene_find("vector_example");
    }
    if (state == NULL || state->scene == NULL || session_set_open(&state->set, &rules, error, sizeof(error)) != 0) {
        free(state);
        return -property_fail(context, "vector_example cannot be prepared: %s", error);
    }
    context->state = state;
    return 0;
}

static void vector_teardown(struct property_context *context)
{
    struct vector_state *state = context->state;
    if (state != NULL) {
        session_set_close(&state->set);
    }
    free(state);
    context->state = NULL;
}

static int vector_run_case(struct vector_state *state, struct choice *choice, struct property_context *context,
                           struct scene_data *data)
{
    struct session *session = &state->set.sessions[choice_below(choice, VARIANT_COUNT) % state->set.count];
    const struct npu_arch *arch = npu_arch_find(session->variant->arch);
    char name[VARIANT_NAME_BYTES];
    static const uint32_t block_kinds[] = {6, 1};
    struct pto_engine_options options;
    char message[SCENE_MESSAGE_BYTES] = "";
    engine_choice_draw(choice, &options);
    bool few = choice_pick_weighted(choice, block_kinds, 2) == 0;
    int blocks = (int)choice_range(choice, 1, few ? 3 : arch->max_blocks);
    int threads = (int)choice_range(choice, 1, arch->max_aicpu_threads);
    PROPERTY_REQUIRE(context, state->scene->make(data, choice) == 0, "the scene makes no inputs");
    property_trace(context, "%s, engine %d, policy %d, seed %lu, %d blocks, %d threads, %u x %u elements",
                   variant_name(session->variant, name), options.kind, options.policy, options.seed, blocks, threads,
                   data->args.tensors[0].shapes[0],
                   data->args.tensors[0].ndims > 1 ? data->args.tensors[0].shapes[1] : 1);
    int set = session->debug->set_engine(session->context, &options);
    PROPERTY_REQUIRE(context, set == 0, "set_engine(kind %d, policy %d) returned %d", options.kind, options.policy,
                     set);
    int result = session_run(session, VECTOR_CALLABLE, &data->args, blocks, threads, NULL);
    PROPERTY_REQUIRE(context, result == state->scene->expected_result,
                     "%d blocks, %d threads: result %d, expected %d: %s", blocks, threads, result,
                     state->scene->expected_result, session->error);
    PROPERTY_REQUIRE(context, state->scene->check(data, message) == 0,
                     "%d blocks, %d threads, engine %d, policy %d: %s", blocks, threads, options.kind, options.policy,
                     message);
    return 0;
}

static int vector_property_run(struct choice *choice, struct property_context *context)
{
    struct scene_data data;
    memset(&data, 0, sizeof(data));
    int failed = vector_run_case(context->state, choice, context, &data);
    scene_data_free(&data);
    return failed;
}

const struct property property_vector_example = {
    .name = "vector_example",
    .summary = "vector_example is golden on any variant for any inputs, sizes, blocks, threads, engine and schedule",
    .run = vector_property_run,
    .default_runs = 300,
    .max_bytes = 8192,
    .setup = vector_setup,
    .teardown = vector_teardown,
};
