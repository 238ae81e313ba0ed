/* SPDX-License-Identifier: Apache-2.0 */
/* mixed: what the lanes of one task do, each on three tensors of its own. The size is word 9. */
#ifndef SCENES_MIXED_EXAMPLE_MIXED_H
#define SCENES_MIXED_EXAMPLE_MIXED_H

#include "abi/kernel.h"

#define MIXED_SIZE_WORD 9u

/* out = x + y, or x * y, elementwise; tensors first .. first + 2. */
static inline void mixed_elementwise(const int64_t *args, uint32_t first, bool times)
{
    const float *x = pto_kernel_data(pto_kernel_tensor(args, first));
    const float *y = pto_kernel_data(pto_kernel_tensor(args, first + 1));
    float *out = pto_kernel_data(pto_kernel_tensor(args, first + 2));
    uint64_t size = pto_kernel_word(args, MIXED_SIZE_WORD);
    for (uint64_t i = 0; i < size * size; i++) {
        out[i] = times ? x[i] * y[i] : x[i] + y[i];
    }
}

#endif
