/* SPDX-License-Identifier: Apache-2.0 */
/* scalar_data: ten values that the orchestration saw, and what the tasks made in between. */
#include "harness/program/scene.h"

#include "abi/data_type.h"

enum { A, B, RESULT, TWICE, CHECKS, TENSORS };
enum { INITIAL, ROUND_TRIP, ADDEND, LATE, EXTERNAL, VALUES };
#define FAR 100u
#define CHECK_COUNT 10u

/* The golden floats: ten checks, then b, result and twice after the run. */
static void compute(size_t count, const float *a, const float *b, const float *values, float *golden)
{
    float first = a[0] + b[0];
    const float checks[CHECK_COUNT] = {first,
                                       a[FAR] + b[FAR],
                                       values[INITIAL],
                                       values[INITIAL],
                                       first + values[INITIAL],
                                       values[ROUND_TRIP],
                                       values[ADDEND] + first,
                                       values[LATE],
                                       values[EXTERNAL],
                                       first + first};
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        golden[i] = checks[i];
    }
    golden += CHECK_COUNT;
    for (size_t i = 0; i < count; i++) {
        float sum = a[i] + b[i];
        golden[i] = i == 0 ? values[EXTERNAL] : b[i];
        golden[count + i] = sum;
        golden[2 * count + i] = sum + sum;
    }
}

static int make(struct scene_data *data, struct choice *choice)
{
    float values[VALUES] = {77.0f, 42.0f, 10.0f, 88.0f, 55.0f};
    size_t count = choice != NULL ? (size_t)choice_range(choice, FAR + 1, 400) : 16384;
    float *tensors[TENSORS];
    bool made = scene_add_golden(data, CHECK_COUNT + 3 * count) != NULL;
    for (uint32_t i = 0; i < TENSORS; i++) {
        tensors[i] = scene_add_floats(data, i == CHECKS ? CHECK_COUNT : count, i <= B ? i + 1 : 0, choice);
        made = made && tensors[i] != NULL;
    }
    if (!made) {
        scene_data_free(data);
        return -1;
    }
    if (choice != NULL) {
        scene_fill_floats(values, VALUES, 0, choice);
    } else {
        for (size_t i = 0; i < count; i++) { /* the numbers of device.md: 2, 102, ... */
            tensors[A][i] = (float)i + 1.0f;
            tensors[B][i] = 1.0f;
        }
    }
    compute(count, tensors[A], tensors[B], values, data->golden);
    for (int i = 0; i < VALUES; i++) {
        (void)pto_chip_args_add_scalar(&data->args, pto_scalar_from_f32(values[i]));
    }
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    static const char *const names[] = {"b", "result", "twice"};
    const float *golden = data->golden;
    size_t count = data->buffer_bytes[B] / sizeof(float);
    int result = scene_compare_floats("checks", data->buffers[CHECKS], golden, CHECK_COUNT, 0.0f, message);
    for (int i = B; i <= TWICE && result == 0; i++) {
        result = scene_compare_floats(names[i - B], data->buffers[i], golden + CHECK_COUNT + (size_t)(i - B) * count,
                                      count, 0.0f, message);
    }
    return result;
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {
    {"*/hbg/*", "a graph is built before anything runs: no element can be read in between"}, {NULL, NULL}};

const struct scene scene_scalar_data = {
    .name = "scalar_data",
    .summary = "the orchestration reads and writes single elements between tasks",
    .variants = variants,
    .limits = limits,
    .kernels =
        {{.file = "add", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "noop", .shared = true, .func_id = 1, .signature = {PTO_INOUT}, .signature_count = 1}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_INOUT, PTO_OUT, PTO_OUT, PTO_OUT},
    .signature_count = TENSORS,
    .default_blocks = 3,
    .default_threads = 4,
    .expected_tasks = 8,
    .make = make,
    .check = check,
};
