/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callable_table: random sequences of prepare, run, unregister, finalize and init on one context of a drawn variant
 * against a 64-entry model, which is the same for all variants (R5-R9, R11, R13). Ids come from all of int32; the
 * callables share bytes, share function ids with other kernels, or have no children. After every step: return code,
 * output, error text, dlopen counters, device bytes by kind.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "harness/model/callable_model.h"
#include "harness/model/callables.h"
#include "harness/model/runtime_client.h"
#include "harness/program/artefacts.h"
#include "harness/property/property.h"
#include "npu/arch.h"

#define TABLE_STEPS 24u
#define TABLE_ELEMENTS 64u
#define TABLE_DEVICES 3

/* An open variant. */
struct table_variant {
    const struct variant *variant;
    const struct npu_arch *arch;
    struct callable_model_rules rules;
    struct runtime_client client;
    struct callable_image images[CALLABLE_KIND_COUNT];
    struct callable_model_content contents[CALLABLE_KIND_COUNT];
};

/* Those that were built. */
struct table_state {
    struct table_variant variants[VARIANT_COUNT];
    size_t count;
};

/* One case. */
struct table_case {
    const struct table_variant *on;
    struct choice *choice;
    struct property_context *context;
    void *device; /* the context of the C ABI */
    struct callable_model model;
    int32_t in[TABLE_ELEMENTS];
    int32_t out[TABLE_ELEMENTS];
};

static void table_teardown(struct property_context *context)
{
    (void)unsetenv("PTO2_RING_TASK_WINDOW");
    (void)unsetenv("PTO2_RING_HEAP");
    (void)unsetenv("PTO2_RING_DEP_POOL");
    struct table_state *state = context->state;
    for (size_t i = 0; state != NULL && i < state->count; i++) {
        callable_images_free(state->variants[i].images, CALLABLE_KIND_COUNT);
        runtime_client_close(&state->variants[i].client);
    }
    free(state);
    context->state = NULL;
}

static int table_open(struct table_state *state, const char *directory, const struct variant *variant, char *error,
                      size_t error_capacity)
{
    struct table_variant *opened = &state->variants[state->count];
    opened->variant = variant;
    opened->arch = npu_arch_find(variant->arch);
    opened->rules = callable_model_rules_of(variant);
    if (runtime_client_open(&opened->client, directory, variant, error, error_capacity) != 0) {
        return -1;
    }
    state->count++;
    if (callable_pack_all_on(directory, variant->runtime, opened->images, error, error_capacity) != 0) {
        return -1;
    }
    for (size_t i = 0; i < CALLABLE_KIND_COUNT; i++) {
        opened->contents[i].bytes = opened->images[i].size;
        opened->contents[i].children = callable_specs[i].child_count;
    }
    return 0;
}

static int table_setup(struct property_context *context)
{
    struct table_state *state = calloc(1, sizeof(*state));
    char directory[PATH_MAX];
    char error[256] = "the build's products are not found";
    context->state = state;
    /* Small rings: what is kept per context is not the subject here. */
    (void)setenv("PTO2_RING_TASK_WINDOW", "16", 1);
    (void)setenv("PTO2_RING_HEAP", "4096", 1);
    (void)setenv("PTO2_RING_DEP_POOL", "64", 1);
    int result = state != NULL ? artefacts_find(directory, sizeof(directory)) : -1;
    for (size_t i = 0; result == 0 && i < VARIANT_COUNT; i++) {
        if (variant_is_built(&variant_all[i], directory)) {
            result = table_open(state, directory, &variant_all[i], error, sizeof(error));
        }
    }
    if (result != 0 || state->count == 0) {
        table_teardown(context);
        return -property_fail(context, "no runtime or fixtures: %s", error);
    }
    return 0;
}

