/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alternating_matmul_add: independent products on matrix cores and sums on vector cores, submitted in turn.
 *
 * Arguments: a, b (IN), c (OUT), x, y (IN), z (OUT): tiles of size * size floats; scalars: number of product tasks,
 * tiles of each, number of sum tasks, tiles of each, size.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ADD = 1 };

struct stream {
    struct pto_tensor x;
    struct pto_tensor y;
    struct pto_tensor out;
    uint64_t tasks;
    uint64_t count; /* floats of one task */
};

static struct stream stream_of(const struct pto_chip_args *args, uint32_t i)
{
    uint64_t size = pto_chip_args_scalar(args, 4);
    return (struct stream){.x = argument(args, 3 * i),
                           .y = argument(args, 3 * i + 1),
                           .out = argument(args, 3 * i + 2),
                           .tasks = pto_chip_args_scalar(args, 2 * i),
                           .count = pto_chip_args_scalar(args, 2 * i + 1) * size * size};
}

static void submit_one(const struct stream *stream, uint64_t i, enum pto_task_shape shape, int32_t kernel,
                       const uint64_t *scalars, uint32_t scalar_count)
{
    struct pto_tensor x = part_of(&stream->x, i * stream->count, stream->count);
    struct pto_tensor y = part_of(&stream->y, i * stream->count, stream->count);
    struct pto_tensor out = part_of(&stream->out, i * stream->count, stream->count);
    submit_binary(shape, kernel, &x, &y, &out, scalars, scalar_count);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 11};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct stream products = stream_of(args, 0);
    struct stream sums = stream_of(args, 1);
    uint64_t size = pto_chip_args_scalar(args, 4);
    uint64_t dims[] = {size, size, size, pto_chip_args_scalar(args, 1)};
    for (uint64_t i = 0; i < products.tasks || i < sums.tasks; i++) {
        if (i < products.tasks) {
            submit_one(&products, i, PTO_SHAPE_AIC, KERNEL_MATMUL, dims, 4);
        }
        if (i < sums.tasks) {
            submit_one(&sums, i, PTO_SHAPE_AIV, KERNEL_ADD, &sums.count, 1);
        }
    }
}
