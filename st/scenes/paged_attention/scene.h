/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs and golden result of the paged attention scenes, which differ in their cases. */
#ifndef SCENES_PAGED_ATTENTION_SCENE_H
#define SCENES_PAGED_ATTENTION_SCENE_H

#include "abi/data_type.h"
#include "harness/program/scene.h"
#include "st/scenes/paged_attention/layout.h"

#define ATTENTION_MAX_ROWS 4u

struct attention_case {
    uint32_t lengths[ATTENTION_MAX_ROWS]; /* of the contexts; 0 ends the rows */
    uint32_t heads;
    uint32_t tile; /* heads of one tile */
    uint32_t dim;
    uint32_t block; /* keys of one block */
    uint32_t group; /* blocks of one group */
};

int attention_make(struct scene_data *data, const struct attention_case *given, struct choice *choice);
/* Everything but the group, which is the scene's. */
void attention_draw(struct attention_case *drawn, struct choice *choice);
int attention_check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES]);
/* Per row and tile one allocation (not in a graph) and four tasks for each group. */
int64_t attention_tasks(const struct scene_data *data, bool graph);

#define ATTENTION_KERNEL(name, id, ...)                                                         \
    {                                                                                           \
        .file = "attention_" name, .shared = true, .func_id = (id), .signature = {__VA_ARGS__}, \
        .signature_count = sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)             \
    }

/* What all their definitions have in common. */
#define ATTENTION_SCENE                                                                                               \
    .kernels = {ATTENTION_KERNEL("scores", ATTENTION_SCORES, PTO_IN, PTO_IN, PTO_IN, PTO_OUT),                        \
                ATTENTION_KERNEL("softmax", ATTENTION_SOFTMAX, PTO_IN, PTO_OUT, PTO_OUT, PTO_OUT),                    \
                ATTENTION_KERNEL("values", ATTENTION_WEIGHTED, PTO_IN, PTO_IN, PTO_IN, PTO_OUT),                      \
                ATTENTION_KERNEL("update", ATTENTION_UPDATE, PTO_IN, PTO_IN, PTO_IN, PTO_INOUT, PTO_INOUT, PTO_INOUT, \
                                 PTO_INOUT)},                                                                         \
    .kernel_count = 4, .signature = {PTO_IN, PTO_IN, PTO_IN, PTO_IN, PTO_IN, PTO_OUT},                                \
    .signature_count = ATTENTION_TENSORS, .default_blocks = 3, .default_threads = 4, .tasks = attention_tasks,        \
    .check = attention_check

#endif
