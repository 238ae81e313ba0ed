/* SPDX-License-Identifier: Apache-2.0 */
/* Orchestration SOs on the AICPU: loading, failing to, retrying, unloading (device.md 2.6, 9.1; R9, R10, R23). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "mini_device.h"

int simpler_aicpu_init(void *kernel_args);
int simpler_aicpu_exec(void *kernel_args);
int simpler_aicpu_exit(void *kernel_args);

/* What the next run's image says. */
static const void *bytes;
static size_t size;
static uint32_t is_new;
static int32_t callable;
static const char *entry_name;
static const char *config_name;
static int32_t tensors;

static void edit(struct trb_runtime *image)
{
    image->callable_id = callable;
    image->callable_is_new = is_new;
    image->orchestration_address = (uintptr_t)bytes;
    image->orchestration_bytes = size;
    strcpy(image->entry_name, entry_name);
    strcpy(image->config_name, config_name);
    image->args.tensor_count = tensors;
    image->args.scalar_count = 0;
}

static void read_fixture(const char *name)
{
    char path[512];
    void *read = NULL;
    (void)snprintf(path, sizeof(path), "%s/fixtures/callables/%s.so", BUILD_DIR, name);
    free((void *)(uintptr_t)bytes);
    assert_int_equal(os_read_file("test", path, &read, &size), 0);
    bytes = read;
}

static void begin(const char *fixture)
{
    read_fixture(fixture);
    is_new = 1;
    callable = 0;
    entry_name = "";
    config_name = "";
    tensors = 0;
}

static void run(struct mini_device *device, struct mini_result *result)
{
    struct mini_run mini = {.edit = edit};
    mini_device_run(device, &mini, result);
}

static void expect_failure(struct mini_device *device, int status, const char *message)
{
    struct mini_result result;
    run(device, &result);
    if (strstr(result.message, message) == NULL) {
        print_error("'%s' instead of '%s'\n", result.message, message);
    }
    assert_int_equal(result.outcome.end, EXEC_END_OK);
    assert_int_equal(result.status, status);
    assert_non_null(strstr(result.message, message));
    assert_int_equal(os_staged_files(), 0);
    if (status == -1 && tensors == 0 && config_name[0] == '\0') {
        assert_int_equal(result.report.orchestration_opened, 0);
        assert_int_equal(result.report.orchestration_loaded, 0);
    }
}

static void expect_success(struct mini_device *device, uint32_t opened)
{
    struct mini_result result;
    run(device, &result);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.message, "");
    assert_int_equal(result.report.orchestration_opened, opened);
    assert_int_equal(result.report.orchestration_loaded, 1);
    assert_int_equal(os_staged_files(), 0);
}

static void opened_once_and_closed_on_request(void **state)
{
    (void)state;
    size_t open_before = os_open_images();
    struct mini_device *device = mini_device_create(NULL);
    struct pto_device_block *block = mini_device_block(device);
    begin("orchestration_no_tasks");
    expect_success(device, 1);
    is_new = 0;
    expect_success(device, 0);
    expect_success(device, 0);
    is_new = 1;
    callable = 63;
    expect_success(device, 1);
    assert_int_equal(block->orchestration_handles, 2);
    assert_int_equal(os_open_images(), open_before + 2);
    block->unload_callables = 1ull << 63 | 1ull << 17;
    assert_int_equal(mini_device_call(device, simpler_aicpu_init), 0);
    assert_int_equal(block->unload_callables, 0);
    assert_int_equal(block->orchestration_handles, 1);
    is_new = 0;
    expect_failure(device, -1, "callable 63 is said to be loaded");
    callable = 0;
    is_new = 1; /* replaces what the id holds */
    expect_success(device, 1);
    assert_int_equal(block->orchestration_handles, 1);
    mini_device_destroy(device);
    assert_int_equal(os_open_images(), open_before);
}