/* Mostly few ids, so that they meet; sometimes the edges of the range, sometimes anything. */
static int32_t table_draw_id(struct choice *choice)
{
    static const int32_t edges[] = {63, 64, -1, 62, 65, 32, INT_MIN, INT_MAX};
    static const uint32_t weights[] = {12, 3, 1};
    switch (choice_pick_weighted(choice, weights, 3)) {
    case 0:
        return (int32_t)choice_below(choice, 6);
    case 1:
        return edges[choice_below(choice, sizeof(edges) / sizeof(edges[0]))];
    default:
        return (int32_t)choice_edge(choice);
    }
}

/* The return code, and that an error comes with a text and success with none. */
static int table_judge(struct table_case *table, const char *call, int32_t id, int result, int expected)
{
    const char *text = table->on->client.debug->last_error(table->device);
    property_trace(table->context, "%s(%d) = %d %s", call, id, result, text);
    PROPERTY_REQUIRE(table->context, result == expected, "%s(%d) returned %d, expected %d: %s", call, id, result,
                     expected, text);
    PROPERTY_REQUIRE(table->context, (result == 0) == (text[0] == '\0'), "%s(%d) returned %d with the text '%s'", call,
                     id, result, text);
    return 0;
}

static int table_prepare(struct table_case *table)
{
    int32_t id = table_draw_id(table->choice);
    size_t kind = choice_below(table->choice, CALLABLE_KIND_COUNT + 1);
    if (kind == CALLABLE_KIND_COUNT) {
        int result = table->on->client.api.prepare_callable(table->device, id, NULL);
        return table_judge(table, "prepare_callable NULL", id, result, -1);
    }
    int result = table->on->client.api.prepare_callable(table->device, id, table->on->images[kind].bytes);
    int expected = callable_model_prepare(&table->model, id, (enum callable_kind)kind);
    property_trace(table->context, "kind: %s", callable_specs[kind].name);
    return table_judge(table, "prepare_callable", id, result, expected);
}

static int table_unregister(struct table_case *table)
{
    int32_t id = table_draw_id(table->choice);
    int result = table->on->client.api.unregister_callable(table->device, id);
    return table_judge(table, "unregister_callable", id, result, callable_model_unregister(&table->model, id));
}

static void table_fill(struct table_case *table, uint32_t count)
{
    uint64_t state = choice_below(table->choice, 256);
    for (uint32_t i = 0; i < count; i++) {
        table->in[i] = (int32_t)choice_next_random(&state);
        table->out[i] = (int32_t)(0xabad1deau + i);
    }
}

/* After a success the golden values, after anything else the bytes that were there before (R11). */
static int table_check_output(struct table_case *table, int kind, uint32_t count, uint64_t bias)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t expected =
            kind >= 0 ? callable_golden((enum callable_kind)kind, table->in[i], bias) : (int32_t)(0xabad1deau + i);
        PROPERTY_REQUIRE(table->context, table->out[i] == expected, "out[%u] is %d, expected %d (%s, in %d, bias %lu)",
                         i, table->out[i], expected, kind >= 0 ? callable_specs[kind].name : "failed run", table->in[i],
                         bias);
    }
    return 0;
}

static int table_run(struct table_case *table)
{
    static const uint32_t block_weights[] = {30, 8, 1};
    struct choice *choice = table->choice;
    const int block_choices[] = {1, 2, (int)table->on->arch->max_blocks};
    int32_t id = table_draw_id(choice);
    uint32_t count = (uint32_t)choice_range(choice, 1, TABLE_ELEMENTS);
    uint64_t bias = choice_below(choice, 256);
    int blocks = block_choices[choice_pick_weighted(choice, block_weights, 3)];
    int threads = (int)choice_range(choice, 1, table->on->arch->max_aicpu_threads);
    table_fill(table, count);
    struct pto_chip_args args;
    callable_args(&args, table->in, table->out, count, bias);
    int result = runtime_client_run(&table->on->client, table->device, id, &args, blocks, threads);
    int expected = callable_model_run(&table->model, id, (uint32_t)blocks, 2 * sizeof(int32_t) * count);
    int failed = table_judge(table, "run_prepared", id, result, expected);
    int kind = expected == 0 ? callable_model_kind(&table->model, id) : -1;
    return failed != 0 ? failed : table_check_output(table, kind, count, bias);
}

