/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a device behind a driver has: memory that registrations use up, registers that must be mapped, streams, and
 * a device per thread (R15, R18; D10, D26, D27).
 */
#include <pthread.h>

#include "abi/kernel_args.h"
#include "st/onboard_rig.h"

#define STEADY_RUNS 20

/* ---- steady state -------------------------------------------------------------------------------------------------
 */

/* R15, R34: after the first run nothing is allocated, registered, loaded or opened. */
static void test_steady_state(void **state)
{
    const struct runtime_fixture *fixture = *state;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    struct pto_statistics before = statistics(fixture);
    assert_int_equal(before.driver_images, 1);
    assert_int_equal(before.driver_streams, 2);
    assert_int_equal(before.driver_binaries, 1);
    assert_int_equal(before.driver_contexts, 1);
    assert_true(before.driver_image_bytes > 0);
    assert_int_equal(before.driver_image_bytes, before.device_bytes_by_kind[PTO_MEMORY_PROGRAM]);
    assert_int_equal(before.driver_in_use, before.device_bytes); /* the context's ledger and the driver's agree */
    for (int i = 0; i < STEADY_RUNS; i++) {
        expect_golden(fixture, 0, CALLABLE_TWO_STEPS);
    }
    struct pto_statistics after = statistics(fixture);
    bool graph = fixture_is(fixture, "*/hbg/*"); /* whose orchestration asks for buffers of its own */
    if (!graph) {
        assert_int_equal(after.driver_allocations, before.driver_allocations);
    }
    assert_int_equal(after.driver_in_use, before.driver_in_use);
    assert_int_equal(after.driver_registrations, before.driver_registrations);
    assert_int_equal(after.driver_binary_loads, before.driver_binary_loads);
    assert_int_equal(after.driver_kernel_loads, before.driver_kernel_loads);
    assert_int_equal(after.open_images, before.open_images);
    assert_int_equal(after.driver_streams, 2);
    assert_true(after.driver_launches > before.driver_launches);
}

/* D10: registering the image on every run would use the memory up that is left here. */
static void test_small_memory(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    struct pto_statistics first = statistics(fixture);
    uint64_t room = first.driver_in_use + 3 * first.driver_image_bytes;
    assert_int_equal(debug->set_device_capacity(fixture->context, room), 0);
    for (int i = 0; i < STEADY_RUNS; i++) {
        expect_golden(fixture, 0, CALLABLE_ADD);
    }
    assert_int_equal(statistics(fixture).driver_images, 1);
    assert_int_equal(debug->set_device_capacity(fixture->context, 0), 0);
}

/* R17: memory that the image does not get is a fault of the launch; memory that a client does not get is none. */
static void test_memory_faults(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    struct fixture_run run;
    assert_null(api_of(fixture)->device_malloc_ctx(fixture->context, (size_t)1 << 60));
    expect_prepare(fixture, 0, CALLABLE_ADD); /* not poisoned */
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_reinit(fixture);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(debug->set_device_capacity(fixture->context, statistics(fixture).driver_in_use + 8192), 0);
    fixture_run_make(&run, 1);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_OUT_OF_MEMORY);
    assert_true(fixture_run_untouched(&run));
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_POISONED);
    expect_error_text(fixture, "207001");
    expect_reinit(fixture);
    assert_int_equal(debug->set_device_capacity(fixture->context, 0), 0);
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* ---- registers ----------------------------------------------------------------------------------------------------
 */

/* R18: 13 is a race that passes; three more tries, then it is an error like any other. D27: no address is made up. */
static void test_register_mapping(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "a2a3/*/*", "its registers are mapped core by core, without a race");
    const char *site = "driver.halMemCtl";
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 5);
    plan(fixture, site, 1, DRIVER_REGISTER_BUSY);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_REGISTER_BUSY);
    assert_int_equal(calls_of(fixture, site), 4);
    plan(fixture, site, 0, DRIVER_INVALID_PARAMETER);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_INVALID_PARAMETER);
    assert_int_equal(calls_of(fixture, site), 1);
    plan(fixture, site, 0, 0); /* success, and no address */
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, "halMemCtl");
    assert_true(fixture_run_untouched(&run));
    plan(fixture, site, 0, DRIVER_REGISTER_BUSY);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(calls_of(fixture, site), 2);
    fixture->client.debug->clear_faults();
    expect_golden(fixture, 0, CALLABLE_ADD); /* mapped once */
}

