/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binary compatibility (R1, R9, R23, device.md 2, 9): C++ orchestrations and kernels that declare every layout and the
 * ops table themselves, and never saw ref/abi, run; what they do wrong has its code, and the next run works.
 */
#include <string.h>

#include "st/fixtures/callables/compat_modes.h"
#include "st/runtime_fixture.h"

#define INVALID (-5)

static const struct callable_spec spec_ops = {
    .name = "every op",
    .orchestration = "compat_ops",
    .children = {{"kernel_add", 0}, {"kernel_multiply", 1}, {"compat_kernel_block", 2}},
    .child_count = 3,
    .signature = {PTO_IN, PTO_OUT},
    .signature_count = 2,
};

static const struct callable_spec spec_unique = {
    .name = "unique symbol",
    .orchestration = "compat_unique",
    .children = {{"kernel_add", 0}},
    .child_count = 1,
    .signature = {PTO_IN, PTO_OUT},
    .signature_count = 2,
};

/* Runs as `mode`: out[i] = times * in[i] + plus + each * i. */
static void expect_values(const struct runtime_fixture *fixture, int32_t callable_id, uint64_t mode, int32_t times,
                          int32_t plus, int32_t each)
{
    struct fixture_run run;
    fixture_run_make(&run, mode);
    int result = fixture_play(fixture, fixture->context, callable_id, &run);
    if (result != 0) {
        fail_msg("mode %llu returned %d: %s", (unsigned long long)mode, result,
                 fixture->client.debug->last_error(fixture->context));
    }
    for (int32_t i = 0; i < (int32_t)FIXTURE_ELEMENTS; i++) {
        assert_int_equal(run.out[i], times * run.in[i] + plus + each * i);
    }
}

static void test_every_op_and_layout(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &spec_ops);
    for (int32_t kind = PTO_ENGINE_FIBERS; kind <= PTO_ENGINE_THREADS; kind++) {
        struct pto_engine_options options = fixture_engine(kind, PTO_POLICY_ROUND_ROBIN, 0);
        expect_engine(fixture, &options);
        for (int i = 0; i < 2; i++) {
            expect_values(fixture, 0, COMPAT_EVERY_OP, 3, 7, 0);
            assert_int_equal(fixture_statistics(fixture, fixture->context).last_tasks, 4);
            expect_values(fixture, 0, COMPAT_TEMPORARIES, 1, 3, 0);
            expect_values(fixture, 0, COMPAT_BLOCKS, 1, 0, 1);
            expect_values(fixture, 0, COMPAT_NO_ADDRESS, 1, 3, 0);
            expect_values(fixture, 0, COMPAT_CATCHES, 1, 3, 0);
        }
    }
}

/* R23: the code, its text, nothing copied back; and on the same context the next run works. */
static void test_every_failure(void **state)
{
    static const struct {
        enum compat_mode mode;
        int result;
        const char *text;
    } cases[] = {
        {COMPAT_CALLS_AFTER_FATAL, -77, "-77"},
        {COMPAT_NEGATIVE_FATAL, -77, "as it is"},
        {COMPAT_THROWS, INVALID, "thrown out of a scope x"},
        {COMPAT_THROWS_NUMBER, INVALID, "exception"},
        {COMPAT_FAIL_SUBMIT_NO_KERNEL, INVALID, "no kernel is named"},
        {COMPAT_FAIL_SUBMIT_KERNEL, INVALID, "kernel id 555"},
        {COMPAT_FAIL_SUBMIT_BLOCKS, INVALID, "0 blocks"},
        {COMPAT_FAIL_SUBMIT_ERROR, INVALID, "an error that the Arg remembers"},
        {COMPAT_FAIL_SUBMIT_COUNT, INVALID, "17 tensors"},
        {COMPAT_FAIL_SUBMIT_SCALARS, INVALID, "33 scalars"},
        {COMPAT_FAIL_SUBMIT_TAG, INVALID, "tag 5"},
        {COMPAT_FAIL_SUBMIT_TENSOR, INVALID, "tensor 0"},
        {COMPAT_FAIL_SUBMIT_STRIDE, INVALID, "tensor 0"},
        {COMPAT_FAIL_SUBMIT_DEPENDENCY, INVALID, "dependency"},
        {COMPAT_FAIL_SCOPE_BEGIN, INVALID, "AUTO scope inside a MANUAL one"},
        {COMPAT_FAIL_SCOPE_MODE, INVALID, "mode 2"},
        {COMPAT_FAIL_SCOPE_END, INVALID, "no scope of the orchestration is open"},
        {COMPAT_FAIL_DONE, INVALID, "said that it is done"},
        {COMPAT_FAIL_GET_RANK, INVALID, "2 indices"},
        {COMPAT_FAIL_GET_INDEX, INVALID, "index 16"},
        {COMPAT_FAIL_SET_INDEX, INVALID, "index 16"},
        {COMPAT_FAIL_ALLOC_NOTHING, INVALID, "alloc_tensors: 0 tensors"},
        {COMPAT_FAIL_ALLOC_INPUT, INVALID, "alloc_tensors: 2 tensors"},
        {COMPAT_FAIL_ALLOC_SCALAR, INVALID, "1 scalars"},
        {COMPAT_FAIL_ALLOC_SHAPE, INVALID, "output 0"},
        {COMPAT_FAIL_DUMMY, INVALID, "-1 tensors"},
    };
    const struct runtime_fixture *fixture = *state;
    bool seen[COMPAT_MODES] = {false};
    fixture_prepare_spec(fixture, 0, &spec_ops);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_run run;
        fixture_run_make(&run, cases[i].mode);
        int result = fixture_play(fixture, fixture->context, 0, &run);
        const char *text = fixture->client.debug->last_error(fixture->context);
        if (result != cases[i].result || strstr(text, cases[i].text) == NULL || !fixture_run_untouched(&run)) {
            fail_msg("mode %d returned %d '%s', expected %d '%s'; nothing may be copied back", cases[i].mode, result,
                     text, cases[i].result, cases[i].text);
        }
        expect_values(fixture, 0, COMPAT_EVERY_OP, 3, 7, 0);
        seen[cases[i].mode] = true;
    }
    for (int mode = COMPAT_CATCHES + 1; mode < COMPAT_MODES; mode++) {
        assert_true(seen[mode]);
    }
}

