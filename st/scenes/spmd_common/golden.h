/* SPDX-License-Identifier: Apache-2.0 */
/* golden: inputs of the spmd scenes, and what every line must hold afterwards (layout.h), compared exactly. */
#ifndef ST_SCENES_SPMD_COMMON_GOLDEN_H
#define ST_SCENES_SPMD_COMMON_GOLDEN_H

#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"
#include "harness/program/scene.h"
#include "st/scenes/spmd_common/layout.h"

static inline int spmd_make(struct scene_data *data, struct choice *choice, const struct spmd_task *tasks,
                            uint32_t count)
{
    uint32_t shape[2] = {0, SPMD_LINE};
    const uint32_t meetings[2] = {count, SPMD_LINE};
    for (uint32_t i = 0; i < count; i++) {
        shape[0] += spmd_lines(&tasks[i]);
    }
    float *lines = scene_add_tensor(data, shape, 2, PTO_FLOAT32);
    if (lines == NULL || scene_add_tensor(data, meetings, 2, PTO_UINT32) == NULL) {
        scene_data_free(data);
        return -1;
    }
    data->parameters[0] = choice != NULL ? choice_below(choice, 1000) : 7;
    for (uint64_t i = 0; i < (uint64_t)shape[0] * SPMD_LINE; i++) {
        lines[i] = (float)data->parameters[0];
    }
    return 0;
}

/* Element of a line whose lane ran or, with lane < 0, of one that nobody owns. */
static inline float spmd_golden(const struct spmd_task *task, int32_t block, int32_t lane, int element, float before)
{
    if (lane < 0 || element >= SPMD_ELEMENTS) {
        return before;
    }
    const float values[SPMD_ELEMENTS] = {[SPMD_BLOCK] = (float)block,
                                         [SPMD_RUNS] = before + 1.0f,
                                         [SPMD_BLOCKS] = (float)task->blocks,
                                         [SPMD_SUB_BLOCK] = lane == 2 ? 1.0f : 0.0f,
                                         [SPMD_MET] = task->together ? (float)spmd_parts(task) : 0.0f};
    return values[element];
}

static inline int spmd_check_line(const float *line, const struct spmd_task *task, uint32_t number, int32_t block,
                                  int32_t lane, float before, char message[SCENE_MESSAGE_BYTES])
{
    bool is_vector = pto_task_shape_of(task->lanes) == PTO_SHAPE_AIV;
    bool owned = is_vector ? lane == 1 : (task->lanes & (1u << lane)) != 0;
    for (int element = 0; element < SPMD_LINE; element++) {
        if (owned && is_vector && element == SPMD_SUB_BLOCK) {
            continue; /* either */
        }
        float golden = spmd_golden(task, block, owned ? lane : -1, element, before);
        if (memcmp(&line[element], &golden, sizeof(golden)) != 0) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES,
                           "task %u, block %d of %d, lane %d: element %d is %a, expected %a", number, block,
                           task->blocks, lane, element, (double)line[element], (double)golden);
            return -1;
        }
    }
    return 0;
}

static inline int spmd_check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES],
                             const struct spmd_task *tasks, uint32_t count)
{
    const float *line = data->buffers[0];
    const uint32_t *meetings = data->buffers[1];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t golden = tasks[i].together ? spmd_parts(&tasks[i]) : 0;
        if (meetings[(uint64_t)i * SPMD_LINE] != golden) {
            (void)snprintf(message, SCENE_MESSAGE_BYTES, "task %u: %u kernels met, expected %u", i,
                           meetings[(uint64_t)i * SPMD_LINE], golden);
            return -1;
        }
        for (int32_t part = 0; part < tasks[i].blocks * SPMD_LANES; part++, line += SPMD_LINE) {
            if (spmd_check_line(line, &tasks[i], i, part / SPMD_LANES, part % SPMD_LANES, (float)data->parameters[0],
                                message) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

#define SPMD_KERNEL(name, id)                                                                                      \
    {                                                                                                              \
        .file = (name), .shared = true, .func_id = (id), .signature = {PTO_INOUT, PTO_INOUT}, .signature_count = 2 \
    }

/* Defines the scene `scene_id` of the array `tasks`, which needs `blocks` blocks (0: any number). */
#define SPMD_SCENE(id, text, tasks, blocks)                                                                   \
    static int make(struct scene_data *data, struct choice *choice)                                           \
    {                                                                                                         \
        return spmd_make(data, choice, (tasks), sizeof(tasks) / sizeof((tasks)[0]));                          \
    }                                                                                                         \
    static int check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])                        \
    {                                                                                                         \
        return spmd_check(data, message, (tasks), sizeof(tasks) / sizeof((tasks)[0]));                        \
    }                                                                                                         \
    static const char *const variants[] = {"*/trb/*", NULL};                                                  \
    static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no blocks"}, {NULL, NULL}}; \
    const struct scene scene_##id = {                                                                         \
        .name = #id,                                                                                          \
        .summary = (text),                                                                                    \
        .variants = variants,                                                                                 \
        .limits = limits,                                                                                     \
        .kernels = {SPMD_KERNEL("spmd_aic", SPMD_AIC), SPMD_KERNEL("spmd_aiv0", SPMD_AIV0),                   \
                    SPMD_KERNEL("spmd_aiv1", SPMD_AIV1), SPMD_KERNEL("spmd_vector", SPMD_VECTOR)},            \
        .kernel_count = SPMD_KERNELS,                                                                         \
        .signature = {PTO_INOUT, PTO_INOUT},                                                                  \
        .signature_count = 2,                                                                                 \
        .default_blocks = 24,                                                                                 \
        .min_blocks = (blocks),                                                                               \
        .default_threads = 4,                                                                                 \
        .expected_tasks = sizeof(tasks) / sizeof((tasks)[0]),                                                 \
        .expected_result = 0,                                                                                 \
        .make = make,                                                                                         \
        .check = check,                                                                                       \
    }

#endif
