/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/engine_choice.h"

#include <string.h>

void engine_choice_draw(struct choice *choice, struct pto_engine_options *options)
{
    static const uint32_t kinds[] = {15, 1};
    memset(options, 0, sizeof(*options));
    options->size = sizeof(*options);
    options->kind = (int32_t)choice_pick_weighted(choice, kinds, 2);
    options->policy = (int32_t)choice_below(choice, 4);
    options->seed = choice_below(choice, 1u << 16);
    options->pct_depth = (uint32_t)choice_range(choice, 1, 5);
    options->pct_steps = 2000;
    options->choose = choice_for_policy;
    options->choose_context = choice;
    if (choice->engine != NULL) {
        *options = choice->engine->options;
        choice->engine->draws++;
    }
}
