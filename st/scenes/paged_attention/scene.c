/* SPDX-License-Identifier: Apache-2.0 */
/* paged_attention: the small cases of device.md 8.1; golden by a plain softmax in double precision, and libm's exp. */
#include "st/scenes/paged_attention/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 2e-5f /* of results of the size 1 */
#define SPARE_BLOCKS 3u /* of the pool; nobody may read them */

static uint32_t rows_of(const struct attention_case *c)
{
    uint32_t rows = 0;
    while (rows < ATTENTION_MAX_ROWS && c->lengths[rows] != 0) {
        rows++;
    }
    return rows;
}

static uint32_t blocks_of(const struct attention_case *c, uint32_t row)
{
    return (c->lengths[row] + c->block - 1) / c->block;
}

void attention_draw(struct attention_case *drawn, struct choice *choice)
{
    uint32_t rows = (uint32_t)choice_range(choice, 1, ATTENTION_MAX_ROWS);
    memset(drawn->lengths, 0, sizeof(drawn->lengths));
    for (uint32_t i = 0; i < rows; i++) {
        drawn->lengths[i] = (uint32_t)choice_range(choice, 1, 20);
    }
    drawn->heads = (uint32_t)choice_range(choice, 1, 5);
    drawn->tile = (uint32_t)choice_range(choice, 1, 5);
    drawn->dim = (uint32_t)choice_range(choice, 1, 6);
    drawn->block = (uint32_t)choice_range(choice, 1, 8);
}

/* One head: out = softmax(scale * query . keys) . values. NaN without memory, which no result equals. */
static void compute_head(const struct attention_case *c, const float *const *inputs, const int32_t *table,
                         uint32_t length, const float *query, float *out)
{
    double *weights = malloc(length * sizeof(double));
    double scale = 1.0 / sqrt((double)c->dim);
    double maximum = -INFINITY;
    double sum = 0.0;
    for (uint32_t j = 0; weights != NULL && j < length; j++) {
        size_t key = ((size_t)table[j / c->block] * c->block + j % c->block) * c->dim;
        weights[j] = 0.0;
        for (uint32_t d = 0; d < c->dim; d++) {
            weights[j] += scale * (double)query[d] * (double)inputs[ATTENTION_KEYS][key + d];
        }
        maximum = fmax(maximum, weights[j]);
    }
    for (uint32_t j = 0; weights != NULL && j < length; j++) {
        weights[j] = exp(weights[j] - maximum);
        sum += weights[j];
    }
    for (uint32_t d = 0; d < c->dim; d++) {
        double value = weights != NULL ? 0.0 : (double)NAN;
        for (uint32_t j = 0; weights != NULL && j < length; j++) {
            size_t row = (size_t)table[j / c->block] * c->block + j % c->block;
            value += weights[j] / sum * (double)inputs[ATTENTION_VALUES][row * c->dim + d];
        }
        out[d] = (float)value;
    }
    free(weights);
}

/* Blocks of the pool in an order that is not the contexts'. */
static void fill_table(const struct attention_case *c, uint32_t rows, uint32_t max_blocks, uint32_t pool,
                       int32_t *table)
{
    uint32_t next = 0;
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t i = 0; i < max_blocks; i++) {
            table[row * max_blocks + i] = i < blocks_of(c, row) ? (int32_t)(pool - 1 - next++) : -1;
        }
    }
}

static void compute(const struct attention_case *c, uint32_t rows, uint32_t max_blocks, const struct scene_data *data)
{
    const float *const *inputs = (const float *const *)data->buffers;
    const int32_t *table = data->buffers[ATTENTION_TABLE];
    for (uint32_t i = 0; i < rows * c->heads; i++) {
        uint32_t row = i / c->heads;
        compute_head(c, inputs, table + row * max_blocks, c->lengths[row], inputs[ATTENTION_QUERY] + (size_t)i * c->dim,
                     (float *)data->golden + (size_t)i * c->dim);
    }
}

