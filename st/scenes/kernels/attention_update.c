/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UP: takes one group of blocks into the running maximum, sum and output of the online softmax; the last one also
 * divides. Words: maxima, sums [heads], partial [heads][dim] of the group; running maxima, sums, partial; out
 * [heads][dim]; heads, dim, is first, is last.
 */
#include "st/scenes/kernels/attention.h"

PTO_KERNEL_ENTRY(args)
{
    const float *maxima = kernel_data(args, 0);
    const float *sums = kernel_data(args, 1);
    const float *partial = kernel_data(args, 2);
    float *running_maxima = kernel_data(args, 3);
    float *running_sums = kernel_data(args, 4);
    float *running = kernel_data(args, 5);
    float *out = kernel_data(args, 6);
    uint64_t heads = pto_kernel_word(args, 7);
    uint64_t dim = pto_kernel_word(args, 8);
    uint64_t is_first = pto_kernel_word(args, 9);
    uint64_t is_last = pto_kernel_word(args, 10);
    for (uint64_t h = 0; h < heads; h++) {
        bool grows = is_first != 0 || maxima[h] > running_maxima[h];
        float maximum = grows ? maxima[h] : running_maxima[h];
        float keep = is_first != 0 ? 0.0f : attention_exp(running_maxima[h] - maximum);
        float take = attention_exp(maxima[h] - maximum);
        float sum = (is_first != 0 ? 0.0f : running_sums[h] * keep) + sums[h] * take;
        for (uint64_t d = h * dim; d < (h + 1) * dim; d++) {
            running[d] = (is_first != 0 ? 0.0f : running[d] * keep) + partial[d] * take;
            out[d] = is_last != 0 ? running[d] / sum : out[d];
        }
        running_maxima[h] = maximum;
        running_sums[h] = sum;
    }
}
