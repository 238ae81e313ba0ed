/* SPDX-License-Identifier: Apache-2.0 */
/* A block on the first vector lane; it may meet the others with pto_kernel_wait. */
#include "st/scenes/spmd_common/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    spmd_run(args, 1);
}
