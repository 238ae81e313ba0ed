/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which codes of the driver poison the device, in which order calls check, and how contexts come to a device and leave
 * it, also one that was reset under them (R5, R17; host.md 3.2, 3.10).
 */
#include "ut/host_onboard/onboard_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

/* ---- what poisons ---- */

/* R17: these codes are device faults wherever they come from; the next call names the first of them. */
static void test_fault_codes(void **state)
{
    static const struct {
        int code;
        const char *text; /* NULL: no fault */
    } cases[] = {
        {DRIVER_EXCEPTION, "507018"}, {DRIVER_TIMEOUT, "507046"},       {DRIVER_INTERNAL, "507000"},
        {DRIVER_OUT_OF_MEMORY, NULL}, {DRIVER_INVALID_PARAMETER, NULL}, {DRIVER_REGISTER_POISONED, "returned 62"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        onboard_plan("driver.rtMalloc", 1, cases[i].code);
        assert_null(device_malloc_ctx(*state, 64));
        fault_plan_clear();
        if (cases[i].text == NULL) {
            onboard_expect_sound(*state);
            continue;
        }
        onboard_expect_poisoned(*state, cases[i].text);
        onboard_expect_poisoned(*state, "rtMalloc"); /* still the first one */
        onboard_again(*state);
        onboard_expect_sound(*state);
    }
}

/* A fault is one whichever call meets it: copies and what gives things back included. */
static void expect_fault_named(void *ctx, const char *site)
{
    fault_plan_clear();
    onboard_expect_poisoned(ctx, strchr(site, '.') + 1);
    onboard_expect_text(ctx, "poisoned by 507018");
    onboard_again(ctx);
    onboard_expect_sound(ctx);
}

static void test_faults_of_copies(void **state)
{
    uint32_t word = 0;
    void *device = device_malloc_ctx(*state, 4);
    onboard_plan("driver.rtMemcpy", 1, DRIVER_EXCEPTION);
    assert_int_not_equal(copy_to_device_ctx(*state, device, &word, 4), 0);
    expect_fault_named(*state, "driver.rtMemcpy");
    device = device_malloc_ctx(*state, 4);
    onboard_plan("driver.rtMemcpy", 1, DRIVER_EXCEPTION);
    assert_int_not_equal(copy_from_device_ctx(*state, &word, device, 4), 0);
    expect_fault_named(*state, "driver.rtMemcpy");
}

static void test_faults_of_giving_back(void **state)
{
    void *device = device_malloc_ctx(*state, 4);
    onboard_plan("driver.rtFree", 1, DRIVER_EXCEPTION);
    device_free_ctx(*state, device);
    expect_fault_named(*state, "driver.rtFree");
    void *stream = create_comm_stream_ctx(*state);
    onboard_plan("driver.aclrtSynchronizeStream", 1, DRIVER_EXCEPTION);
    assert_int_equal(destroy_comm_stream_ctx(*state, stream), 0); /* host.md 2: only logged */
    expect_fault_named(*state, "driver.aclrtSynchronizeStream");
}

/* Each copy of a run, one after the other, with a code that poisons and with one that does not. */
static void test_faults_of_a_runs_copies(void **state)
{
    static const int codes[] = {DRIVER_INVALID_PARAMETER, DRIVER_EXCEPTION};
    onboard_expect_sound(*state);
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t nth = 1;; nth++) {
            struct fixture_args args;
            onboard_plan("driver.rtMemcpy", nth, codes[i]);
            int result = onboard_play(*state, &args);
            bool fired = graph_calls("driver.rtMemcpy") >= nth;
            bool done = args.output[0] == GRAPH_WORD;
            fault_plan_clear();
            if (!fired) {
                assert_in_range(nth, 8, 12); /* the output, the graph, three of the launch, two read back, pairs */
                assert_int_equal(result, 0);
                break;
            }
            assert_int_equal(done, result == 0); /* the device's clock alone may fail */
            assert_int_equal(fixture_error(*state)[0] == '\0', result == 0);
            if (codes[i] == DRIVER_EXCEPTION) {
                expect_fault_named(*state, "driver.rtMemcpy");
            } else {
                onboard_expect_sound(*state);
            }
        }
    }
}

