/* SPDX-License-Identifier: Apache-2.0 */
/* y = x + 1. Words: x, y, number of floats. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const float *x = (const float *)(uintptr_t)pto_kernel_word(args, 0);
    float *y = (float *)(uintptr_t)pto_kernel_word(args, 1);
    uint64_t count = pto_kernel_word(args, 2);
    for (uint64_t i = 0; i < count; i++) {
        y[i] = x[i] + 1.0f;
    }
}
