/* SPDX-License-Identifier: Apache-2.0 */
/* bgemm: 4 x 4 x 4 tiles by default; golden by the same sums in the same order. */
#include "harness/program/scene.h"

#include <string.h>

#include "abi/data_type.h"

enum { ROWS, DEPTH, COLUMNS, SIZE, PARAMETERS };
#define MAX_SIZE 16u

static const uint64_t cases[][PARAMETERS] = {{4, 4, 4, 16}, {1, 9, 2, 3}};

static void compute(const uint64_t *p, const float *a, const float *b, float *c)
{
    size_t square = p[SIZE] * p[SIZE];
    float product[MAX_SIZE * MAX_SIZE];
    for (uint64_t tile = 0; tile < p[ROWS] * p[COLUMNS]; tile++) {
        for (uint64_t k = 0; k < p[DEPTH]; k++) {
            scene_matmul(a + (tile / p[COLUMNS] * p[DEPTH] + k) * square,
                         b + (k * p[COLUMNS] + tile % p[COLUMNS]) * square, product, p[SIZE], p[SIZE], p[SIZE]);
            for (size_t j = 0; j < square; j++) {
                c[tile * square + j] = c[tile * square + j] + product[j];
            }
        }
    }
}

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t *p = data->parameters;
    memcpy(p, cases[data->case_number], sizeof(cases[0]));
    for (int i = 0; choice != NULL && i < PARAMETERS; i++) {
        p[i] = choice_range(choice, 1, 6);
    }
    uint64_t square = p[SIZE] * p[SIZE];
    float *a = scene_add_floats(data, p[ROWS] * p[DEPTH] * square, 1, choice);
    float *b = scene_add_floats(data, p[DEPTH] * p[COLUMNS] * square, 2, choice);
    float *c = scene_add_floats(data, p[ROWS] * p[COLUMNS] * square, 0, NULL);
    float *golden = scene_add_golden(data, p[ROWS] * p[COLUMNS] * square);
    if (a == NULL || b == NULL || c == NULL || golden == NULL) {
        scene_data_free(data);
        return -1;
    }
    compute(p, a, b, golden);
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
    return (int64_t)(2 * data->parameters[ROWS] * data->parameters[DEPTH] * data->parameters[COLUMNS]);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_bgemm = {
    .name = "bgemm",
    .summary = "4 x 4 x 4 tiles: per tile of the result one chain of products and sums over one buffer",
    .variants = variants,
    .kernels =
        {{.file = "matmul", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "accumulate", .shared = true, .func_id = 1, .signature = {PTO_IN, PTO_INOUT}, .signature_count = 2}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_IN, PTO_OUT},
    .signature_count = 3,
    .default_blocks = 3,
    .default_threads = 3,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .tasks = tasks,
    .make = make,
    .check = check,
};
