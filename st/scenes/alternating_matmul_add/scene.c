/* SPDX-License-Identifier: Apache-2.0 */
/* alternating_matmul_add: the task counts of device.md 8.3 with small tiles. */
#include "harness/program/scene.h"

#include <string.h>

#include "abi/data_type.h"

enum { PRODUCTS, PRODUCT_TILES, SUMS, SUM_TILES, SIZE, PARAMETERS };
enum { A, B, C, X, Y, Z, TENSORS };

static const uint64_t cases[][PARAMETERS] = {
    {1, 1, 1, 1, 16},
    {500, 4, 500, 4, 3}, /* Case1: 2000 tiles each, four a task */
    {256, 4, 512, 5, 3}, /* Case2: 1024 by four, 2560 by five */
};

static void draw(uint64_t *p, struct choice *choice)
{
    p[PRODUCTS] = choice_range(choice, 1, 40);
    p[PRODUCT_TILES] = choice_range(choice, 1, 3);
    p[SUMS] = choice_range(choice, 1, 40);
    p[SUM_TILES] = choice_range(choice, 1, 3);
    p[SIZE] = choice_range(choice, 1, 4);
}

/* The products, and right behind them the sums. */
static void compute(const uint64_t *p, float *const *values, float *golden)
{
    size_t square = p[SIZE] * p[SIZE];
    size_t tiles = p[PRODUCTS] * p[PRODUCT_TILES];
    for (size_t i = 0; i < tiles; i++) {
        scene_matmul(values[A] + i * square, values[B] + i * square, golden + i * square, p[SIZE], p[SIZE], p[SIZE]);
    }
    for (size_t i = 0; i < p[SUMS] * p[SUM_TILES] * square; i++) {
        golden[tiles * square + i] = values[X][i] + values[Y][i];
    }
}

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t *p = data->parameters;
    memcpy(p, cases[data->case_number], sizeof(cases[0]));
    if (choice != NULL) {
        draw(p, choice);
    }
    uint64_t counts[2] = {p[PRODUCTS] * p[PRODUCT_TILES] * p[SIZE] * p[SIZE],
                          p[SUMS] * p[SUM_TILES] * p[SIZE] * p[SIZE]};
    float *values[TENSORS];
    bool made = scene_add_golden(data, counts[0] + counts[1]) != NULL;
    for (uint32_t i = 0; i < TENSORS; i++) {
        values[i] = scene_add_floats(data, counts[i / X], i == C || i == Z ? 0 : i + 1, choice);
        made = made && values[i] != NULL;
    }
    if (!made) {
        scene_data_free(data);
        return -1;
    }
    compute(p, values, data->golden);
    scene_add_scalars(data, p, PARAMETERS);
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    size_t products = data->buffer_bytes[C] / sizeof(float);
    size_t sums = data->buffer_bytes[Z] / sizeof(float);
    const float *golden = data->golden;
    int result = scene_compare_floats("c", data->buffers[C], golden, products, 0.0f, message);
    return result != 0 ? result : scene_compare_floats("z", data->buffers[Z], golden + products, sums, 0.0f, message);
}

static int64_t tasks(const struct scene_data *data, bool graph)
{
    (void)graph;
    return (int64_t)(data->parameters[PRODUCTS] + data->parameters[SUMS]);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_alternating_matmul_add = {
    .name = "alternating_matmul_add",
    .summary = "independent products on matrix cores and sums on vector cores, in turn",
    .variants = variants,
    .kernels =
        {{.file = "matmul", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "add", .shared = true, .func_id = 1, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_IN, PTO_OUT, PTO_IN, PTO_IN, PTO_OUT},
    .signature_count = TENSORS,
    .default_blocks = 3,
    .default_threads = 4,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .tasks = tasks,
    .make = make,
    .check = check,
};
