/* SPDX-License-Identifier: Apache-2.0 */
/* Launches (host.md 3.7, 4.5): the cached AICore handle, what poisons when half of a launch is out, results (R15, R17).
 */
#include "ut/host_onboard/onboard_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "st/fixtures/stub_device/stub_device.h"
#include "st/fixtures/stub_device_hbg/stub_device_hbg.h"

/* ---- the AICore image ---- */

/* R15: registered by the first launch, once, until finalize; its size is charged to the device. */
static void test_handle_is_cached(void **state)
{
    struct fixture_image aicore = fixture_file(fixture_programs.aicore);
    struct pto_statistics before = fixture_statistics(*state);
    assert_null(onboard_platform(*state)->aicore_handle);
    graph_expect_golden(*state);
    void *handle = onboard_platform(*state)->aicore_handle;
    assert_non_null(handle);
    for (int i = 0; i < 5; i++) {
        graph_expect_golden(*state);
    }
    struct pto_statistics after = fixture_statistics(*state);
    assert_ptr_equal(onboard_platform(*state)->aicore_handle, handle);
    assert_int_equal(after.driver_registrations - before.driver_registrations, 1);
    assert_int_equal(after.driver_image_bytes, aicore.size);
    assert_int_equal(after.device_bytes_by_kind[PTO_MEMORY_PROGRAM], aicore.size);
    onboard_again(*state);
    assert_null(onboard_platform(*state)->aicore_handle);
    graph_expect_golden(*state);
    assert_int_equal(fixture_statistics(*state).driver_image_bytes, aicore.size); /* the reset took the first one */
    fixture_free(&aicore);
}

/* host.md 4.5: a registration that fails is forgotten, and tried again by the next run. */
static void test_registration_fails(void **state)
{
    static const struct {
        int32_t code;
        int result;
    } cases[] = {{DRIVER_INVALID_PARAMETER, DRIVER_INVALID_PARAMETER}, {0, -1}};
    struct fixture_args args;
    for (size_t i = 0; i < 2; i++) {
        onboard_plan("driver.rtRegisterAllKernel", 1, cases[i].code);
        assert_int_equal(onboard_play(*state, &args), cases[i].result);
        fault_plan_clear();
        onboard_expect_text(*state, "rtRegisterAllKernel returned");
        assert_null(onboard_platform(*state)->aicore_handle);
        assert_int_equal(fixture_statistics(*state).device_bytes_by_kind[PTO_MEMORY_PROGRAM], 0);
        onboard_expect_sound(*state);
        onboard_again(*state);
    }
    onboard_plan("driver.rtRegisterAllKernel", 1, DRIVER_OUT_OF_MEMORY);
    assert_int_equal(onboard_play(*state, &args), DRIVER_OUT_OF_MEMORY);
    fault_plan_clear();
    onboard_expect_poisoned(*state, "poisoned by 207001"); /* at a launch (R17) */
    onboard_again(*state);
    onboard_expect_sound(*state);
}

/* ---- halves of a launch ---- */

struct launch_case {
    const char *site;
    uint64_t nth;
    int code;
    bool poisons;
    const char *text;
};

