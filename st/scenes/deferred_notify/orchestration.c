/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deferred_notify: two ranks that hand each other data and say so by counters (device.md 5.1).
 *
 * Arguments: data[ranks][n] (IN), windows[ranks][n] and counters[ranks] (INOUT), result[ranks][n] (OUT). Three tasks a
 * rank r; its peer p is the other one:
 *
 *     wait:    registers counters[r] >= 1, makes a token       consume: result[r] = windows[r] + 1, takes the token
 *     produce: windows[p] = 2 * data[r], then notifies counters[p]
 *
 * Windows and counters are accessed as NO_DEP: nothing but the counter orders a consumer behind its peer's producer,
 * which is submitted later.
 */
#define PTO_ORCHESTRATION_UNIT
#include "abi/orchestration.h"

#define RANKS 2u

enum kernel { KERNEL_WAIT = 0, KERNEL_CONSUME = 1, KERNEL_PRODUCE = 2 };

struct world {
    struct pto_tensor data[RANKS];
    struct pto_tensor windows[RANKS];
    struct pto_tensor counters[RANKS];
    struct pto_tensor results[RANKS];
};

/* The part of each rank in an argument whose first dimension is the rank. */
static void split(struct pto_tensor *parts, const struct pto_chip_args *args, uint32_t i)
{
    struct pto_tensor whole;
    (void)pto_tensor_from_continuous(&whole, pto_chip_args_tensor(args, i), false, 0);
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        uint32_t shape[2] = {1, whole.shapes[1]};
        const uint32_t offset[2] = {rank, 0};
        (void)pto_tensor_view(&parts[rank], &whole, shape, offset, false);
    }
}

static struct pto_task_outputs submit_wait(const struct pto_tensor *counter)
{
    const uint32_t shape[1] = {1};
    struct pto_tensor_create_info token;
    struct pto_arg arg;
    (void)pto_create_info(&token, shape, 1, PTO_UINT32, false);
    pto_arg_init(&arg);
    (void)pto_add_no_dep(&arg, counter);
    (void)pto_add_output(&arg, &token);
    (void)pto_add_scalar(&arg, 1);
    return pto_submit_aiv(KERNEL_WAIT, &arg);
}

static void submit_consume(const struct pto_tensor *token, const struct pto_tensor *window,
                           const struct pto_tensor *result)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, token);
    (void)pto_add_no_dep(&arg, window);
    (void)pto_add_output_existing(&arg, result);
    (void)pto_submit_aiv(KERNEL_CONSUME, &arg);
}

static void submit_produce(const struct pto_tensor *data, const struct pto_tensor *window,
                           const struct pto_tensor *counter)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, data);
    (void)pto_add_no_dep(&arg, window);
    (void)pto_add_no_dep(&arg, counter);
    (void)pto_submit_aiv(KERNEL_PRODUCE, &arg);
}

PTO_ORCHESTRATION_CONFIG(args)
{
    (void)args;
    return (struct pto_orchestration_config){.expected_arg_count = 4};
}

PTO_ORCHESTRATION_ENTRY(args)
{
    struct world world;
    split(world.data, args, 0);
    split(world.windows, args, 1);
    split(world.counters, args, 2);
    split(world.results, args, 3);
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        uint32_t peer = RANKS - 1 - rank;
        struct pto_task_outputs wait = submit_wait(&world.counters[rank]);
        submit_consume(pto_output(&wait, 0), &world.windows[rank], &world.results[rank]);
        submit_produce(&world.data[rank], &world.windows[peer], &world.counters[peer]);
    }
}
