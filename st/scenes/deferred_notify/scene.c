/* SPDX-License-Identifier: Apache-2.0 */
/* deferred_notify: what each rank gets is computed from the other one's data; a stale window differs in every element.
 */
#include "harness/program/scene.h"

#include <stdio.h>

#include "abi/data_type.h"

#define RANKS 2u
#define DEFAULT_ELEMENTS 256u
#define MAX_ELEMENTS 64u /* drawn */

static int make(struct scene_data *data, struct choice *choice)
{
    const uint32_t elements = choice != NULL ? (uint32_t)choice_range(choice, 1, MAX_ELEMENTS) : DEFAULT_ELEMENTS;
    const uint32_t shapes[2] = {RANKS, elements};
    const uint32_t one_each[2] = {RANKS, 1};
    uint32_t *in = scene_add_tensor(data, shapes, 2, PTO_UINT32);
    uint32_t *windows = scene_add_tensor(data, shapes, 2, PTO_UINT32);
    uint32_t *counters = scene_add_tensor(data, one_each, 2, PTO_UINT32);
    if (in == NULL || windows == NULL || counters == NULL || scene_add_tensor(data, shapes, 2, PTO_UINT32) == NULL) {
        scene_data_free(data);
        return -1;
    }
    for (uint32_t i = 0; i < RANKS * elements; i++) {
        in[i] = choice != NULL ? (uint32_t)choice_below(choice, 1u << 20) : 3 * i + 1;
        windows[i] = 2 * i + 1; /* odd: nothing that a peer delivers */
    }
    counters[0] = 0;
    counters[1] = 0;
    data->parameters[0] = elements;
    return 0;
}

static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    const uint32_t *in = data->buffers[0];
    const uint32_t *windows = data->buffers[1];
    const uint32_t *counters = data->buffers[2];
    const uint32_t *result = data->buffers[3];
    uint64_t count = data->parameters[0];
    for (uint64_t i = 0; i < RANKS * count; i++) {
        uint32_t golden = 2 * in[(i + count) % (RANKS * count)];
        if (windows[i] != golden || result[i] != golden + 1) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES,
                           "element %llu of rank %llu: window %u, expected %u; result %u, expected %u",
                           (unsigned long long)(i % count), (unsigned long long)(i / count), windows[i], golden,
                           result[i], golden + 1);
            return -1;
        }
    }
    if (counters[0] != 1 || counters[1] != 1) {
        (void)snprintf(message, SCENE_MESSAGE_BYTES, "the counters are %u and %u, expected 1 and 1", counters[0],
                       counters[1]);
        return -1;
    }
    return 0;
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no deferred completion"}, {NULL, NULL}};

const struct scene scene_deferred_notify = {
    .name = "deferred_notify",
    .summary = "two ranks hand each other data and wait for the other one's notification",
    .variants = variants,
    .limits = limits,
    .kernels = {{.file = "wait", .func_id = 0, .signature = {PTO_IN, PTO_OUT}, .signature_count = 2},
                {.file = "consume", .func_id = 1, .signature = {PTO_IN, PTO_IN, PTO_OUT}, .signature_count = 3},
                {.file = "produce", .func_id = 2, .signature = {PTO_IN, PTO_OUT, PTO_INOUT}, .signature_count = 3}},
    .kernel_count = 3,
    .signature = {PTO_IN, PTO_INOUT, PTO_INOUT, PTO_OUT},
    .signature_count = 4,
    .default_blocks = 2,
    .default_threads = 3,
    .expected_tasks = 6,
    .expected_result = 0,
    .make = make,
    .check = check,
};
