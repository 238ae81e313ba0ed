/* SPDX-License-Identifier: Apache-2.0 */
/* multi_round_paged_attention: rounds of paged_attention with other contexts each, on one worker. */
#include "st/scenes/paged_attention/scene.h"

#define ROUNDS 10u

static int make(struct scene_data *data, struct choice *choice)
{
    uint32_t round = data->case_number;
    struct attention_case drawn = {{1 + 7 * round, 64 - 5 * round, 16 * (round % 3)}, 16, 128, 16, 16, 1};
    if (choice != NULL) {
        attention_draw(&drawn, choice);
    }
    return attention_make(data, &drawn, choice);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_multi_round_paged_attention = {
    .name = "multi_round_paged_attention",
    .summary = "ten rounds of paged_attention with other contexts each, on one worker",
    .orchestration_of = "paged_attention",
    .variants = variants,
    .cases = ROUNDS,
    .make = make,
    ATTENTION_SCENE,
};
