/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dep_gen_chain: many producers, a barrier that names them all, and one consumer that only names the barrier.
 *
 * Arguments: x (IN) [n], parts (OUT) [n], out (OUT) [1], uint32. Producer i writes parts[i] = x[i]^2 + i. The consumer
 * takes `parts` without dependency: only the barrier's explicit list, longer than the 64 a payload holds, orders it.
 */
#define PTO_ORCHESTRATION_UNIT
#include "st/scenes/submit.h"

enum kernel { KERNEL_SQUARE = 0, KERNEL_FOLD = 1 };
#define MAX_PRODUCERS 391u

static uint64_t submit_producer(const struct pto_tensor *x, const struct pto_tensor *parts, uint64_t i)
{
    struct pto_tensor in = part_of(x, i, 1);
    struct pto_tensor out = part_of(parts, i, 1);
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &in);
    (void)pto_add_output_existing(&arg, &out);
    (void)pto_add_scalar(&arg, i);
    return pto_submit_aiv(KERNEL_SQUARE, &arg).task_id;
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 3};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    uint64_t producers[MAX_PRODUCERS];
    struct pto_tensor x = argument(args, 0);
    struct pto_tensor parts = argument(args, 1);
    struct pto_tensor out = argument(args, 2);
    uint32_t count = x.shapes[0] <= MAX_PRODUCERS ? x.shapes[0] : MAX_PRODUCERS;
    struct pto_arg arg;
    for (uint32_t i = 0; i < count; i++) {
        producers[i] = submit_producer(&x, &parts, i);
    }
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, producers, count);
    uint64_t barrier = pto_submit_dummy(&arg).task_id;
    pto_arg_init(&arg);
    (void)pto_add_no_dep(&arg, &parts);
    (void)pto_add_output_existing(&arg, &out);
    (void)pto_add_scalar(&arg, count);
    (void)pto_set_dependencies(&arg, &barrier, 1);
    (void)pto_submit_aiv(KERNEL_FOLD, &arg);
}
