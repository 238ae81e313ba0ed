/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar_data: the orchestration reads and writes single elements between tasks (device.md 5.2, 8.1).
 *
 * Arguments: a (IN), b (INOUT), result, twice (OUT), floats of rank 1; checks (OUT), ten floats. Scalars, floats: the
 * initial value, and the four values that are set. Six tasks and two allocations; each read waits for the writers, each
 * write for the readers as well, and what was seen goes into `checks`.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_ADD = 0, KERNEL_NOOP = 1 };
enum { A, B, RESULT, TWICE, CHECKS };
enum { INITIAL, ROUND_TRIP, ADDEND, LATE, EXTERNAL };
#define FAR 100u /* an element that is not the first */

static float get(const struct pto_tensor *tensor, uint32_t i)
{
    return pto_scalar_to_f32(pto_get_scalar(tensor, 1, &i));
}

static void set(const struct pto_tensor *tensor, uint32_t i, float value)
{
    pto_set_scalar(tensor, 1, &i, pto_scalar_from_f32(value));
}

static struct pto_task_outputs submit_sum(const struct pto_tensor *x, const struct pto_tensor *y,
                                          const struct pto_tensor_create_info *sum, uint64_t count)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_input(&arg, y);
    (void)pto_add_output(&arg, sum);
    (void)pto_add_scalar(&arg, count);
    return pto_submit_aiv(KERNEL_ADD, &arg);
}

static struct pto_task_outputs allocate(const struct pto_tensor_create_info *info)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, info);
    return pto_alloc_tensors(&arg);
}

/* A tensor that a task makes and does not write holds its initial value, and a second one leaves it. */
static void look_at_initial_value(const struct pto_chip_args *args, const struct pto_tensor *checks)
{
    struct pto_tensor_create_info info = floats_of(1);
    struct pto_arg arg;
    pto_create_info_set_initial(&info, pto_chip_args_scalar(args, INITIAL));
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, &info);
    struct pto_task_outputs made = pto_submit_aiv(KERNEL_NOOP, &arg);
    set(checks, 2, get(pto_output(&made, 0), 0));
    pto_arg_init(&arg);
    (void)pto_add_inout(&arg, pto_output(&made, 0));
    (void)pto_submit_aiv(KERNEL_NOOP, &arg);
    set(checks, 3, get(pto_output(&made, 0), 0));
    set(checks, 4, get(checks, 0) + get(pto_output(&made, 0), 0));
}

/* What is set is read, here and by a task. */
static void look_at_values_set(const struct pto_chip_args *args, const struct pto_tensor *c,
                               const struct pto_tensor *checks)
{
    uint64_t count = pto_tensor_numel(c);
    struct pto_tensor_create_info one = floats_of(1);
    struct pto_tensor_create_info all = floats_of(count);
    struct pto_task_outputs word = allocate(&one);
    set(pto_output(&word, 0), 0, pto_scalar_to_f32(pto_chip_args_scalar(args, ROUND_TRIP)));
    set(checks, 5, get(pto_output(&word, 0), 0));
    pto_create_info_set_initial(&all, 0);
    struct pto_task_outputs addend = allocate(&all);
    set(pto_output(&addend, 0), 0, pto_scalar_to_f32(pto_chip_args_scalar(args, ADDEND)));
    struct pto_task_outputs sum = submit_sum(pto_output(&addend, 0), c, &all, count);
    set(checks, 6, get(pto_output(&sum, 0), 0));
}

/* A value is set behind those who still read the old one, also when the tensor comes from outside. */
static void look_at_readers(const struct pto_chip_args *args, const struct pto_tensor *c,
                            const struct pto_tensor *checks)
{
    struct pto_tensor a = argument(args, A);
    struct pto_tensor b = argument(args, B);
    struct pto_tensor result = argument(args, RESULT);
    struct pto_tensor twice = argument(args, TWICE);
    uint64_t count = pto_tensor_numel(c);
    submit_binary(PTO_SHAPE_AIV, KERNEL_ADD, c, c, &twice, &count, 1);
    set(c, 0, pto_scalar_to_f32(pto_chip_args_scalar(args, LATE)));
    set(checks, 7, get(c, 0));
    submit_binary(PTO_SHAPE_AIV, KERNEL_ADD, &a, &b, &result, &count, 1);
    set(&b, 0, pto_scalar_to_f32(pto_chip_args_scalar(args, EXTERNAL)));
    set(checks, 8, get(&b, 0));
    set(checks, 9, get(&twice, 0));
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 10};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct pto_tensor a = argument(args, A);
    struct pto_tensor b = argument(args, B);
    struct pto_tensor checks = argument(args, CHECKS);
    uint64_t count = pto_tensor_numel(&a);
    struct pto_tensor_create_info all = floats_of(count);
    struct pto_task_outputs sum = submit_sum(&a, &b, &all, count);
    const struct pto_tensor *c = pto_output(&sum, 0);
    set(&checks, 0, get(c, 0));
    set(&checks, 1, get(c, FAR));
    look_at_initial_value(args, &checks);
    look_at_values_set(args, c, &checks);
    look_at_readers(args, c, &checks);
}
