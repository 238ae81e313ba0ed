/* SPDX-License-Identifier: Apache-2.0 */
/* Steady-state churn has slope zero in every ledger (R9, R34; D08, D10, D14, D53). CHURN_SCALE scales the repetitions.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "harness/leak/os_objects.h"
#include "st/runtime_fixture.h"

/* Many enough that what the allocator's caches hold back, some kilobytes at any time, is below 16 bytes a cycle. */
#define CONTEXT_CYCLES 600
#define DISTINCT_CYCLES 10000 /* of register, run, unregister, each with a content of its own */

static void expect_flat(const struct runtime_fixture *fixture, int (*cycle)(void *, uint64_t), uint64_t cycles)
{
    struct leak_churn churn = {.cycle = cycle,
                               .state = (void *)(uintptr_t)fixture,
                               .warm_up = 8,
                               .cycles = leak_churn_count(cycles, 16),
                               .debug = fixture->client.debug,
                               .context = fixture->context};
    if (leak_churn_run(&churn) != 0) {
        fail_msg("after %lu cycles: %s", churn.cycles, churn.text);
    }
}

static int run_right(const struct runtime_fixture *fixture, void *context, int32_t id, enum callable_kind kind)
{
    struct fixture_run run;
    fixture_run_make(&run, 3);
    int result = fixture_play(fixture, context, id, &run);
    return result != 0 ? result : run.out[3] == callable_golden(kind, run.in[3], 3) ? 0 : -2;
}

/* A content that no cycle before had: e_flags of the orchestration, which nobody looks at on x86-64. */
static int register_distinct(const struct runtime_fixture *fixture, int32_t id, uint64_t index)
{
    const struct callable_image *image = &fixture->images[CALLABLE_TWO_STEPS];
    uint8_t *copy = malloc(image->size);
    if (copy == NULL) {
        return -1;
    }
    memcpy(copy, image->bytes, image->size);
    memcpy(copy + PTO_CHIP_CALLABLE_STORAGE_OFFSET + 48, &index, 4);
    int result = fixture->client.api.prepare_callable(fixture->context, id, copy);
    free(copy);
    return result;
}

static int cycle_distinct(void *state, uint64_t index)
{
    const struct runtime_fixture *fixture = state;
    int32_t id = (int32_t)(index % 64);
    int result = register_distinct(fixture, id, index);
    result = result == 0 ? run_right(fixture, fixture->context, id, CALLABLE_TWO_STEPS) : result;
    return result == 0 ? fixture->client.api.unregister_callable(fixture->context, id) : result;
}

static void test_register_run_unregister(void **state)
{
    expect_flat(*state, cycle_distinct, DISTINCT_CYCLES);
}

static int cycle_run(void *state, uint64_t index)
{
    (void)index;
    const struct runtime_fixture *fixture = state;
    return run_right(fixture, fixture->context, 0, CALLABLE_ADD);
}

/* D53, R34: a key, a handle or a mapping per run ends the process sooner or later. */
static void test_runs_of_one_callable(void **state)
{
    expect_prepare(*state, 0, CALLABLE_ADD);
    expect_flat(*state, cycle_run, 5000);
}

static void test_runs_on_threads(void **state)
{
    struct pto_engine_options options = fixture_engine(PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN, 0);
    expect_engine(*state, &options);
    expect_prepare(*state, 0, CALLABLE_ADD);
    expect_flat(*state, cycle_run, 200);
}

/* R34: a run resets what the runs before it touched of the rings, and not all that there is, here 745 MiB. */
static void test_large_rings_stay_untouched(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct os_mappings before;
    struct os_mappings after;
    fixture_only(fixture, "*/trb/*", "it has no rings");
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(os_objects_mappings(&before), 0);
    (void)setenv("PTO2_RING_TASK_WINDOW", "65536", 1);
    struct fixture_run run[2];
    int results[2];
    for (size_t i = 0; i < 2; i++) {
        fixture_run_make(&run[i], 5);
        results[i] = fixture_play(fixture, fixture->context, 0, &run[i]);
    }
    (void)setenv("PTO2_RING_TASK_WINDOW", "64", 1); /* as the fixture has it */
    assert_int_equal(os_objects_mappings(&after), 0);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], 0);
    assert_true(fixture_statistics(fixture, fixture->context).device_bytes_by_kind[PTO_MEMORY_RING_SHARED] >
                UINT64_C(700) << 20);
    assert_true(after.resident_bytes - before.resident_bytes < INT64_C(256) << 20);
}

