/* SPDX-License-Identifier: Apache-2.0 */
/* dep_gen_chain: as many producers as fit in one record of dependencies, one more, and in several; the result is
 * compared, deps.json comes with the diagnostics. */
#include "harness/program/scene.h"

#include <stdio.h>

#include "abi/data_type.h"

static const uint32_t cases[] = {64, 65, 200, 391};

static int make(struct scene_data *data, struct choice *choice)
{
    uint32_t count = choice != NULL ? (uint32_t)choice_range(choice, 1, 391) : cases[data->case_number];
    const uint32_t one = 1;
    uint32_t *x = scene_add_tensor(data, &count, 1, PTO_UINT32);
    if (x == NULL || scene_add_tensor(data, &count, 1, PTO_UINT32) == NULL ||
        scene_add_tensor(data, &one, 1, PTO_UINT32) == NULL) {
        scene_data_free(data);
        return -1;
    }
    uint32_t mixed = 0;
    for (uint32_t i = 0; i < count; i++) {
        x[i] = choice != NULL ? (uint32_t)choice_below(choice, 256) : i * 2654435761u;
        mixed = mixed * 31u + x[i] * x[i] + i;
    }
    data->parameters[0] = count;
    data->parameters[1] = mixed;
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    uint32_t out = *(const uint32_t *)data->buffers[2];
    if (out != data->parameters[1]) {
        (void)snprintf(message, SCENE_MESSAGE_BYTES, "out of %llu producers is %u, expected %llu",
                       (unsigned long long)data->parameters[0], out, (unsigned long long)data->parameters[1]);
        return -1;
    }
    return 0;
}

static int64_t tasks(const struct scene_data *data, bool graph)
{
    (void)graph;
    return (int64_t)data->parameters[0] + 2;
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_dep_gen_chain = {
    .name = "dep_gen_chain",
    .summary = "many producers, a barrier that names them all, and a consumer that names the barrier",
    .variants = variants,
    .kernels = {{.file = "square", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_OUT}, .signature_count = 2},
                {.file = "fold", .shared = true, .func_id = 1, .signature = {PTO_IN, PTO_OUT}, .signature_count = 2},
                {.file = "noop", .shared = true, .func_id = 2}},
    .kernel_count = 3,
    .signature = {PTO_IN, PTO_OUT, PTO_OUT},
    .signature_count = 3,
    .default_blocks = 3,
    .default_threads = 4,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .tasks = tasks,
    .make = make,
    .check = check,
};
