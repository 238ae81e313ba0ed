/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_build_graph: its limits are errors, what an orchestration allocates lives as long as its run, its counters and
 * its loads follow the registrations, and what it does wrong on the host stays inside (R4, R8, R9, R11, R24, R33, R34).
 */
#include "st/runtime_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "abi/error_codes.h"
#include "abi/graph.h"
#include "st/fixtures/callables_hbg/wrong.h"

#define INVALID (-PTO_ERR_INVALID_ARGS)
#define TIMEOUT (-PTO_ERR_SCHEDULER_TIMEOUT)

static const struct callable_spec wrong = {
    .name = "wrong", .orchestration = "orchestration_wrong", .children = {{"kernel_add", 0}}, .child_count = 1};
static const struct callable_spec diamond = {.name = "diamond",
                                             .orchestration = "orchestration_diamond",
                                             .children = {{"kernel_add", 0}, {"kernel_multiply", 1}, {"kernel_sum", 2}},
                                             .child_count = 3};

static int play_wrong(const struct runtime_fixture *fixture, struct fixture_run *run, enum graph_wrong what,
                      int64_t parameter)
{
    fixture_run_make(run, 5);
    (void)pto_chip_args_add_scalar(&run->args, (uint64_t)what);
    (void)pto_chip_args_add_scalar(&run->args, (uint64_t)parameter);
    return fixture_play(fixture, fixture->context, 0, run);
}

static uint64_t graph_bytes(const struct runtime_fixture *fixture)
{
    return fixture_statistics(fixture, fixture->context).device_bytes_by_kind[PTO_MEMORY_GRAPH];
}

struct wrong_case {
    enum graph_wrong what;
    int64_t parameter;
    int result;
    const char *text; /* of the error */
};

/*
 * Runs each case; a failed one changes nothing on the host (R11, D29), holds no device memory, and leaves the next run
 * golden (R13, D30, D35).
 */
static void expect_cases(const struct runtime_fixture *fixture, const struct wrong_case *cases, size_t count)
{
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &wrong);
    expect_prepare(fixture, 1, CALLABLE_TWO_STEPS);
    expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
    for (size_t i = 0; i < count; i++) {
        int result = play_wrong(fixture, &run, cases[i].what, cases[i].parameter);
        const char *text = fixture->client.debug->last_error(fixture->context);
        if (result != cases[i].result || strstr(text, cases[i].text) == NULL) {
            fail_msg("case %zu (%d, %ld) returned %d '%s', expected %d '%s'", i, (int)cases[i].what, cases[i].parameter,
                     result, text, cases[i].result, cases[i].text);
        }
        if (result != 0 && !fixture_run_untouched(&run)) {
            fail_msg("case %zu (%d, %ld) failed and changed the host's bytes", i, (int)cases[i].what,
                     cases[i].parameter);
        }
        uint64_t table = graph_bytes(fixture);
        assert_int_equal(table % sizeof(struct pto_graph_task), 0);
        expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
        assert_int_equal(graph_bytes(fixture), table);
    }
}

