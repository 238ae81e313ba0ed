/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that meet on devices behind the driver (R14, R16, R17): two contexts, two devices, two program images at once
 * from two threads, on both engines; and a device that one client poisons and resets under the feet of another.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "npu/driver/driver.h"
#include "npu/driver/session.h"
#include "st/runtime_fixture.h"

#define CLIENTS 2
#define CLIENT_RUNS 10
#define CLIENT_ROUNDS 12

static const struct callable_spec spec_fault = {
    .name = "fault",
    .orchestration = "orchestration_one_task",
    .children = {{"kernel_fault", 0}},
    .child_count = 1,
    .signature = {PTO_IN, PTO_OUT},
    .signature_count = 2,
};

/* One thread's work; `text` tells what was wrong, "" when nothing was. */
struct client {
    const struct runtime_fixture *fixture;
    struct runtime_client programs; /* with a runtime buffer of its own */
    int device;
    int32_t engine;
    const void *faulty; /* a callable that faults; NULL: this client does no harm */
    uint64_t reached;   /* runs that gave their result */
    char text[512];
};

static bool told(struct client *client, void *context, const char *what, int result)
{
    (void)snprintf(client->text, sizeof(client->text), "%s returned %d: %.300s", what, result,
                   context != NULL ? client->fixture->client.debug->last_error(context) : "no context");
    return false;
}

/* A client that shares its device with one that does harm is told so, and in no other way. */
static bool is_poison(int result)
{
    return result == DRIVER_POISONED;
}

static bool run_golden(struct client *client, void *context, bool poisoned_allowed)
{
    struct fixture_run run;
    fixture_run_make(&run, 5);
    int result = runtime_client_run(&client->programs, context, 0, &run.args, 1, 3);
    if (result != 0) {
        bool fine = poisoned_allowed && is_poison(result) && fixture_run_untouched(&run);
        return fine ? false : told(client, context, "run", result);
    }
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        if (run.out[i] != callable_golden(CALLABLE_ADD, run.in[i], 5)) {
            return told(client, context, "a wrong result: run", run.out[i]);
        }
    }
    client->reached++;
    return true;
}

static void *new_context(struct client *client)
{
    const struct pto_engine_options options = fixture_engine(client->engine, PTO_POLICY_ROUND_ROBIN, 0);
    void *context = client->programs.api.create_device_context();
    if (context == NULL || client->fixture->client.debug->set_engine(context, &options) != 0) {
        (void)told(client, context, "set_engine", -1);
    }
    return context;
}

static void *work(void *argument)
{
    struct client *client = argument;
    const struct runtime_api *api = &client->programs.api;
    void *context = new_context(client);
    int result = client->text[0] == '\0' ? runtime_client_init(&client->programs, context, client->device) : -1;
    if (result == 0) {
        result = api->prepare_callable(context, 0, client->fixture->images[CALLABLE_ADD].bytes);
    }
    if (result != 0 && client->text[0] == '\0') {
        (void)told(client, context, "init or prepare", result);
    }
    for (int i = 0; i < CLIENT_RUNS && client->text[0] == '\0'; i++) {
        (void)run_golden(client, context, false);
    }
    api->destroy_device_context(context);
    return NULL;
}

static void run_clients(struct client clients[CLIENTS], void *(*start)(void *))
{
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i].programs.runtime_buffer = malloc(clients[i].programs.api.get_runtime_size());
        assert_non_null(clients[i].programs.runtime_buffer);
        assert_int_equal(pthread_create(&threads[i], NULL, start, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        free(clients[i].programs.runtime_buffer);
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].text[0] != '\0') {
            fail_msg("client %d on device %d: %s", i, clients[i].device, clients[i].text);
        }
    }
}

static void expect_gone(int device)
{
    struct npu_driver_statistics left;
    npu_driver_statistics(device, &left);
    assert_int_equal(left.sessions + left.contexts + left.streams + left.in_use + left.loaded_kernels, 0);
}

