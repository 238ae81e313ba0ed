/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PV: out[h] = the values of some blocks, weighted. Words: weights [heads][blocks * block], values [pool][block][dim],
 * table (which blocks), out [heads][dim]; heads, dim, block, blocks.
 */
#include "st/scenes/kernels/words.h"

PTO_KERNEL_ENTRY(args)
{
    const float *weights = kernel_data(args, 0);
    const float *values = kernel_data(args, 1);
    const int32_t *table = kernel_data(args, 2);
    float *out = kernel_data(args, 3);
    uint64_t heads = pto_kernel_word(args, 4);
    uint64_t dim = pto_kernel_word(args, 5);
    uint64_t block = pto_kernel_word(args, 6);
    uint64_t columns = pto_kernel_word(args, 7) * block;
    for (uint64_t h = 0; h < heads; h++) {
        for (uint64_t d = 0; d < dim; d++) {
            float sum = 0.0f;
            for (uint64_t j = 0; j < columns; j++) {
                sum += weights[h * columns + j] * values[((uint64_t)table[j / block] * block + j % block) * dim + d];
            }
            out[h * dim + d] = sum;
        }
    }
}
