/* SPDX-License-Identifier: Apache-2.0 */
/* result = x + value. Words: x, result, value as a float's bits, number of floats. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const float *x = (const float *)(uintptr_t)pto_kernel_word(args, 0);
    float *result = (float *)(uintptr_t)pto_kernel_word(args, 1);
    float value = pto_scalar_to_f32(pto_kernel_word(args, 2));
    uint64_t count = pto_kernel_word(args, 3);
    for (uint64_t i = 0; i < count; i++) {
        result[i] = x[i] + value;
    }
}
