/* SPDX-License-Identifier: Apache-2.0 */
/* Never ends: spins for a word that nobody changes (R33). */
#include "st/fixtures/spin.h"
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    (void)args;
    fixture_spin();
}
