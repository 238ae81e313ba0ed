/* SPDX-License-Identifier: Apache-2.0 */
/* result = window + token: what the peer has delivered, of which nothing but the token says that it is there. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const struct pto_tensor *result = pto_kernel_tensor(args, 2);
    const uint32_t *token = pto_kernel_data(pto_kernel_tensor(args, 0));
    const uint32_t *window = pto_kernel_data(pto_kernel_tensor(args, 1));
    uint32_t *out = pto_kernel_data(result);
    uint64_t count = pto_tensor_numel(result);
    for (uint64_t i = 0; i < count; i++) {
        out[i] = window[i] + token[0];
    }
}
