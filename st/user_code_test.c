/* SPDX-License-Identifier: Apache-2.0 */
/* Orchestrations and kernels that fail, fault, throw or never end: the run says so and the next one works (R13, R23,
 * R33). */
#include "st/runtime_fixture.h"

#define SPIN_OP_LIMIT_NS 20000000ull

#define ONE_KERNEL(label, orchestration_file, kernel_file)                                                          \
    {                                                                                                               \
        .name = (label), .orchestration = (orchestration_file), .children = {{(kernel_file), 0}}, .child_count = 1, \
        .signature = {PTO_IN, PTO_OUT}, .signature_count = 2                                                        \
    }

static const struct callable_spec spec_fatal = ONE_KERNEL("fatal", "orchestration_fatal", "kernel_add");
static const struct callable_spec spec_bad_kernel = ONE_KERNEL("bad kernel", "orchestration_bad_kernel", "kernel_add");
static const struct callable_spec spec_fault = ONE_KERNEL("fault", "orchestration_one_task", "kernel_fault");
static const struct callable_spec spec_spin = ONE_KERNEL("spin", "orchestration_one_task", "kernel_spin");
static const struct callable_spec spec_wait = ONE_KERNEL("wait", "orchestration_one_task", "kernel_wait");
static const struct callable_spec spec_orchestration_spin =
    ONE_KERNEL("spinning orchestration", "orchestration_spin", "kernel_add");
static const struct callable_spec spec_throw = ONE_KERNEL("throw", "orchestration_throw", "kernel_add");
static const struct callable_spec spec_missing =
    ONE_KERNEL("missing symbol", "orchestration_missing_symbol", "kernel_add");
static const struct callable_spec spec_nested = ONE_KERNEL("nested", "orchestration_nested", "kernel_add");

static const struct callable_spec spec_reader_writer = {
    .name = "reader and writer",
    .orchestration = "orchestration_reader_writer",
    .children = {{"kernel_add", 0}, {"kernel_sum", 1}, {"kernel_double", 2}},
    .child_count = 3,
    .signature = {PTO_IN, PTO_OUT, PTO_INOUT},
    .signature_count = 3,
};

static const struct callable_spec spec_wait_peer = {.name = "waiting for a peer",
                                                    .orchestration = "orchestration_peers",
                                                    .children = {{"kernel_wait_peer", 0}, {"kernel_signal", 1}},
                                                    .child_count = 2,
                                                    .signature = {PTO_IN, PTO_OUT},
                                                    .signature_count = 2};
static const struct callable_spec spec_spin_peer = {.name = "spinning for a peer",
                                                    .orchestration = "orchestration_peers",
                                                    .children = {{"kernel_spin_peer", 0}, {"kernel_signal", 1}},
                                                    .child_count = 2,
                                                    .signature = {PTO_IN, PTO_OUT},
                                                    .signature_count = 2};

/* Both engines, with a limit that a test can wait for. */
static void expect_short_op_limit(const struct runtime_fixture *fixture, int32_t kind)
{
    struct pto_engine_options options = fixture_engine(kind, PTO_POLICY_ROUND_ROBIN, 0);
    options.op_limit_ns = SPIN_OP_LIMIT_NS;
    expect_engine(fixture, &options);
}

/* Fails as `result` with `part` in its text, and a good callable works before and after, on both engines. */
static void expect_failure_between_good_runs(const struct runtime_fixture *fixture, const struct callable_spec *spec,
                                             uint64_t bias, int result, const char *part)
{
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    fixture_prepare_spec(fixture, 1, spec);
    for (int32_t kind = PTO_ENGINE_FIBERS; kind <= PTO_ENGINE_THREADS; kind++) {
        expect_short_op_limit(fixture, kind);
        expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
        for (int i = 0; i < 2; i++) {
            expect_failure(fixture, 1, bias, result);
            expect_error_text(fixture, part);
            expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
        }
    }
    struct pto_statistics statistics = fixture_statistics(fixture, fixture->context);
    assert_int_equal(statistics.failed_runs, 4);
    assert_int_equal(statistics.runs, 10);
}

