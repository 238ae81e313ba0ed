/* SPDX-License-Identifier: Apache-2.0 */
/* explicit_fatal: a run that fails by its own wish; it returns -9 and copies nothing back (R11, R23). */
#include "harness/program/scene.h"

#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"
#include "abi/error_codes.h"

#define ELEMENTS 64u
#define UNTOUCHED 42.0f

static int make(struct scene_data *data, struct choice *choice)
{
    uint32_t count = choice != NULL ? (uint32_t)choice_range(choice, 1, ELEMENTS) : ELEMENTS;
    float *y = scene_add_tensor(data, &count, 1, PTO_FLOAT32);
    /* 0 counts as 9. */
    int32_t code = choice != NULL && choice_bool(choice) ? 0 : PTO_ERR_EXPLICIT_ORCH_FATAL;
    if (y == NULL || pto_chip_args_add_scalar(&data->args, pto_scalar_from_i32(code)) != 0) {
        scene_data_free(data);
        return -1;
    }
    for (uint32_t i = 0; i < count; i++) {
        y[i] = UNTOUCHED;
    }
    data->parameters[0] = count;
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    const float *y = data->buffers[0];
    const float golden = UNTOUCHED;
    for (uint64_t i = 0; i < data->parameters[0]; i++) {
        if (memcmp(&y[i], &golden, sizeof(golden)) != 0) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES, "the failed run changed y[%llu] from %a to %a",
                           (unsigned long long)i, (double)golden, (double)y[i]);
            return -1;
        }
    }
    return 0;
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no report_fatal"}, {NULL, NULL}};

const struct scene scene_explicit_fatal = {
    .name = "explicit_fatal",
    .summary = "fails with the explicit code 9; later calls do nothing, nothing is copied back",
    .variants = variants,
    .limits = limits,
    .kernels = {{.file = "poison", .func_id = 0, .signature = {PTO_OUT}, .signature_count = 1}},
    .kernel_count = 1,
    .signature = {PTO_OUT},
    .signature_count = 1,
    .default_blocks = 1,
    .default_threads = 3,
    .expected_tasks = -1,
    .expected_result = -PTO_ERR_EXPLICIT_ORCH_FATAL,
    .make = make,
    .check = check,
};
