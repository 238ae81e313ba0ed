/* SPDX-License-Identifier: Apache-2.0 */
/* benchmark_bgemm: the shapes of device.md 8.1 with smaller tiles; golden by the same sums in the same order. */
#include "harness/program/scene.h"

#include <string.h>

#include "abi/data_type.h"

enum { GROUPS, DEPTH, TILES, SIZE, PARAMETERS };
#define MAX_SIZE 16u

/* Groups times depth is what device.md calls the number of tasks; each is a product and a sum. */
static const uint64_t cases[][PARAMETERS] = {
    {32, 2, 4, 16}, /* Case1: 64 */
    {250, 2, 1, 4}, /* Case0: 500 */
    {128, 2, 1, 8}, /* Case2: 256 */
    {32, 2, 16, 8}, /* Case3: 64, more tiles a task */
    {16, 4, 4, 8},  /* Case4: 64, longer chains */
    {16, 2, 1, 16}, /* Bgemm64: 32 */
    {1, 1, 1, 1},
};

static void draw(uint64_t *parameters, struct choice *choice)
{
    parameters[GROUPS] = choice_range(choice, 1, 12);
    parameters[DEPTH] = choice_range(choice, 1, 6);
    parameters[TILES] = choice_range(choice, 1, 3);
    parameters[SIZE] = choice_range(choice, 1, 8);
}

static void compute(const uint64_t *p, const float *a, const float *b, const float *c, float *golden)
{
    size_t square = p[SIZE] * p[SIZE];
    float product[MAX_SIZE * MAX_SIZE];
    memcpy(golden, c, p[GROUPS] * p[TILES] * square * sizeof(float));
    for (uint64_t i = 0; i < p[GROUPS] * p[DEPTH] * p[TILES]; i++) {
        float *sum = golden + (i / (p[DEPTH] * p[TILES]) * p[TILES] + i % p[TILES]) * square;
        scene_matmul(a + i * square, b + i * square, product, p[SIZE], p[SIZE], p[SIZE]);
        for (size_t j = 0; j < square; j++) {
            sum[j] = sum[j] + product[j];
        }
    }
}

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t *p = data->parameters;
    memcpy(p, cases[data->case_number], sizeof(cases[0]));
    if (choice != NULL) {
        draw(p, choice);
    }
    uint64_t outputs = p[GROUPS] * p[TILES] * p[SIZE] * p[SIZE];
    float *a = scene_add_floats(data, p[DEPTH] * outputs, 1, choice);
    float *b = scene_add_floats(data, p[DEPTH] * outputs, 2, choice);
    float *c = scene_add_floats(data, outputs, 3, choice);
    float *golden = scene_add_golden(data, outputs);
    if (a == NULL || b == NULL || c == NULL || golden == NULL) {
        scene_data_free(data);
        return -1;
    }
    compute(p, a, b, c, golden);
    scene_add_scalars(data, p, PARAMETERS);
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    return scene_check_floats(data, "c", 2, message);
}

static int64_t tasks(const struct scene_data *data, bool graph)
{
    (void)graph;
    return (int64_t)(2 * data->parameters[GROUPS] * data->parameters[DEPTH]);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_benchmark_bgemm = {
    .name = "benchmark_bgemm",
    .summary = "chains of tile products and sums, one scope per group",
    .variants = variants,
    .kernels =
        {{.file = "matmul", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "accumulate", .shared = true, .func_id = 1, .signature = {PTO_IN, PTO_INOUT}, .signature_count = 2}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_IN, PTO_INOUT},
    .signature_count = 3,
    .default_blocks = 3,
    .default_threads = 4,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .tasks = tasks,
    .make = make,
    .check = check,
};
