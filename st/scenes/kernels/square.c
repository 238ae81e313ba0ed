/* SPDX-License-Identifier: Apache-2.0 */
/* out[0] = x[0] * x[0] + salt, modulo 2^32. Words: x, out; salt (uint32). */
#include "st/scenes/kernels/words.h"

PTO_KERNEL_ENTRY(args)
{
    const uint32_t *x = kernel_data(args, 0);
    uint32_t *out = kernel_data(args, 1);
    out[0] = x[0] * x[0] + (uint32_t)pto_kernel_word(args, 2);
}
