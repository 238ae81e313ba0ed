/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a token that nobody gets before the counter has reached the scalar: the task is deferred until then. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const uint32_t *counter = pto_kernel_data(pto_kernel_tensor(args, 0));
    uint32_t *token = pto_kernel_data(pto_kernel_tensor(args, 1));
    uint32_t expected = (uint32_t)pto_kernel_word(args, 2);
    token[0] = expected;
    (void)pto_async_expect_counter(pto_kernel_async_context(args), counter, expected);
}
