/* SPDX-License-Identifier: Apache-2.0 */
/*
 * benchmark_bgemm: c[g] = (c[g] + a[g][0] * b[g][0]) + a[g][1] * b[g][1] + ..., many groups of square tiles.
 *
 * Arguments: a, b (IN) [groups][depth][tiles][size * size], c (INOUT) [groups][tiles][size * size]; scalars: groups,
 * depth, tiles per task, size. Per step one product on a matrix core, into a tensor of its own, and one sum on a vector
 * core, into a view of c: a chain by INOUT. One scope per group. 2 * groups * depth tasks.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ACCUMULATE = 1 };

struct program {
    struct pto_tensor a;
    struct pto_tensor b;
    struct pto_tensor c;
    uint64_t tiles;
    uint64_t size;
    uint64_t count; /* floats of one task's tensor */
};

static void submit_step(const struct program *program, uint64_t group, uint64_t step)
{
    struct pto_tensor a = part_of(&program->a, step * program->count, program->count);
    struct pto_tensor b = part_of(&program->b, step * program->count, program->count);
    struct pto_tensor c = part_of(&program->c, group * program->count, program->count);
    struct pto_tensor_create_info product = floats_of(program->count);
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &a);
    (void)pto_add_input(&arg, &b);
    (void)pto_add_output(&arg, &product);
    (void)pto_add_scalars(&arg, (const uint64_t[]){program->size, program->size, program->size, program->tiles}, 4);
    struct pto_task_outputs made = pto_submit_aic(KERNEL_MATMUL, &arg);
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, pto_output(&made, 0));
    (void)pto_add_inout(&arg, &c);
    (void)pto_add_scalar(&arg, program->count);
    (void)pto_submit_aiv(KERNEL_ACCUMULATE, &arg);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 7};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    uint64_t groups = pto_chip_args_scalar(args, 0);
    uint64_t depth = pto_chip_args_scalar(args, 1);
    struct program program = {.a = argument(args, 0),
                              .b = argument(args, 1),
                              .c = argument(args, 2),
                              .tiles = pto_chip_args_scalar(args, 2),
                              .size = pto_chip_args_scalar(args, 3)};
    program.count = program.tiles * program.size * program.size;
    for (uint64_t group = 0; group < groups; group++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            for (uint64_t k = 0; k < depth; k++) {
                submit_step(&program, group, group * depth + k);
            }
        }
    }
}
