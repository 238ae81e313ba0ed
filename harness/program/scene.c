/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scene_data_free(struct scene_data *data)
{
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        free(data->buffers[i]);
    }
    free(data->golden);
    memset(data, 0, sizeof(*data));
}

void *scene_add_tensor(struct scene_data *data, const uint32_t *shapes, uint32_t ndims, uint32_t dtype)
{
    struct pto_continuous_tensor tensor;
    uint64_t bytes = 0;
    if (data->args.tensor_count < 0 || (uint32_t)data->args.tensor_count >= SCENE_MAX_TENSORS || dtype > UINT8_MAX) {
        return NULL;
    }
    pto_continuous_tensor_make(&tensor, 0, shapes, ndims, (uint8_t)dtype, 0);
    if (pto_continuous_tensor_check(&tensor, &bytes, NULL, 0) != 0 || bytes > SIZE_MAX / 2) {
        return NULL;
    }
    /* One byte at least, so that an empty tensor has an address of its own. */
    void *buffer = calloc(1, bytes > 0 ? (size_t)bytes : 1);
    if (buffer == NULL) {
        return NULL;
    }
    size_t index = (size_t)data->args.tensor_count;
    tensor.data = (uint64_t)(uintptr_t)buffer;
    if (pto_chip_args_add_tensor(&data->args, &tensor) != 0) {
        free(buffer);
        return NULL;
    }
    data->buffers[index] = buffer;
    data->buffer_bytes[index] = (size_t)bytes;
    return buffer;
}

uint32_t scene_case_count(const struct scene *scene)
{
    return scene->cases > 1 ? scene->cases : 1;
}

void scene_fill_floats(float *values, size_t count, uint32_t salt, struct choice *choice)
{
    uint64_t state = salt;
    for (size_t i = 0; i < count; i++) {
        uint64_t drawn = choice != NULL ? choice_below(choice, 1u << 16) : choice_next_random(&state) & 0xffff;
        values[i] = ((float)drawn - 32768.0f) / 12345.0f;
    }
}

int scene_compare_floats(const char *name, const float *values, const float *golden, size_t count, float tolerance,
                         char message[SCENE_MESSAGE_BYTES])
{
    for (size_t i = 0; i < count; i++) {
        /* Written so that a NaN is a difference. */
        bool same = tolerance > 0.0f ? fabsf(values[i] - golden[i]) <= tolerance
                                     : memcmp(&values[i], &golden[i], sizeof(golden[i])) == 0;
        if (!same) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES, "%s[%zu] of %zu is %a (%g), expected %a (%g)", name, i, count,
                           (double)values[i], (double)values[i], (double)golden[i], (double)golden[i]);
            return -1;
        }
    }
    return 0;
}

int scene_check_floats(const struct scene_data *data, const char *name, size_t i, char message[SCENE_MESSAGE_BYTES])
{
    return scene_compare_floats(name, data->buffers[i], data->golden, data->buffer_bytes[i] / sizeof(float), 0.0f,
                                message);
}

void scene_matmul(const float *a, const float *b, float *c, size_t m, size_t k, size_t n)
{
    for (size_t row = 0; row < m; row++) {
        for (size_t column = 0; column < n; column++) {
            float sum = 0.0f;
            for (size_t i = 0; i < k; i++) {
                sum += a[row * k + i] * b[i * n + column];
            }
            c[row * n + column] = sum;
        }
    }
}

float *scene_add_floats(struct scene_data *data, uint64_t count, uint32_t salt, struct choice *choice)
{
    const uint32_t shape = (uint32_t)count;
    float *values = count <= UINT32_MAX ? scene_add_tensor(data, &shape, 1, PTO_FLOAT32) : NULL;
    if (values != NULL && salt != 0) {
        scene_fill_floats(values, count, salt, choice);
    }
    return values;
}

float *scene_add_golden(struct scene_data *data, uint64_t count)
{
    data->golden = calloc((size_t)count + 1, sizeof(float));
    return data->golden;
}

void scene_add_scalars(struct scene_data *data, const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)pto_chip_args_add_scalar(&data->args, words[i]); /* no scene has as many as would not fit */
    }
}
