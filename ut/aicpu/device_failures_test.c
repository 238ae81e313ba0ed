/* SPDX-License-Identifier: Apache-2.0 */
/* Runs that fail by what the host, the cores, the kernels or the memory do, and the run after each (R4, R13, R23, R33).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "abi/kernel.h"
#include "base/fault.h"
#include "failure_rig.h"

static void register_completion(int64_t *args)
{
    static uint32_t counter;
    const struct pto_async_context *context = pto_kernel_async_context(args);
    assert_true(pto_async_is_available(context));
    assert_int_equal(pto_async_register(context, PTO_COMPLETION_COUNTER, PTO_ASYNC_SDMA, (uintptr_t)&counter, 1), 0);
}

static void wait_for_ever(int64_t *args)
{
    static _Atomic uint32_t never;
    (void)args;
    (void)exec_user_wait(&never, 0);
}

static void crash(int64_t *args)
{
    (void)args;
    __builtin_trap();
}

/* The core is gone: its dispatch is never answered. */
static void vanish(int64_t *args)
{
    (void)args;
    exec_exit();
}

static void wait_for_vanished(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    const uint32_t zero = 0;
    (void)args;
    failure_cell(&tensor, 0, 0);
    (void)failure_submit(0, PTO_ARG_INOUT, 0);
    (void)pto_get_scalar(&tensor, 1, &zero);
    failure_returned = true;
}

static void too_many_threads(struct trb_runtime *image)
{
    image->aicpu_thread_num = 5;
}

static void bad_callable_low(struct trb_runtime *image)
{
    image->callable_id = -1;
}

static void bad_callable_high(struct trb_runtime *image)
{
    image->callable_id = 64;
}

static void bad_window(struct trb_runtime *image)
{
    image->task_window_size = 6;
}

static void bad_pool(struct trb_runtime *image)
{
    image->dep_pool_size = 3;
}

static void bad_cores(struct trb_runtime *image)
{
    image->worker_count = 2;
}

static void cached_but_not_loaded(struct trb_runtime *image)
{
    image->callable_id = 9;
}

static void images_that_make_no_sense(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    const struct {
        void (*edit)(struct trb_runtime *image);
        const char *message;
    } cases[] = {
        {too_many_threads, "number of AICPU threads of 5; at most 4 can be"},
        /* D02: what a host may send that checks nothing. */
        {bad_callable_low, "callable id -1 is not in 0..63"},
        {bad_callable_high, "callable id 64 is not in 0..63"},
        {bad_window, "task window of 6"},
        {bad_pool, "dependency pool of 3"},
        {bad_cores, "blocks (or of cores) of 1"},
        {cached_but_not_loaded, "callable 9 is said to be loaded"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mini_result result;
        struct mini_run run = {
            .orchestration = failure_good, .kernels = {failure_add_one, failure_do_nothing}, .edit = cases[i].edit};
        mini_device_run(device, &run, &result);
        if (result.outcome.end != EXEC_END_OK || strstr(result.message, cases[i].message) == NULL) {
            print_error("'%s' instead of '%s'\n%s\n", result.message, cases[i].message, result.outcome.report);
        }
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -1);
        assert_int_equal(result.report.status, -1);
        assert_int_equal(result.report.orchestration_loaded, 0);
        assert_non_null(strstr(result.message, cases[i].message));
        failure_run_good(device, 2);
    }
    mini_device_destroy(device);
}

static void core_with_an_impossible_id(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t core = 1; core <= 6; core++) {
        struct mini_result result;
        struct mini_run run = {.orchestration = failure_good,
                               .kernels = {failure_add_one, failure_do_nothing},
                               .blocks = 2,
                               .absent_core = core};
        mini_device_run(device, &run, &result);
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -1);
        assert_non_null(strstr(result.message, "physical id 75"));
        failure_run_good(device, 2);
    }
    mini_device_destroy(device);
}

/* Two cores behind the same registers would take each other's commands. */
static void two_cores_with_one_id(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t core = 2; core <= 6; core++) {
        struct mini_result result;
        struct mini_run run = {.orchestration = failure_good,
                               .kernels = {failure_add_one, failure_do_nothing},
                               .blocks = 2,
                               .twin_core = core};
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "core %u reports physical id %u, which", core - 1, core - 2);
        mini_device_run(device, &run, &result);
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -1);
        assert_non_null(strstr(result.message, expected));
        assert_int_equal(result.tasks + result.dispatches, 0); /* and none of an earlier run */
        failure_run_good(device, 2);
    }
    mini_device_destroy(device);
}

