/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explicit_fatal: allocates a tensor, fails the run with an explicit code, and goes on calling (R23).
 *
 * Argument: y (OUT), float32. Scalar: the code. pto_report_fatal returns; every later call must give empty outputs and
 * do nothing. An orchestration cannot fail twice, so a call that did something ends in a trap, which fails the run
 * differently.
 */
#define PTO_ORCHESTRATION_UNIT
#include "abi/orchestration.h"

#define KERNEL_POISON 0

static void must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static void check_calls_after_fatal(const struct pto_tensor *y, const struct pto_tensor_create_info *shape)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_output_existing(&arg, y);
    must(pto_is_fatal());
    PTO_SCOPE(PTO_SCOPE_AUTO)
    {
        struct pto_task_outputs submitted = pto_submit_aiv(KERNEL_POISON, &arg);
        must(submitted.task_id == PTO_TASK_ID_INVALID && submitted.output_count == 0);
    }
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, shape);
    struct pto_task_outputs allocated = pto_alloc_tensors(&arg);
    must(allocated.task_id == PTO_TASK_ID_INVALID && pto_output(&allocated, 0) == NULL);
    must(pto_get_scalar(y, 1, (const uint32_t[]){0}) == 0);
    pto_report_fatal(PTO_ERR_INVALID_ARGS, "a second code, which loses");
    pto_orchestration_done();
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 2};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct pto_tensor y;
    struct pto_tensor_create_info shape;
    struct pto_arg arg;
    (void)pto_tensor_from_continuous(&y, pto_chip_args_tensor(args, 0), false, 0);
    (void)pto_create_info(&shape, y.shapes, y.ndims, y.dtype, false);
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, &shape);
    struct pto_task_outputs allocated = pto_alloc_tensors(&arg);
    must(pto_output(&allocated, 0) != NULL);
    pto_report_fatal(pto_scalar_to_i32(pto_chip_args_scalar(args, 0)), "asked to fail with code %d",
                     pto_scalar_to_i32(pto_chip_args_scalar(args, 0)));
    check_calls_after_fatal(&y, &shape);
}
