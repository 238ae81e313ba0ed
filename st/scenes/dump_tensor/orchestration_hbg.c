/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_tensor as a graph: d = (a + b) + 1 in two tasks, the tensors of the first described after it was added, those
 * of the second together with it. Arguments as in the other orchestration.
 */
#include "abi/data_type.h"
#include "st/scenes/graph.h"

enum kernel { KERNEL_ADD = 0, KERNEL_SHIFT = 1 };
enum { A, B, D, TENSORS };

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t device[TENSORS];
    uint32_t shape = pto_chip_args_tensor(args, 0)->shapes[0];
    void *sum = pto_graph_device_malloc(rt, shape * sizeof(float));
    if (sum == NULL || graph_upload_all(rt, args, TENSORS, D, device) != 0) {
        return -1;
    }
    struct pto_graph_tensor_info info = {
        .dtype = PTO_FLOAT32, .ndims = 1, .raw_shapes = {shape}, .shapes = {shape}, .offsets = {0}};
    struct pto_graph_tensor_info infos[] = {info, info, info};
    uint64_t add[] = {device[A], device[B], (uintptr_t)sum, shape};
    uint64_t shift[] = {(uintptr_t)sum, device[D], pto_scalar_from_f32(1.0f), shape};
    int first = pto_graph_add_task(rt, add, 4, KERNEL_ADD, PTO_CORE_AIV);
    if (pto_graph_set_tensor_info(rt, first, infos, 3) != 0) {
        return -1;
    }
    int second = pto_graph_add_task_with_tensor_info(rt, shift, 4, KERNEL_SHIFT, PTO_CORE_AIV, infos, 2);
    pto_graph_add_successor(rt, first, second);
    return second == 1 && pto_graph_task_count(rt) == 2 ? 0 : -1;
}
