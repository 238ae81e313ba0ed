/* SPDX-License-Identifier: Apache-2.0 */
/* dep_gen_chain as a graph, with the arguments and the tasks of the other orchestration; its barrier does nothing. */
#include "st/scenes/graph.h"

enum kernel { KERNEL_SQUARE = 0, KERNEL_FOLD = 1, KERNEL_NOOP = 2 };
enum { X, PARTS, OUT, TENSORS };

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t device[TENSORS];
    uint32_t count = pto_chip_args_tensor(args, X)->shapes[0];
    if (graph_upload_all(rt, args, TENSORS, PARTS, device) != 0) {
        return -1;
    }
    uint64_t fold[] = {device[PARTS], device[OUT], count};
    int consumer = pto_graph_add_task(rt, fold, 3, KERNEL_FOLD, PTO_CORE_AIV);
    int barrier = pto_graph_add_task(rt, fold, 0, KERNEL_NOOP, PTO_CORE_AIV);
    pto_graph_add_successor(rt, barrier, consumer);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t square[] = {device[X] + i * sizeof(uint32_t), device[PARTS] + i * sizeof(uint32_t), i};
        pto_graph_add_successor(rt, pto_graph_add_task(rt, square, 3, KERNEL_SQUARE, PTO_CORE_AIV), barrier);
    }
    return 0;
}