/* R23, D36: the code comes back negated; 0 counts as 9; later calls of the orchestration do nothing. */
static void test_explicit_fatal(void **state)
{
    expect_failure_between_good_runs(*state, &spec_fatal, 9, -9, "asked for by scalar 0");
}

static void test_explicit_fatal_zero(void **state)
{
    expect_failure_between_good_runs(*state, &spec_fatal, 0, -9, "-9");
}

static void test_explicit_fatal_other_code(void **state)
{
    expect_failure_between_good_runs(*state, &spec_fatal, 77, -77, "-77");
}

/* R23: the op that finds the kernel id bad does not return; the orchestration's stack is abandoned. */
static void test_bad_kernel_id(void **state)
{
    expect_failure_between_good_runs(*state, &spec_bad_kernel, 1, -5, "1");
}

static void test_kernel_id_out_of_range(void **state)
{
    expect_failure_between_good_runs(*state, &spec_bad_kernel, 1024, -5, "1024");
}

/* R33: a store to nowhere ends the run, not the process. */
static void test_faulting_kernel(void **state)
{
    expect_failure_between_good_runs(*state, &spec_fault, 1, fixture_fault_code(*state),
                                     "user code faulted (processor \"aiv");
}

/* R33: code that spins for ever is abandoned after the op limit. */
static void test_spinning_kernel(void **state)
{
    expect_failure_between_good_runs(*state, &spec_spin, 1, fixture_hang_code(*state),
                                     "within the op limit (processor \"aiv");
}

static void test_waiting_kernel(void **state)
{
    expect_failure_between_good_runs(*state, &spec_wait, 1, fixture_hang_code(*state),
                                     "within the op limit (processor \"aiv");
}

static void test_spinning_orchestration(void **state)
{
    expect_failure_between_good_runs(*state, &spec_orchestration_spin, 1, fixture_hang_code(*state),
                                     "within the op limit (processor \"aicpu");
}

/* R23: a C++ exception that reaches the entry is code 5, unless a code was latched before. */
static void test_throwing_orchestration(void **state)
{
    expect_failure_between_good_runs(*state, &spec_throw, 0, -5, "thrown by a fixture");
}

static void test_throw_after_fatal(void **state)
{
    expect_failure_between_good_runs(*state, &spec_throw, 42, -42, "42");
}

/* device.md 9.1: an unresolved symbol fails the run with its name. */
static void test_missing_symbol(void **state)
{
    expect_failure_between_good_runs(*state, &spec_missing, 1, -1, "fixture_symbol_that_nobody_defines");
}

/* host.md 7 row 8, D13: a missing entry symbol shows at the run, and the id is not dead for ever. */
static void test_missing_entry(void **state)
{
    struct callable_spec spec = spec_nested;
    spec.entry_name = "no_such_entry";
    expect_failure_between_good_runs(*state, &spec, 1, -1, "no_such_entry");
}

/* R22, R23: scopes 63 deep, every one with a task in it, on one thread and on four. */
static void test_nested_scopes(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &spec_nested);
    for (int threads = 1; threads <= 4; threads++) {
        struct fixture_run run;
        fixture_run_make(&run, 2);
        assert_int_equal(runtime_client_run(&fixture->client, fixture->context, 0, &run.args, 1, threads), 0);
        assert_int_equal(run.out[1], run.in[1] + 64 * 2);
        assert_int_equal(fixture_statistics(fixture, fixture->context).last_tasks, 64);
    }
}

