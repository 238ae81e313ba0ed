/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mixed_example: tasks on one, two and all three cores of a cluster, five per iteration (device.md 8.3).
 *
 * Arguments: a, b, d, e, g, h (IN), then nine results (OUT), [iterations][size * size] floats; scalar: size. The lanes
 * of one task share its arguments: the matrix core takes the first three tensors, the first vector core those behind
 * (or the first), the second those behind these. Products are a * b, sums d + e, elementwise products g . h.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { MATMUL = 0, ADD = 1, ADD_BEHIND = 2, TIMES_BEHIND = 3, TIMES_LAST = 4 };
enum { A, B, D, E, G, H, INPUTS, TENSORS = 15 };
enum operation { PRODUCT, SUM, TIMES };

static const struct {
    struct pto_mixed_kernels kernels;
    uint32_t results;
    enum operation operations[3];
} shapes[] = {
    {{MATMUL, ADD_BEHIND, TIMES_LAST}, 3, {PRODUCT, SUM, TIMES}},
    {{MATMUL, PTO_KERNEL_NONE, PTO_KERNEL_NONE}, 1, {PRODUCT}},
    {{PTO_KERNEL_NONE, ADD, PTO_KERNEL_NONE}, 1, {SUM}},
    {{PTO_KERNEL_NONE, ADD, TIMES_BEHIND}, 2, {SUM, TIMES}},
    {{MATMUL, ADD_BEHIND, PTO_KERNEL_NONE}, 2, {PRODUCT, SUM}},
};

static void submit_shape(const struct pto_tensor *tensors, size_t shape, uint32_t first_result, uint64_t size)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    for (uint32_t i = 0; i < shapes[shape].results; i++) {
        uint32_t operands = 2u * (uint32_t)shapes[shape].operations[i];
        (void)pto_add_input(&arg, &tensors[operands]);
        (void)pto_add_input(&arg, &tensors[operands + 1]);
        (void)pto_add_output_existing(&arg, &tensors[first_result + i]);
    }
    /* Every lane finds the size behind the tensors, whose number is told to none: it is repeated up to a fixed place.
     */
    for (uint32_t i = 3 * shapes[shape].results; i < 10; i++) {
        (void)pto_add_scalar(&arg, size);
    }
    (void)pto_submit(&shapes[shape].kernels, &arg);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 16};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    uint64_t size = pto_chip_args_scalar(args, 0);
    struct pto_tensor whole[TENSORS];
    for (uint32_t i = 0; i < TENSORS; i++) {
        whole[i] = argument(args, i);
    }
    for (uint64_t i = 0; i < pto_tensor_numel(&whole[A]) / (size * size); i++) {
        struct pto_tensor tensors[TENSORS];
        for (uint32_t t = 0; t < TENSORS; t++) {
            tensors[t] = part_of(&whole[t], i * size * size, size * size);
        }
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            uint32_t result = INPUTS;
            for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
                submit_shape(tensors, s, result, size);
                result += shapes[s].results;
            }
        }
    }
}