/* A run with one thing wrong in it: never reaches the device, whatever is registered. */
static int table_run_rejected(struct table_case *table)
{
    const int bad_blocks[] = {-1, (int)table->on->arch->max_blocks + 1, INT_MAX, INT_MIN};
    const int bad_threads[] = {0, (int)table->on->arch->max_aicpu_threads + 1, -1, INT_MAX};
    struct choice *choice = table->choice;
    const struct runtime_client *client = &table->on->client;
    int32_t id = table_draw_id(choice);
    struct pto_chip_args args;
    int blocks = 1;
    int threads = 2;
    void *buffer = client->runtime_buffer;
    const struct pto_chip_args *given = &args;
    int swimlane = 0;
    table_fill(table, TABLE_ELEMENTS);
    callable_args(&args, table->in, table->out, TABLE_ELEMENTS, 1);
    size_t wrong = choice_below(choice, 10);
    if (table->on->rules.host_loads && (wrong == 6 || wrong == 7)) {
        wrong = 0; /* a graph builder judges addresses itself */
    }
    switch (wrong) {
    case 0:
        blocks = bad_blocks[choice_below(choice, 4)];
        break;
    case 1:
        threads = bad_threads[choice_below(choice, 4)];
        break;
    case 2:
        given = NULL;
        break;
    case 3:
        buffer = NULL;
        break;
    case 4:
        args.tensors[choice_below(choice, 2)].ndims = choice_bool(choice) ? 6 : 0;
        break;
    case 5:
        args.tensors[choice_below(choice, 2)].dtype = (uint8_t)choice_range(choice, PTO_DATA_TYPE_COUNT, 255);
        break;
    case 6:
        args.tensors[choice_below(choice, 2)].data = 0;
        break;
    case 7:
        args.tensors[0].data = args.tensors[1].data; /* one range twice, one of them an output */
        break;
    case 8:
        args.tensor_count = choice_bool(choice) ? -1 : PTO_CHIP_MAX_TENSOR_ARGS + 1;
        break;
    default:
        swimlane = 1;
        break;
    }
    int result =
        client->api.run_prepared(table->device, buffer, id, given, blocks, threads, swimlane, 0, 0, 0, "", NULL);
    int failed = table_judge(table, "run_prepared, rejected,", id, result, -1);
    return failed != 0 ? failed : table_check_output(table, -1, TABLE_ELEMENTS, 0);
}

/* The same run over device memory that the client owns: nothing is staged, the flag survives (R11). */
static int table_run_child_memory(struct table_case *table)
{
    const struct runtime_api *api = &table->on->client.api;
    struct choice *choice = table->choice;
    int32_t id = table_draw_id(choice);
    uint64_t bias = choice_below(choice, 256);
    uint8_t flag = (uint8_t)choice_range(choice, 1, 255);
    const size_t bytes = sizeof(table->in);
    table_fill(table, TABLE_ELEMENTS);
    if (table->on->rules.host_loads) {
        return 0; /* a graph builder copies from the host whatever the tensor says */
    }
    uint8_t *device = api->device_malloc_ctx(table->device, 2 * bytes);
    PROPERTY_REQUIRE(table->context, (device != NULL) == table->model.bound, "device_malloc_ctx gave %p",
                     (void *)device);
    if (device == NULL) {
        return 0;
    }
    struct pto_chip_args args;
    callable_args(&args, (int32_t *)(void *)device, (int32_t *)(void *)(device + bytes), TABLE_ELEMENTS, bias);
    args.tensors[0].child_memory = flag;
    args.tensors[1].child_memory = flag;
    int copied = api->copy_to_device_ctx(table->device, device, table->in, bytes);
    copied = copied == 0 ? api->copy_to_device_ctx(table->device, device + bytes, table->out, bytes) : copied;
    int result = runtime_client_run(&table->on->client, table->device, id, &args, 1, 2);
    int failed =
        table_judge(table, "run_prepared on child memory", id, result, callable_model_run(&table->model, id, 1, 0));
    copied = copied == 0 ? api->copy_from_device_ctx(table->device, table->out, device + bytes, bytes) : copied;
    api->device_free_ctx(table->device, device);
    PROPERTY_REQUIRE(table->context, copied == 0, "copying %zu bytes returned %d", bytes, copied);
    int kind = result == 0 ? callable_model_kind(&table->model, id) : -1;
    if (failed != 0 || kind == CALLABLE_NO_TASKS) {
        return failed; /* nobody wrote the output, and the runtime does not zero what is not its own */
    }
    return table_check_output(table, kind, TABLE_ELEMENTS, bias);
}

