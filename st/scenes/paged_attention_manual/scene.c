/* SPDX-License-Identifier: Apache-2.0 */
/* paged_attention_manual: every edge given by hand. */
#include "st/scenes/paged_attention/scene.h"

static const struct attention_case cases[] = {
    {{33}, 16, 128, 16, 16, 1},
    {{33, 64, 128, 15}, 16, 128, 16, 16, 1},
    {{40, 1}, 20, 8, 8, 8, 1},
};

static int make(struct scene_data *data, struct choice *choice)
{
    struct attention_case drawn = cases[data->case_number];
    if (choice != NULL) {
        attention_draw(&drawn, choice);
        drawn.group = 1;
    }
    return attention_make(data, &drawn, choice);
}

static const char *const variants[] = {"*/trb/*", NULL};
static const struct scene_limit limits[] = {{"*/hbg/*", "host_build_graph has no scopes"}, {NULL, NULL}};

const struct scene scene_paged_attention_manual = {
    .name = "paged_attention_manual",
    .summary = "paged_attention in MANUAL scopes, with both ways to give dependencies",
    .variants = variants,
    .limits = limits,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .make = make,
    ATTENTION_SCENE,
};
