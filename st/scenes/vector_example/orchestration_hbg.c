/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_example as a graph: f = (a + b + 1)(a + b + 2) + (a + b), elementwise.
 *
 * Arguments: a, b (IN) and f (OUT), float32 of one shape. The five tasks of the other orchestration, with the edges
 * that it leaves to the runtime:
 *
 *     t0: c = a + b        t1: d = c + 1        t2: e = c + 2        t3: g = d * e        t4: f = g + c
 *     t0 -> t1, t2, t4     t1, t2 -> t3         t3 -> t4
 */
#include "abi/data_type.h"
#include "abi/graph.h"

enum kernel { KERNEL_ADD = 0, KERNEL_ADD_SCALAR = 1, KERNEL_MUL = 2 };
enum buffer { A, B, C, D, E, F, G, BUFFERS };

PTO_EXPORT pto_graph_entry_fn build_graph;

static uint64_t bytes_of(const struct pto_continuous_tensor *tensor)
{
    uint64_t bytes = 0;
    (void)pto_continuous_tensor_check(tensor, &bytes, NULL, 0);
    return bytes;
}

int build_graph(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    uint64_t bytes = bytes_of(pto_chip_args_tensor(args, 0));
    uint64_t count = bytes / sizeof(float);
    void *device[BUFFERS];
    for (int i = 0; i < BUFFERS; i++) {
        device[i] = pto_graph_device_malloc(rt, bytes);
        if (device[i] == NULL) {
            return -1;
        }
    }
    for (uint32_t i = A; i <= B; i++) {
        const void *host = (const void *)(uintptr_t)pto_chip_args_tensor(args, i)->data;
        if (pto_graph_copy_to_device(rt, device[i], host, bytes) != 0) {
            return -1;
        }
    }
#define AT(buffer) (uintptr_t) device[buffer]
    uint64_t words[5][4] = {{AT(A), AT(B), AT(C), count},
                            {AT(C), AT(D), pto_scalar_from_f32(1.0f), count},
                            {AT(C), AT(E), pto_scalar_from_f32(2.0f), count},
                            {AT(D), AT(E), AT(G), count},
                            {AT(G), AT(C), AT(F), count}};
#undef AT
    static const int kernels[] = {KERNEL_ADD, KERNEL_ADD_SCALAR, KERNEL_ADD_SCALAR, KERNEL_MUL, KERNEL_ADD};
    static const int edges[][2] = {{0, 1}, {0, 2}, {0, 4}, {1, 3}, {2, 3}, {3, 4}};
    for (int i = 0; i < 5; i++) {
        if (pto_graph_add_task(rt, words[i], 4, kernels[i], PTO_CORE_AIV) != i) {
            return -1;
        }
    }
    for (int i = 0; i < 6; i++) {
        pto_graph_add_successor(rt, edges[i][0], edges[i][1]);
    }
    pto_graph_record_tensor_pair(rt, (void *)(uintptr_t)pto_chip_args_tensor(args, 2)->data, device[F], bytes);
    return 0;
}