static int table_init(struct table_case *table)
{
    int device_id = (int)choice_below(table->choice, TABLE_DEVICES + 1);
    device_id = device_id == TABLE_DEVICES ? -1 : device_id;
    int result = runtime_client_init(&table->on->client, table->device, device_id);
    return table_judge(table, "simpler_init", device_id, result, callable_model_init(&table->model, device_id));
}

static int table_finalize(struct table_case *table)
{
    int result = table->on->client.api.finalize_device(table->device);
    return table_judge(table, "finalize_device", 0, result, callable_model_finalize(&table->model));
}

static int table_compare(struct table_case *table)
{
    struct pto_statistics statistics = {.size = sizeof(statistics)};
    char text[256] = "";
    const struct runtime_client *client = &table->on->client;
    PROPERTY_REQUIRE(table->context, client->debug->get_statistics(table->device, &statistics) == 0, "no statistics");
    PROPERTY_REQUIRE(table->context, callable_model_compare(&table->model, &statistics, text, sizeof(text)) == 0, "%s",
                     text);
    size_t dlopens = table->on->rules.host_loads ? client->api.get_host_dlopen_count(table->device)
                                                 : client->api.get_aicpu_dlopen_count(table->device);
    PROPERTY_REQUIRE(table->context, dlopens == table->model.dlopens, "%zu orchestrations opened, expected %lu",
                     dlopens, table->model.dlopens);
    return 0;
}

static int table_step(struct table_case *table)
{
    static int (*const steps[])(struct table_case *) = {table_prepare,         table_run,  table_unregister,
                                                        table_run_rejected,    table_init, table_finalize,
                                                        table_run_child_memory};
    static const uint32_t weights[] = {10, 10, 6, 3, 2, 1, 1};
    int failed = steps[choice_pick_weighted(table->choice, weights, 7)](table);
    return failed != 0 ? failed : table_compare(table);
}

static int table_property_run(struct choice *choice, struct property_context *context)
{
    const struct table_state *state = context->state;
    const struct table_variant *on = &state->variants[choice_below(choice, VARIANT_COUNT) % state->count];
    struct table_case table = {.on = on, .choice = choice, .context = context};
    char name[VARIANT_NAME_BYTES];
    size_t open_images = os_open_images();
    property_trace(context, "on %s", variant_name(on->variant, name));
    callable_model_start(&table.model, &on->rules, on->contents);
    table.device = on->client.api.create_device_context();
    PROPERTY_REQUIRE(context, table.device != NULL, "no context");
    int failed = table_init(&table);
    size_t steps = choice_range(choice, 1, TABLE_STEPS);
    for (size_t i = 0; i < steps && failed == 0; i++) {
        failed = table_step(&table);
    }
    on->client.api.destroy_device_context(table.device);
    PROPERTY_REQUIRE(context, failed != 0 || os_open_images() == open_images, "%zu images are open, %zu were before",
                     os_open_images(), open_images);
    return failed;
}

const struct property property_callable_table = {
    .name = "callable_table",
    .summary = "any sequence of prepare, run, unregister, finalize and init does what a table of 64 entries says",
    .run = table_property_run,
    .default_runs = 300,
    .max_bytes = 512,
    .setup = table_setup,
    .teardown = table_teardown,
};