static void kernel_failures_on(enum exec_kind kind)
{
    const struct {
        mini_kernel *kernel;
        enum exec_end end;
        int status;
    } cases[] = {
        {register_completion, EXEC_END_OK, -100},
        {wait_for_ever, EXEC_END_OP_TIMEOUT, 0},
        {crash, EXEC_END_USER_FAULT, 0},
    };
    struct exec_options options = {.kind = kind, .op_limit_ns = 20000000};
    struct mini_device *device = mini_device_create(&options);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint32_t threads = 1; threads <= 4; threads++) {
            struct mini_result result;
            struct mini_run run = {
                .orchestration = failure_good, .kernels = {cases[i].kernel, failure_do_nothing}, .threads = threads};
            mini_device_run(device, &run, &result);
            assert_int_equal(result.outcome.end, cases[i].end);
            if (cases[i].status != 0) {
                assert_int_equal(result.status, cases[i].status);
                assert_int_equal(result.sched_code, -cases[i].status);
            }
            failure_run_good(device, threads);
        }
    }
    mini_device_destroy(device);
}

/* A dispatch that is never answered: the schedulers give up with 100, a waiting orchestrator with 8. */
static void lost_completions(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    for (uint32_t threads = 1; threads <= 4; threads++) {
        struct mini_result result;
        struct mini_run run = {
            .orchestration = failure_good, .kernels = {vanish, failure_do_nothing}, .threads = threads, .blocks = 2};
        mini_device_run(device, &run, &result);
        if (result.outcome.end != EXEC_END_OK) {
            print_error("%u threads: %s\n%s\n", threads, result.message, result.outcome.report);
        }
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -100);
        assert_int_equal(result.sched_code, 100);
        assert_non_null(strstr(result.message, "nothing can get on"));
        failure_run_good(device, threads);
        run.orchestration = wait_for_vanished;
        failure_returned = false;
        mini_device_run(device, &run, &result);
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        assert_int_equal(result.status, -8);
        assert_int_equal(result.orch_code, 8);
        assert_false(failure_returned);
        failure_run_good(device, threads);
    }
    mini_device_destroy(device);
}

static void kernel_failures(void **state)
{
    (void)state;
    kernel_failures_on(EXEC_FIBERS);
    kernel_failures_on(EXEC_THREADS);
}

static void no_memory(void **state)
{
    (void)state;
    const char *sites[] = {"aicpu.trb_memory", "aicpu.ready_queue", "aicpu.tensor_map"};
    struct mini_device *device = mini_device_create(NULL);
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        struct fault_rule rule = {.nth = 1, .error = 12};
        struct mini_result result;
        struct mini_run run = {
            .orchestration = failure_good, .kernels = {failure_add_one, failure_do_nothing}, .window = 128};
        strcpy(rule.site, sites[i]);
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        mini_device_run(device, &run, &result);
        fault_plan_clear();
        assert_int_equal(result.status, -1);
        assert_non_null(strstr(result.message, "no memory for windows of 128 tasks"));
        failure_run_good(device, 2);
    }
    mini_device_destroy(device);
}

static void packed_output_is_published(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct fault_rule rule = {.site = "aicpu.publish_packed_output", .nth = 1, .values = {0x1000, 24}};
    struct mini_result result;
    struct mini_run run = {.orchestration = failure_good, .kernels = {failure_add_one, failure_do_nothing}};
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    mini_device_run(device, &run, &result);
    fault_plan_clear();
    assert_int_equal(result.graph_output[0], 0x1000);
    assert_int_equal(result.graph_output[1], 24);
    mini_device_run(device, &run, &result);
    assert_int_equal(result.graph_output[0], 0);
    assert_int_equal(result.graph_output[1], 0);
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_that_make_no_sense),
        cmocka_unit_test(core_with_an_impossible_id),
        cmocka_unit_test(two_cores_with_one_id),
        cmocka_unit_test(lost_completions),
        cmocka_unit_test(kernel_failures),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(packed_output_is_published),
    };
    return cmocka_run_group_tests(tests, mini_device_watch_user_code, mini_device_forget_user_code) != 0;
}