/* R19, D50: the writer waits for a reader that is held up. */
static void test_writer_waits_for_reader(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const uint32_t count = FIXTURE_ELEMENTS;
    fixture_prepare_spec(fixture, 0, &spec_reader_writer);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct pto_engine_options options =
            fixture_engine(PTO_ENGINE_FIBERS, seed == 0 ? PTO_POLICY_ROUND_ROBIN : PTO_POLICY_RANDOM, seed);
        struct fixture_run run;
        struct pto_continuous_tensor tensor;
        int32_t x[FIXTURE_ELEMENTS];
        expect_engine(fixture, &options);
        fixture_run_make(&run, 0);
        for (uint32_t i = 0; i < count; i++) {
            x[i] = (int32_t)(1000 + i);
        }
        pto_continuous_tensor_make(&tensor, (uintptr_t)x, &count, 1, PTO_INT32, 0);
        pto_chip_args_clear(&run.args);
        callable_args(&run.args, run.in, run.out, count, 0);
        run.args.scalar_count = 0;
        assert_int_equal(pto_chip_args_add_tensor(&run.args, &tensor), 0);
        assert_int_equal(runtime_client_run(&fixture->client, fixture->context, 0, &run.args, 2, 3), 0);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(run.out[i], run.in[i] + 1 + (int32_t)(1000 + i));
            assert_int_equal(x[i], 2 * (int32_t)(1000 + i));
        }
    }
}

static void expect_peers_meet(const struct runtime_fixture *fixture, const struct callable_spec *spec, int reproducible)
{
    fixture_prepare_spec(fixture, 0, spec);
    for (int32_t kind = PTO_ENGINE_FIBERS; kind <= PTO_ENGINE_THREADS; kind++) {
        struct pto_engine_options options = fixture_engine(kind, PTO_POLICY_ROUND_ROBIN, 0);
        struct fixture_run run;
        expect_engine(fixture, &options);
        fixture_run_make(&run, 3);
        int result = fixture_play(fixture, fixture->context, 0, &run);
        if (result != 0) {
            fail_msg("%s, engine %d: %d: %s", spec->name, kind, result,
                     fixture->client.debug->last_error(fixture->context));
        }
        assert_int_equal(run.out[4], run.in[4] + 3);
        if (kind == PTO_ENGINE_FIBERS) {
            assert_int_equal(fixture_statistics(fixture, fixture->context).last_reproducible, reproducible);
        }
    }
}

/* R33: kernels on two cores may wait for each other, politely ... */
static void test_kernels_wait_for_each_other(void **state)
{
    expect_peers_meet(*state, &spec_wait_peer, 1);
}

/* ... or by spinning, at the price of a reproducible run. */
static void test_kernels_spin_for_each_other(void **state)
{
    expect_peers_meet(*state, &spec_spin_peer, 0);
}

/* R33: a run that the watchdog had to interrupt is told apart from a reproducible one. */
static void test_interrupted_run_is_not_reproducible(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    fixture_prepare_spec(fixture, 1, &spec_spin);
    expect_short_op_limit(fixture, PTO_ENGINE_FIBERS);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture_statistics(fixture, fixture->context).last_reproducible, 1);
    expect_failure(fixture, 1, 1, fixture_hang_code(fixture));
    assert_int_equal(fixture_statistics(fixture, fixture->context).last_reproducible, 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture_statistics(fixture, fixture->context).last_reproducible, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_explicit_fatal),
        FIXTURE_TEST(test_explicit_fatal_zero),
        FIXTURE_TEST(test_explicit_fatal_other_code),
        FIXTURE_TEST(test_bad_kernel_id),
        FIXTURE_TEST(test_kernel_id_out_of_range),
        FIXTURE_TEST(test_faulting_kernel),
        FIXTURE_TEST(test_spinning_kernel),
        FIXTURE_TEST(test_waiting_kernel),
        FIXTURE_TEST(test_spinning_orchestration),
        FIXTURE_TEST(test_throwing_orchestration),
        FIXTURE_TEST(test_throw_after_fatal),
        FIXTURE_TEST(test_missing_symbol),
        FIXTURE_TEST(test_missing_entry),
        FIXTURE_TEST(test_nested_scopes),
        FIXTURE_TEST(test_writer_waits_for_reader),
        FIXTURE_TEST(test_kernels_wait_for_each_other),
        FIXTURE_TEST(test_kernels_spin_for_each_other),
        FIXTURE_TEST(test_interrupted_run_is_not_reproducible),
    };
    return FIXTURE_RUN("user code", "*/trb/sim", FIXTURE_EVERY, tests);
}
