/* SPDX-License-Identifier: Apache-2.0 */
/* dummy_task: a single dummy, a chain of four, an explicit barrier. */
#include "harness/program/scene.h"

#include "abi/data_type.h"

enum { X, Y, T, U, Z };
#define FORMS 3u
#define BARRIER 2u

static int make(struct scene_data *data, struct choice *choice)
{
    uint64_t count = choice != NULL ? choice_range(choice, 1, 300) : 1024;
    uint64_t form = choice != NULL ? choice_below(choice, FORMS) : data->case_number;
    float *x = scene_add_floats(data, count, 1, choice);
    float *y = scene_add_floats(data, count, 2, choice);
    float *golden = scene_add_golden(data, count);
    bool made = x != NULL && y != NULL && golden != NULL;
    for (int i = T; i <= Z; i++) {
        made = made && scene_add_floats(data, count, 0, NULL) != NULL;
    }
    if (!made) {
        scene_data_free(data);
        return -1;
    }
    for (uint64_t i = 0; i < count; i++) {
        golden[i] = 2.0f * x[i] + 2.0f * (form == BARRIER ? y[i] : x[i]);
    }
    data->parameters[0] = form;
    scene_add_scalars(data, &form, 1);
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    return scene_check_floats(data, "z", Z, message);
}

static int64_t tasks(const struct scene_data *data, bool graph)
{
    static const int64_t counts[FORMS] = {3, 6, 4};
    (void)graph;
    return counts[data->parameters[0]];
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no dummy tasks"}, {NULL, NULL}};

const struct scene scene_dummy_task = {
    .name = "dummy_task",
    .summary = "tasks that run nothing order others: one, a chain of four, an explicit barrier",
    .variants = variants,
    .limits = limits,
    .kernels =
        {{.file = "add", .shared = true, .func_id = 0, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
         {.file = "add_late", .func_id = 1, .signature = {PTO_IN, PTO_IN, PTO_OUT, PTO_IN}, .signature_count = 4}},
    .kernel_count = 2,
    .signature = {PTO_IN, PTO_IN, PTO_OUT, PTO_OUT, PTO_OUT},
    .signature_count = Z + 1,
    .default_blocks = 1,
    .default_threads = 2,
    .cases = FORMS,
    .tasks = tasks,
    .make = make,
    .check = check,
};
