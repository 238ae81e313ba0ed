/* SPDX-License-Identifier: Apache-2.0 */
/* Never ends: spins for a word that nobody changes (R33). */
#include "abi/kernel.h"

static volatile uint32_t never;

PTO_KERNEL_ENTRY(args)
{
    (void)args;
    while (never == 0) {
    }
}
