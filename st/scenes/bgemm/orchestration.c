/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgemm: c = a * b by tiles, c[m][n] = sum over k of a[m][k] * b[k][n].
 *
 * Arguments: a [rows][depth], b [depth][columns] (IN), c [rows][columns] (OUT) of size * size tiles; scalars: rows,
 * depth, columns, size. Each tile of c has one tensor for its products: the next product waits until the sum before it
 * has read the last one (R19), so each tile is one chain product -> sum -> product -> ... of 2 * depth tasks.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_MATMUL = 0, KERNEL_ACCUMULATE = 1 };

struct program {
    struct pto_tensor a;
    struct pto_tensor b;
    struct pto_tensor c;
    struct pto_tensor_create_info product;
    uint64_t size;
    uint64_t square;
};

/* The first product makes the tensor, the others overwrite it. */
static const struct pto_tensor *submit_product(const struct program *program, const struct pto_tensor *a,
                                               const struct pto_tensor *b, const struct pto_tensor *product)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, a);
    (void)pto_add_input(&arg, b);
    (void)(product == NULL ? pto_add_output(&arg, &program->product) : pto_add_output_existing(&arg, product));
    (void)pto_add_scalars(&arg, (const uint64_t[]){program->size, program->size, program->size, 1}, 4);
    struct pto_task_outputs made = pto_submit_aic(KERNEL_MATMUL, &arg);
    return product == NULL ? pto_output(&made, 0) : product;
}

static void submit_sum(const struct program *program, const struct pto_tensor *product, const struct pto_tensor *c)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, product);
    (void)pto_add_inout(&arg, c);
    (void)pto_add_scalar(&arg, program->square);
    (void)pto_submit_aiv(KERNEL_ACCUMULATE, &arg);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 7};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    uint64_t rows = pto_chip_args_scalar(args, 0);
    uint64_t depth = pto_chip_args_scalar(args, 1);
    uint64_t columns = pto_chip_args_scalar(args, 2);
    struct program program = {
        .a = argument(args, 0), .b = argument(args, 1), .c = argument(args, 2), .size = pto_chip_args_scalar(args, 3)};
    program.square = program.size * program.size;
    program.product = floats_of(program.square);
    for (uint64_t tile = 0; tile < rows * columns; tile++) {
        struct pto_tensor c = part_of(&program.c, tile * program.square, program.square);
        const struct pto_tensor *product = NULL;
        for (uint64_t k = 0; k < depth; k++) {
            struct pto_tensor a = part_of(&program.a, (tile / columns * depth + k) * program.square, program.square);
            struct pto_tensor b = part_of(&program.b, (k * columns + tile % columns) * program.square, program.square);
            product = submit_product(&program, &a, &b, product);
            submit_sum(&program, product, &c);
        }
    }
}
