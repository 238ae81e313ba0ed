/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_diamond: a diamond of four tasks. */
#include "harness/program/scene.h"

#include "abi/data_type.h"

#define MAX_SIZE 32u
enum { A, B, V, W, F };

static void compute(size_t size, float *const *values, float *golden)
{
    float sum[MAX_SIZE * MAX_SIZE] = {0};
    float product[MAX_SIZE * MAX_SIZE];
    for (size_t i = 0; i < size * size; i++) {
        sum[i] = values[A][i] + values[B][i];
    }
    scene_matmul(sum, values[V], golden, size, size, size);
    scene_matmul(sum, values[W], product, size, size, size);
    for (size_t i = 0; i < size * size; i++) {
        golden[i] = golden[i] + product[i];
    }
}

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t size = choice != NULL ? choice_range(choice, 1, 12) : MAX_SIZE;
    float *values[F + 1];
    bool made = scene_add_golden(data, size * size) != NULL;
    for (uint32_t i = 0; i <= F; i++) {
        values[i] = scene_add_floats(data, size * size, i == F ? 0 : i + 1, choice);
        made = made && values[i] != NULL;
    }
    if (!made) {
        scene_data_free(data);
        return -1;
    }
    compute(size, values, data->golden);
    scene_add_scalars(data, &size, 1);
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    return scene_check_floats(data, "f", F, message);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_matmul_diamond = {
    .name = "matmul_diamond",
    .summary = "f = (a + b) v + (a + b) w as a diamond of four tasks",
    .variants = variants,
    .kernels =
        {{.file = "matmul", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "add", .shared = true, .func_id = 1, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_IN, PTO_IN, PTO_IN, PTO_OUT},
    .signature_count = F + 1,
    .default_blocks = 2,
    .default_threads = 3,
    .expected_tasks = 4,
    .make = make,
    .check = check,
};
