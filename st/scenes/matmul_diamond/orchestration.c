/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matmul_diamond: a diamond, f = s * v + s * w with s = a + b, of square matrices.
 *
 * Arguments: a, b, v, w (IN), f (OUT), size * size floats each; scalar: size. Four tasks: t0 -> t1, t2 -> t3.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ADD = 1 };

static struct pto_task_outputs submit_product(const struct pto_tensor *x, const struct pto_tensor *y, uint64_t size)
{
    struct pto_tensor_create_info product = floats_of(size * size);
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_input(&arg, y);
    (void)pto_add_output(&arg, &product);
    (void)pto_add_scalars(&arg, (const uint64_t[]){size, size, size, 1}, 4);
    return pto_submit_aic(KERNEL_MATMUL, &arg);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 6};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    uint64_t size = pto_chip_args_scalar(args, 0);
    uint64_t count = size * size;
    struct pto_tensor a = argument(args, 0);
    struct pto_tensor b = argument(args, 1);
    struct pto_tensor v = argument(args, 2);
    struct pto_tensor w = argument(args, 3);
    struct pto_tensor f = argument(args, 4);
    struct pto_tensor_create_info sum = floats_of(count);
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &a);
    (void)pto_add_input(&arg, &b);
    (void)pto_add_output(&arg, &sum);
    (void)pto_add_scalar(&arg, count);
    struct pto_task_outputs t0 = pto_submit_aiv(KERNEL_ADD, &arg);
    struct pto_task_outputs t1 = submit_product(pto_output(&t0, 0), &v, size);
    struct pto_task_outputs t2 = submit_product(pto_output(&t0, 0), &w, size);
    submit_binary(PTO_SHAPE_AIV, KERNEL_ADD, pto_output(&t1, 0), pto_output(&t2, 0), &f, &count, 1);
}
