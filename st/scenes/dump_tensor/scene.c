/* SPDX-License-Identifier: Apache-2.0 */
/* dump_tensor: two tasks whose tensors are described or marked for the dump; the results do not change (R25). */
#include "harness/program/scene.h"

#include "abi/data_type.h"

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t count = choice != NULL ? choice_range(choice, 1, 500) : 4096;
    float *a = scene_add_floats(data, count, 1, choice);
    float *b = scene_add_floats(data, count, 2, choice);
    float *d = scene_add_floats(data, count, 0, NULL);
    float *golden = scene_add_golden(data, count);
    if (a == NULL || b == NULL || d == NULL || golden == NULL) {
        scene_data_free(data);
        return -1;
    }
    for (uint64_t i = 0; i < count; i++) {
        float sum = a[i] + b[i];
        golden[i] = sum + 1.0f;
    }
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    return scene_check_floats(data, "d", 2, message);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_dump_tensor = {
    .name = "dump_tensor",
    .summary = "d = (a + b) + 1 in two tasks with all that describes tensors to the dump",
    .variants = variants,
    .kernels =
        {{.file = "add", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "shift", .shared = true, .func_id = 1, .signature = {PTO_IN, PTO_OUT}, .signature_count = 2}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_IN, PTO_OUT},
    .signature_count = 3,
    .default_blocks = 2,
    .default_threads = 3,
    .expected_tasks = 2,
    .make = make,
    .check = check,
};
