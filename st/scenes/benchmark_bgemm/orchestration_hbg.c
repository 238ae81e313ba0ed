/* SPDX-License-Identifier: Apache-2.0 */
/*
 * benchmark_bgemm as a graph, with the arguments and the tasks of the other orchestration: each product goes into a
 * buffer of its own; product -> sum -> next sum of the group.
 */
#include "st/scenes/graph.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ACCUMULATE = 1 };
enum { A, B, C, TENSORS };

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t device[TENSORS];
    uint64_t groups = pto_chip_args_scalar(args, 0);
    uint64_t depth = pto_chip_args_scalar(args, 1);
    uint64_t tiles = pto_chip_args_scalar(args, 2);
    uint64_t size = pto_chip_args_scalar(args, 3);
    uint64_t count = tiles * size * size;
    void *products = pto_graph_device_malloc(rt, groups * depth * count * sizeof(float));
    if (products == NULL || graph_upload_all(rt, args, TENSORS, C, device) != 0) {
        return -1;
    }
    for (uint64_t step = 0; step < groups * depth; step++) {
        uint64_t product = graph_float((uintptr_t)products, step * count);
        uint64_t multiply[] = {graph_float(device[A], step * count),
                               graph_float(device[B], step * count),
                               product,
                               size,
                               size,
                               size,
                               tiles};
        uint64_t sum[] = {product, graph_float(device[C], step / depth * count), count};
        int first = pto_graph_add_task(rt, multiply, 7, KERNEL_MATMUL, PTO_CORE_AIC);
        int second = pto_graph_add_task(rt, sum, 3, KERNEL_ACCUMULATE, PTO_CORE_AIV);
        pto_graph_add_successor(rt, first, second);
        if (step % depth != 0) {
            pto_graph_add_successor(rt, second - 2, second);
        }
    }
    return 0;
}
