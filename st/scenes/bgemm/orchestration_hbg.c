/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgemm as a graph, with the arguments and the tasks of the other orchestration: per tile of c one buffer for its
 * products and one chain of 2 * depth tasks.
 */
#include "st/scenes/graph.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ACCUMULATE = 1 };
enum { A, B, C, TENSORS };

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t device[TENSORS];
    uint64_t rows = pto_chip_args_scalar(args, 0);
    uint64_t depth = pto_chip_args_scalar(args, 1);
    uint64_t columns = pto_chip_args_scalar(args, 2);
    uint64_t size = pto_chip_args_scalar(args, 3);
    uint64_t square = size * size;
    void *products = pto_graph_device_malloc(rt, rows * columns * square * sizeof(float));
    if (products == NULL || graph_upload_all(rt, args, TENSORS, C, device) != 0) {
        return -1;
    }
    for (uint64_t i = 0; i < rows * columns * depth; i++) {
        uint64_t k = i % depth;
        uint64_t tile = i / depth;
        uint64_t product = graph_float((uintptr_t)products, tile * square);
        uint64_t multiply[] = {graph_float(device[A], (tile / columns * depth + k) * square),
                               graph_float(device[B], (k * columns + tile % columns) * square),
                               product,
                               size,
                               size,
                               size,
                               1};
        uint64_t sum[] = {product, graph_float(device[C], tile * square), square};
        int first = pto_graph_add_task(rt, multiply, 7, KERNEL_MATMUL, PTO_CORE_AIC);
        int second = pto_graph_add_task(rt, sum, 3, KERNEL_ACCUMULATE, PTO_CORE_AIV);
        pto_graph_add_successor(rt, first, second);
        if (k != 0) {
            pto_graph_add_successor(rt, first - 1, first);
        }
    }
    return 0;
}
