/* SPDX-License-Identifier: Apache-2.0 */
/* result = x + y, elementwise; a fourth tensor, which is not looked at, orders the task. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const float *x = pto_kernel_data(pto_kernel_tensor(args, 0));
    const float *y = pto_kernel_data(pto_kernel_tensor(args, 1));
    float *out = pto_kernel_data(pto_kernel_tensor(args, 2));
    uint64_t count = pto_tensor_numel(pto_kernel_tensor(args, 2));
    for (uint64_t i = 0; i < count; i++) {
        out[i] = x[i] + y[i];
    }
}
