/* SPDX-License-Identifier: Apache-2.0 */
/* mixed_example: five shapes of tasks, 15 tensors. */
#include "harness/program/scene.h"

#include <stdio.h>

#include "abi/data_type.h"

enum { A, B, D, E, G, H, INPUTS, TENSORS = 15 };
enum operation { PRODUCT, SUM, TIMES };

/* What each result is, in the order of the shapes AIC+2AIV, AIC, AIV, 2AIV, AIC+AIV. */
static const enum operation results[TENSORS - INPUTS] = {PRODUCT, SUM, TIMES, PRODUCT, SUM, SUM, TIMES, PRODUCT, SUM};
static const uint64_t cases[] = {4, 1};

/* The three operations, one behind the other. */
static void compute(size_t iterations, size_t size, float *const *values, float *golden)
{
    size_t count = iterations * size * size;
    for (size_t i = 0; i < iterations; i++) {
        size_t at = i * size * size;
        scene_matmul(values[A] + at, values[B] + at, golden + at, size, size, size);
    }
    for (size_t i = 0; i < count; i++) {
        golden[SUM * count + i] = values[D][i] + values[E][i];
        golden[TIMES * count + i] = values[G][i] * values[H][i];
    }
}

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t iterations = choice != NULL ? choice_range(choice, 1, 8) : cases[data->case_number];
    uint64_t size = choice != NULL ? choice_range(choice, 1, 6) : 16;
    uint64_t count = iterations * size * size;
    float *values[TENSORS];
    bool made = scene_add_golden(data, 3 * count) != NULL;
    for (uint32_t i = 0; i < TENSORS; i++) {
        values[i] = scene_add_floats(data, count, i < INPUTS ? i + 1 : 0, choice);
        made = made && values[i] != NULL;
    }
    if (!made) {
        scene_data_free(data);
        return -1;
    }
    compute(iterations, size, values, data->golden);
    data->parameters[0] = iterations;
    scene_add_scalars(data, &size, 1);
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    size_t count = data->buffer_bytes[A] / sizeof(float);
    const float *golden = data->golden;
    int result = 0;
    for (uint32_t i = INPUTS; i < TENSORS && result == 0; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "result %u", i - INPUTS);
        result =
            scene_compare_floats(name, data->buffers[i], golden + results[i - INPUTS] * count, count, 0.0f, message);
    }
    return result;
}

static int64_t tasks(const struct scene_data *data, bool graph)
{
    (void)graph;
    return 5 * (int64_t)data->parameters[0];
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no tasks of several cores"},
                                            {NULL, NULL}};

const struct scene scene_mixed_example = {
    .name = "mixed_example",
    .summary = "tasks on one, two and three cores of a cluster, five shapes per iteration",
    .variants = variants,
    .limits = limits,
    .kernels = {{.file = "matmul", .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
                {.file = "add", .func_id = 1, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
                {.file = "add_behind", .func_id = 2, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
                {.file = "times_behind", .func_id = 3, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
                {.file = "times_last", .func_id = 4, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3}},
    .kernel_count = 5,
    .signature = {PTO_IN, PTO_IN, PTO_IN, PTO_IN, PTO_IN, PTO_IN, PTO_OUT, PTO_OUT, PTO_OUT, PTO_OUT, PTO_OUT, PTO_OUT,
                  PTO_OUT, PTO_OUT, PTO_OUT},
    .signature_count = TENSORS,
    .default_blocks = 3,
    .default_threads = 4,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .tasks = tasks,
    .make = make,
    .check = check,
};
