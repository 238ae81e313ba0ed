/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dummy_task: tasks that run nothing, between ones that do (device.md 8.3).
 *
 * Arguments: x, y (IN), t, u, z (OUT), floats of rank 1; scalar: the form.
 *   0: t = x + x; dummy; z = t + t                  (3 tasks)
 *   1: t = x + x; four dummies in a chain; z = t + t (6 tasks)
 *   2: t = x + x; u = y + y; barrier; z = t + u     (4 tasks)
 * The last task takes t and u without dependency: only what the dummies order keeps it behind the first ones. In forms
 * 0 and 1 that is a word which the dummies hand on, in form 2 explicit dependencies.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_ADD = 0, KERNEL_ADD_LATE = 1 };

struct program {
    struct pto_tensor x;
    struct pto_tensor y;
    struct pto_tensor t;
    struct pto_tensor u;
    struct pto_tensor z;
    uint64_t count;
};

static uint64_t submit_double(const struct program *program, const struct pto_tensor *x, const struct pto_tensor *out)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, x);
    (void)pto_add_input(&arg, x);
    (void)pto_add_output_existing(&arg, out);
    (void)pto_add_scalar(&arg, program->count);
    return pto_submit_aiv(KERNEL_ADD, &arg).task_id;
}

/* z = t + second, ordered by `token` or by `barrier` alone. */
static void submit_last(const struct program *program, const struct pto_tensor *second, const struct pto_tensor *token,
                        const uint64_t *barrier)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_no_dep(&arg, &program->t);
    (void)pto_add_no_dep(&arg, second);
    (void)pto_add_output_existing(&arg, &program->z);
    if (token != NULL) {
        (void)pto_add_input(&arg, token);
    } else {
        (void)pto_set_dependencies(&arg, barrier, 1);
    }
    (void)pto_add_scalar(&arg, program->count);
    (void)pto_submit_aiv(token != NULL ? KERNEL_ADD_LATE : KERNEL_ADD, &arg);
}

static void run_chain(const struct program *program, int dummies)
{
    /* The word that the dummies hand on lies in u, which nobody else uses here. */
    struct pto_tensor token = part_of(&program->u, 0, 1);
    (void)submit_double(program, &program->x, &program->t);
    for (int i = 0; i < dummies; i++) {
        struct pto_arg arg;
        pto_arg_init(&arg);
        if (i == 0) {
            (void)pto_add_input(&arg, &program->t);
        }
        (void)pto_add_inout(&arg, &token);
        struct pto_task_outputs dummy = pto_submit_dummy(&arg);
        if (dummy.output_count != 0) {
            pto_report_fatal(0, "a dummy without outputs gave %u", dummy.output_count);
        }
    }
    submit_last(program, &program->t, &token, NULL);
}

static void run_barrier(const struct program *program)
{
    uint64_t both[] = {submit_double(program, &program->x, &program->t),
                       submit_double(program, &program->y, &program->u)};
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, both, 2);
    uint64_t barrier = pto_submit_dummy(&arg).task_id;
    submit_last(program, &program->u, NULL, &barrier);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 6};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct program program = {.x = argument(args, 0),
                              .y = argument(args, 1),
                              .t = argument(args, 2),
                              .u = argument(args, 3),
                              .z = argument(args, 4)};
    program.count = pto_tensor_numel(&program.x);
    switch (pto_chip_args_scalar(args, 0)) {
    case 0:
        run_chain(&program, 1);
        break;
    case 1:
        run_chain(&program, 4);
        break;
    default:
        run_barrier(&program);
    }
}
