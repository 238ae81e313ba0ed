/* SPDX-License-Identifier: Apache-2.0 */
/* out[0] = every x mixed in, so that each one's place and value counts. Words: x, out; number of words (uint32). */
#include "st/scenes/kernels/words.h"

PTO_KERNEL_ENTRY(args)
{
    const uint32_t *x = kernel_data(args, 0);
    uint32_t *out = kernel_data(args, 1);
    uint64_t count = pto_kernel_word(args, 2);
    uint32_t mixed = 0;
    for (uint64_t i = 0; i < count; i++) {
        mixed = mixed * 31u + x[i];
    }
    out[0] = mixed;
}
