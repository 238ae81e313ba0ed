/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes, limits and fatal errors of an orchestration, each with its code and its message (R13, R21, R23; D40). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "failure_rig.h"

static void auto_in_manual(const struct pto_chip_args *args)
{
    (void)args;
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_end();
    pto_scope_begin(PTO_SCOPE_AUTO);
    failure_returned = true;
}

static void too_deep(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        pto_scope_begin(PTO_SCOPE_AUTO);
    }
    failure_returned = true;
}

static void unopened(const struct pto_chip_args *args)
{
    (void)args;
    pto_scope_begin(PTO_SCOPE_AUTO);
    pto_scope_end();
    pto_scope_end();
    failure_returned = true;
}

static void wide_scope(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        (void)failure_submit(0, PTO_ARG_INOUT, 0);
    }
    failure_returned = true;
}

/* Deeper scopes share the last ring. */
static void deep_scopes(const struct pto_chip_args *args)
{
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        pto_scope_begin(PTO_SCOPE_AUTO);
        (void)failure_submit(0, PTO_ARG_INOUT, 0);
    }
    failure_returned = true;
}

static void large_output(const struct pto_chip_args *args)
{
    (void)mini_submit_output(1, args->scalars[0]);
    (void)mini_submit_output(1, args->scalars[1]);
    failure_returned = true;
}

static void fatal(const struct pto_chip_args *args)
{
    (void)failure_submit(0, PTO_ARG_INOUT, 0);
    pto_report_fatal((int32_t)(int64_t)args->scalars[0], "asked for %d", 3);
    failure_returned = true;
    /* From here on nothing has an effect. */
    assert_true(pto_is_fatal());
    assert_int_equal(failure_submit(1, PTO_ARG_INOUT, 0).task_id, PTO_TASK_ID_INVALID);
    pto_scope_begin(PTO_SCOPE_MANUAL);
    pto_scope_begin(PTO_SCOPE_AUTO);
    pto_scope_end();
    struct pto_tensor tensor;
    failure_cell(&tensor, 2, 0);
    const uint32_t zero = 0;
    pto_set_scalar(&tensor, 1, &zero, 99);
    assert_int_equal(pto_get_scalar(&tensor, 1, &zero), 0);
    assert_int_equal(pto_alloc_tensors(NULL).task_id, PTO_TASK_ID_INVALID);
}

/* scalars: producers, held by their tensors or only ordered before the consumer */
static void many_producers(const struct pto_chip_args *args)
{
    uint64_t ids[200];
    struct pto_arg arg;
    for (uint64_t i = 0; i < args->scalars[0]; i++) {
        ids[i] = failure_submit((uint32_t)i + 1, PTO_ARG_INOUT, 0).task_id;
    }
    pto_arg_init(&arg);
    if (args->scalars[1] != 0) {
        pto_set_dependencies(&arg, ids, (uint32_t)args->scalars[0]);
    } else {
        static struct pto_tensor all;
        const uint32_t shape[1] = {256};
        (void)pto_tensor_external(&all, (uintptr_t)failure_cells, shape, 1, PTO_UINT64, false, 0);
        pto_add_inout(&arg, &all);
    }
    (void)pto_submit_aiv(0 + (args->scalars[1] != 0), &arg);
    failure_returned = true;
}

static const struct failure failures[] = {
    {"AUTO in MANUAL", auto_in_manual, {0}, -5, "AUTO scope inside a MANUAL", false, 0, 0, 0},
    {"65 scopes", too_deep, {64}, -5, "64 scopes are open", false, 0, 0, 0},
    {"scope end without begin", unopened, {0}, -5, "no scope", false, 0, 0, 0},
    {"scope over window", wide_scope, {4}, -1, "holds 3 tasks, a window of 4 slots allows 3", false, 4, 0, 0},
    {"deep scopes over window", deep_scopes, {6}, -3, "the oldest, task 0x300000000, is complete", false, 4, 0, 0},
    {"output over heap", large_output, {1025, 1}, -2, "heap of ring 0 has 1024 bytes", false, 0, 1024, 0},
    {"outputs over heap", large_output, {1000, 1}, -2, "1 blocks alive", false, 0, 1024, 0},
    {"held producers over pool", many_producers, {69, 1}, -4, "more than 68 producers", false, 128, 0, 4},
    {"fatal", fatal, {0}, -9, "asked for 3", true, 0, 0, 0},
    {"fatal with a code", fatal, {77}, -77, "asked for 3", true, 0, 0, 0},
    {"fatal with a negative code", fatal, {(uint64_t)-42}, -42, "asked for 3", true, 0, 0, 0},
};

FAILURE_TESTS(failures)

/* Ordered producers are dropped when they complete: a small pool only makes the orchestrator wait. */
static void more_producers_than_pools_hold(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct mini_result result;
    struct mini_run run = {
        .orchestration = many_producers, .kernels = {failure_add_one, failure_do_nothing}, .window = 256, .pool = 4};
    for (run.threads = 1; run.threads <= 4; run.threads++) {
        memset(failure_cells, 0, sizeof(failure_cells));
        run.scalars[0] = 190;
        mini_device_run(device, &run, &result);
        assert_int_equal(result.status, 0);
        assert_int_equal(failure_cells[0], 1);
        for (uint32_t i = 1; i <= 190; i++) {
            assert_int_equal(failure_cells[i], 1);
        }
    }
    mini_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_round_robin),
        cmocka_unit_test(on_random),
        cmocka_unit_test(on_threads),
        cmocka_unit_test(more_producers_than_pools_hold),
    };
    return cmocka_run_group_tests(tests, mini_device_watch_user_code, mini_device_forget_user_code) != 0;
}
