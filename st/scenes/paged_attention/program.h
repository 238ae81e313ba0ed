/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program: what the orchestrations of paged attention share: the arguments as tensors, and the Args of the four tasks
 * of one group. What depends on what is theirs.
 */
#ifndef SCENES_PAGED_ATTENTION_PROGRAM_H
#define SCENES_PAGED_ATTENTION_PROGRAM_H

#include "st/scenes/paged_attention/layout.h"
#include "st/scenes/submit.h"

struct attention {
    struct pto_tensor arguments[ATTENTION_TENSORS];
    uint64_t rows;
    uint64_t heads;
    uint64_t dim;
    uint64_t block;
    uint64_t tile;  /* heads of one tile, at most */
    uint64_t group; /* blocks of one group, at most */
    uint64_t scale;
};

/* One row's tile of heads. */
struct attention_tile {
    struct pto_tensor query;
    struct pto_tensor out;
    uint64_t row;
    uint64_t heads;
    uint64_t length; /* of the row's context */
    uint64_t blocks;
    struct pto_task_outputs running; /* maxima, sums, partial results; made by one allocation */
};

/* Blocks first .. first + count - 1 of a tile's context. */
struct attention_group {
    struct pto_tensor table;
    uint64_t first;
    uint64_t count;
    uint64_t valid; /* columns that belong to the context */
    struct pto_task_outputs scores;
    struct pto_task_outputs softmax; /* weights, maxima, sums */
    struct pto_task_outputs partial;
};

/* Of the orchestration that includes this. */
PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = ATTENTION_TENSORS + ATTENTION_SCALARS};
}

static inline struct attention attention_open(const struct pto_chip_args *args)
{
    struct attention attention = {.tile = pto_chip_args_scalar(args, ATTENTION_TILE),
                                  .group = pto_chip_args_scalar(args, ATTENTION_GROUP),
                                  .scale = pto_chip_args_scalar(args, ATTENTION_SCALE)};
    for (uint32_t i = 0; i < ATTENTION_TENSORS; i++) {
        attention.arguments[i] = argument(args, i);
    }
    attention.rows = attention.arguments[ATTENTION_QUERY].shapes[0];
    attention.heads = attention.arguments[ATTENTION_QUERY].shapes[1];
    attention.dim = attention.arguments[ATTENTION_QUERY].shapes[2];
    attention.block = attention.arguments[ATTENTION_KEYS].shapes[1];
    return attention;
}

static inline struct pto_tensor attention_heads(const struct attention *attention, enum attention_argument i,
                                                uint64_t row, uint64_t first, uint64_t heads)
{
    struct pto_tensor view;
    const uint32_t shapes[] = {1, (uint32_t)heads, (uint32_t)attention->dim};
    const uint32_t offsets[] = {(uint32_t)row, (uint32_t)first, 0};
    (void)pto_tensor_view(&view, &attention->arguments[i], shapes, offsets, false);
    return view;
}

/* Reads how long the row's context is; allocates what the updates run over. */
static inline struct attention_tile attention_begin_tile(const struct attention *attention, uint64_t row,
                                                         uint64_t first)
{
    uint64_t heads = attention->heads - first < attention->tile ? attention->heads - first : attention->tile;
    struct attention_tile tile = {.query = attention_heads(attention, ATTENTION_QUERY, row, first, heads),
                                  .out = attention_heads(attention, ATTENTION_OUT, row, first, heads),
                                  .row = row,
                                  .heads = heads};
    struct pto_tensor_create_info per_head = floats_of(heads);
    struct pto_tensor_create_info partial = floats_of(heads * attention->dim);
    struct pto_arg arg;
    const uint32_t index = (uint32_t)row;
    tile.length = pto_get_scalar(&attention->arguments[ATTENTION_LENGTHS], 1, &index);
    tile.blocks = (tile.length + attention->block - 1) / attention->block;
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, &per_head);
    (void)pto_add_output(&arg, &per_head);
    (void)pto_add_output(&arg, &partial);
    tile.running = pto_alloc_tensors(&arg);
    return tile;
}

