/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole runs of the device programs: small orchestrations on both engines, all thread counts, many block counts. The
 * runtime itself checks after each that nothing is left (D41). Under ThreadSanitizer only the runtime's own
 * atomics order memory, on fibers too, so that a missing release is reported from the same seed every time (D34).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/kernel.h"
#include "mini_device.h"

static uint64_t cells[4096];

/* words: cell index, value to add */
static void add_kernel(int64_t *args)
{
    uint64_t *data = pto_kernel_data(pto_kernel_tensor(args, 0));
    data[0] += pto_kernel_word(args, 1);
}

static void submit_add(uint32_t cell, uint64_t value)
{
    const uint32_t shape[1] = {1};
    struct pto_tensor tensor;
    struct pto_arg arg;
    assert_int_equal(pto_tensor_external(&tensor, (uintptr_t)&cells[cell], shape, 1, PTO_UINT64, false, 0), 0);
    pto_arg_init(&arg);
    pto_add_inout(&arg, &tensor);
    pto_add_scalar(&arg, value);
    pto_submit_aiv(0, &arg);
}

static void one_task(const struct pto_chip_args *args)
{
    (void)args;
    submit_add(0, 7);
}

static void no_task(const struct pto_chip_args *args)
{
    (void)args;
}

/* scalars: tasks, cells */
static void many_tasks(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i += 32) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            for (uint64_t j = i; j < i + 32 && j < args->scalars[0]; j++) {
                submit_add((uint32_t)(j % args->scalars[1]), j);
            }
        }
    }
}

static void run_on(enum exec_kind kind, enum exec_policy policy, uint32_t seeds)
{
    struct exec_options options = {.kind = kind, .policy = policy, .seed = 1, .deadline_scale = 50};
    struct mini_device *device = mini_device_create(&options);
    const uint32_t blocks[] = {1, 2, 24};
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        options.seed = seed;
        mini_device_configure(device, &options);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            for (uint32_t b = 0; b < 3; b++) {
                struct mini_result result;
                struct mini_run run = {
                    .orchestration = many_tasks, .kernels = {add_kernel}, .threads = threads, .blocks = blocks[b]};
                run.scalars[0] = 300;
                run.scalars[1] = 7;
                for (uint32_t i = 0; i < 7; i++) {
                    cells[i] = 0;
                }
                mini_device_run(device, &run, &result);
                if (result.status != 0) {
                    print_error("%s\n%s\n", result.message, result.outcome.report);
                }
                assert_int_equal(result.outcome.end, EXEC_END_OK);
                assert_int_equal(result.status, 0);
                assert_int_equal(result.tasks, 300);
                assert_int_equal(result.dispatches, 300);
                uint64_t sum = 0;
                for (uint32_t i = 0; i < 7; i++) {
                    sum += cells[i];
                }
                assert_int_equal(sum, 300 * 299 / 2);
            }
        }
    }
    mini_device_destroy(device);
}

static void fibers_round_robin(void **state)
{
    (void)state;
    run_on(EXEC_FIBERS, EXEC_ROUND_ROBIN, 1);
}

static void fibers_random(void **state)
{
    (void)state;
    run_on(EXEC_FIBERS, EXEC_RANDOM, 3);
}

static void fibers_pct(void **state)
{
    (void)state;
    run_on(EXEC_FIBERS, EXEC_PCT, 3);
}

static void threads(void **state)
{
    (void)state;
    run_on(EXEC_THREADS, EXEC_ROUND_ROBIN, 1);
}

static void small_runs(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct mini_result result;
    struct mini_run run = {.orchestration = no_task, .kernels = {add_kernel}};
    mini_device_run(device, &run, &result);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.tasks, 0);
    cells[0] = 0;
    run.orchestration = one_task;
    for (uint32_t i = 1; i <= 3; i++) {
        mini_device_run(device, &run, &result);
        assert_int_equal(result.status, 0);
        assert_int_equal(result.tasks, 1);
        assert_int_equal(cells[0], 7 * i);
        assert_true(result.wall_ns > 0);
    }
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_runs),    cmocka_unit_test(fibers_round_robin),
        cmocka_unit_test(fibers_random), cmocka_unit_test(fibers_pct),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
