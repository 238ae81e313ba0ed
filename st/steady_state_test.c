/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the second and every later run of a callable does, and nothing else (R15, R34; D10): every fallible call is a
 * named site, so the sites that one run reaches are all the memory, files, images and registrations that it asks for.
 */
#include <malloc.h>
#include <string.h>

#include "st/runtime_fixture.h"

#define SITES_MAX 64u
#define GRAPH_BUFFERS 3u /* that the orchestration of CALLABLE_TWO_STEPS allocates under host_build_graph */
#define HOST_RUNS 8u
#define HOST_ROUNDS 6u

/* What a run may do on the variants of a pattern; `calls` 0: as often as its tensors ask for. */
static const struct allowed_site {
    const char *variants;
    const char *site;
    uint64_t calls;
} allowed_sites[] = {
    {"*/*/sim", "host.copy_in", 0},
    {"*/*/sim", "host.copy_out", 0},
    {"*/trb/sim", "host.zero", 0},
    {"*/*/sim", "sim.launch_init", 1},
    {"*/*/sim", "sim.launch_exec", 1},
    {"*/*/onboard", "driver.rtMemcpy", 0},
    {"*/trb/onboard", "driver.rtMemset", 0},
    {"*/*/onboard", "driver.rtSetDevice", 0},
    {"*/*/onboard", "driver.rtsLaunchCpuKernel", 1},
    {"*/*/onboard", "driver.rtKernelLaunchWithHandleV2", 1},
    {"*/*/onboard", "driver.rtStreamSynchronizeWithTimeout", 2},
    {"*/*/onboard", "driver.task", 2}, /* the two launches while they are queued */
    {"*/*/*", "npu.completion", 2},    /* of its two tasks: no call, a place for silent faults */
    {"*/trb/*", "aicpu.publish_packed_output", 1},
    {"*/hbg/*", "hbm.alloc.graph", GRAPH_BUFFERS},
    {"*/hbg/*", "host.graph_allocation", GRAPH_BUFFERS},
    {"*/hbg/onboard", "driver.rtMalloc", GRAPH_BUFFERS},
    {"*/hbg/onboard", "driver.rtFree", GRAPH_BUFFERS},
};
#define ALLOWED_COUNT (sizeof(allowed_sites) / sizeof(allowed_sites[0]))

static const struct allowed_site *find_allowed(const struct runtime_fixture *fixture, const char *site)
{
    for (size_t i = 0; i < ALLOWED_COUNT; i++) {
        if (strcmp(allowed_sites[i].site, site) == 0 && fixture_is(fixture, allowed_sites[i].variants)) {
            return &allowed_sites[i];
        }
    }
    return NULL;
}

static void expect_allowed(const struct runtime_fixture *fixture, const struct pto_fault_site *site)
{
    const struct allowed_site *allowed = find_allowed(fixture, site->site);
    if (allowed == NULL) {
        fail_msg("a steady run calls %s %lu times", site->site, site->calls);
    } else if (allowed->calls != 0 && site->calls != allowed->calls) {
        fail_msg("a steady run calls %s %lu times instead of %lu", site->site, site->calls, allowed->calls);
    }
}

static void expect_warm(const struct runtime_fixture *fixture)
{
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
}

/* No driver allocation, no registration, no file, no image, no host memory but what a queued launch needs. */
static void test_calls_of_the_second_run(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    struct pto_fault_site sites[SITES_MAX];
    expect_warm(fixture);
    assert_int_equal(debug->install_faults(NULL, 0), 0);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    size_t count = debug->get_fault_sites(sites, SITES_MAX);
    assert_in_range(count, 3, SITES_MAX);
    for (size_t i = 0; i < count; i++) {
        expect_allowed(fixture, &sites[i]);
    }
}

/* The same as the statistics tell it, over the numbers that only grow. */
static void test_statistics_stand_still(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_warm(fixture);
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    struct pto_statistics after = fixture_statistics(fixture, fixture->context);
    uint64_t asked_for = fixture_is(fixture, "*/hbg/*") ? GRAPH_BUFFERS : 0;
    expect_same_state(&after, &before);
    assert_int_equal(after.device_allocations - before.device_allocations, asked_for);
    assert_int_equal(after.driver_registrations, before.driver_registrations);
    assert_int_equal(after.driver_binary_loads, before.driver_binary_loads);
    assert_int_equal(after.driver_kernel_loads, before.driver_kernel_loads);
    assert_int_equal(after.bootstrap_files, before.bootstrap_files);
    assert_int_equal(after.runs - before.runs, 1);
    if (fixture_is(fixture, "*/*/onboard")) {
        assert_int_equal(after.driver_allocations - before.driver_allocations, asked_for);
        assert_int_equal(after.driver_in_use, before.driver_in_use);
    }
}

/* Bytes that the C library counts as in use more after some runs than before them. */
static int64_t growth_over_runs(const struct runtime_fixture *fixture)
{
    size_t before = mallinfo2().uordblks;
    for (unsigned i = 0; i < HOST_RUNS; i++) {
        expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    }
    return (int64_t)(mallinfo2().uordblks - before);
}

/*
 * What the allocator's caches take, which depends on addresses where alignment leaves pieces over, counts as in use; it
 * ends, and what runs keep does not. Sanitizers and valgrind have an allocator of their own, of which mallinfo2 knows
 * nothing.
 */
static void test_no_net_host_memory(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_warm(fixture);
    int64_t least = growth_over_runs(fixture);
    for (unsigned round = 1; round < HOST_ROUNDS; round++) {
        int64_t growth = growth_over_runs(fixture);
        least = growth < least ? growth : least;
    }
    if (least > 0) {
        fail_msg("every %u runs keep %lld bytes or more", HOST_RUNS, (long long)least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_calls_of_the_second_run),
        FIXTURE_TEST(test_statistics_stand_still),
        FIXTURE_TEST(test_no_net_host_memory),
    };
    return FIXTURE_RUN("steady state", "*/*/*", FIXTURE_EVERY, tests);
}
