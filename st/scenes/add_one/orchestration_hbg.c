/* SPDX-License-Identifier: Apache-2.0 */
/* add_one as a graph of one task: y = x + 1. Arguments: x (IN) and y (OUT), float32 of one shape. */
#include "abi/graph.h"

#define KERNEL_ADD_ONE 0

PTO_EXPORT pto_graph_entry_fn build_graph;

static uint64_t bytes_of(const struct pto_continuous_tensor *tensor)
{
    uint64_t bytes = 0;
    (void)pto_continuous_tensor_check(tensor, &bytes, NULL, 0);
    return bytes;
}

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    const struct pto_continuous_tensor *x = pto_chip_args_tensor(args, 0);
    const struct pto_continuous_tensor *y = pto_chip_args_tensor(args, 1);
    uint64_t bytes = bytes_of(x);
    void *device_x = pto_graph_device_malloc(rt, bytes);
    void *device_y = pto_graph_device_malloc(rt, bytes);
    if (device_x == NULL || device_y == NULL ||
        pto_graph_copy_to_device(rt, device_x, (const void *)(uintptr_t)x->data, bytes) != 0) {
        return -1;
    }
    uint64_t words[] = {(uintptr_t)device_x, (uintptr_t)device_y, bytes / sizeof(float)};
    pto_graph_record_tensor_pair(rt, (void *)(uintptr_t)y->data, device_y, bytes);
    return pto_graph_add_task(rt, words, 3, KERNEL_ADD_ONE, PTO_CORE_AIV) >= 0 ? 0 : -1;
}
