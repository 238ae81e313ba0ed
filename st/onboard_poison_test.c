/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of a device behind a driver: contained, told, shared by everybody on it, ended by a reset (R17, R33, R35). */
#include "st/onboard_rig.h"

#define ONE_KERNEL(label, orchestration_file, kernel)                                                          \
    {                                                                                                          \
        .name = (label), .orchestration = (orchestration_file), .children = {{(kernel), 0}}, .child_count = 1, \
        .signature = {PTO_IN, PTO_OUT}, .signature_count = 2,                                                  \
    }

static const struct callable_spec spec_fault = ONE_KERNEL("fault", "orchestration_one_task", "kernel_fault");
static const struct callable_spec spec_spin = ONE_KERNEL("spin", "orchestration_one_task", "kernel_spin");

/*
 * A device that says a run is over which is not: the host reads nothing as if it were, and the device is poisoned,
 * since the work is still queued. Without a lie the same context works after finalize and init.
 */
static void test_synchronisation_that_lies(void **state)
{
    struct runtime_fixture *fixture = *state;
    struct pto_fault_rule rule = {.nth = 1, .sticky = 1, .values = {DRIVER_FAULT_LIE}};
    (void)snprintf(rule.site, sizeof(rule.site), "driver.rtStreamSynchronizeWithTimeout");
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(fixture->client.debug->install_faults(&rule, 1), 0);
    expect_failure(fixture, 0, 5, DRIVER_INTERNAL);
    expect_error_text(fixture, "the device shows");
    fixture->client.debug->clear_faults();
    expect_failure(fixture, 0, 5, DRIVER_POISONED);
    assert_int_equal(fixture->client.api.finalize_device(fixture->context), 0);
    assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
}

/* R5, R17: every call says so and names the first fault, the counters keep their last value. */
static void expect_poisoned(const struct runtime_fixture *fixture, void *context, const char *fault, size_t dlopens)
{
    const struct runtime_api *api = api_of(fixture);
    struct fixture_run run;
    uint8_t byte = 0;
    const void *image = fixture->images[CALLABLE_ADD].bytes;
    fixture_run_make(&run, 1);
    assert_int_equal(api->prepare_callable(context, 5, image), DRIVER_POISONED);
    assert_int_equal(fixture_play(fixture, context, 0, &run), DRIVER_POISONED);
    assert_int_equal(fixture_play(fixture, context, 63, &run), DRIVER_POISONED); /* before "not registered" */
    assert_int_equal(fixture_play(fixture, context, 64, &run), -1);              /* after "no id" */
    assert_true(fixture_run_untouched(&run));
    assert_int_equal(api->unregister_callable(context, 0), DRIVER_POISONED);
    assert_null(api->device_malloc_ctx(context, 64));
    assert_int_equal(api->copy_to_device_ctx(context, &byte, &byte, 1), DRIVER_POISONED);
    assert_int_equal(api->copy_from_device_ctx(context, &byte, &byte, 1), DRIVER_POISONED);
    assert_int_equal(runtime_client_init(&fixture->client, context, 0), DRIVER_POISONED);
    assert_null(api->create_comm_stream_ctx(context));
    const char *text = fixture->client.debug->last_error(context);
    if (strstr(text, fault) == NULL) {
        fail_msg("'%s' does not name %s", text, fault);
    }
    assert_int_equal(api->get_aicpu_dlopen_count(context) + api->get_host_dlopen_count(context), dlopens);
}

