/* SPDX-License-Identifier: Apache-2.0 */
/* c = a * b for each of some tiles, row-major m x k, k x n, m x n. Words: a, b, c; m, k, n, number of tiles. */
#include "st/scenes/kernels/words.h"

static void multiply(const float *a, const float *b, float *c, uint64_t m, uint64_t k, uint64_t n)
{
    for (uint64_t row = 0; row < m; row++) {
        for (uint64_t column = 0; column < n; column++) {
            float sum = 0.0f;
            for (uint64_t i = 0; i < k; i++) {
                sum += a[row * k + i] * b[i * n + column];
            }
            c[row * n + column] = sum;
        }
    }
}

PTO_KERNEL_ENTRY(args)
{
    uint64_t m = pto_kernel_word(args, 3);
    uint64_t k = pto_kernel_word(args, 4);
    uint64_t n = pto_kernel_word(args, 5);
    uint64_t tiles = pto_kernel_word(args, 6);
    const float *a = kernel_data(args, 0);
    const float *b = kernel_data(args, 1);
    float *c = kernel_data(args, 2);
    for (uint64_t t = 0; t < tiles; t++) {
        multiply(a + t * m * k, b + t * k * n, c + t * m * n, m, k, n);
    }
}
