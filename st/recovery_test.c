/* SPDX-License-Identifier: Apache-2.0 */
/* One run says nothing about the next (R8, R9, R13, R23; D15, D30, D35), also when the first one failed on the way. */
#include <string.h>

#include "st/runtime_fixture.h"

static const struct callable_spec spec_fatal = {.name = "fatal",
                                                .orchestration = "orchestration_fatal",
                                                .children = {{"kernel_add", 0}},
                                                .child_count = 1,
                                                .signature = {PTO_IN, PTO_OUT},
                                                .signature_count = 2};

static void fail_site(const struct runtime_fixture *fixture, const char *site, int sticky)
{
    struct pto_fault_rule rule = {.nth = 1, .sticky = sticky != 0, .error = 5};
    assert_true(strlen(site) < sizeof(rule.site));
    strcpy(rule.site, site);
    assert_int_equal(fixture->client.debug->install_faults(&rule, 1), 0);
}

/* The sites of the AICPU's own staging that a first run reaches. */
static size_t orchestration_sites(const struct runtime_fixture *fixture, struct pto_fault_site *sites, size_t capacity)
{
    struct pto_fault_site all[256];
    size_t found = 0;
    assert_int_equal(fixture->client.debug->install_faults(NULL, 0), 0);
    expect_prepare(fixture, 9, CALLABLE_ADD);
    expect_golden(fixture, 9, CALLABLE_ADD);
    expect_unregister(fixture, 9);
    size_t count = fixture->client.debug->get_fault_sites(all, 256);
    fixture->client.debug->clear_faults();
    for (size_t i = 0; i < count && i < 256 && found < capacity; i++) {
        if (strstr(all[i].site, "orchestration") != NULL) {
            sites[found++] = all[i];
        }
    }
    return found;
}

/* R9, D15: a first load that fails is tried again by the next run, and counts only when it succeeded. */
static void test_failed_first_load_is_retried(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct pto_fault_site sites[16];
    size_t count = orchestration_sites(fixture, sites, 16);
    size_t failed = 0;
    assert_in_range(count, 1, 16);
    for (size_t i = 0; i < count; i++) {
        struct fixture_run run;
        expect_prepare(fixture, 0, CALLABLE_ADD);
        size_t dlopens = fixture->client.api.get_aicpu_dlopen_count(fixture->context);
        fixture_run_make(&run, 1);
        fail_site(fixture, sites[i].site, 1);
        int result = fixture_play(fixture, fixture->context, 0, &run);
        fixture->client.debug->clear_faults();
        if (result != 0) {
            failed++;
            assert_true(fixture_run_untouched(&run));
            assert_int_equal(fixture->client.api.get_aicpu_dlopen_count(fixture->context), dlopens);
            assert_int_equal(fixture_statistics(fixture, fixture->context).orchestration_handles, 0);
        }
        expect_golden(fixture, 0, CALLABLE_ADD);
        assert_int_equal(fixture->client.api.get_aicpu_dlopen_count(fixture->context), dlopens + 1);
        expect_unregister(fixture, 0);
    }
    assert_true(failed > 0);
}

/*
 * R13, D30, D35: a good run after any mixture of good, fatal and rejected ones, on one and more threads. D29, R11: the
 * bad ones copy nothing back. D36, R23: the fatal one says which code was latched.
 */
static void test_order_of_runs_does_not_matter(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_prepare(fixture, 1, CALLABLE_NO_TASKS);
    fixture_prepare_spec(fixture, 2, &spec_fatal);
    for (uint32_t order = 0; order < 64; order++) {
        for (uint32_t step = 0; step < 3; step++) {
            switch (order >> (2 * step) & 3) {
            case 0:
                expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
                break;
            case 1:
                expect_golden(fixture, 1, CALLABLE_NO_TASKS);
                break;
            case 2:
                expect_failure(fixture, 2, 9, -9);
                break;
            default:
                expect_failure(fixture, 40, 1, -1);
                break;
            }
        }
    }
}

/* D35: the same run twice, for every number of threads and after every other number of threads. */
static void test_threads_and_blocks_change_between_runs(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    const int most = (int)fixture->arch->max_aicpu_threads;
    for (int first = 1; first <= most; first++) {
        for (int second = 1; second <= most; second++) {
            for (int i = 0; i < 2; i++) {
                struct fixture_run run;
                fixture_run_make(&run, 5);
                int threads = i == 0 ? first : second;
                int blocks = i == 0 ? second : most + 1 - first;
                assert_int_equal(runtime_client_run(&fixture->client, fixture->context, 0, &run.args, blocks, threads),
                                 0);
                assert_int_equal(run.out[7], callable_golden(CALLABLE_TWO_STEPS, run.in[7], 5));
            }
        }
    }
}

/* R8, R4: device memory that runs out is an ordinary error; what was there before is there afterwards. */
static void test_device_memory_runs_out(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    /* Onboard the driver's own objects count too. */
    uint64_t in_use = before.driver_in_use > before.device_bytes ? before.driver_in_use : before.device_bytes;
    assert_int_equal(debug->set_device_capacity(fixture->context, in_use - 1), -1);
    assert_int_equal(debug->set_device_capacity(fixture->context, in_use + 64), 0);
    int result = fixture->client.api.prepare_callable(fixture->context, 1, fixture->images[CALLABLE_MULTIPLY].bytes);
    assert_int_equal(result, -1);
    expect_error_text(fixture, "memory");
    struct pto_statistics after = fixture_statistics(fixture, fixture->context);
    expect_same_state(&after, &before);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 2, CALLABLE_ADD); /* equal bytes need no more */
    assert_int_equal(debug->set_device_capacity(fixture->context, 0), 0);
    expect_prepare(fixture, 1, CALLABLE_MULTIPLY);
    expect_golden(fixture, 1, CALLABLE_MULTIPLY);
}

/* R13, R33: the seed decides the schedule, the same seed the same one; the result is the same under all of them. */
static void test_seeds_replay(void **state)
{
    const struct runtime_fixture *fixture = *state;
    uint64_t first[8];
    size_t different = 0;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    for (int round = 0; round < 2; round++) {
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct pto_engine_options options = fixture_engine(PTO_ENGINE_FIBERS, PTO_POLICY_RANDOM, seed);
            expect_engine(fixture, &options);
            expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
            uint64_t switches = fixture_statistics(fixture, fixture->context).last_switches;
            if (round == 0) {
                first[seed] = switches;
                different += seed != 0 && switches != first[0];
            }
            assert_int_equal(switches, first[seed]);
        }
    }
    assert_true(different > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_failed_first_load_is_retried),
        FIXTURE_TEST(test_order_of_runs_does_not_matter),
        FIXTURE_TEST(test_threads_and_blocks_change_between_runs),
        FIXTURE_TEST(test_device_memory_runs_out),
        FIXTURE_TEST(test_seeds_replay),
    };
    return FIXTURE_RUN("recovery", "*/trb/*", FIXTURE_EVERY, tests);
}
