/* SPDX-License-Identifier: Apache-2.0 */
/* The five scenes of a prepared callable, with the counters of host.md 3.11 (R5, R7, R9; D16, D17). */
#include "st/runtime_fixture.h"

static void test_two_ids_alternate(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 3, CALLABLE_ADD);
    expect_prepare(fixture, 60, CALLABLE_TWO_STEPS);
    for (int i = 0; i < 3; i++) {
        expect_golden(fixture, 3, CALLABLE_ADD);
        expect_golden(fixture, 60, CALLABLE_TWO_STEPS);
    }
    assert_int_equal(fixture_dlopens(fixture), 2); /* one each, however they alternate */
}

/* R9, D17: the counter counts loads, not runs. */
static void test_five_runs_open_once(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture_dlopens(fixture), fixture_loads_at_prepare(fixture) ? 1 : 0);
    for (int i = 0; i < 5; i++) {
        expect_golden(fixture, 0, CALLABLE_ADD);
    }
    assert_int_equal(fixture_dlopens(fixture), 1);
}

/* R5, D16: the second prepare fails before it touches anything, and the first registration stays. */
static void test_double_prepare(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 7, CALLABLE_ADD);
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    int result = fixture->client.api.prepare_callable(fixture->context, 7, fixture->images[CALLABLE_MULTIPLY].bytes);
    assert_int_equal(result, -1);
    expect_error_text(fixture, "7");
    struct pto_statistics after = fixture_statistics(fixture, fixture->context);
    expect_same_state(&after, &before);
    assert_int_equal(after.device_allocations, before.device_allocations); /* nothing was uploaded and freed again */
    expect_golden(fixture, 7, CALLABLE_ADD);
    assert_int_equal(fixture_dlopens(fixture), 1);
}

/* R7, D09: equal bytes share one buffer; unregistering one id leaves the other. */
static void test_equal_bytes_unregister_independently(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    struct pto_statistics one = fixture_statistics(fixture, fixture->context);
    expect_prepare(fixture, 1, CALLABLE_TWO_STEPS);
    struct pto_statistics two = fixture_statistics(fixture, fixture->context);
    assert_int_equal(two.chip_buffers, 1);
    assert_int_equal(two.chip_leases, 2);
    assert_int_equal(two.device_bytes, one.device_bytes);
    assert_int_equal(two.kernel_handles, 2);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
    assert_int_equal(fixture_dlopens(fixture), 2); /* loaded per id */
    expect_unregister(fixture, 0);
    expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
    expect_failure(fixture, 0, 5, -1);
    expect_unregister(fixture, 1);
    struct pto_statistics none = fixture_statistics(fixture, fixture->context);
    assert_int_equal(none.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER], 0);
    assert_int_equal(none.chip_buffers, 0);
    assert_int_equal(none.kernel_handles, 0);
    assert_int_equal(none.orchestration_handles, 0);
    assert_int_equal(fixture_dlopens(fixture), 2);
}

/* R9, D17: unregister takes nothing off the counter, and what is prepared again is loaded again. */
static void test_prepare_again(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 12, CALLABLE_ADD);
    expect_golden(fixture, 12, CALLABLE_ADD);
    assert_int_equal(fixture_dlopens(fixture), 1);
    expect_unregister(fixture, 12);
    assert_int_equal(fixture_dlopens(fixture), 1);
    assert_int_equal(fixture_statistics(fixture, fixture->context).orchestration_handles, 0);
    expect_prepare(fixture, 12, CALLABLE_MULTIPLY);
    expect_golden(fixture, 12, CALLABLE_MULTIPLY);
    assert_int_equal(fixture_dlopens(fixture), 2);
}

/* R9: the counters outlive finalize and init; they end with the context. */
static void test_counters_survive_finalize(void **state)
{
    const struct runtime_fixture *fixture = *state;
    for (size_t i = 1; i <= 3; i++) {
        expect_prepare(fixture, 0, CALLABLE_ADD);
        expect_golden(fixture, 0, CALLABLE_ADD);
        assert_int_equal(fixture_dlopens(fixture), i);
        assert_int_equal(fixture->client.api.finalize_device(fixture->context), 0);
        assert_int_equal(fixture_dlopens(fixture), i);
        assert_int_equal(runtime_client_init(&fixture->client, fixture->context, (int)(i % 2)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_two_ids_alternate), FIXTURE_TEST(test_five_runs_open_once),
        FIXTURE_TEST(test_double_prepare),    FIXTURE_TEST(test_equal_bytes_unregister_independently),
        FIXTURE_TEST(test_prepare_again),     FIXTURE_TEST(test_counters_survive_finalize),
    };
    return FIXTURE_RUN("prepared callable", "*/*/*", FIXTURE_EVERY, tests);
}
