/* SPDX-License-Identifier: Apache-2.0 */
/* How programs come to a device behind a driver: once per device and program, whole or not at all (R16; D28). */
#include "st/onboard_rig.h"

/* R16, D28: one file per program and device, whoever asks; none of it again. */
static void test_bootstrap_once_per_device(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    uint64_t files = statistics(fixture).bootstrap_files;
    assert_true(files > 0);
    void *same = api->create_device_context();
    void *another = api->create_device_context();
    struct fixture_run run;
    fixture_run_make(&run, 5);
    assert_int_equal(runtime_client_init(&fixture->client, same, 0), 0);
    assert_int_equal(api->prepare_callable(same, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, same, 0, &run), 0);
    assert_int_equal(statistics(fixture).bootstrap_files, files);
    assert_int_equal(runtime_client_init(&fixture->client, another, 41), 0); /* a device that no other test uses */
    assert_int_equal(api->prepare_callable(another, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, another, 0, &run), 0);
    assert_int_equal(statistics(fixture).bootstrap_files, files + 1);
    assert_int_equal(statistics(fixture).staged_files, 0);
    api->destroy_device_context(same);
    api->destroy_device_context(another);
}

/* The AICPU program under another name for its first function: whoever runs it is told that there is none. */
static uint8_t *program_without_init(const struct runtime_client *client)
{
    static const char name[] = "simpler_aicpu_init";
    uint8_t *bytes = malloc(client->aicpu_size);
    assert_non_null(bytes);
    memcpy(bytes, client->aicpu, client->aicpu_size);
    size_t found = 0;
    for (size_t i = 0; i + sizeof(name) <= client->aicpu_size; i++) {
        if (memcmp(bytes + i, name, sizeof(name)) == 0) {
            bytes[i] = 'S';
            found++;
        }
    }
    assert_true(found > 0);
    return bytes;
}

/* R16, R6, D28: two programs with one build id, beside each other on one device and on two, are two programs. */
static void test_two_programs(void **state)
{
    static const int devices[] = {42, 43}; /* that no other test uses; on the first the good program runs meanwhile */
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    struct runtime_client other = fixture->client;
    uint8_t *bytes = program_without_init(&fixture->client);
    struct fixture_run run;
    fixture_run_make(&run, 5);
    other.aicpu = bytes;
    void *good = api->create_device_context();
    assert_int_equal(runtime_client_init(&fixture->client, good, devices[0]), 0);
    assert_int_equal(api->prepare_callable(good, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, good, 0, &run), 0);
    for (size_t i = 2; i-- > 0;) { /* the good program's device last: the fault poisons it */
        void *context = api->create_device_context();
        assert_int_equal(runtime_client_init(&other, context, devices[i]), 0);
        assert_int_equal(api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
        assert_int_equal(fixture_play(fixture, good, 0, &run), 0);
        assert_int_equal(fixture_play(fixture, context, 0, &run), DRIVER_EXCEPTION);
        assert_non_null(strstr(fixture->client.debug->last_error(context), "simpler_aicpu_init"));
        api->destroy_device_context(context);
    }
    api->destroy_device_context(good);
    free(bytes);
}

/* R9, D15: a bootstrap that fails is tried again by the next run, and has left nothing on the device. */
static void test_bootstrap_that_fails(void **state)
{
    static const char *const sites[] = {"dispatcher.program.create", "dispatcher.program.write",
                                        "dispatcher.program.chmod", "dispatcher.program.rename"};
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    struct fixture_run run;
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        void *context = api->create_device_context();
        fixture_run_make(&run, 5);
        assert_int_equal(runtime_client_init(&fixture->client, context, 50), 0);
        assert_int_equal(api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
        uint64_t held = fixture_statistics(fixture, context).device_bytes;
        plan(fixture, sites[i], 0, 5);
        assert_int_not_equal(fixture_play(fixture, context, 0, &run), 0);
        assert_int_equal(calls_of(fixture, sites[i]), 1);
        fixture->client.debug->clear_faults();
        assert_true(fixture_run_untouched(&run));
        assert_int_equal(fixture_statistics(fixture, context).device_bytes, held);
        api->destroy_device_context(context);
    }
    void *context = api->create_device_context();
    assert_int_equal(runtime_client_init(&fixture->client, context, 50), 0);
    assert_int_equal(api->prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
    assert_int_equal(fixture_play(fixture, context, 0, &run), 0);
    api->destroy_device_context(context);
}

/* host.md 2.1: a missing program is accepted by init and an error of the run. */
static void test_missing_programs(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_client *client = &fixture->client;
    struct runtime_client without[3];
    for (size_t i = 0; i < 3; i++) {
        without[i] = *client;
    }
    without[0].dispatcher = NULL;
    without[0].dispatcher_size = 0;
    without[1].aicpu = NULL;
    without[1].aicpu_size = 0;
    without[2].aicore = NULL;
    without[2].aicore_size = 0;
    assert_non_null(client->dispatcher);
    for (size_t i = 0; i < 3; i++) {
        void *context = client->api.create_device_context();
        struct fixture_run run;
        fixture_run_make(&run, 5);
        assert_int_equal(runtime_client_init(&without[i], context, 0), 0);
        assert_int_equal(client->api.prepare_callable(context, 0, fixture->images[CALLABLE_ADD].bytes), 0);
        assert_int_equal(fixture_play(fixture, context, 0, &run), -1);
        assert_non_null(strstr(client->debug->last_error(context), " 0 bytes"));
        /* Not poisoned: the programs may come later. */
        assert_int_equal(runtime_client_init(client, context, 0), 0);
        assert_int_equal(fixture_play(fixture, context, 0, &run), 0);
        client->api.destroy_device_context(context);
    }
}

#define BARE_TEST(function) cmocka_unit_test_setup_teardown(function, bare_setup, bare_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_bootstrap_once_per_device),
        BARE_TEST(test_two_programs),
        BARE_TEST(test_bootstrap_that_fails),
        FIXTURE_TEST(test_missing_programs),
    };
    return FIXTURE_RUN("onboard bootstrap", "*/*/onboard", FIXTURE_EVERY, tests);
}