/* Runs that fail on the device, that are rejected before it, and prepares that fail. */
static int cycle_failures(void *state, uint64_t index)
{
    const struct runtime_fixture *fixture = state;
    struct fixture_run run;
    uint8_t byte = (uint8_t)index;
    fixture_run_make(&run, 9);
    int fatal = fixture_play(fixture, fixture->context, 1, &run);
    int rejected = fixture_play(fixture, fixture->context, 2, &run);
    int twice = fixture->client.api.prepare_callable(fixture->context, 1, fixture->images[CALLABLE_ADD].bytes);
    static struct pto_chip_callable hostile;
    hostile.child_count = -1 - byte;
    int refused = fixture->client.api.prepare_callable(fixture->context, 3, &hostile);
    return fatal == -9 && rejected == -1 && twice == -1 && refused == -1 && fixture_run_untouched(&run) ? 0 : -1;
}

static void test_failures(void **state)
{
    static const struct callable_spec fatal = {.name = "fatal",
                                               .orchestration = "orchestration_fatal",
                                               .children = {{"kernel_add", 0}},
                                               .child_count = 1,
                                               .signature = {PTO_IN, PTO_OUT},
                                               .signature_count = 2};
    fixture_prepare_spec(*state, 1, &fatal);
    expect_flat(*state, cycle_failures, 400);
}

static int cycle_init(void *state, uint64_t index)
{
    const struct runtime_fixture *fixture = state;
    const struct runtime_api *api = &fixture->client.api;
    int result = api->finalize_device(fixture->context);
    result = result == 0 ? runtime_client_init(&fixture->client, fixture->context, (int)(index % 2)) : result;
    result = result == 0 ? api->prepare_callable(fixture->context, 0, fixture->images[CALLABLE_ADD].bytes) : result;
    return result == 0 ? run_right(fixture, fixture->context, 0, CALLABLE_ADD) : result;
}

static void test_init_and_finalize(void **state)
{
    expect_flat(*state, cycle_init, CONTEXT_CYCLES);
}

/* Onboard the fixture's own device is left out: the AICore image of a context stays registered until the device is
 * reset (R15), and it is not reset while somebody else uses it (R17). */
static int cycle_context(void *state, uint64_t index)
{
    const struct runtime_fixture *fixture = state;
    const struct runtime_api *api = &fixture->client.api;
    int device = (int)(index % 2) + (fixture_is(fixture, "*/*/onboard") ? 1 : 0);
    void *context = api->create_device_context();
    int result = context != NULL ? runtime_client_init(&fixture->client, context, device) : -1;
    result = result == 0 ? api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes) : result;
    result = result == 0 ? run_right(fixture, context, 0, CALLABLE_ADD) : result;
    api->destroy_device_context(context);
    return result;
}

static void test_contexts(void **state)
{
    expect_flat(*state, cycle_context, CONTEXT_CYCLES);
}

/* The whole library comes and goes, as a client does that opens one worker after the other. */
static int cycle_library(void *state, uint64_t index)
{
    struct runtime_fixture *fixture = state;
    struct runtime_fixture fresh = *fixture;
    char error[256];
    int result = runtime_client_open(&fresh.client, fixture->artefacts, fixture->variant, error, sizeof(error));
    if (result == 0) {
        result = cycle_context(&fresh, index);
        runtime_client_close(&fresh.client);
    }
    return result;
}

static void test_libraries(void **state)
{
    expect_flat(*state, cycle_library, CONTEXT_CYCLES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_register_run_unregister),
        FIXTURE_TEST(test_runs_of_one_callable),
        FIXTURE_TEST(test_runs_on_threads),
        FIXTURE_TEST(test_large_rings_stay_untouched),
        FIXTURE_TEST(test_failures),
        FIXTURE_TEST(test_init_and_finalize),
        FIXTURE_TEST(test_contexts),
        FIXTURE_TEST(test_libraries),
    };
    return FIXTURE_RUN("churn", "*/*/*", FIXTURE_EVERY, tests);
}