/* R18, D27. */
static void test_register_mapping_by_core(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_only(fixture, "a5/*/*", "its registers are mapped all at once");
    const char *site = "driver.halResMap";
    struct fixture_run run;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    fixture_run_make(&run, 5);
    plan(fixture, site, 0, DRIVER_INVALID_PARAMETER);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), DRIVER_INVALID_PARAMETER);
    plan(fixture, site, 0, 0);
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), -1);
    expect_error_text(fixture, "halResMap");
    assert_true(fixture_run_untouched(&run));
    fixture->client.debug->clear_faults();
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* The cross-core synchronisation block: a2a3 programs are told where it lies, a5 has none (host.md 6). */
static void test_synchronisation_block(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const bool a5 = fixture_is(fixture, "a5/*/*");
    const uint64_t bytes = a5 ? sizeof(struct pto_kernel_args_a5) : sizeof(struct pto_kernel_args_a2a3);
    const char *site = "driver.rtGetC2cCtrlAddr";
    struct pto_ledger_entry entries[64];
    uint64_t word = UINT64_MAX;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(fixture->client.debug->install_faults(NULL, 0), 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
    assert_int_equal(calls_of(fixture, site), a5 ? 0 : 1);
    fixture->client.debug->clear_faults();
    int64_t count = fixture->client.debug->get_ledger(fixture->context, entries, 64);
    assert_in_range(count, 1, 64);
    for (int64_t i = 0; i < count; i++) {
        if (entries[i].kind == PTO_MEMORY_RUNTIME && entries[i].bytes == bytes) {
            memcpy(&word, (const uint8_t *)(uintptr_t)entries[i].address + 64, sizeof(word)); /* a5: dump_data_base */
        }
    }
    assert_true(a5 ? word == 0 : word != 0 && word != UINT64_MAX);
}

/* R2: what there is, object by object, is what the numbers say. */
static void test_objects_one_by_one(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct pto_debug_api *debug = fixture->client.debug;
    struct pto_driver_object objects[32];
    struct pto_chip_buffer buffers[4];
    uint64_t kinds[PTO_DRIVER_OBJECT_KIND_COUNT] = {0};
    uint64_t image_bytes = 0;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    expect_prepare(fixture, 7, CALLABLE_TWO_STEPS);
    expect_prepare(fixture, 63, CALLABLE_ADD);
    expect_golden(fixture, 7, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 63, CALLABLE_ADD);
    struct pto_statistics now = statistics(fixture);
    int64_t count = debug->get_driver_objects(fixture->context, objects, 32);
    assert_in_range(count, 5, 32);
    for (int64_t i = 0; i < count; i++) {
        assert_in_range(objects[i].kind, 0, PTO_DRIVER_OBJECT_KIND_COUNT - 1);
        assert_int_not_equal(objects[i].handle, 0);
        kinds[objects[i].kind]++;
        image_bytes += objects[i].kind == PTO_DRIVER_IMAGE ? objects[i].bytes : 0;
        assert_int_equal(objects[i].session, objects[i].kind == PTO_DRIVER_STREAM);
    }
    assert_int_equal(kinds[PTO_DRIVER_STREAM], now.driver_streams);
    assert_int_equal(kinds[PTO_DRIVER_IMAGE], now.driver_images);
    assert_int_equal(kinds[PTO_DRIVER_BINARY], now.driver_binaries);
    assert_int_equal(kinds[PTO_DRIVER_KERNEL], now.driver_kernels);
    assert_int_equal(image_bytes, now.driver_image_bytes);
    assert_int_equal(debug->get_driver_objects(fixture->context, NULL, 0), count);
    assert_int_equal(debug->get_chip_buffers(fixture->context, buffers, 4), 2);
    bool first = buffers[0].leases == 2;
    const struct pto_chip_buffer *shared = &buffers[first ? 0 : 1];
    const struct pto_chip_buffer *alone = &buffers[first ? 1 : 0];
    assert_int_equal(shared->leases, 2);
    assert_true(shared->callables == (1ull << 0 | 1ull << 7));
    assert_int_equal(alone->leases, 1);
    assert_true(alone->callables == 1ull << 63);
    assert_int_equal(shared->bytes + alone->bytes, now.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER]);
    assert_int_equal(debug->get_chip_buffers(NULL, NULL, 0), -1);
    assert_int_equal(debug->get_driver_objects(fixture->context, NULL, 1), -1);
    expect_unregister(fixture, 7);
    assert_int_equal(debug->get_chip_buffers(fixture->context, buffers, 4), 2);
    assert_int_equal(buffers[0].leases + buffers[1].leases, 2);
}

