/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts do not know of each other, threads may share one, and a run joins the engine it is called in (R14). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "exec/exec.h"
#include "st/runtime_fixture.h"

#define CONTEXTS 2
#define RUNS 20

/* A client of its own: a context, a runtime buffer, and how many of its runs went wrong. Makes no assertions. */
struct client {
    const struct runtime_fixture *fixture;
    void *context;
    void *buffer;
    enum callable_kind kind;
    int wrong;
    _Atomic int runs; /* relaxed would do: a neighbour only counts along */
};

static int client_open(struct client *client, const struct runtime_fixture *fixture, int device,
                       enum callable_kind kind)
{
    const struct runtime_api *api = &fixture->client.api;
    *client = (struct client){.fixture = fixture, .kind = kind};
    client->context = api->create_device_context();
    client->buffer = malloc(api->get_runtime_size());
    int result = client->context != NULL && client->buffer != NULL ? 0 : -1;
    result = result == 0 ? runtime_client_init(&fixture->client, client->context, device) : result;
    return result == 0 ? api->prepare_callable(client->context, 0, fixture->images[kind].bytes) : result;
}

static void client_close(struct client *client)
{
    client->fixture->client.api.destroy_device_context(client->context);
    free(client->buffer);
}

static void client_run_once(struct client *client, uint64_t bias)
{
    struct fixture_run run;
    fixture_run_make(&run, bias);
    int result = client->fixture->client.api.run_prepared(client->context, client->buffer, 0, &run.args, 2, 3, 0, 0, 0,
                                                          0, "", NULL);
    (void)atomic_fetch_add_explicit(&client->runs, 1, memory_order_relaxed);
    client->wrong += result != 0 || run.out[9] != callable_golden(client->kind, run.in[9], bias);
}

static void *client_thread(void *argument)
{
    struct client *client = argument;
    for (uint64_t i = 0; i < RUNS; i++) {
        client_run_once(client, i);
    }
    return NULL;
}

static void expect_threads_right(struct client *clients, size_t count)
{
    pthread_t threads[CONTEXTS];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, client_thread, &clients[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(clients[i].wrong, 0);
        assert_int_equal(clients[i].runs, RUNS);
    }
}

/* R14: what one context has under an id is nothing to the other, also when that one is gone. */
static void expect_two_contexts_right(const struct runtime_fixture *fixture, int second_device)
{
    struct client clients[CONTEXTS];
    assert_int_equal(client_open(&clients[0], fixture, 0, CALLABLE_ADD), 0);
    assert_int_equal(client_open(&clients[1], fixture, second_device, CALLABLE_MULTIPLY), 0);
    for (uint64_t i = 0; i < 3; i++) {
        client_run_once(&clients[0], i);
        client_run_once(&clients[1], i);
    }
    struct pto_statistics statistics = fixture_statistics(fixture, clients[0].context);
    assert_int_equal(statistics.registered_callables, 1);
    assert_int_equal(statistics.chip_buffers, 1);
    assert_int_equal(statistics.runs, 3);
    client_close(&clients[0]);
    client_run_once(&clients[1], 9);
    assert_int_equal(clients[0].wrong + clients[1].wrong, 0);
    client_close(&clients[1]);
}

static void test_two_contexts_on_one_device(void **state)
{
    expect_two_contexts_right(*state, 0);
}

static void test_two_contexts_on_two_devices(void **state)
{
    expect_two_contexts_right(*state, 1);
}

/* Device memory of one context is nothing to the other. */
static void test_memory_is_private(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    struct client other;
    uint8_t bytes[64] = {7};
    assert_int_equal(client_open(&other, fixture, 0, CALLABLE_ADD), 0);
    void *device = api->device_malloc_ctx(fixture->context, sizeof(bytes));
    assert_non_null(device);
    assert_int_not_equal(api->copy_to_device_ctx(other.context, device, bytes, sizeof(bytes)), 0);
    api->device_free_ctx(other.context, device);
    assert_int_equal(fixture_statistics(fixture, fixture->context).device_bytes_by_kind[PTO_MEMORY_CLIENT], 64);
    assert_int_equal(api->copy_to_device_ctx(fixture->context, device, bytes, sizeof(bytes)), 0);
    api->device_free_ctx(fixture->context, device);
    client_close(&other);
}

