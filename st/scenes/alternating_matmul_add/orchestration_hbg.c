/* SPDX-License-Identifier: Apache-2.0 */
/* alternating_matmul_add as a graph without an edge, with the arguments and the tasks of the other orchestration. */
#include "st/scenes/graph.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ADD = 1 };
enum { A, B, C, X, Y, Z, TENSORS };

/* The results are in the middle too: everything is copied back, inputs as they were. */
int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t device[TENSORS];
    uint64_t products = pto_chip_args_scalar(args, 0);
    uint64_t tiles = pto_chip_args_scalar(args, 1);
    uint64_t sums = pto_chip_args_scalar(args, 2);
    uint64_t size = pto_chip_args_scalar(args, 4);
    uint64_t step = tiles * size * size;
    uint64_t count = pto_chip_args_scalar(args, 3) * size * size;
    if (graph_upload_all(rt, args, TENSORS, A, device) != 0) {
        return -1;
    }
    for (uint64_t i = 0; i < products || i < sums; i++) {
        uint64_t multiply[] = {graph_float(device[A], i * step),
                               graph_float(device[B], i * step),
                               graph_float(device[C], i * step),
                               size,
                               size,
                               size,
                               tiles};
        uint64_t add[] = {graph_float(device[X], i * count), graph_float(device[Y], i * count),
                          graph_float(device[Z], i * count), count};
        if ((i < products && pto_graph_add_task(rt, multiply, 7, KERNEL_MATMUL, PTO_CORE_AIC) < 0) ||
            (i < sums && pto_graph_add_task(rt, add, 4, KERNEL_ADD, PTO_CORE_AIV) < 0)) {
            return -1;
        }
    }
    return 0;
}
