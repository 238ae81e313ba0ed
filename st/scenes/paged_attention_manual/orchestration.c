/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paged_attention in MANUAL scopes: every edge is given, by a list that is set (pto_set_dependencies) or by one that
 * grows (struct pto_arg_with_deps).
 */
#define PTO_ORCHESTRATION_UNIT
#include "abi/arg_with_deps.h"
#include "st/scenes/paged_attention/program.h"

static void behind(struct pto_arg *arg, const uint64_t *task)
{
    pto_arg_init(arg);
    (void)pto_set_dependencies(arg, task, 1);
}

/*
 * `previous`: the update of the group before, or what allocated the running tensors. Every update names the allocation,
 * not only the first one: here nothing else keeps its buffers from being used again. Returns this group's update.
 */
static uint64_t submit_group(const struct attention *attention, const struct attention_tile *tile, uint64_t first,
                             uint64_t previous)
{
    struct attention_group group = attention_begin_group(attention, tile, first);
    struct pto_arg_with_deps update;
    struct pto_arg arg;
    pto_arg_init(&arg);
    attention_submit_scores(attention, tile, &group, &arg);
    behind(&arg, &group.scores.task_id);
    attention_submit_softmax(attention, tile, &group, &arg);
    behind(&arg, &group.softmax.task_id);
    attention_submit_values(attention, tile, &group, &arg);
    pto_arg_with_deps_init(&update);
    (void)pto_add_dep(&update, group.softmax.task_id);
    (void)pto_add_dep(&update, group.partial.task_id);
    (void)pto_add_dep(&update, previous);
    (void)pto_add_dep(&update, tile->running.task_id);
    return attention_submit_update(attention, tile, &group, pto_arg_bind_deps(&update));
}

static void submit_tile(const struct attention *attention, uint64_t row, uint64_t first)
{
    struct attention_tile tile = attention_begin_tile(attention, row, first);
    uint64_t previous = tile.running.task_id;
    for (uint64_t block = 0; block < tile.blocks; block += attention->group) {
        PTO_SCOPE(PTO_SCOPE_MANUAL)
        {
            previous = submit_group(attention, &tile, block, previous);
        }
    }
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct attention attention = attention_open(args);
    for (uint64_t row = 0; row < attention.rows; row++) {
        for (uint64_t first = 0; first < attention.heads; first += attention.tile) {
            PTO_SCOPE(PTO_SCOPE_MANUAL)
            {
                submit_tile(&attention, row, first);
            }
        }
    }
}
