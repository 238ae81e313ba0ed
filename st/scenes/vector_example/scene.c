/* SPDX-License-Identifier: Apache-2.0 */
/* vector_example: inputs of any shape, golden by the same operations in the same order, compared exactly. */
#include "harness/program/scene.h"

#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"

#define DEFAULT_ELEMENTS 16384u
#define MAX_DIM_ELEMENTS 64u /* per dimension, drawn */

static void draw_shape(struct choice *choice, uint32_t *shapes, uint32_t *ndims)
{
    *ndims = (uint32_t)choice_range(choice, 1, 3);
    for (uint32_t i = 0; i < *ndims; i++) {
        shapes[i] = (uint32_t)choice_range(choice, 1, i == 0 ? MAX_DIM_ELEMENTS : 8);
    }
}

/* Finite values only: the sign and payload of a NaN depend on the order in which a compiler names two operands. */
static float draw_value(struct choice *choice)
{
    return (float)((double)choice_below(choice, 1u << 16) - 32768.0) / 64.0f;
}

static int make(struct scene_data *data, struct choice *choice)
{
    uint32_t shapes[3] = {DEFAULT_ELEMENTS, 1, 1};
    uint32_t ndims = 1;
    if (choice != NULL) {
        draw_shape(choice, shapes, &ndims);
    }
    float *a = scene_add_tensor(data, shapes, ndims, PTO_FLOAT32);
    float *b = scene_add_tensor(data, shapes, ndims, PTO_FLOAT32);
    if (a == NULL || b == NULL || scene_add_tensor(data, shapes, ndims, PTO_FLOAT32) == NULL) {
        scene_data_free(data);
        return -1;
    }
    size_t count = data->buffer_bytes[0] / sizeof(float);
    for (size_t i = 0; i < count; i++) {
        a[i] = choice != NULL ? draw_value(choice) : (float)(i % 97) * 0.25f;
        b[i] = choice != NULL ? draw_value(choice) : (float)(i % 31) - 15.0f;
    }
    data->parameters[0] = count;
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    const float *a = data->buffers[0];
    const float *b = data->buffers[1];
    const float *f = data->buffers[2];
    for (size_t i = 0; i < data->parameters[0]; i++) {
        float c = a[i] + b[i];
        float d = c + 1.0f;
        float e = c + 2.0f;
        float g = d * e;
        float golden = g + c;
        if (memcmp(&f[i], &golden, sizeof(golden)) != 0) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES, "f[%zu] of %llu is %a, expected %a (a %a, b %a)", i,
                           (unsigned long long)data->parameters[0], (double)f[i], (double)golden, (double)a[i],
                           (double)b[i]);
            return -1;
        }
    }
    return 0;
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_vector_example = {
    .name = "vector_example",
    .summary = "f = (a+b+1)(a+b+2)+(a+b) as five tasks in two scopes",
    .variants = variants,
    .kernels = {{.file = "add", .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
                {.file = "add_scalar", .func_id = 1, .signature = {PTO_IN, PTO_OUT}, .signature_count = 2},
                {.file = "mul", .func_id = 2, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3}},
    .kernel_count = 3,
    .signature = {PTO_IN, PTO_IN, PTO_OUT},
    .signature_count = 3,
    .default_blocks = 3,
    .default_threads = 4,
    .expected_tasks = 5,
    .expected_result = 0,
    .make = make,
    .check = check,
};