/* The same programs with other bytes: bytes after the end of an ELF file change nothing but the file. */
static struct runtime_client other_programs(const struct runtime_client *client)
{
    struct runtime_client other = *client;
    uint8_t *aicpu = malloc(client->aicpu_size + 16);
    uint8_t *aicore = malloc(client->aicore_size + 16);
    assert_true(aicpu != NULL && aicore != NULL);
    memcpy(aicpu, client->aicpu, client->aicpu_size);
    memset(aicpu + client->aicpu_size, 'x', 16);
    memcpy(aicore, client->aicore, client->aicore_size);
    memset(aicore + client->aicore_size, 'x', 16);
    other.aicpu = aicpu;
    other.aicpu_size += 16;
    other.aicore = aicore;
    other.aicore_size += 16;
    return other;
}

static void forget_programs(struct runtime_client *other)
{
    free((void *)(uintptr_t)other->aicpu);
    free((void *)(uintptr_t)other->aicore);
}

/* R14, R16: the fingerprint of both images is the same, their files are not (R6). */
static void test_two_devices_two_images(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct runtime_client other = other_programs(&fixture->client);
    for (int variant = 0; variant < 8; variant++) {
        bool two_images = (variant & 1) != 0;
        int device = (variant & 2) != 0 ? 1 : 0;
        int32_t engine = (variant & 4) != 0 ? PTO_ENGINE_THREADS : PTO_ENGINE_FIBERS;
        struct client clients[CLIENTS] = {
            {.fixture = fixture, .programs = fixture->client, .engine = engine},
            {.fixture = fixture, .programs = two_images ? other : fixture->client, .device = device, .engine = engine},
        };
        run_clients(clients, work);
        assert_int_equal(clients[0].reached + clients[1].reached, CLIENTS * CLIENT_RUNS);
        expect_gone(0);
        expect_gone(1);
    }
    forget_programs(&other);
}

/* One round of a life that may end in poison at any point; false: something was not as it may be. */
static bool live_dangerously(struct client *client, void *context, bool harm)
{
    const struct runtime_api *api = &client->programs.api;
    struct fixture_run run;
    int result = runtime_client_init(&client->programs, context, client->device);
    if (result == 0) {
        result = api->prepare_callable(context, 0, client->fixture->images[CALLABLE_ADD].bytes);
    }
    if (result != 0) {
        return is_poison(result) || told(client, context, "init or prepare", result);
    }
    for (int i = 0; i < 3; i++) {
        if (!run_golden(client, context, true)) {
            return client->text[0] == '\0';
        }
    }
    if (!harm) {
        return true;
    }
    result = api->prepare_callable(context, 1, client->faulty);
    fixture_run_make(&run, 5);
    result = result == 0 ? runtime_client_run(&client->programs, context, 1, &run.args, 1, 3) : result;
    return result == DRIVER_EXCEPTION || is_poison(result) || told(client, context, "the faulty run", result);
}

static void *live(void *argument)
{
    struct client *client = argument;
    void *context = new_context(client);
    for (int round = 0; round < CLIENT_ROUNDS && client->text[0] == '\0'; round++) {
        if (live_dangerously(client, context, client->faulty != NULL && round % 2 == 0)) {
            int result = client->programs.api.finalize_device(context);
            (void)(result == 0 || told(client, context, "finalize", result));
        }
    }
    client->programs.api.destroy_device_context(context);
    return NULL;
}

/* R17: whoever shares the device hears of the poison, or nothing; nobody gets a wrong result; the end is clean. */
static void test_a_device_is_reset_under_a_client(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct callable_image faulty = fixture_pack(fixture, &spec_fault);
    for (int variant = 0; variant < 4; variant++) {
        int32_t engine = (variant & 1) != 0 ? PTO_ENGINE_THREADS : PTO_ENGINE_FIBERS;
        const void *second = (variant & 2) != 0 ? faulty.bytes : NULL;
        struct client clients[CLIENTS] = {
            {.fixture = fixture, .programs = fixture->client, .engine = engine, .faulty = faulty.bytes},
            {.fixture = fixture, .programs = fixture->client, .engine = engine, .faulty = second},
        };
        run_clients(clients, live);
        expect_gone(0);
    }
    free(faulty.bytes);
    struct client sound[CLIENTS] = {{.fixture = fixture, .programs = fixture->client},
                                    {.fixture = fixture, .programs = fixture->client}};
    run_clients(sound, work);
}

/* The threads that play here, and a device's first file, stay with the process: no leak gate around these. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_devices_two_images),
        cmocka_unit_test(test_a_device_is_reset_under_a_client),
    };
    return FIXTURE_RUN("onboard clients", "*/*/onboard", FIXTURE_EVERY, tests);
}
