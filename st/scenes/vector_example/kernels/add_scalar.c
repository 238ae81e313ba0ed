/* SPDX-License-Identifier: Apache-2.0 */
/* result = x + value, elementwise; contiguous float32 tensors of one size, the value as a scalar argument. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const struct pto_tensor *result = pto_kernel_tensor(args, 1);
    const float *x = pto_kernel_data(pto_kernel_tensor(args, 0));
    float *out = pto_kernel_data(result);
    float value = pto_scalar_to_f32(pto_kernel_word(args, 2));
    uint64_t count = pto_tensor_numel(result);
    for (uint64_t i = 0; i < count; i++) {
        out[i] = x[i] + value;
    }
}
