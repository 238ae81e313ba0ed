/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_tensor: d = (a + b) + 1; the tensors of both tasks are marked for the dump, of the first one all, of the second
 * one what it writes.
 *
 * Arguments: a, b (IN), d (OUT), floats of rank 1. Two tasks. The files come with the diagnostics; here d counts (R25).
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_ADD = 0, KERNEL_SHIFT = 1 };

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 3};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct pto_tensor a = argument(args, 0);
    struct pto_tensor b = argument(args, 1);
    struct pto_tensor d = argument(args, 2);
    uint64_t count = pto_tensor_numel(&a);
    struct pto_tensor_create_info sum = floats_of(count);
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &a);
    (void)pto_add_input(&arg, &b);
    (void)pto_add_output(&arg, &sum);
    (void)pto_dump(&arg, &a);
    (void)pto_dump(&arg, &b);
    (void)pto_dump(&arg, &sum);
    (void)pto_add_scalar(&arg, count);
    struct pto_task_outputs made = pto_submit_aiv(KERNEL_ADD, &arg);
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, pto_output(&made, 0));
    (void)pto_add_output_existing(&arg, &d);
    (void)pto_dump(&arg, &d);
    pto_set_selective_dump(&arg, true);
    (void)pto_add_scalar(&arg, pto_scalar_from_f32(1.0f));
    (void)pto_add_scalar(&arg, count);
    (void)pto_submit_aiv(KERNEL_SHIFT, &arg);
}
