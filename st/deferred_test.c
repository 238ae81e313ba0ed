/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred completion through the C ABI, on every trb variant: conditions that hold, that never do, and that make no
 * sense, each with its code and its text, and a good run after it (device.md 5.1; R13, R21, R23, R33).
 */
#include "st/fixtures/defer_claim.h"
#include "st/runtime_fixture.h"

static const struct callable_spec spec_defer = {.name = "defer",
                                                .orchestration = "orchestration_one_task",
                                                .children = {{"kernel_defer", 0}},
                                                .child_count = 1,
                                                .signature = {PTO_IN, PTO_OUT},
                                                .signature_count = 2};

/* The kernel adds its bias as kernel_add does. */
static void expect_deferred(const struct runtime_fixture *fixture)
{
    struct fixture_run run;
    fixture_run_make(&run, DEFER_REACHED);
    assert_int_equal(fixture_play(fixture, fixture->context, 1, &run), 0);
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        assert_int_equal(run.out[i], run.in[i] + DEFER_REACHED);
    }
}

static void expect_claims(const struct runtime_fixture *fixture)
{
    bool has_events = fixture->arch->has_sdma;
    const struct {
        enum defer_claim claim;
        int result;
        const char *text;
    } cases[] = {
        {DEFER_NEVER, -100, "to reach 10; it is 9; 1 conditions of 1 tasks are open"},
        {DEFER_NEVER_BY_MAIL, -100, "to reach 11; it is 10; 1 conditions of 1 tasks are open"},
        {DEFER_NULL, -101, "no aligned address"},
        {DEFER_EVENT, has_events ? -100 : -101, has_events ? "its flag is 0" : "a type that a5 does not have"},
        {DEFER_COUNT, -103, "registered 65 conditions"},
        {DEFER_OVERFLOW, -102, "completion error 102"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_failure(fixture, 1, cases[i].claim, cases[i].result);
        expect_error_text(fixture, cases[i].text);
        expect_deferred(fixture);
        expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    }
}

static void test_claims(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    fixture_prepare_spec(fixture, 1, &spec_defer);
    expect_deferred(fixture);
    expect_claims(fixture);
    const struct pto_engine_options options = fixture_engine(PTO_ENGINE_FIBERS, PTO_POLICY_RANDOM, 7);
    expect_engine(fixture, &options);
    expect_claims(fixture);
}

/* In real time: what can be known at once. */
static void test_claims_on_threads(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_engine_options options = fixture_engine(PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN, 0);
    expect_engine(fixture, &options);
    fixture_prepare_spec(fixture, 1, &spec_defer);
    for (enum defer_claim claim = DEFER_COUNT; claim <= DEFER_OVERFLOW; claim++) {
        expect_failure(fixture, 1, claim, claim == DEFER_COUNT ? -103 : -102);
        expect_deferred(fixture);
    }
}

/* R33: a counter that is no memory ends the run as a fault of user code does. */
static void test_address_without_memory(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 1, &spec_defer);
    expect_deferred(fixture);
    expect_failure(fixture, 1, DEFER_NO_MEMORY, fixture_fault_code(fixture));
    if (fixture_is(fixture, "*/*/sim")) {
        expect_deferred(fixture);
    } /* elsewhere the device is poisoned now (R17) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_claims),
        FIXTURE_TEST(test_claims_on_threads),
        FIXTURE_TEST(test_address_without_memory),
    };
    return FIXTURE_RUN("deferred", "*/trb/*", FIXTURE_EVERY, tests);
}
