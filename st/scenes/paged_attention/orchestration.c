/* SPDX-License-Identifier: Apache-2.0 */
/* paged_attention in AUTO scopes, one per tile and one per group of blocks: the runtime finds what depends on what. */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/paged_attention/program.h"

static void submit_group(const struct attention *attention, const struct attention_tile *tile, uint64_t first)
{
    struct attention_group group = attention_begin_group(attention, tile, first);
    struct pto_arg args[4];
    for (int i = 0; i < 4; i++) {
        pto_arg_init(&args[i]);
    }
    attention_submit_scores(attention, tile, &group, &args[0]);
    attention_submit_softmax(attention, tile, &group, &args[1]);
    attention_submit_values(attention, tile, &group, &args[2]);
    (void)attention_submit_update(attention, tile, &group, &args[3]);
}

static void submit_tile(const struct attention *attention, uint64_t row, uint64_t first)
{
    struct attention_tile tile = attention_begin_tile(attention, row, first);
    for (uint64_t block = 0; block < tile.blocks; block += attention->group) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            submit_group(attention, &tile, block);
        }
    }
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct attention attention = attention_open(args);
    for (uint64_t row = 0; row < attention.rows; row++) {
        for (uint64_t first = 0; first < attention.heads; first += attention.tile) {
            PTO_SCOPE(PTO_SCOPE_AUTO)
            {
                submit_tile(&attention, row, first);
            }
        }
    }
}
