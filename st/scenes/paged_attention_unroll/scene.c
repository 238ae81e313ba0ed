/* SPDX-License-Identifier: Apache-2.0 */
/* paged_attention_unroll: up to 64 blocks per group, every edge given by hand. */
#include "st/scenes/paged_attention/scene.h"

static const struct attention_case cases[] = {
    {{33}, 16, 128, 16, 16, 64},
    {{33, 64, 128, 15}, 16, 128, 16, 16, 64},
    {{500, 256, 3}, 4, 128, 8, 4, 64}, /* 125, 64 and 1 blocks */
};

static int make(struct scene_data *data, struct choice *choice)
{
    struct attention_case drawn = cases[data->case_number];
    if (choice != NULL) {
        attention_draw(&drawn, choice);
        drawn.group = (uint32_t)choice_range(choice, 2, 64);
    }
    return attention_make(data, &drawn, choice);
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no scopes"}, {NULL, NULL}};

const struct scene scene_paged_attention_unroll = {
    .name = "paged_attention_unroll",
    .summary = "paged_attention in MANUAL scopes, up to 64 blocks per group",
    .orchestration_of = "paged_attention_manual",
    .variants = variants,
    .limits = limits,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .make = make,
    ATTENTION_SCENE,
};