/* An error before anything is queued is one; with a half queued that nobody takes back, only a reset helps. */
static void test_launch_faults(void **state)
{
    static const struct launch_case cases[] = {
        {"driver.rtsLaunchCpuKernel", 1, DRIVER_INVALID_PARAMETER, false, "rtsLaunchCpuKernel returned 107000"},
        {"driver.rtsLaunchCpuKernel", 1, DRIVER_OUT_OF_MEMORY, true, "rtsLaunchCpuKernel returned 207001"},
        {"driver.rtKernelLaunchWithHandleV2", 1, DRIVER_INVALID_PARAMETER, true,
         "with the other half of the launch queued"},
        {"driver.rtKernelLaunchWithHandleV2", 1, DRIVER_OUT_OF_MEMORY, true,
         "with the other half of the launch queued"},
        {"driver.rtStreamSynchronizeWithTimeout", 1, DRIVER_INVALID_PARAMETER, true, "of the AICPU stream returned"},
        {"driver.rtStreamSynchronizeWithTimeout", 1, DRIVER_EXCEPTION, true, "of the AICPU stream returned 507018"},
        {"driver.rtStreamSynchronizeWithTimeout", 2, DRIVER_TIMEOUT, true, "of the AICore stream returned 507046"},
        {"driver.rtSetDevice", 2, DRIVER_NO_CONTEXT, false, "rtSetDevice returned 107002"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_args args;
        char poisoned[32];
        onboard_expect_sound(*state);
        onboard_plan(cases[i].site, cases[i].nth, cases[i].code);
        int result = onboard_play(*state, &args);
        fault_plan_clear();
        if (result != cases[i].code || strstr(fixture_error(*state), cases[i].text) == NULL) {
            fail_msg("%s call %lu: returned %d '%s'", cases[i].site, cases[i].nth, result, fixture_error(*state));
        }
        assert_int_equal(args.output[0], 5);
        if (!cases[i].poisons) {
            onboard_expect_sound(*state);
            continue;
        }
        (void)snprintf(poisoned, sizeof(poisoned), "poisoned by %d", cases[i].code);
        onboard_expect_poisoned(*state, poisoned);
        onboard_again(*state);
    }
}

static void test_engine_choice(void **state)
{
    struct pto_engine_options options = {.size = sizeof(options), .kind = PTO_ENGINE_THREADS};
    assert_int_equal(pto_debug_api()->set_engine(*state, &options), 0);
    graph_expect_golden(*state);
    assert_int_equal(fixture_statistics(*state).last_reproducible, 0);
    options.kind = 9;
    assert_int_equal(pto_debug_api()->set_engine(*state, &options), -1);
    onboard_expect_text(*state, "engine kind 9");
    options = (struct pto_engine_options){.size = sizeof(options), .kind = PTO_ENGINE_FIBERS};
    assert_int_equal(pto_debug_api()->set_engine(*state, &options), 0);
    graph_expect_golden(*state);
    assert_int_equal(fixture_statistics(*state).last_reproducible, 1);
}

static void test_hang(void **state)
{
    const struct fault_rule hang = {.site = STUB_SITE_EXEC, .nth = 1, .values = {STUB_WAIT_FOR_EVER}};
    struct fixture_args args;
    assert_int_equal(fault_plan_install(&hang, 1), 0);
    assert_int_equal(onboard_play(*state, &args), DRIVER_TIMEOUT);
    fault_plan_clear();
    assert_int_equal(args.output[0], 5);
    onboard_expect_poisoned(*state, "poisoned by 507046");
    onboard_again(*state);
    onboard_expect_sound(*state);
}

/* A function that returns a code is no fault of the device. */
static void test_results(void **state)
{
    static const struct {
        uint64_t command;
        int value;
        const char *text;
    } cases[] = {{STUB_RETURN, -5, "a function of the device program returned -5"},
                 {STUB_REPORT_STATUS, -100, "failed with -100"}};
    for (size_t i = 0; i < 2; i++) {
        struct fault_rule rule = {.site = STUB_SITE_EXEC, .nth = 1, .values = {cases[i].command, 0}};
        struct fixture_args args;
        rule.values[1] = (uint64_t)(int64_t)cases[i].value;
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        assert_int_equal(onboard_play(*state, &args), cases[i].value);
        fault_plan_clear();
        onboard_expect_text(*state, cases[i].text);
        assert_int_equal(args.output[0], 5);
        onboard_expect_sound(*state);
    }
}

/* ---- what a launch is given ---- */

/* The core runs a kernel where it lies in device memory: 128 bytes behind its CoreCallable (host.md 3.7 step 7; R35).
 */
static void test_kernels_lie_in_device_memory(void **state)
{
    graph_expect_golden(*state);
    const struct chip_buffer *chip = ((struct host_context *)*state)->callables.entries[0].chip;
    assert_int_equal(chip->kernels[0].entry, chip->kernels[0].address + 128);
    assert_int_equal(graph_runtime(*state)->device_tasks->function_bin_addr, chip->kernels[0].address + 128);
}

/* The kernel arguments are uploaded when they change, the device's clock is set back for each launch. */
static void test_arguments(void **state)
{
    graph_expect_golden(*state);
    const struct platform *platform = onboard_platform(*state);
    assert_memory_equal(platform->kernel_args, &platform->args, sizeof(platform->args));
    assert_int_equal(platform->args.regs, (uintptr_t)platform->register_table);
    assert_int_equal(platform->args.device_args, (uintptr_t)platform->block);
    assert_int_equal(platform->args.runtime_args, (uintptr_t)graph_runtime(*state)->device_image);
    assert_int_equal(*platform->device_wall, STUB_WALL_NS);
    struct npu_driver_statistics before;
    struct npu_driver_statistics after;
    npu_driver_statistics(0, &before);
    graph_expect_golden(*state);
    npu_driver_statistics(0, &after);
    assert_int_equal(after.copies - before.copies, 9); /* the output in, three of the graph, the clock; four back */
    assert_int_equal(after.launches - before.launches, 2);
}

static void test_blocks(void **state)
{
    static const struct {
        const char *site;
        uint64_t nth;
        int32_t code;
        int asked;
        uint32_t blocks; /* 0: refused */
    } cases[] = {
        {"unused", 1, 1, 0, 24},
        {"unused", 1, 1, 24, 24},
        {"unused", 1, 1, 25, 0},
        {"unused", 1, 1, -1, 0},
        {"driver.aclrtGetStreamResLimit", 1, DRIVER_NOT_SUPPORTED, 0, 24},
        {"driver.aclrtGetStreamResLimit", 2, DRIVER_NOT_SUPPORTED, 0, 24},
        {"driver.aclrtGetStreamResLimit", 1, 0, 0, 24}, /* none at all, it says */
    };
    void *buffer = malloc(get_runtime_size());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_args args;
        graph_args(&args, graph_golden, NULL);
        onboard_plan(cases[i].site, cases[i].nth, cases[i].code);
        int result = run_prepared(*state, buffer, 0, &args.args, cases[i].asked, 1, 0, 0, 0, 0, NULL, NULL);
        fault_plan_clear();
        assert_int_equal(result, cases[i].blocks != 0 ? 0 : -1);
        if (result == 0) {
            assert_int_equal(graph_runtime(*state)->device_image->block_dim, cases[i].blocks);
        }
    }
    free(buffer);
}

