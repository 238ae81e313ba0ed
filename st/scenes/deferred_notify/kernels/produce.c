/* SPDX-License-Identifier: Apache-2.0 */
/* Delivers 2 * data into the peer's window and then notifies the peer. */
#include "abi/kernel.h"

PTO_KERNEL_ENTRY(args)
{
    const struct pto_tensor *data = pto_kernel_tensor(args, 0);
    const uint32_t *in = pto_kernel_data(data);
    uint32_t *window = pto_kernel_data(pto_kernel_tensor(args, 1));
    uint32_t *counter = pto_kernel_data(pto_kernel_tensor(args, 2));
    uint64_t count = pto_tensor_numel(data);
    for (uint64_t i = 0; i < count; i++) {
        window[i] = 2 * in[i];
    }
    pto_send_notification(counter, 1, PTO_NOTIFY_ADD);
}