/* Two OS threads with a context each: same device, then two devices; fibers, then threads. */
static void test_two_threads_two_contexts(void **state)
{
    struct runtime_fixture *fixture = *state;
    fixture->gate.mapped_allowance = LEAK_GATE_STACK_CACHE_BYTES; /* two pools of threads at once */
    for (int round = 0; round < 4; round++) {
        struct client clients[CONTEXTS];
        struct pto_engine_options options =
            fixture_engine(round / 2 == 0 ? PTO_ENGINE_FIBERS : PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN, 0);
        for (int i = 0; i < CONTEXTS; i++) {
            enum callable_kind kind = i == 0 ? CALLABLE_TWO_STEPS : CALLABLE_MULTIPLY;
            assert_int_equal(client_open(&clients[i], fixture, round % 2 * i, kind), 0);
            assert_int_equal(fixture->client.debug->set_engine(clients[i].context, &options), 0);
        }
        expect_threads_right(clients, CONTEXTS);
        for (int i = 0; i < CONTEXTS; i++) {
            client_close(&clients[i]);
        }
    }
}

/* Two OS threads on one context: the calls take turns. */
static void test_two_threads_one_context(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct client clients[CONTEXTS];
    assert_int_equal(client_open(&clients[0], fixture, 0, CALLABLE_TWO_STEPS), 0);
    clients[1] = (struct client){.fixture = fixture, .context = clients[0].context, .kind = clients[0].kind};
    clients[1].buffer = malloc(fixture->client.api.get_runtime_size());
    assert_non_null(clients[1].buffer);
    expect_threads_right(clients, CONTEXTS);
    assert_int_equal(fixture_statistics(fixture, clients[0].context).runs, CONTEXTS * RUNS);
    free(clients[1].buffer);
    client_close(&clients[0]);
}

/* A simulated processor that is a client. */
static void client_processor(void *argument)
{
    struct client *client = argument;
    for (uint64_t i = 0; i < 3; i++) {
        client_run_once(client, i);
    }
}

/* A neighbour that has work of its own as long as the clients run. */
struct neighbour {
    const struct client *clients;
    int steps;
};

static void neighbour_processor(void *argument)
{
    struct neighbour *neighbour = argument;
    while (atomic_load_explicit(&neighbour->clients[0].runs, memory_order_relaxed) +
                   atomic_load_explicit(&neighbour->clients[1].runs, memory_order_relaxed) <
               2 * 3 &&
           neighbour->steps < 1000000) {
        neighbour->steps++;
        exec_charge(100); /* a tenth of what a kernel takes */
        exec_settle();
    }
}

/* R14: both contexts' runs live in the caller's engine, beside each other and beside a processor that is none of
 * theirs. */
static void test_runs_join_the_callers_engine(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct client clients[CONTEXTS];
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    struct neighbour neighbour = {.clients = clients};
    assert_int_equal(client_open(&clients[0], fixture, 0, CALLABLE_TWO_STEPS), 0);
    assert_int_equal(client_open(&clients[1], fixture, 0, CALLABLE_MULTIPLY), 0);
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "clients", &group), 0);
    for (int i = 0; i < CONTEXTS; i++) {
        assert_int_equal(exec_spawn(group, "client", EXEC_ORCHESTRATION_STACK_BYTES, client_processor, &clients[i]), 0);
    }
    assert_int_equal(exec_spawn(group, "neighbour", 65536, neighbour_processor, &neighbour), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    for (int i = 0; i < CONTEXTS; i++) {
        assert_int_equal(clients[i].runs, 3);
        assert_int_equal(clients[i].wrong, 0);
        client_close(&clients[i]);
    }
    assert_in_range(neighbour.steps, 10, 999999); /* it ran in between, not before or after everything */
}

/* The same context is usable outside an engine, inside one, and outside again. */
static void test_inside_and_outside(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct client client;
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    assert_int_equal(client_open(&client, fixture, 0, CALLABLE_ADD), 0);
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "client", &group), 0);
    for (int i = 0; i < 3; i++) {
        client_run_once(&client, 1);
        assert_int_equal(exec_spawn(group, "client", EXEC_ORCHESTRATION_STACK_BYTES, client_processor, &client), 0);
        assert_int_equal(exec_group_run(group, &outcome), 0);
    }
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    client_run_once(&client, 1);
    assert_int_equal(client.runs, 13);
    assert_int_equal(client.wrong, 0);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_two_contexts_on_one_device), FIXTURE_TEST(test_two_contexts_on_two_devices),
        FIXTURE_TEST(test_memory_is_private),          FIXTURE_TEST(test_two_threads_two_contexts),
        FIXTURE_TEST(test_two_threads_one_context),    FIXTURE_TEST(test_runs_join_the_callers_engine),
        FIXTURE_TEST(test_inside_and_outside),
    };
    return FIXTURE_RUN("isolation", "*/*/*", FIXTURE_EVERY, tests);
}