/* ---- callables that are unregistered ---- */

/* The AICPU is told at once; when that fails, the next launch tells it. */
static void test_unload_faults(void **state)
{
    static const struct {
        const char *site;
        uint64_t bits; /* that the device was not told */
    } cases[] = {{"driver.rtMemcpy", 1ull << 9}, {"driver.rtsLaunchCpuKernel", 0}};
    static const struct fixture_kernel kernel = {"add_one", 0};
    graph_expect_golden(*state);
    for (size_t i = 0; i < 2; i++) {
        struct platform *platform = onboard_platform(*state);
        graph_prepare(*state, 9, &kernel, 1);
        ((struct host_context *)*state)->callables.entries[9].on_aicpu = true;
        onboard_plan(cases[i].site, 1, DRIVER_INVALID_PARAMETER);
        assert_int_equal(unregister_callable(*state, 9), 0);
        fault_plan_clear();
        assert_int_equal(platform->unloads_pending, cases[i].bits != 0);
        assert_int_equal(platform->block->unload_callables, (1ull << 9) & ~cases[i].bits);
        graph_expect_golden(*state);
        assert_false(platform->unloads_pending);
        assert_int_equal(platform->block->unload_callables, 1ull << 9); /* told, and the stub's exec leaves it there */
        platform->block->unload_callables = 0;
        graph_expect_golden(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_handle_is_cached),
        GRAPH_TEST(test_registration_fails),
        GRAPH_TEST(test_launch_faults),
        GRAPH_TEST(test_engine_choice),
        GRAPH_TEST(test_hang),
        GRAPH_TEST(test_results),
        GRAPH_TEST(test_kernels_lie_in_device_memory),
        GRAPH_TEST(test_arguments),
        GRAPH_TEST(test_blocks),
        GRAPH_TEST(test_unload_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
