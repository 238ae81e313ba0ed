/* SPDX-License-Identifier: Apache-2.0 */
/* out = x * y of the first three tensors, square matrices. */
#include "st/scenes/mixed_example/kernels/mixed.h"

PTO_KERNEL_ENTRY(args)
{
    const float *x = pto_kernel_data(pto_kernel_tensor(args, 0));
    const float *y = pto_kernel_data(pto_kernel_tensor(args, 1));
    float *out = pto_kernel_data(pto_kernel_tensor(args, 2));
    uint64_t size = pto_kernel_word(args, MIXED_SIZE_WORD);
    for (uint64_t i = 0; i < size * size; i++) {
        float sum = 0.0f;
        for (uint64_t k = 0; k < size; k++) {
            sum += x[i / size * size + k] * y[k * size + i % size];
        }
        out[i] = sum;
    }
}