/* R24: bad ids, too many successors, a full table. */
static void test_limits(void **state)
{
    static const struct wrong_case cases[] = {
        {WRONG_NOTHING, 0, 0, ""},
        {WRONG_EDGE_FROM, -1, INVALID, "from -1 to 0, there are 1 tasks"},
        {WRONG_EDGE_FROM, 1, INVALID, "from 1 to 0, there are 1 tasks"},
        {WRONG_EDGE_TO, -1, INVALID, "from 0 to -1"},
        {WRONG_EDGE_TO, 1, INVALID, "from 0 to 1"},
        {WRONG_EDGE_TO, INT32_MIN, INVALID, "from 0 to -2147483648"},
        {WRONG_FANOUT, PTO_GRAPH_MAX_FANOUT, 0, ""},
        {WRONG_FANOUT, PTO_GRAPH_MAX_FANOUT + 1, INVALID, "has 128 successors already"},
        {WRONG_ARGS, -1, INVALID, "-1 arguments"},
        {WRONG_ARGS, PTO_GRAPH_MAX_ARGS, 0, ""},
        {WRONG_ARGS, PTO_GRAPH_MAX_ARGS + 1, INVALID, "17 arguments"},
        {WRONG_NULL_ARGS, 1, INVALID, "1 arguments at NULL"},
        {WRONG_FUNC_ID, -1, INVALID, "func_id -1"},
        {WRONG_FUNC_ID, 1024, INVALID, "func_id 1024"},
        {WRONG_FUNC_ID, 7, INVALID, "no kernel with func_id 7"}, /* upstream dereferences NULL */
        {WRONG_CORE_TYPE, PTO_CORE_AIC, 0, ""},
        {WRONG_CORE_TYPE, 2, INVALID, "core type 2"},
        {WRONG_CORE_TYPE, -1, INVALID, "core type -1"},
        {WRONG_INFO, 0, 0, ""},
        {WRONG_INFO, 1, 0, ""},
        {WRONG_INFO, 2, INVALID, "17 descriptions"},
        {WRONG_INFO, 3, INVALID, "-1 descriptions"},
        {WRONG_INFO, 4, INVALID, "1 descriptions at"},
        {WRONG_INFO, 5, INVALID, "rank 6"},
        {WRONG_INFO, 6, INVALID, "type 11"},
        {WRONG_INFO_TASK, 1, INVALID, "task 1, there are 1"},
        {WRONG_PAIR_HOST, 0, INVALID, "record_tensor_pair"},
        {WRONG_PAIR_DEVICE, 0, INVALID, "72 bytes"},
        {WRONG_PAIR_CONST, 0, TIMEOUT, "it faulted"}, /* R33: the copy back must not fault in the runtime */
        {WRONG_PAIR_FREED, 0, INVALID, "pair 1 is copied back"},
        {WRONG_PAIR_FREED, 1, INVALID, "pair 1 is copied back"},
        {WRONG_THREAD, 0, INVALID, "4 calls from another thread"},
        {WRONG_COPY, 56, 0, ""},
        {WRONG_COPY, 57, INVALID, "8 bytes at"},
        {WRONG_COPY, -1, INVALID, "8 bytes at"},
        {WRONG_FREE, 0, 0, ""},
        {WRONG_FREE, 1, 0, ""},
        {WRONG_RETURN, 7, 7, "returned 7"},
        {WRONG_RETURN, -3, -3, "returned -3"},
        {WRONG_MEMORY, 1024, 77, "returned 77"}, /* none left is the orchestration's to judge */
        {WRONG_MEMORY, 1, 0, ""},
    };
    expect_cases(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_full_table(void **state)
{
    static const struct wrong_case cases[] = {
        {WRONG_TABLE, PTO_GRAPH_MAX_TASKS - 1, 0, ""},
        {WRONG_TABLE, PTO_GRAPH_MAX_TASKS, INVALID, "table of 131072 tasks is full"},
    };
    expect_cases(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

/* R24, R23, D36: nothing can ever run a cycle; what does not hang on it has run by then, and the tasks left are named.
 */
static void test_cycles(void **state)
{
    static const struct wrong_case cases[] = {
        {WRONG_CYCLE, 1, TIMEOUT, "1 of 2 tasks completed"},
        {WRONG_CYCLE, 2, TIMEOUT, "1 (for 1), 2 (for 1)"},
        {WRONG_CYCLE, 1000, TIMEOUT, "1 of 1001 tasks completed"},
    };
    expect_cases(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

/* R33: a handle that outlives its call does nothing, wherever it is used. */
static void test_stale_handle(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct pto_graph_handle *rt = NULL;
    struct fixture_run run;
    uint64_t words[4] = {0};
    fixture_prepare_spec(fixture, 0, &wrong);
    assert_int_equal(play_wrong(fixture, &run, WRONG_KEEP, (int64_t)(uintptr_t)&rt), 0);
    assert_non_null(rt);
    uint64_t bytes = graph_bytes(fixture);
    assert_int_equal(pto_graph_add_task(rt, words, 4, 0, PTO_CORE_AIV), -1);
    pto_graph_add_successor(rt, 0, 0);
    assert_int_equal(pto_graph_set_tensor_info(rt, 0, NULL, 0), -1);
    assert_int_equal(pto_graph_task_count(rt), 0);
    assert_null(pto_graph_device_malloc(rt, 64));
    assert_int_not_equal(pto_graph_copy_to_device(rt, words, words, sizeof(words)), 0);
    pto_graph_record_tensor_pair(rt, words, words, sizeof(words));
    pto_graph_device_free(rt, words);
    pto_graph_print(rt);
    assert_int_equal(graph_bytes(fixture), bytes);
    assert_int_equal(play_wrong(fixture, &run, WRONG_NOTHING, 0), 0);
    assert_int_equal(fixture_statistics(fixture, fixture->context).last_tasks, 1);
}

static void expect_diamond(const struct runtime_fixture *fixture, int32_t id, int blocks, int threads)
{
    struct fixture_run run;
    fixture_run_make(&run, 5);
    int result = runtime_client_run(&fixture->client, fixture->context, id, &run.args, blocks, threads);
    if (result != 0) {
        fail_msg("%d blocks, %d threads: %d %s", blocks, threads, result,
                 fixture->client.debug->last_error(fixture->context));
    }
    for (uint32_t i = 0; i < FIXTURE_ELEMENTS; i++) {
        int32_t sum = run.in[i] + 5;
        assert_int_equal(run.out[i], 3 * sum + 5 + sum + 5);
    }
}

/* R22: every number of threads and of blocks; threads without a core of some type, or of any, do not hang (upstream
 * does). */
static void test_every_shape(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &diamond);
    for (int threads = 1; threads <= (int)fixture->arch->max_aicpu_threads; threads++) {
        for (int blocks = 0; blocks <= 5; blocks++) {
            expect_diamond(fixture, 0, blocks, threads);
        }
        expect_diamond(fixture, 0, (int)fixture->arch->max_blocks, threads);
    }
    struct pto_statistics statistics = fixture_statistics(fixture, fixture->context);
    assert_int_equal(statistics.last_tasks, 4);
    assert_int_equal(statistics.last_dispatches, 4);
}

/* R13: every order gives the same result, on both engines. */
static void test_schedules(void **state)
{
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &diamond);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        int32_t policy = seed % 2 == 0 ? PTO_POLICY_RANDOM : PTO_POLICY_PCT;
        struct pto_engine_options options = fixture_engine(PTO_ENGINE_FIBERS, policy, seed);
        expect_engine(fixture, &options);
        expect_diamond(fixture, 0, 1 + (int)(seed % 3), 1 + (int)(seed % 4));
    }
    struct pto_engine_options threads = fixture_engine(PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN, 0);
    expect_engine(fixture, &threads);
    for (int i = 0; i < 10; i++) {
        expect_diamond(fixture, 0, 2, 3);
    }
}

/* R9: loads are counted on the host, one per registration, and never on the AICPU. */
static void test_counters(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    expect_prepare(fixture, 0, CALLABLE_ADD);
    expect_prepare(fixture, 1, CALLABLE_ADD); /* the same image: opened again, uploaded once */
    struct pto_statistics two = fixture_statistics(fixture, fixture->context);
    assert_int_equal(two.chip_buffers, 1);
    assert_int_equal(two.orchestration_handles, 2);
    for (int i = 0; i < 5; i++) {
        expect_golden(fixture, i % 2, CALLABLE_ADD);
    }
    assert_int_equal(api->get_host_dlopen_count(fixture->context), 2);
    assert_int_equal(api->get_aicpu_dlopen_count(fixture->context), 0);
    assert_int_equal(api->prepare_callable(fixture->context, 0, fixture->images[CALLABLE_TWICE].bytes), -1);
    assert_int_equal(api->get_host_dlopen_count(fixture->context), 2);
    expect_unregister(fixture, 0);
    expect_golden(fixture, 1, CALLABLE_ADD);
    expect_prepare(fixture, 0, CALLABLE_TWICE);
    expect_golden(fixture, 0, CALLABLE_TWICE);
    assert_int_equal(api->get_host_dlopen_count(fixture->context), 3);
    expect_unregister(fixture, 0);
    expect_unregister(fixture, 1);
    struct pto_statistics none = fixture_statistics(fixture, fixture->context);
    assert_int_equal(none.orchestration_handles, 0);
    assert_int_equal(none.kernel_handles, 0);
    assert_int_equal(none.staged_files, 0);
    assert_int_equal(none.host_dlopens, 3);
}

/* R4, R8, D13, D15: what cannot be opened is refused at prepare, with its reason, and nothing is left of the attempt.
 */
static void test_prepare_refuses(void **state)
{
    static const struct {
        struct callable_spec spec;
        const char *text;
    } cases[] = {
        {{.name = "no such entry", .orchestration = "orchestration_no_tasks", .entry_name = "no_such_entry"},
         "no symbol 'no_such_entry'"},
        {{.name = "empty entry", .orchestration = "orchestration_no_tasks", .entry_name = ""}, "names no entry"},
        {{.name = "missing symbol", .orchestration = "orchestration_missing_symbol"},
         "fixture_symbol_that_nobody_defines"},
    };
    const struct runtime_fixture *fixture = *state;
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct callable_image image = fixture_pack(fixture, &cases[i].spec);
        int result = fixture->client.api.prepare_callable(fixture->context, 3, image.bytes);
        free(image.bytes);
        assert_int_equal(result, -1);
        expect_error_text(fixture, cases[i].text);
        struct pto_statistics after = fixture_statistics(fixture, fixture->context);
        expect_same_state(&after, &before);
    }
    struct callable_image image = fixture_pack(fixture, &callable_specs[CALLABLE_NO_TASKS]);
    memset((uint8_t *)image.bytes + PTO_CHIP_CALLABLE_STORAGE_OFFSET, 'z', 64); /* no shared object any more */
    int result = fixture->client.api.prepare_callable(fixture->context, 3, image.bytes);
    free(image.bytes);
    assert_int_equal(result, -1);
    expect_error_text(fixture, "the orchestration is not loaded");
    struct pto_statistics end = fixture_statistics(fixture, fixture->context);
    expect_same_state(&end, &before);
    expect_prepare(fixture, 3, CALLABLE_NO_TASKS);
    expect_golden(fixture, 3, CALLABLE_NO_TASKS);
}

/* R7, D12: finalize closes what is still registered, and the context can be bound again. */
static void test_finalize_closes(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    for (int i = 1; i <= 2; i++) {
        uint64_t images = fixture_statistics(fixture, fixture->context).open_images;
        expect_prepare(fixture, 0, CALLABLE_ADD);
        expect_prepare(fixture, 63, CALLABLE_TWO_STEPS);
        expect_golden(fixture, 63, CALLABLE_TWO_STEPS);
        assert_true(fixture_statistics(fixture, fixture->context).open_images > images + 2);
        assert_int_equal(api->finalize_device(fixture->context), 0);
        struct pto_statistics after = fixture_statistics(fixture, fixture->context);
        assert_int_equal(after.open_images, images);
        assert_int_equal(after.orchestration_handles, 0);
        assert_int_equal(after.host_dlopens, 2 * i); /* R9: counters outlive finalize */
        assert_int_equal(runtime_client_init(&fixture->client, fixture->context, 0), 0);
        expect_failure(fixture, 0, 5, -1);
    }
}

/* R23: an exception ends the run with -5, and what the orchestration held is freed. */
static void test_exception(void **state)
{
    static const struct callable_spec throws = {.name = "throw", .orchestration = "orchestration_throw"};
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &throws);
    for (int i = 0; i < 3; i++) {
        expect_failure(fixture, 0, 0, INVALID);
        expect_error_text(fixture, "thrown by a fixture");
        assert_int_equal(graph_bytes(fixture), 0);
    }
    assert_int_equal(fixture_statistics(fixture, fixture->context).runs, 0); /* none reached the device */
}

/* R33: the orchestration runs in the client's own process, and cannot take it along. */
static void test_host_faults(void **state)
{
    static const struct callable_spec faults = {.name = "fault", .orchestration = "orchestration_fault"};
    const struct runtime_fixture *fixture = *state;
    fixture_prepare_spec(fixture, 0, &faults);
    expect_prepare(fixture, 1, CALLABLE_ADD);
    for (uint64_t where = 0; where < 2; where++) { /* its own store; an address handed to a call */
        expect_failure(fixture, 0, where, TIMEOUT);
        expect_error_text(fixture, "it faulted");
        expect_golden(fixture, 1, CALLABLE_ADD);
    }
}

static void test_host_spin(void **state)
{
    static const struct callable_spec spins = {.name = "spin", .orchestration = "orchestration_spin"};
    const struct runtime_fixture *fixture = *state;
    struct pto_engine_options options = fixture_engine(PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN, 0);
    options.op_limit_ns = 20000000;
    expect_engine(fixture, &options);
    fixture_prepare_spec(fixture, 0, &spins);
    expect_prepare(fixture, 1, CALLABLE_ADD);
    expect_failure(fixture, 0, 1 << 20, TIMEOUT);
    expect_error_text(fixture, "op limit");
    assert_int_equal(graph_bytes(fixture), 0);
    expect_golden(fixture, 1, CALLABLE_ADD);
    assert_int_equal(fixture_statistics(fixture, fixture->context).last_reproducible, 1);
}

struct inner_calls {
    const struct runtime_fixture *fixture;
    void *other; /* context */
    struct fixture_run run;
    int own_result;
    int other_result;
};

static int call_from_inside(void *argument)
{
    struct inner_calls *calls = argument;
    const struct runtime_fixture *fixture = calls->fixture;
    calls->own_result = fixture_play(fixture, fixture->context, 1, &calls->run);
    calls->other_result = fixture_play(fixture, calls->other, 1, &calls->run);
    return 0;
}

/* R14: an orchestration on the host is inside its context's call, and a run that it starts elsewhere joins its engine.
 */
static void test_calls_from_inside(void **state)
{
    static const struct callable_spec spec = {.name = "calls back", .orchestration = "orchestration_calls_back"};
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    struct inner_calls calls = {.fixture = fixture, .other = api->create_device_context()};
    assert_int_equal(runtime_client_init(&fixture->client, calls.other, 0), 0);
    assert_int_equal(api->prepare_callable(calls.other, 1, fixture->images[CALLABLE_TWO_STEPS].bytes), 0);
    fixture_prepare_spec(fixture, 0, &spec);
    expect_prepare(fixture, 1, CALLABLE_TWO_STEPS);
    for (int i = 0; i < 3; i++) {
        struct fixture_run outer;
        fixture_run_make(&outer, 0);
        fixture_run_make(&calls.run, 5);
        (void)pto_chip_args_add_scalar(&outer.args, (uintptr_t)call_from_inside);
        (void)pto_chip_args_add_scalar(&outer.args, (uintptr_t)&calls);
        assert_int_equal(fixture_play(fixture, fixture->context, 0, &outer), 0);
        assert_int_equal(calls.own_result, -1);
        assert_int_equal(calls.other_result, 0);
        assert_int_equal(calls.run.out[1], callable_golden(CALLABLE_TWO_STEPS, calls.run.in[1], 5));
    }
    api->destroy_device_context(calls.other);
    expect_golden(fixture, 1, CALLABLE_TWO_STEPS);
}

/* R34: from the second run on, a run allocates what its orchestration asks for, and the table follows the tasks. */
static void test_cost_follows_the_tasks(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &diamond);
    expect_diamond(fixture, 0, 1, 1);
    struct pto_statistics first = fixture_statistics(fixture, fixture->context);
    assert_true(first.device_bytes_by_kind[PTO_MEMORY_GRAPH] < 64 * sizeof(struct pto_graph_task));
    for (int i = 1; i <= 10; i++) {
        expect_diamond(fixture, 0, 1, 1);
        struct pto_statistics now = fixture_statistics(fixture, fixture->context);
        assert_int_equal(now.device_bytes, first.device_bytes);
        assert_int_equal(now.device_allocations - first.device_allocations, 5 * i); /* in, out, and three between */
    }
    expect_unregister(fixture, 0);
    fixture_prepare_spec(fixture, 0, &wrong);
    assert_int_equal(play_wrong(fixture, &run, WRONG_TABLE, 1000), 0);
    uint64_t grown = graph_bytes(fixture);
    assert_true(grown >= 1001 * sizeof(struct pto_graph_task) && grown < 2000 * sizeof(struct pto_graph_task));
    assert_int_equal(play_wrong(fixture, &run, WRONG_NOTHING, 0), 0);
    assert_int_equal(graph_bytes(fixture), grown); /* kept, not grown again */
}

