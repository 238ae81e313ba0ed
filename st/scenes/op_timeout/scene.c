/* SPDX-License-Identifier: Apache-2.0 */
/* op_timeout: a kernel that never ends is abandoned; the run fails and copies nothing back (R11, R33). */
#include "harness/program/scene.h"

#include "abi/data_type.h"
#include "abi/error_codes.h"

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t count = choice != NULL ? choice_range(choice, 1, 64) : 64;
    float *y = scene_add_floats(data, count, 1, choice);
    float *golden = scene_add_golden(data, count);
    if (y == NULL || golden == NULL) {
        scene_data_free(data);
        return -1;
    }
    for (uint64_t i = 0; i < count; i++) {
        golden[i] = y[i];
    }
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    return scene_check_floats(data, "untouched y", 0, message);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_op_timeout = {
    .name = "op_timeout",
    .summary = "a matrix core spins for ever: the run fails after the op limit, nothing is copied back",
    .variants = variants,
    .kernels = {{.file = "spin", .shared = true, .func_id = 0, .signature = {PTO_OUT}, .signature_count = 1}},
    .kernel_count = 1,
    .signature = {PTO_OUT},
    .signature_count = 1,
    .default_blocks = 1,
    .default_threads = 3,
    .expected_tasks = -1,
    .expected_result = -PTO_ERR_SCHEDULER_TIMEOUT,
    .expected_onboard = PTO_DRIVER_SYNC_TIMEOUT,
    .make = make,
    .check = check,
};
