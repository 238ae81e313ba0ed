/* SPDX-License-Identifier: Apache-2.0 */
/* paged_attention as a graph: four tasks per group of blocks, chained updates. The context lengths are read here. */
#include "st/scenes/graph.h"
#include "st/scenes/paged_attention/layout.h"

struct attention {
    struct pto_graph_handle *rt;
    uint64_t device[ATTENTION_TENSORS];
    const int32_t *lengths;
    uint64_t rows;
    uint64_t heads;
    uint64_t dim;
    uint64_t block;
    uint64_t max_blocks;
    uint64_t tile;
    uint64_t group;
    uint64_t scale;
};

struct tile {
    uint64_t query;
    uint64_t out;
    uint64_t table;
    uint64_t heads;
    uint64_t length;
    uint64_t blocks;
    uint64_t running[3]; /* maxima, sums, partial results */
};

static uint64_t floats(const struct attention *attention, uint64_t count)
{
    return (uintptr_t)pto_graph_device_malloc(attention->rt, count * sizeof(float));
}

/* The four tasks behind `previous`, -1 for none. Returns the update or -1. */
static int add_group(const struct attention *a, const struct tile *tile, uint64_t first, int previous)
{
    uint64_t count = tile->blocks - first < a->group ? tile->blocks - first : a->group;
    uint64_t columns = count * a->block;
    uint64_t left = tile->length - first * a->block;
    uint64_t valid = left < columns ? left : columns;
    uint64_t table = tile->table + first * sizeof(int32_t);
    uint64_t scores = floats(a, 2 * tile->heads * columns);
    uint64_t maxima = floats(a, 2 * tile->heads + tile->heads * a->dim);
    if (scores == 0 || maxima == 0) {
        return -1;
    }
    uint64_t weights = graph_float(scores, tile->heads * columns);
    uint64_t sums = graph_float(maxima, tile->heads);
    uint64_t partial = graph_float(sums, tile->heads);
    uint64_t words[4][11] = {
        {tile->query, a->device[ATTENTION_KEYS], table, scores, tile->heads, a->dim, a->block, count},
        {scores, weights, maxima, sums, tile->heads, columns, valid, a->scale},
        {weights, a->device[ATTENTION_VALUES], table, partial, tile->heads, a->dim, a->block, count},
        {maxima, sums, partial, tile->running[0], tile->running[1], tile->running[2], tile->out, tile->heads, a->dim,
         first == 0, first + count == tile->blocks}};
    int id = -1;
    for (int i = ATTENTION_SCORES; i <= ATTENTION_UPDATE; i++) {
        bool matrix = i == ATTENTION_SCORES || i == ATTENTION_WEIGHTED;
        int before = id;
        id = pto_graph_add_task(a->rt, words[i], i == ATTENTION_UPDATE ? 11 : 8, i,
                                matrix ? PTO_CORE_AIC : PTO_CORE_AIV);
        if (before >= 0) {
            pto_graph_add_successor(a->rt, before, id);
        }
    }
    if (previous >= 0) {
        pto_graph_add_successor(a->rt, previous, id);
    }
    return id;
}

static int add_tile(const struct attention *a, uint64_t row, uint64_t first)
{
    uint64_t offset = (row * a->heads + first) * a->dim;
    struct tile tile = {.query = graph_float(a->device[ATTENTION_QUERY], offset),
                        .out = graph_float(a->device[ATTENTION_OUT], offset),
                        .table = a->device[ATTENTION_TABLE] + row * a->max_blocks * sizeof(int32_t),
                        .heads = a->heads - first < a->tile ? a->heads - first : a->tile,
                        .length = (uint64_t)a->lengths[row]};
    int update = -1;
    tile.blocks = (tile.length + a->block - 1) / a->block;
    tile.running[0] = floats(a, tile.heads);
    tile.running[1] = floats(a, tile.heads);
    tile.running[2] = floats(a, tile.heads * a->dim);
    for (uint64_t block = 0; block < tile.blocks; block += a->group) {
        update = add_group(a, &tile, block, update);
        if (update < 0) {
            return -1;
        }
    }
    return tile.running[0] != 0 && tile.running[1] != 0 && tile.running[2] != 0 ? 0 : -1;
}

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    const struct pto_continuous_tensor *tensors = args->tensors;
    struct attention attention = {.rt = rt,
                                  .lengths = (const int32_t *)(uintptr_t)tensors[ATTENTION_LENGTHS].data,
                                  .rows = tensors[ATTENTION_QUERY].shapes[0],
                                  .heads = tensors[ATTENTION_QUERY].shapes[1],
                                  .dim = tensors[ATTENTION_QUERY].shapes[2],
                                  .block = tensors[ATTENTION_KEYS].shapes[1],
                                  .max_blocks = tensors[ATTENTION_TABLE].shapes[1],
                                  .tile = pto_chip_args_scalar(args, ATTENTION_TILE),
                                  .group = pto_chip_args_scalar(args, ATTENTION_GROUP),
                                  .scale = pto_chip_args_scalar(args, ATTENTION_SCALE)};
    int result = graph_upload_all(rt, args, ATTENTION_TENSORS, ATTENTION_OUT, attention.device);
    for (uint64_t row = 0; row < attention.rows && result == 0; row++) {
        for (uint64_t first = 0; first < attention.heads && result == 0; first += attention.tile) {
            result = add_tile(&attention, row, first);
        }
    }
    return result;
}