/* The graph or its buffers do not fit: an ordinary error; with more memory the same callable runs. */
static void test_small_device(void **state)
{
    const struct runtime_fixture *fixture = *state;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &wrong);
    assert_int_equal(play_wrong(fixture, &run, WRONG_NOTHING, 0), 0);
    struct pto_statistics before = fixture_statistics(fixture, fixture->context);
    assert_int_equal(fixture->client.debug->set_device_capacity(fixture->context, before.device_bytes + 65536), 0);
    assert_int_equal(play_wrong(fixture, &run, WRONG_TABLE, 5000), -1);
    expect_error_text(fixture, "no device memory for a graph of 5001 tasks");
    assert_int_equal(play_wrong(fixture, &run, WRONG_NOTHING, 0), 0);
    assert_int_equal(fixture->client.debug->set_device_capacity(fixture->context, 0), 0);
    assert_int_equal(play_wrong(fixture, &run, WRONG_TABLE, 5000), 0);
}

/* Child memory means what the orchestration makes of it: a client's buffer is used in place and not freed. */
static void test_client_memory(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const struct runtime_api *api = &fixture->client.api;
    struct fixture_run run;
    fixture_prepare_spec(fixture, 0, &diamond);
    fixture_run_make(&run, 5);
    run.args.tensors[1].child_memory = 1;
    assert_int_equal(fixture_play(fixture, fixture->context, 0, &run), 0); /* this builder ignores the mark */
    assert_int_equal(run.out[1], 3 * 12 + 5 + 12 + 5);
    void *device = api->device_malloc_ctx(fixture->context, 64);
    assert_non_null(device);
    expect_diamond(fixture, 0, 1, 3);
    uint8_t byte = 1;
    assert_int_equal(api->copy_to_device_ctx(fixture->context, device, &byte, 1), 0);
    api->device_free_ctx(fixture->context, device);
}

