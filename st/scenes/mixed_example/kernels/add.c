/* SPDX-License-Identifier: Apache-2.0 */
/* out = x + y of the first three tensors. */
#include "st/scenes/mixed_example/kernels/mixed.h"

PTO_KERNEL_ENTRY(args)
{
    mixed_elementwise(args, 0, false);
}