/* ---- the order of checks ---- */

/* R5: context, callable_id, poison, registration, configuration, arguments. */
static void test_order_of_checks(void **state)
{
    struct fixture_args args;
    char byte = 0;
    graph_args(&args, graph_golden, NULL);
    assert_int_equal(prepare_callable(*state, 64, NULL), -1);
    onboard_plan("driver.rtMalloc", 1, DRIVER_EXCEPTION);
    assert_null(device_malloc_ctx(*state, 64));
    fault_plan_clear();
    assert_int_equal(prepare_callable(NULL, 64, NULL), -1);
    assert_int_equal(prepare_callable(*state, 64, NULL), -1);
    onboard_expect_text(*state, "callable_id 64");
    assert_int_equal(prepare_callable(*state, 0, NULL), DRIVER_POISONED); /* registered, and NULL */
    assert_int_equal(run_prepared(*state, NULL, -1, NULL, -1, 0, 1, 0, 0, 0, NULL, NULL), -1);
    assert_int_equal(run_prepared(*state, NULL, 5, NULL, -1, 0, 1, 0, 0, 0, NULL, NULL), DRIVER_POISONED);
    assert_int_equal(run_prepared(*state, NULL, 0, NULL, -1, 0, 1, 0, 0, 0, NULL, NULL), DRIVER_POISONED);
    assert_int_equal(unregister_callable(*state, 64), -1);
    assert_int_equal(unregister_callable(*state, 5), DRIVER_POISONED);
    assert_int_equal(copy_to_device_ctx(*state, NULL, NULL, 0), DRIVER_POISONED);
    assert_int_equal(copy_from_device_ctx(*state, &byte, &byte, 1), DRIVER_POISONED);
    assert_int_equal(fixture_init(*state, 1), -1); /* another device: a mistake that no reset mends */
    assert_int_equal(fixture_init(*state, 0), DRIVER_POISONED);
    assert_int_equal(ensure_acl_ready_ctx(*state, 0), DRIVER_POISONED);
    assert_null(create_comm_stream_ctx(*state));
    assert_int_equal(destroy_comm_stream_ctx(*state, &byte), DRIVER_POISONED);
    assert_int_equal(destroy_comm_stream_ctx(*state, NULL), 0);
    device_free_ctx(*state, &byte);
    assert_int_equal(get_host_dlopen_count(*state), 1);
    assert_int_equal(fixture_statistics(*state).registered_callables, 1);
}

/* ---- coming and leaving ---- */

