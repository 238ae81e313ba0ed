/* SPDX-License-Identifier: Apache-2.0 */
/* sum += x, elementwise. Words: x, sum; number of floats. */
#include "st/scenes/kernels/words.h"

PTO_KERNEL_ENTRY(args)
{
    const float *x = kernel_data(args, 0);
    float *sum = kernel_data(args, 1);
    uint64_t count = pto_kernel_word(args, 2);
    for (uint64_t i = 0; i < count; i++) {
        sum[i] = sum[i] + x[i];
    }
}
