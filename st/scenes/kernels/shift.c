/* SPDX-License-Identifier: Apache-2.0 */
/* out = x + value, elementwise. Words: x, out; value, number of floats. */
#include "st/scenes/kernels/words.h"

PTO_KERNEL_ENTRY(args)
{
    const float *x = kernel_data(args, 0);
    float *out = kernel_data(args, 1);
    float value = kernel_float(args, 2);
    uint64_t count = pto_kernel_word(args, 3);
    for (uint64_t i = 0; i < count; i++) {
        out[i] = x[i] + value;
    }
}