/* An init that fails holds nothing: not the device, not its memory, not a stream. */
static void test_attach_faults(void **state)
{
    static const struct {
        const char *site;
        uint64_t nth;
        int code; /* of the plan and of init; 0: a silent fault or an errno, and init returns -1 */
    } cases[] = {
        {"driver.rtSetDevice", 1, DRIVER_INVALID_PARAMETER},
        {"driver.rtStreamCreate", 1, DRIVER_INVALID_PARAMETER},
        {"driver.rtStreamCreate", 2, DRIVER_OUT_OF_MEMORY},
        {"driver.rtMalloc", 1, DRIVER_OUT_OF_MEMORY},
        {"driver.rtMalloc", 2, DRIVER_OUT_OF_MEMORY},
        {"driver.rtMalloc", 3, DRIVER_OUT_OF_MEMORY},
        {"driver.rtMemcpy", 1, DRIVER_INVALID_PARAMETER},
        {"onboard.program.copy", 1, 0},
        {"onboard.program.copy", 2, 0},
        {"onboard.program.copy", 3, 0},
        {"npu.device_user", 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct npu_driver_statistics device;
        void *ctx = create_device_context();
        onboard_plan(cases[i].site, cases[i].nth, cases[i].code != 0 ? cases[i].code : 12);
        int result = fixture_init(ctx, 3);
        assert_int_equal(graph_calls(cases[i].site), cases[i].nth);
        fault_plan_clear();
        if (result != (cases[i].code != 0 ? cases[i].code : -1)) {
            fail_msg("%s call %lu: init returned %d: %s", cases[i].site, cases[i].nth, result, fixture_error(ctx));
        }
        assert_true(fixture_error(ctx)[0] != '\0');
        npu_driver_statistics(3, &device);
        assert_int_equal(device.streams + device.in_use + device.sessions + device.contexts, 0);
        assert_int_equal(fixture_init(ctx, 4), 0); /* not bound to 3 */
        destroy_device_context(ctx);
    }
}

/* host.md 3.2: a limit for operations that is not to be had is only logged; the log level is the client's if set. */
static void test_attach_tolerates(void **state)
{
    (void)state;
    void *ctx = create_device_context();
    onboard_plan("driver.aclrtSetOpExecuteTimeOutV2", 1, DRIVER_NOT_SUPPORTED);
    assert_int_equal(fixture_init(ctx, 3), 0);
    assert_int_equal(graph_calls("driver.aclrtSetOpExecuteTimeOutV2"), 1);
    assert_int_equal(graph_calls("driver.dlog_setlevel"), 1);
    assert_int_equal(finalize_device(ctx), 0);
    assert_int_equal(setenv("ASCEND_GLOBAL_LOG_LEVEL", "1", 1), 0);
    graph_count_calls();
    assert_int_equal(fixture_init(ctx, 3), 0);
    assert_int_equal(graph_calls("driver.dlog_setlevel"), 0);
    assert_int_equal(unsetenv("ASCEND_GLOBAL_LOG_LEVEL"), 0);
    fault_plan_clear();
    destroy_device_context(ctx);
}

/* R17: what a reset took is not given back once more, least of all when somebody else has its addresses by now. */
static void test_detach_after_foreign_reset(void **state)
{
    static const char *const sites[] = {"driver.rtFree", "driver.rtStreamDestroy", "driver.rtsBinaryUnload",
                                        "driver.rtsLaunchCpuKernel", "driver.rtDeviceReset"};
    static const struct fixture_kernel kernel = {"add_one", 0};
    void *other = onboard_context(0);
    onboard_expect_sound(other);
    assert_non_null(device_malloc_ctx(other, 4096));
    onboard_plan("driver.rtMalloc", 1, DRIVER_EXCEPTION);
    assert_null(device_malloc_ctx(*state, 64));
    graph_count_calls();
    assert_int_equal(finalize_device(*state), 0);
    assert_int_equal(graph_calls("driver.rtDeviceReset"), 1);
    assert_int_equal(fixture_init(*state, 0), 0);
    graph_prepare(*state, 0, &kernel, 1);
    onboard_expect_sound(*state);
    onboard_expect_poisoned(other, "poisoned by 507018");
    struct npu_driver_statistics before;
    struct npu_driver_statistics after;
    npu_driver_statistics(0, &before);
    graph_count_calls();
    assert_int_equal(finalize_device(other), 0);
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        if (graph_calls(sites[i]) != 0) {
            fail_msg("finalize after a reset by another called %s", sites[i]);
        }
    }
    fault_plan_clear();
    npu_driver_statistics(0, &after);
    assert_int_equal(after.in_use, before.in_use);
    assert_int_equal(after.streams, before.streams);
    onboard_expect_sound(*state);
    assert_int_equal(fixture_init(other, 0), 0);
    destroy_device_context(other);
    onboard_expect_sound(*state);
}

/* host.md 3.10: reset through ACL once ACL was made ready, through the runtime otherwise; the last one resets. */
static void test_reset(void **state)
{
    for (int acl = 0; acl < 2; acl++) {
        void *first = onboard_context(5);
        void *last = onboard_context(5);
        if (acl != 0) {
            assert_int_equal(ensure_acl_ready_ctx(last, 5), 0);
        }
        graph_count_calls();
        assert_int_equal(finalize_device(first), 0);
        assert_int_equal(graph_calls("driver.rtDeviceReset") + graph_calls("driver.aclrtResetDevice"), 0);
        assert_int_equal(finalize_device(last), 0);
        assert_int_equal(graph_calls("driver.rtDeviceReset"), 1 - acl);
        assert_int_equal(graph_calls("driver.aclrtResetDevice"), acl);
        assert_int_equal(graph_calls("driver.aclFinalize"), acl);
        fault_plan_clear();
        destroy_device_context(first);
        destroy_device_context(last);
    }
    (void)state;
}