static void failed_loads_can_be_retried(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    begin("orchestration_missing_symbol");
    expect_failure(device, -1, "fixture_symbol_that_nobody_defines");
    begin("orchestration_no_tasks");
    entry_name = "no_such_entry";
    expect_failure(device, -1, "no entry 'no_such_entry'");
    entry_name = "";
    size = 100;
    expect_failure(device, -1, "");
    size = 0;
    expect_failure(device, -1, "");
    begin("orchestration_no_tasks");
    expect_success(device, 1);
    begin("orchestration_missing_symbol");
    callable = 0;
    struct mini_result result;
    run(device, &result); /* the old one is closed first, so that nothing stale can run */
    assert_int_equal(result.status, -1);
    assert_int_equal(mini_device_block(device)->orchestration_handles, 0);
    begin("orchestration_no_tasks");
    expect_success(device, 1);
    mini_device_destroy(device);
}

static void the_next_directory_is_tried(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct fault_rule rule = {.site = "aicpu.orchestration.create", .nth = 1, .error = 13};
    begin("orchestration_no_tasks");
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    expect_success(device, 1);
    rule.sticky = true;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    expect_failure(device, -1, "create");
    static const char *const steps[] = {"aicpu.orchestration.write", "aicpu.orchestration.dlopen"};
    for (size_t i = 0; i < 2; i++) {
        strcpy(rule.site, steps[i]);
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        expect_failure(device, -1, "");
    }
    fault_plan_clear();
    expect_success(device, 1);
    mini_device_destroy(device);
}

static void arguments_are_counted(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    begin("orchestration_one_task"); /* its config asks for 3 */
    tensors = 2;
    expect_failure(device, -1, "expects 3 arguments, 2 tensors and 0 scalars");
    config_name = "no_such_config";
    tensors = 0;
    expect_failure(device, -5, "tensor is invalid"); /* nobody asked: the entry sees what it got */
    mini_device_destroy(device);
}

static void exceptions_end_the_run(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    begin("orchestration_throw");
    expect_failure(device, -5, "thrown by a fixture");
    begin("orchestration_no_tasks");
    expect_success(device, 1);
    mini_device_destroy(device);
}

static void spinning_is_abandoned(void **state)
{
    (void)state;
    struct exec_options options = {.op_limit_ns = 20000000};
    struct mini_device *device = mini_device_create(&options);
    struct mini_result result;
    begin("orchestration_spin");
    run(device, &result);
    assert_int_equal(result.outcome.end, EXEC_END_OP_TIMEOUT);
    begin("orchestration_no_tasks");
    expect_success(device, 1);
    mini_device_destroy(device);
}

static void entries_without_state(void **state)
{
    (void)state;
    struct mini_device *device = mini_device_create(NULL);
    struct pto_device_block *block = mini_device_block(device);
    assert_int_equal(mini_device_call(device, simpler_aicpu_exit), 0);
    assert_int_equal(mini_device_call(device, simpler_aicpu_exit), 0);
    assert_int_equal(block->state, 0);
    assert_int_equal(mini_device_call(device, simpler_aicpu_exec), -1);
    assert_non_null(strstr(block->message, "before simpler_aicpu_init"));
    static const char *const sites[] = {"aicpu.state", "aicpu.runtime"};
    for (size_t i = 0; i < 2; i++) {
        struct fault_rule rule = {.nth = 1, .error = 12};
        strcpy(rule.site, sites[i]);
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        assert_int_equal(mini_device_call(device, simpler_aicpu_init), -1);
        fault_plan_clear();
        assert_int_equal(block->state, 0);
    }
    mini_device_destroy(device);
}

static int free_bytes(void **state)
{
    (void)state;
    free((void *)(uintptr_t)bytes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened_once_and_closed_on_request),
        cmocka_unit_test(failed_loads_can_be_retried),
        cmocka_unit_test(the_next_directory_is_tried),
        cmocka_unit_test(arguments_are_counted),
        cmocka_unit_test(exceptions_end_the_run),
        cmocka_unit_test(spinning_is_abandoned),
        cmocka_unit_test(entries_without_state),
    };
    return cmocka_run_group_tests(tests, NULL, free_bytes) != 0;
}
