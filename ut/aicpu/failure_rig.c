/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/aicpu/failure_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/kernel.h"

_Alignas(64) uint64_t failure_cells[FAILURE_CELLS];
bool failure_returned;

void failure_add_one(int64_t *args)
{
    uint64_t *data = pto_kernel_data(pto_kernel_tensor(args, 0));
    data[0]++;
}

void failure_do_nothing(int64_t *args)
{
    (void)args;
}

void failure_cell(struct pto_tensor *tensor, uint32_t index, int32_t version)
{
    const uint32_t shape[1] = {1};
    assert_int_equal(
        pto_tensor_external(tensor, (uintptr_t)&failure_cells[index], shape, 1, PTO_UINT64, false, version), 0);
}

struct pto_task_outputs failure_submit(uint32_t index, enum pto_tensor_arg_type tag, int32_t version)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    failure_cell(&tensor, index, version);
    pto_arg_init(&arg);
    pto_arg_add_tensor(&arg, tag, &tensor);
    return pto_submit_aiv(0, &arg);
}

void failure_good(const struct pto_chip_args *args)
{
    (void)args;
    for (uint32_t i = 0; i < 10; i++) {
        PTO_SCOPE(PTO_SCOPE_AUTO)
        {
            (void)failure_submit(0, PTO_ARG_INOUT, 0);
            (void)mini_submit_output(1, 100);
        }
    }
}

void failure_run_good(struct mini_device *device, uint32_t threads)
{
    struct mini_result result;
    struct mini_run run = {
        .orchestration = failure_good, .kernels = {failure_add_one, failure_do_nothing}, .threads = threads};
    memset(failure_cells, 0, sizeof(failure_cells));
    mini_device_run(device, &run, &result);
    if (result.status != 0) {
        print_error("%s\n%s\n", result.message, result.outcome.report);
    }
    assert_int_equal(result.outcome.end, EXEC_END_OK);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.report.status, 0);
    assert_int_equal(result.orch_code, 0);
    assert_int_equal(result.sched_code, 0);
    assert_string_equal(result.message, "");
    assert_int_equal(failure_cells[0], 10);
}

static void run_failure(struct mini_device *device, const struct failure *failure, uint32_t threads)
{
    struct mini_result result;
    struct mini_run run = {.orchestration = failure->orchestration,
                           .kernels = {failure_add_one, failure_do_nothing},
                           .threads = threads,
                           .window = failure->window,
                           .heap = failure->heap,
                           .pool = failure->pool};
    run.scalars[0] = failure->scalars[0];
    run.scalars[1] = failure->scalars[1];
    failure_returned = false;
    mini_device_run(device, &run, &result);
    bool as_expected = result.status == failure->status && strstr(result.message, failure->message) != NULL;
    if (!as_expected) {
        print_error("%s, %u threads: status %d '%s', expected %d '%s'\n%s\n", failure->name, threads, result.status,
                    result.message, failure->status, failure->message, result.outcome.report);
    }
    assert_true(as_expected);
    assert_int_equal(result.outcome.end, EXEC_END_OK);
    assert_int_equal(result.report.status, failure->status);
    assert_int_equal(result.orch_code, -failure->status);
    assert_int_equal(result.sched_code, 0);
    assert_int_equal(failure_returned, failure->returns);
}

void failure_run_table(const struct failure *failures, size_t count, enum exec_kind kind, enum exec_policy policy)
{
    /* A stall is exact on fibers; on threads it takes its time, and other work of the machine must not look like one.
     */
    const struct exec_options patient = {.kind = kind, .policy = policy, .seed = 5};
    struct exec_options options = patient;
    options.stall_limit_ns = kind == EXEC_FIBERS ? 20000000 : 250000000;
    struct mini_device *device = mini_device_create(&options);
    for (uint32_t threads = 1; threads <= 3; threads++) {
        for (size_t i = 0; i < count; i++) {
            mini_device_configure(device, &options);
            run_failure(device, &failures[i], threads);
            /* A busy machine is slow, and no reason for a stall. */
            mini_device_configure(device, &patient);
            failure_run_good(device, 1 + (uint32_t)i % 4);
        }
    }
    mini_device_destroy(device);
}