/* device.md 2.1: config is called before bind, and asks for three arguments. */
static void test_config_counts_arguments(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &spec_ops);
    for (int i = 0; i < 2; i++) {
        fixture_run_make(&run, COMPAT_TEMPORARIES);
        run.args.scalar_count = 0;
        assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
        expect_error_text(fixture, "expects 3 arguments, 2 tensors and 0 scalars");
        assert_true(fixture_run_untouched(&run));
        expect_values(fixture, 0, COMPAT_TEMPORARIES, 1, 3, 0);
    }
}

/* device.md 9.1: neither config nor bind, and nothing that wants them. */
static void test_optional_symbols_are_optional(void **state)
{
    static const struct callable_spec spec = {
        .name = "plain", .orchestration = "compat_plain", .signature = {PTO_IN, PTO_OUT}, .signature_count = 2};
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &spec);
    for (int i = 0; i < 2; i++) {
        expect_values(fixture, 0, 0, 0, 0, 0);
        assert_int_equal(fixture_statistics(fixture, fixture->context).last_tasks, 0);
    }
}

/* device.md 9.1, 9.3, R9: without its common unit an SO cannot be loaded; the id is not dead. */
static void test_missing_common_unit(void **state)
{
    static const struct callable_spec spec = {
        .name = "no unit", .orchestration = "compat_no_unit", .signature = {PTO_IN, PTO_OUT}, .signature_count = 2};
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &spec);
    fixture_prepare_spec(fixture, 1, &spec_ops);
    for (int i = 0; i < 2; i++) {
        expect_failure(fixture, 0, 1, -1);
        const char *text = fixture->client.debug->last_error(fixture->context);
        assert_true(strstr(text, "framework_current_runtime") != NULL ||
                    strstr(text, "_Z11assert_implPKcS0_i") != NULL);
        assert_int_equal(fixture_statistics(fixture, fixture->context).aicpu_dlopens, (uint64_t)i);
        expect_values(fixture, 1, COMPAT_EVERY_OP, 3, 7, 0);
    }
    expect_unregister(fixture, 0);
    fixture_prepare_spec(fixture, 0, &spec_ops);
    expect_values(fixture, 0, COMPAT_TEMPORARIES, 1, 3, 0);
}

/*
 * R9: what the dynamic linker keeps is told, and is no leak of ours. It keeps the first copy in the process, whose
 * symbol all later ones use; these it unloads. Without a leak gate, which counts the mapping that stays.
 */
static void test_unique_symbols(void **state)
{
    static bool kept = false;
    struct runtime_fixture *fixture = *state;
    uint64_t expected = kept ? 0 : 1;
    fixture->context = fixture->client.api.create_device_context();
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
    for (int i = 0; i < 3; i++) {
        fixture_prepare_spec(fixture, 0, &spec_unique);
        expect_values(fixture, 0, 5, 1, 5, 0);
        expect_values(fixture, 0, 6, 1, 6, 0);
        expect_unregister(fixture, 0);
        expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
        expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
        expect_unregister(fixture, 0);
        assert_int_equal(fixture_statistics(fixture, fixture->context).orchestration_not_unloadable, expected);
    }
    fixture->client.api.destroy_device_context(fixture->context);
    fixture->context = NULL;
    kept = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_op_and_layout),     FIXTURE_TEST(test_every_failure),
        FIXTURE_TEST(test_config_counts_arguments), FIXTURE_TEST(test_optional_symbols_are_optional),
        FIXTURE_TEST(test_missing_common_unit),     cmocka_unit_test(test_unique_symbols),
    };
    return FIXTURE_RUN("compat", "*/trb/*", FIXTURE_EVERY, tests);
}
