/* SPDX-License-Identifier: Apache-2.0 */
/* add_one: the smallest run that computes something; the numbers of one-task runs are measured with it. */
#include "harness/program/scene.h"

#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"

#define DEFAULT_ELEMENTS 1024u
#define MAX_ELEMENTS 4096u

static int make(struct scene_data *data, struct choice *choice)
{
    uint32_t count = choice != NULL ? (uint32_t)choice_range(choice, 1, MAX_ELEMENTS) : DEFAULT_ELEMENTS;
    float *x = scene_add_tensor(data, &count, 1, PTO_FLOAT32);
    if (x == NULL || scene_add_tensor(data, &count, 1, PTO_FLOAT32) == NULL) {
        scene_data_free(data);
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        x[i] = choice != NULL ? (float)choice_below(choice, 256) : (float)i;
    }
    data->parameters[0] = count;
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    const float *x = data->buffers[0];
    const float *y = data->buffers[1];
    for (uint64_t i = 0; i < data->parameters[0]; i++) {
        float golden = x[i] + 1.0f;
        if (memcmp(&y[i], &golden, sizeof(golden)) != 0) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES, "y[%llu] of %llu is %a, expected %a", (unsigned long long)i,
                           (unsigned long long)data->parameters[0], (double)y[i], (double)golden);
            return -1;
        }
    }
    return 0;
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_add_one = {
    .name = "add_one",
    .summary = "y = x + 1 as one task",
    .variants = variants,
    .kernels = {{.file = "add_one", .func_id = 0, .signature = {PTO_IN, PTO_OUT}, .signature_count = 2}},
    .kernel_count = 1,
    .signature = {PTO_IN, PTO_OUT},
    .signature_count = 2,
    .default_blocks = 1,
    .default_threads = 3,
    .expected_tasks = 1,
    .expected_result = 0,
    .make = make,
    .check = check,
};
