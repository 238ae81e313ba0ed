/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SF: weights[h][j] = exp(scale * scores[h][j] - maximum[h]) for the valid columns, 0 for the rest, and their sum.
 * Words: scores, weights [heads][columns], maxima, sums [heads]; heads, columns, valid ones, scale.
 */
#include "st/scenes/kernels/attention.h"

PTO_KERNEL_ENTRY(args)
{
    const float *scores = kernel_data(args, 0);
    float *weights = kernel_data(args, 1);
    float *maxima = kernel_data(args, 2);
    float *sums = kernel_data(args, 3);
    uint64_t heads = pto_kernel_word(args, 4);
    uint64_t columns = pto_kernel_word(args, 5);
    uint64_t valid = pto_kernel_word(args, 6);
    float scale = kernel_float(args, 7);
    for (uint64_t h = 0; h < heads; h++, scores += columns, weights += columns) {
        float maximum = scores[0] * scale;
        for (uint64_t j = 1; j < valid; j++) {
            maximum = scores[j] * scale > maximum ? scores[j] * scale : maximum;
        }
        maxima[h] = maximum;
        sums[h] = 0.0f;
        for (uint64_t j = 0; j < columns; j++) {
            weights[j] = j < valid ? attention_exp(scores[j] * scale - maximum) : 0.0f;
            sums[h] += weights[j];
        }
    }
}
