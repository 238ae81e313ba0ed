/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QK: scores[h][j] = query[h] . key[j] over some blocks of keys. Words: query [heads][dim], keys [pool][block][dim],
 * table (which blocks), scores [heads][blocks * block]; heads, dim, block, blocks.
 */
#include "st/scenes/kernels/words.h"

PTO_KERNEL_ENTRY(args)
{
    const float *query = kernel_data(args, 0);
    const float *keys = kernel_data(args, 1);
    const int32_t *table = kernel_data(args, 2);
    float *scores = kernel_data(args, 3);
    uint64_t heads = pto_kernel_word(args, 4);
    uint64_t dim = pto_kernel_word(args, 5);
    uint64_t block = pto_kernel_word(args, 6);
    uint64_t columns = pto_kernel_word(args, 7) * block;
    for (uint64_t h = 0; h < heads; h++) {
        for (uint64_t j = 0; j < columns; j++) {
            const float *key = keys + ((uint64_t)table[j / block] * block + j % block) * dim;
            float sum = 0.0f;
            for (uint64_t d = 0; d < dim; d++) {
                sum += query[h * dim + d] * key[d];
            }
            scores[h * columns + j] = sum;
        }
    }
}