static bool add_tensors(struct scene_data *data, const struct attention_case *c, uint32_t rows, uint32_t max_blocks,
                        uint32_t pool)
{
    const uint32_t heads[] = {rows, c->heads, c->dim};
    const uint32_t blocks[] = {pool, c->block, c->dim};
    const uint32_t table[] = {rows, max_blocks};
    const struct {
        const uint32_t *shapes;
        uint32_t ndims;
        uint32_t dtype;
    } tensors[ATTENTION_TENSORS] = {{heads, 3, PTO_FLOAT32}, {blocks, 3, PTO_FLOAT32}, {blocks, 3, PTO_FLOAT32},
                                    {table, 2, PTO_INT32},   {&rows, 1, PTO_INT32},    {heads, 3, PTO_FLOAT32}};
    bool made = scene_add_golden(data, (uint64_t)rows * c->heads * c->dim) != NULL;
    for (int i = 0; i < ATTENTION_TENSORS && made; i++) {
        made = scene_add_tensor(data, tensors[i].shapes, tensors[i].ndims, tensors[i].dtype) != NULL;
    }
    return made;
}

int attention_make(struct scene_data *data, const struct attention_case *c, struct choice *choice)
{
    uint32_t rows = rows_of(c);
    uint32_t max_blocks = 1;
    uint32_t pool = SPARE_BLOCKS;
    for (uint32_t row = 0; row < rows; row++) {
        max_blocks = blocks_of(c, row) > max_blocks ? blocks_of(c, row) : max_blocks;
        pool += blocks_of(c, row);
        data->parameters[0] += (blocks_of(c, row) + c->group - 1) / c->group;
    }
    data->parameters[1] = (c->heads + c->tile - 1) / c->tile;
    data->parameters[2] = rows;
    if (!add_tensors(data, c, rows, max_blocks, pool)) {
        scene_data_free(data);
        return -1;
    }
    for (uint32_t i = ATTENTION_QUERY; i <= ATTENTION_VALUES; i++) {
        scene_fill_floats(data->buffers[i], data->buffer_bytes[i] / sizeof(float), i + 1 + data->case_number, choice);
    }
    for (uint32_t row = 0; row < rows; row++) {
        ((int32_t *)data->buffers[ATTENTION_LENGTHS])[row] = (int32_t)c->lengths[row];
    }
    fill_table(c, rows, max_blocks, pool, data->buffers[ATTENTION_TABLE]);
    compute(c, rows, max_blocks, data);
    scene_add_scalars(
        data, (const uint64_t[]){c->tile, c->group, pto_scalar_from_f32((float)(1.0 / sqrt((double)c->dim)))}, 3);
    return 0;
}

int attention_check(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES])
{
    return scene_compare_floats("out", data->buffers[ATTENTION_OUT], data->golden,
                                data->buffer_bytes[ATTENTION_OUT] / sizeof(float), TOLERANCE, message);
}

int64_t attention_tasks(const struct scene_data *data, bool graph)
{
    uint64_t groups = data->parameters[0];
    uint64_t tiles = data->parameters[1];
    uint64_t rows = data->parameters[2];
    return (int64_t)(tiles * (4 * groups + (graph ? 0 : rows)));
}

static const struct attention_case cases[] = {
    {{33}, 16, 128, 16, 16, 1},              /* Small1 */
    {{128}, 16, 128, 16, 16, 1},             /* Small2 */
    {{33, 17}, 16, 128, 16, 16, 1},          /* VarSeq2 */
    {{33, 64, 128, 15}, 16, 128, 16, 16, 1}, /* VarSeq4 */
    {{40, 1}, 20, 8, 8, 8, 1},               /* three tiles of heads, the last one smaller */
};

static int make(struct scene_data *data, struct choice *choice)
{
    struct attention_case drawn = cases[data->case_number];
    if (choice != NULL) {
        attention_draw(&drawn, choice);
    }
    return attention_make(data, &drawn, choice);
}

static const char *const variants[] = {"*/*/*", NULL};

const struct scene scene_paged_attention = {
    .name = "paged_attention",
    .summary = "attention over paged contexts, block by block with an online softmax, in AUTO scopes",
    .variants = variants,
    .cases = sizeof(cases) / sizeof(cases[0]),
    .make = make,
    ATTENTION_SCENE,
};
