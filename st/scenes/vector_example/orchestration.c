/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_example: f = (a + b + 1)(a + b + 2) + (a + b), elementwise.
 *
 * Arguments: a, b (IN) and f (OUT), float32 of one shape. Five tasks; c is made in the outer scope and used in the
 * inner one:
 *
 *     t0: c = a + b        t1: d = c + 1        t2: e = c + 2        t3: g = d * e        t4: f = g + c
 *     t0 -> t1, t2, t4     t1, t2 -> t3         t3 -> t4
 */
#define PTO_ORCHESTRATION_UNIT
#include "abi/orchestration.h"

enum kernel { KERNEL_ADD = 0, KERNEL_ADD_SCALAR = 1, KERNEL_MUL = 2 };

static struct pto_task_outputs submit_binary(int32_t kernel, const struct pto_tensor *x, const struct pto_tensor *y,
                                             const struct pto_tensor_create_info *shape)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_input(&arg, y);
    (void)pto_add_output(&arg, shape);
    return pto_submit_aiv(kernel, &arg);
}

static struct pto_task_outputs submit_add_scalar(const struct pto_tensor *x, float value,
                                                 const struct pto_tensor_create_info *shape)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_output(&arg, shape);
    (void)pto_add_scalar(&arg, pto_scalar_from_f32(value));
    return pto_submit_aiv(KERNEL_ADD_SCALAR, &arg);
}

static void submit_add_into(const struct pto_tensor *x, const struct pto_tensor *y, const struct pto_tensor *result)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_input(&arg, y);
    (void)pto_add_output_existing(&arg, result);
    (void)pto_submit_aiv(KERNEL_ADD, &arg);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 3};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct pto_tensor a;
    struct pto_tensor b;
    struct pto_tensor f;
    struct pto_tensor_create_info shape;
    (void)pto_tensor_from_continuous(&a, pto_chip_args_tensor(args, 0), false, 0);
    (void)pto_tensor_from_continuous(&b, pto_chip_args_tensor(args, 1), false, 0);
    (void)pto_tensor_from_continuous(&f, pto_chip_args_tensor(args, 2), false, 0);
    (void)pto_create_info(&shape, a.shapes, a.ndims, a.dtype, false);

    struct pto_task_outputs t0 = submit_binary(KERNEL_ADD, &a, &b, &shape);
    const struct pto_tensor *c = pto_output(&t0, 0);
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        struct pto_task_outputs t1 = submit_add_scalar(c, 1.0f, &shape);
        struct pto_task_outputs t2 = submit_add_scalar(c, 2.0f, &shape);
        struct pto_task_outputs t3 = submit_binary(KERNEL_MUL, pto_output(&t1, 0), pto_output(&t2, 0), &shape);
        submit_add_into(pto_output(&t3, 0), c, &f);
    }
}
