/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_example: the scene of that name gives its golden result for any inputs, sizes, blocks, threads, engine, policy
 * and schedule (R13, R19, R22).
 */
#include <stdlib.h>
#include <string.h>

#include "harness/program/session.h"
#include "harness/property/property.h"

#define VECTOR_CALLABLE 0
#define VECTOR_MAX_BLOCKS 24
#define VECTOR_MAX_THREADS 4

struct vector_state {
    struct session session;
    const struct scene *scene;
};

static void vector_teardown(struct property_context *context)
{
    struct vector_state *state = context->state;
    if (state != NULL) {
        session_close(&state->session);
    }
    free(state);
    context->state = NULL;
}

static int vector_prepare(struct vector_state *state)
{
    void *image = NULL;
    size_t bytes = 0;
    int result = session_pack_scene(&state->session, state->scene, &image, &bytes);
    if (result == 0) {
        result = session_prepare(&state->session, VECTOR_CALLABLE, image);
    }
    free(image);
    return result;
}

static int vector_setup(struct property_context *context)
{
    struct vector_state *state = calloc(1, sizeof(*state));
    const struct session_options options = {.device_id = 0};
    if (state == NULL) {
        return -property_fail(context, "no memory");
    }
    state->scene = scene_find("vector_example");
    if (state->scene == NULL || session_open(&state->session, &options) != 0) {
        (void)property_fail(context, "no scene or no session: %s", state->session.error);
        free(state);
        return -1;
    }
    context->state = state;
    if (state->session.debug == NULL || vector_prepare(state) != 0) {
        (void)property_fail(context, "vector_example cannot be prepared: %s", state->session.error);
        vector_teardown(context);
        return -1;
    }
    return 0;
}

/* Mostly the reproducible engine, under every policy; 0 is fibers, round robin. */
static void vector_draw_engine(struct choice *choice, struct pto_engine_options *options)
{
    static const uint32_t kinds[] = {15, 1};
    memset(options, 0, sizeof(*options));
    options->size = sizeof(*options);
    options->kind = (int32_t)choice_pick_weighted(choice, kinds, 2);
    options->policy = (int32_t)choice_below(choice, 4);
    options->seed = choice_below(choice, 1u << 16);
    options->pct_depth = (uint32_t)choice_range(choice, 1, 5);
    options->pct_steps = 2000;
    options->choose = choice_for_policy;
    options->choose_context = choice;
}

static int vector_run_case(struct vector_state *state, struct choice *choice, struct property_context *context,
                           struct scene_data *data)
{
    static const uint32_t block_kinds[] = {6, 1};
    struct pto_engine_options options;
    char message[SCENE_MESSAGE_BYTES] = "";
    vector_draw_engine(choice, &options);
    bool few = choice_pick_weighted(choice, block_kinds, 2) == 0;
    int blocks = (int)choice_range(choice, 1, few ? 3 : VECTOR_MAX_BLOCKS);
    int threads = (int)choice_range(choice, 1, VECTOR_MAX_THREADS);
    PROPERTY_REQUIRE(context, state->scene->make(data, choice) == 0, "the scene makes no inputs");
    property_trace(context, "engine %d, policy %d, seed %lu, %d blocks, %d threads, %u x %u elements", options.kind,
                   options.policy, options.seed, blocks, threads, data->args.tensors[0].shapes[0],
                   data->args.tensors[0].ndims > 1 ? data->args.tensors[0].shapes[1] : 1);
    int set = state->session.debug->set_engine(state->session.context, &options);
    PROPERTY_REQUIRE(context, set == 0, "set_engine(kind %d, policy %d) returned %d", options.kind, options.policy,
                     set);
    int result = session_run(&state->session, VECTOR_CALLABLE, &data->args, blocks, threads, NULL);
    PROPERTY_REQUIRE(context, result == state->scene->expected_result,
                     "%d blocks, %d threads: result %d, expected %d: %s", blocks, threads, result,
                     state->scene->expected_result, state->session.error);
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
    .summary = "vector_example is golden for any inputs, sizes, blocks, threads, engine and schedule",
    .run = vector_property_run,
    .default_runs = 300,
    .max_bytes = 8192,
    .setup = vector_setup,
    .teardown = vector_teardown,
};