/* R33 on the device side is the same as for any runtime. */
static void test_kernels_misbehave(void **state)
{
    static const struct {
        const char *kernel;
        bool hangs;
        const char *text;
    } cases[] = {{"kernel_fault", false, "user code faulted"}, {"kernel_spin", true, "within the op limit"}};
    const struct runtime_fixture *fixture = *state;
    if (fixture_is(fixture, "*/*/onboard")) {
        skip(); /* the device is poisoned by each of them: onboard's own tests are about that */
    }
    struct pto_engine_options options = fixture_engine(PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN, 0);
    options.op_limit_ns = 20000000;
    expect_engine(fixture, &options);
    expect_prepare(fixture, 1, CALLABLE_ADD);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct callable_spec spec = {.name = cases[i].kernel,
                                           .orchestration = "orchestration_one_task",
                                           .children = {{cases[i].kernel, 0}},
                                           .child_count = 1};
        fixture_prepare_spec(fixture, 0, &spec);
        expect_failure(fixture, 0, 5, cases[i].hangs ? fixture_hang_code(fixture) : fixture_fault_code(fixture));
        expect_error_text(fixture, cases[i].text);
        expect_unregister(fixture, 0);
        expect_golden(fixture, 1, CALLABLE_ADD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_limits),
        FIXTURE_TEST(test_full_table),
        FIXTURE_TEST(test_stale_handle),
        FIXTURE_TEST(test_cycles),
        FIXTURE_TEST(test_every_shape),
        FIXTURE_TEST(test_schedules),
        FIXTURE_TEST(test_counters),
        FIXTURE_TEST(test_prepare_refuses),
        FIXTURE_TEST(test_finalize_closes),
        FIXTURE_TEST(test_exception),
        FIXTURE_TEST(test_host_faults),
        FIXTURE_TEST(test_host_spin),
        FIXTURE_TEST(test_calls_from_inside),
        FIXTURE_TEST(test_cost_follows_the_tasks),
        FIXTURE_TEST(test_small_device),
        FIXTURE_TEST(test_client_memory),
        FIXTURE_TEST(test_kernels_misbehave),
    };
    return FIXTURE_RUN("host_build_graph", "*/hbg/*", FIXTURE_EVERY, tests);
}
