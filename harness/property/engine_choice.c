/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/engine_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t forced_kind(int32_t drawn)
{
    const char *forced = getenv(ENGINE_CHOICE_FORCED);
    if (forced == NULL || forced[0] == 0) {
        return drawn;
    }
    bool fibers = strcmp(forced, "fibers") == 0;
    if (!fibers && strcmp(forced, "threads") != 0) {
        (void)fprintf(stderr, ENGINE_CHOICE_FORCED "=\"%.40s\": it must be fibers or threads\n", forced);
        exit(2);
    }
    return fibers ? PTO_ENGINE_FIBERS : PTO_ENGINE_THREADS;
}

void engine_choice_draw(struct choice *choice, struct pto_engine_options *options)
{
    static const uint32_t kinds[] = {15, 1};
    memset(options, 0, sizeof(*options));
    options->size = sizeof(*options);
    options->kind = forced_kind((int32_t)choice_pick_weighted(choice, kinds, 2));
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