/* ---- threads ------------------------------------------------------------------------------------------------------
 */

struct client_thread {
    const struct runtime_fixture *fixture;
    int device_id;
    int result;
};

static void *run_client(void *argument)
{
    struct client_thread *client = argument;
    const struct runtime_api *api = api_of(client->fixture);
    void *buffer = malloc(api->get_runtime_size());
    void *context = api->create_device_context();
    client->result = buffer != NULL && context != NULL ? 0 : -1;
    if (client->result == 0) {
        client->result = runtime_client_init(&client->fixture->client, context, client->device_id);
    }
    if (client->result == 0) {
        client->result = api->prepare_callable(context, 0, client->fixture->images[CALLABLE_ADD].bytes);
    }
    for (int i = 0; i < STEADY_RUNS && client->result == 0; i++) {
        struct fixture_run run;
        fixture_run_make(&run, 5);
        client->result = api->run_prepared(context, buffer, 0, &run.args, 1, 3, 0, 0, 0, 0, "", NULL);
        if (client->result == 0 && run.out[3] != callable_golden(CALLABLE_ADD, run.in[3], 5)) {
            client->result = -2;
        }
    }
    api->destroy_device_context(context);
    free(buffer);
    return NULL;
}

/* R14: a context may be called from any thread, and two of them run at once, on one device and on two. */
static void test_threads(void **state)
{
    const struct runtime_fixture *fixture = *state;
    for (int second = 0; second < 2; second++) {
        struct client_thread clients[2] = {{.fixture = fixture, .device_id = 0},
                                           {.fixture = fixture, .device_id = second}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
        }
        for (int i = 0; i < 2; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(clients[i].result, 0);
        }
    }
}

static void *run_once(void *argument)
{
    struct client_thread *client = argument;
    struct fixture_run run;
    fixture_run_make(&run, 5);
    client->result = fixture_play(client->fixture, client->fixture->context, 0, &run);
    return NULL;
}

/* The driver's context is a thread's; the client's is not. */
static void test_another_thread_runs(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct client_thread client = {.fixture = fixture, .result = -1};
    pthread_t thread;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    assert_int_equal(pthread_create(&thread, NULL, run_once, &client), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(client.result, 0);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* ---- streams and ACL ----------------------------------------------------------------------------------------------
 */

/* D26, R17: finalize after ACL was made ready, and before, resets the device. */
static void test_streams_and_acl(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = api_of(fixture);
    assert_int_equal(api->ensure_acl_ready_ctx(NULL, 0), -1);
    assert_null(api->create_comm_stream_ctx(NULL));
    assert_int_equal(api->destroy_comm_stream_ctx(NULL, NULL), -1);
    assert_int_equal(api->destroy_comm_stream_ctx(fixture->context, NULL), 0);
    assert_int_equal(api->ensure_acl_ready_ctx(fixture->context, 1), -1);
    assert_int_equal(api->ensure_acl_ready_ctx(fixture->context, 0), 0);
    assert_int_equal(api->ensure_acl_ready_ctx(fixture->context, 0), 0); /* 100002 is no error */
    void *stream = api->create_comm_stream_ctx(fixture->context);
    assert_non_null(stream);
    assert_int_equal(statistics(fixture).driver_streams, 3);
    assert_int_equal(api->destroy_comm_stream_ctx(fixture->context, stream), 0);
    assert_int_equal(statistics(fixture).driver_streams, 2);
    expect_reinit(fixture); /* resets through ACL where the architecture wants it */
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_golden(fixture, 0, CALLABLE_ADD);
}

/* ---- what is done once per process --------------------------------------------------------------------------------
 */

/* The C library keeps stacks and arenas of threads that ended. */
static int group_setup(void **state)
{
    int result = fixture_group_setup(state);
    if (result == 0) {
        test_threads(state);
    }
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_steady_state),
        FIXTURE_TEST(test_small_memory),
        FIXTURE_TEST(test_memory_faults),
        FIXTURE_TEST(test_register_mapping),
        FIXTURE_TEST(test_register_mapping_by_core),
        FIXTURE_TEST(test_synchronisation_block),
        FIXTURE_TEST(test_objects_one_by_one),
        FIXTURE_TEST(test_threads),
        FIXTURE_TEST(test_another_thread_runs),
        FIXTURE_TEST(test_streams_and_acl),
    };
    return fixture_run_tests("onboard", "*/*/onboard", FIXTURE_EVERY, tests, sizeof(tests) / sizeof(tests[0]),
                             group_setup, fixture_group_teardown);
}