static inline struct attention_group attention_begin_group(const struct attention *attention,
                                                           const struct attention_tile *tile, uint64_t first)
{
    uint64_t left = tile->blocks - first;
    struct attention_group group = {.first = first, .count = left < attention->group ? left : attention->group};
    uint64_t columns = tile->length - first * attention->block;
    const uint32_t shapes[] = {1, (uint32_t)group.count};
    const uint32_t offsets[] = {(uint32_t)tile->row, (uint32_t)first};
    group.valid = columns < group.count * attention->block ? columns : group.count * attention->block;
    (void)pto_tensor_view(&group.table, &attention->arguments[ATTENTION_TABLE], shapes, offsets, false);
    return group;
}

/* QK */
static inline void attention_submit_scores(const struct attention *attention, const struct attention_tile *tile,
                                           struct attention_group *group, struct pto_arg *arg)
{
    struct pto_tensor_create_info scores = floats_of(tile->heads * group->count * attention->block);
    (void)pto_add_input(arg, &tile->query);
    (void)pto_add_input(arg, &attention->arguments[ATTENTION_KEYS]);
    (void)pto_add_input(arg, &group->table);
    (void)pto_add_output(arg, &scores);
    (void)pto_add_scalars(arg, (const uint64_t[]){tile->heads, attention->dim, attention->block, group->count}, 4);
    group->scores = pto_submit_aic(ATTENTION_SCORES, arg);
}

/* SF */
static inline void attention_submit_softmax(const struct attention *attention, const struct attention_tile *tile,
                                            struct attention_group *group, struct pto_arg *arg)
{
    uint64_t columns = group->count * attention->block;
    struct pto_tensor_create_info weights = floats_of(tile->heads * columns);
    struct pto_tensor_create_info per_head = floats_of(tile->heads);
    (void)pto_add_input(arg, pto_output(&group->scores, 0));
    (void)pto_add_output(arg, &weights);
    (void)pto_add_output(arg, &per_head);
    (void)pto_add_output(arg, &per_head);
    (void)pto_add_scalars(arg, (const uint64_t[]){tile->heads, columns, group->valid, attention->scale}, 4);
    group->softmax = pto_submit_aiv(ATTENTION_SOFTMAX, arg);
}

/* PV */
static inline void attention_submit_values(const struct attention *attention, const struct attention_tile *tile,
                                           struct attention_group *group, struct pto_arg *arg)
{
    struct pto_tensor_create_info partial = floats_of(tile->heads * attention->dim);
    (void)pto_add_input(arg, pto_output(&group->softmax, 0));
    (void)pto_add_input(arg, &attention->arguments[ATTENTION_VALUES]);
    (void)pto_add_input(arg, &group->table);
    (void)pto_add_output(arg, &partial);
    (void)pto_add_scalars(arg, (const uint64_t[]){tile->heads, attention->dim, attention->block, group->count}, 4);
    group->partial = pto_submit_aic(ATTENTION_WEIGHTED, arg);
}

/* UP; returns its task. */
static inline uint64_t attention_submit_update(const struct attention *attention, const struct attention_tile *tile,
                                               const struct attention_group *group, struct pto_arg *arg)
{
    bool last = group->first + group->count == tile->blocks;
    (void)pto_add_input(arg, pto_output(&group->softmax, 1));
    (void)pto_add_input(arg, pto_output(&group->softmax, 2));
    (void)pto_add_input(arg, pto_output(&group->partial, 0));
    for (uint32_t i = 0; i < 3; i++) {
        (void)pto_add_inout(arg, pto_output(&tile->running, i));
    }
    (void)pto_add_inout(arg, &tile->out);
    (void)pto_add_scalars(arg, (const uint64_t[]){tile->heads, attention->dim, group->first == 0, last}, 4);
    return pto_submit_aiv(ATTENTION_UPDATE, arg).task_id;
}

#endif
