/* SPDX-License-Identifier: Apache-2.0 */
/* add_one: y = x + 1, one task. Arguments: x (IN) and y (OUT), float32 of one shape. */
#define PTO_ORCHESTRATION_UNIT
#include "abi/orchestration.h"

#define KERNEL_ADD_ONE 0

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 2};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct pto_tensor x;
    struct pto_tensor y;
    struct pto_arg arg;
    (void)pto_tensor_from_continuous(&x, pto_chip_args_tensor(args, 0), false, 0);
    (void)pto_tensor_from_continuous(&y, pto_chip_args_tensor(args, 1), false, 0);
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &x);
    (void)pto_add_output_existing(&arg, &y);
    (void)pto_submit_aiv(KERNEL_ADD_ONE, &arg);
}
