/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_diamond as a graph of four tasks and four edges, with the arguments of the other orchestration. */
#include "st/scenes/graph.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ADD = 1 };
enum { A, B, V, W, F, TENSORS };

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t device[TENSORS];
    uint64_t size = pto_chip_args_scalar(args, 0);
    uint64_t count = size * size;
    void *buffer = pto_graph_device_malloc(rt, 3 * count * sizeof(float));
    if (buffer == NULL || graph_upload_all(rt, args, TENSORS, F, device) != 0) {
        return -1;
    }
    uint64_t s = (uintptr_t)buffer;
    uint64_t x = graph_float(s, count);
    uint64_t y = graph_float(x, count);
    uint64_t words[4][7] = {{device[A], device[B], s, count},
                            {s, device[V], x, size, size, size, 1},
                            {s, device[W], y, size, size, size, 1},
                            {x, y, device[F], count}};
    static const int edges[][2] = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};
    for (int i = 0; i < 4; i++) {
        bool product = i == 1 || i == 2;
        if (pto_graph_add_task(rt, words[i], product ? 7 : 4, product ? KERNEL_MATMUL : KERNEL_ADD,
                               product ? PTO_CORE_AIC : PTO_CORE_AIV) != i) {
            return -1;
        }
    }
    for (int i = 0; i < 4; i++) {
        pto_graph_add_successor(rt, edges[i][0], edges[i][1]);
    }
    return 0;
}