/* A reset that fails is the result, and is made up for (R17); other failures are logged. The context is free in any
 * case. */
static void test_detach_faults(void **state)
{
    static const char *const sites[] = {"driver.rtDeviceReset",      "driver.rtFree",
                                        "driver.rtStreamDestroy",    "driver.rtsBinaryUnload",
                                        "driver.rtsLaunchCpuKernel", "driver.rtSetDevice"};
    (void)state;
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        void *ctx = onboard_context(6);
        onboard_expect_sound(ctx);
        onboard_plan(sites[i], 1, DRIVER_INVALID_PARAMETER);
        assert_int_equal(finalize_device(ctx), i == 0 ? DRIVER_INVALID_PARAMETER : 0);
        assert_true(graph_calls(sites[i]) >= 1);
        fault_plan_clear();
        assert_int_equal(fixture_statistics(ctx).device_bytes, 0);
        assert_int_equal(fixture_init(ctx, 7), 0);
        destroy_device_context(ctx);
        ctx = onboard_context(6); /* whose last user resets what is left of the one before */
        onboard_expect_sound(ctx);
        destroy_device_context(ctx);
    }
}

/* ---- ACL and communication streams ---- */

static void test_acl_faults(void **state)
{
    onboard_plan("driver.aclInit", 1, DRIVER_NOT_SUPPORTED);
    assert_int_equal(ensure_acl_ready_ctx(*state, 0), DRIVER_NOT_SUPPORTED);
    onboard_expect_text(*state, "aclInit");
    onboard_plan("driver.aclrtSetDevice", 1, DRIVER_INVALID_PARAMETER);
    assert_int_equal(ensure_acl_ready_ctx(*state, 0), DRIVER_INVALID_PARAMETER);
    onboard_plan("driver.aclrtCreateStream", 1, DRIVER_OUT_OF_MEMORY);
    assert_null(create_comm_stream_ctx(*state));
    onboard_expect_text(*state, "aclrtCreateStream returned 207001");
    void *stream = create_comm_stream_ctx(*state);
    assert_non_null(stream);
    onboard_plan("driver.aclrtDestroyStream", 1, DRIVER_STREAM_BUSY);
    assert_int_equal(destroy_comm_stream_ctx(*state, stream), 0);
    fault_plan_clear();
    onboard_expect_sound(*state);
}

/* ACL is one for the process: who finalizes last finds it finalized already, and resets its device all the same. */
static void test_acl_of_two_devices(void **state)
{
    (void)state;
    void *contexts[] = {onboard_context(8), onboard_context(9)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ensure_acl_ready_ctx(contexts[i], 8 + i), 0);
    }
    graph_count_calls();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(finalize_device(contexts[i]), 0);
        assert_int_equal(graph_calls("driver.aclrtResetDevice"), i + 1);
        assert_int_equal(graph_calls("driver.aclFinalize"), i + 1);
    }
    fault_plan_clear();
    for (int i = 0; i < 2; i++) {
        destroy_device_context(contexts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_fault_codes),
        GRAPH_TEST(test_faults_of_copies),
        GRAPH_TEST(test_faults_of_giving_back),
        GRAPH_TEST(test_faults_of_a_runs_copies),
        GRAPH_TEST(test_order_of_checks),
        cmocka_unit_test(test_attach_faults),
        cmocka_unit_test(test_attach_tolerates),
        GRAPH_TEST(test_detach_after_foreign_reset),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_detach_faults),
        GRAPH_TEST(test_acl_faults),
        cmocka_unit_test(test_acl_of_two_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