static void expect_containment(const struct runtime_fixture *fixture, const struct callable_spec *spec, int code,
                               const char *fault)
{
    const struct runtime_api *api = api_of(fixture);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    fixture_prepare_spec(fixture, 1, spec);
    expect_failure(fixture, 1, 5, code);
    size_t dlopens = api->get_aicpu_dlopen_count(fixture->context) + api->get_host_dlopen_count(fixture->context);
    expect_poisoned(fixture, fixture->context, fault, dlopens);
    expect_reinit(fixture);
    struct pto_statistics fresh = statistics(fixture);
    assert_int_equal(fresh.driver_images, 0); /* D26: the reset took everything */
    assert_int_equal(fresh.driver_binaries, 0);
    assert_int_equal(fresh.driver_kernels, 0);
    assert_int_equal(fresh.driver_streams, 2);
    assert_int_equal(fresh.driver_in_use, fresh.device_bytes);
    assert_int_equal(fresh.registered_callables, 0);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

static void test_fault_is_contained(void **state)
{
    expect_containment(*state, &spec_fault, DRIVER_EXCEPTION, "507018");
}

static void test_hang_is_contained(void **state)
{
    expect_containment(*state, &spec_spin, DRIVER_TIMEOUT, "507046");
}

/* R35: bytes that are no image are found out by the core that should execute them. */
static void test_kernel_that_is_no_image(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct callable_image image = fixture_pack(fixture, &callable_specs[CALLABLE_ADD]);
    uint32_t offset = 0;
    memcpy(&offset, (uint8_t *)image.bytes + offsetof(struct pto_chip_callable, child_offsets), sizeof(offset));
    memset((uint8_t *)image.bytes + PTO_CHIP_CALLABLE_STORAGE_OFFSET + offset + PTO_CORE_CALLABLE_BINARY_OFFSET, 'z',
           64);
    int result = api_of(fixture)->prepare_callable(fixture->context, 0, image.bytes);
    free(image.bytes);
    assert_int_equal(result, 0);
    expect_failure(fixture, 0, 5, DRIVER_EXCEPTION);
    expect_reinit(fixture);
}

/* R17: all contexts of the device are poisoned, also after one of them had it reset; another device is not. */
static void test_poison_is_the_devices(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    void *other = api->create_device_context();
    void *elsewhere = api->create_device_context();
    struct fixture_run run;
    assert_non_null(other);
    assert_non_null(elsewhere);
    assert_int_equal(runtime_client_init(&fixture->client, other, 0), 0);
    assert_int_equal(runtime_client_init(&fixture->client, elsewhere, 1), 0);
    void *contexts[] = {other, elsewhere};
    for (size_t i = 0; i < 2; i++) {
        fixture_run_make(&run, 5);
        assert_int_equal(api->prepare_callable(contexts[i], 0, fixture->images[CALLABLE_ADD].bytes), 0);
        assert_int_equal(fixture_play(fixture, contexts[i], 0, &run), 0);
    }
    fixture_prepare_spec(fixture, 1, &spec_fault);
    expect_failure(fixture, 1, 5, DRIVER_EXCEPTION);
    expect_poisoned(fixture, other, "507018", 1);
    expect_reinit(fixture);
    expect_poisoned(fixture, other, "507018", 1); /* still: it has not finalized */
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 5);
    assert_int_equal(fixture_play(fixture, elsewhere, 0, &run), 0);
    assert_int_equal(api->finalize_device(other), 0);
    expect_golden(fixture, 0, CALLABLE_ADD); /* that took nothing from the sound one */
    assert_int_equal(runtime_client_init(&fixture->client, other, 0), 0);
    assert_int_equal(api->prepare_callable(other, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, other, 0, &run), 0);
    api->destroy_device_context(other);
    api->destroy_device_context(elsewhere);
}

/* A context that was not there when the device was poisoned is refused until somebody has it reset. */
static void test_poisoned_device_takes_nobody(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    void *late = api->create_device_context();
    assert_non_null(late);
    fixture_prepare_spec(fixture, 1, &spec_fault);
    expect_failure(fixture, 1, 5, DRIVER_EXCEPTION);
    assert_int_equal(runtime_client_init(&fixture->client, late, 0), DRIVER_POISONED);
    expect_reinit(fixture);
    assert_int_equal(runtime_client_init(&fixture->client, late, 0), 0);
    api->destroy_device_context(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_synchronisation_that_lies), FIXTURE_TEST(test_fault_is_contained),
        FIXTURE_TEST(test_hang_is_contained),         FIXTURE_TEST(test_kernel_that_is_no_image),
        FIXTURE_TEST(test_poison_is_the_devices),     FIXTURE_TEST(test_poisoned_device_takes_nobody),
    };
    return FIXTURE_RUN("onboard poison", "*/*/onboard", FIXTURE_EVERY, tests);
}
