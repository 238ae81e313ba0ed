/* SPDX-License-Identifier: Apache-2.0 */
/* submit: what the orchestrations of several scenes share. */
#ifndef SCENES_SUBMIT_H
#define SCENES_SUBMIT_H

#include "abi/orchestration.h"

/* Argument i of the orchestration. */
static inline struct pto_tensor argument(const struct pto_chip_args *args, uint32_t i)
{
    struct pto_tensor tensor;
    (void)pto_tensor_from_continuous(&tensor, pto_chip_args_tensor(args, i), false, 0);
    return tensor;
}

/* Elements first .. first + count - 1 of a tensor of rank 1. */
static inline struct pto_tensor part_of(const struct pto_tensor *tensor, uint64_t first, uint64_t count)
{
    struct pto_tensor part;
    (void)pto_tensor_slice(&part, tensor, 0, (uint32_t)first, (uint32_t)(first + count), 1, false);
    return part;
}

/* A new tensor of rank 1. */
static inline struct pto_tensor_create_info floats_of(uint64_t count)
{
    struct pto_tensor_create_info info;
    const uint32_t shape = (uint32_t)count;
    (void)pto_create_info(&info, &shape, 1, PTO_FLOAT32, false);
    return info;
}

/* A task with two inputs and one output, on a matrix or a vector core. */
static inline void submit_binary(enum pto_task_shape shape, int32_t kernel, const struct pto_tensor *x,
                                 const struct pto_tensor *y, const struct pto_tensor *out, const uint64_t *scalars,
                                 uint32_t count)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_input(&arg, y);
    (void)pto_add_output_existing(&arg, out);
    (void)pto_add_scalars(&arg, scalars, count);
    (void)(shape == PTO_SHAPE_AIC ? pto_submit_aic(kernel, &arg) : pto_submit_aiv(kernel, &arg));
}

#endif
