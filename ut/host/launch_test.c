/* SPDX-License-Identifier: Apache-2.0 */
/* Engines and callers: both engines, every policy, runs from several threads and from inside processors (R14, R33). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "exec/exec.h"
#include "st/fixtures/stub_device/stub_device.h"
#include "ut/host/host_fixture.h"

static void set_engine(void *ctx, int32_t kind, int32_t policy, uint64_t seed)
{
    const struct pto_engine_options options = {.size = sizeof(options), .kind = kind, .policy = policy, .seed = seed};
    assert_int_equal(pto_debug_api()->set_engine(ctx, &options), 0);
}

static void run_once(void *ctx, int32_t id, uint32_t expected)
{
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, id, &args.args), 0);
    assert_int_equal(args.output[0], expected);
}

static void test_engines_and_policies(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    static const int32_t engines[][2] = {
        {PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN},  {PTO_ENGINE_FIBERS, PTO_POLICY_RANDOM},
        {PTO_ENGINE_THREADS, PTO_POLICY_ROUND_ROBIN}, {PTO_ENGINE_FIBERS, PTO_POLICY_PCT},
        {PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN},
    };
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        set_engine(ctx, engines[i][0], engines[i][1], 3);
        run_once(ctx, 0, 1001);
        run_once(ctx, 0, 1001);
        struct pto_statistics statistics = fixture_statistics(ctx);
        assert_int_equal(statistics.last_reproducible, engines[i][0] == PTO_ENGINE_FIBERS);
    }
    assert_int_equal(fixture_statistics(ctx).aicpu_dlopens, 1); /* another engine is not another program */
    fixture_free(&image);
}

static uint32_t call_back(void *context, uint32_t count)
{
    struct pto_statistics statistics = {.size = sizeof(statistics)};
    const struct pto_engine_options options = {.size = sizeof(options)};
    void *ctx = context;
    if (pto_debug_api()->get_statistics(ctx, &statistics) != -1 || pto_debug_api()->set_engine(ctx, &options) != -1 ||
        device_malloc_ctx(ctx, 1) != NULL || finalize_device(ctx) != -1) {
        abort();
    }
    return count - 1;
}

/* A context that is called from inside its own run refuses instead of waiting for itself. */
static void test_calls_from_inside_are_refused(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct pto_engine_options options = {
        .size = sizeof(options), .policy = PTO_POLICY_CHOICE, .choose = call_back, .choose_context = ctx};
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(pto_debug_api()->set_engine(ctx, &options), 0);
    run_once(ctx, 0, 1001);
    set_engine(ctx, PTO_ENGINE_FIBERS, PTO_POLICY_ROUND_ROBIN, 0);
    run_once(ctx, 0, 1001);
    fixture_free(&image);
}

struct caller {
    void *ctx;
    int32_t id;
    uint32_t expected;
    int wrong;
};

static void call_ten_times(void *argument)
{
    struct caller *caller = argument;
    for (int i = 0; i < 10; i++) {
        struct fixture_args args;
        fixture_args_init(&args, 0, 0);
        caller->wrong += fixture_run(caller->ctx, caller->id, &args.args) != 0;
        caller->wrong += args.output[0] != caller->expected;
    }
}

static void *thread_call(void *argument)
{
    call_ten_times(argument);
    return NULL;
}

static void test_one_context_from_several_threads(void **state)
{
    void *ctx = *state;
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_image ten = fixture_pack_kernel("add_ten");
    pthread_t threads[4];
    struct caller callers[4];
    assert_int_equal(prepare_callable(ctx, 0, one.bytes), 0);
    assert_int_equal(prepare_callable(ctx, 1, ten.bytes), 0);
    for (int i = 0; i < 4; i++) {
        callers[i] = (struct caller){.ctx = ctx, .id = i % 2, .expected = i % 2 == 0 ? 1001 : 1010};
        assert_int_equal(pthread_create(&threads[i], NULL, thread_call, &callers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
    }
    assert_int_equal(fixture_statistics(ctx).runs, 40);
    fixture_free(&one);
    fixture_free(&ten);
}

/* Processors of one engine that call runs: two of one context take turns, a third on a context of its own. */
static void test_runs_from_inside_processors(void **state)
{
    void *ctx = *state;
    void *other = create_device_context();
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_image ten = fixture_pack_kernel("add_ten");
    const enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};
    assert_int_equal(fixture_init(other, 0), 0);
    assert_int_equal(prepare_callable(ctx, 0, one.bytes), 0);
    assert_int_equal(prepare_callable(other, 0, ten.bytes), 0);
    for (size_t k = 0; k < 2; k++) {
        struct exec_engine *engine = NULL;
        struct exec_group *group = NULL;
        struct exec_outcome outcome;
        struct caller callers[3] = {{ctx, 0, 1001, 0}, {ctx, 0, 1001, 0}, {other, 0, 1010, 0}};
        const struct exec_options options = {.kind = kinds[k], .policy = EXEC_RANDOM, .seed = 17, .deadline_scale = 50};
        assert_int_equal(exec_engine_create(&options, &engine), 0);
        assert_int_equal(exec_group_create(engine, "callers", &group), 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(exec_spawn(group, "caller", 256 * 1024, call_ten_times, &callers[i]), 0);
        }
        assert_int_equal(exec_group_run(group, &outcome), 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(callers[i].wrong, 0);
        }
        exec_group_destroy(group);
        exec_engine_destroy(engine);
    }
    assert_int_equal(fixture_statistics(ctx).runs, 40);
    run_once(ctx, 0, 1001); /* and the own engine again */
    assert_int_equal(unregister_callable(other, 0), 0);
    destroy_device_context(other);
    fixture_free(&one);
    fixture_free(&ten);
}

static void test_every_number_of_blocks_and_threads(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    void *buffer = malloc(get_runtime_size());
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    for (int blocks = 0; blocks <= 24; blocks++) {
        struct fixture_args args;
        fixture_args_init(&args, 0, 0);
        assert_int_equal(run_prepared(ctx, buffer, 0, &args.args, blocks, blocks % 4 + 1, 0, 0, 0, 0, NULL, NULL), 0);
        assert_int_equal(args.output[0], 1001);
    }
    free(buffer);
    fixture_free(&image);
}

static void test_broken_programs(void **state)
{
    (void)state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_image aicpu = fixture_file("stub_device/aicpu");
    struct fixture_image aicore = fixture_file("stub_device/aicore");
    const struct {
        const struct fixture_image *aicpu;
        const struct fixture_image *aicore;
        const char *text;
    } cases[] = {
        {NULL, NULL, "aicpu program is not loaded: simpler_init was given 0 bytes"},
        {&aicpu, NULL, "aicore program is not loaded: simpler_init was given 0 bytes"},
        {&aicore, &aicore, "aicpu program has no symbol simpler_aicpu_init"},
        {&aicpu, &aicpu, "aicore program has no symbol aicore_execute"},
        {&image, &aicore, "aicpu program is not loaded: dlopen"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_args args;
        void *ctx = create_device_context();
        const struct fixture_image none = {0};
        const struct fixture_image *first = cases[i].aicpu != NULL ? cases[i].aicpu : &none;
        const struct fixture_image *second = cases[i].aicore != NULL ? cases[i].aicore : &none;
        assert_int_equal(simpler_init(ctx, 0, first->bytes, first->size, second->bytes, second->size, NULL, 0), 0);
        assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
        fixture_args_init(&args, 0, 0);
        for (int j = 0; j < 2; j++) {
            assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
            if (strstr(fixture_error(ctx), cases[i].text) == NULL) {
                fail_msg("\"%s\" is not in the error \"%s\"", cases[i].text, fixture_error(ctx));
            }
        }
        assert_int_equal(fixture_statistics(ctx).runs, 0);
        assert_int_equal(args.output[0], 5);
        destroy_device_context(ctx);
        assert_int_equal(os_open_images(), 0);
        assert_int_equal(os_staged_files(), 0);
    }
    fixture_free(&image);
    fixture_free(&aicpu);
    fixture_free(&aicore);
}

/* finalize gives everything back although no processor can be had for the AICPU's exit. */
static void test_finalize_under_faults(void **state)
{
    (void)state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    void *ctx = create_device_context();
    assert_int_equal(fixture_init(ctx, 0), 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    run_once(ctx, 0, 1001);
    fixture_fail("sim.launch_init", 1);
    assert_int_equal(finalize_device(ctx), 0);
    fault_plan_clear();
    struct pto_statistics statistics = fixture_statistics(ctx);
    assert_int_equal(statistics.open_images, 0);
    assert_int_equal(statistics.device_bytes, 0);
    destroy_device_context(ctx);
    fixture_free(&image);
}

static void test_ring_memory_follows_the_environment(void **state)
{
    void *ctx = *state;
    static const struct {
        const char *window;
        const char *heap;
        uint64_t window_slots;
        uint64_t heap_bytes; /* largest so far */
    } cases[] = {
        {"8", "2048", 8, 4 * 2048},        {"4", "1024", 8, 4 * 2048},
        {"16", "x", 16, 4ull << 28},       {"12", "1024", 16384, 4ull << 28},
        {"-4", "1024", 16384, 4ull << 28}, {" 4", "", 16384, 4ull << 28},
        {"4x", "1000", 16384, 4ull << 28}, {"99999999999999999999", "512", 16384, 4ull << 28},
    };
    static const struct {
        uint64_t window;
        uint64_t bytes;
    } sizes[] = {{4, 48704}, {8, 832 + 4 * (320 + 8 * 2944)}, {16, 191808}, {16384, 195560256}};
    struct fixture_image image = fixture_pack_kernel("add_one");
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(setenv("PTO2_RING_TASK_WINDOW", cases[i].window, 1), 0);
        assert_int_equal(setenv("PTO2_RING_HEAP", cases[i].heap, 1), 0);
        assert_int_equal(setenv("PTO2_RING_DEP_POOL", i % 2 == 0 ? "-1" : "64", 1), 0);
        assert_int_equal(setenv("PTO2_READY_QUEUE_SHARDS", i % 2 == 0 ? "9" : "2", 1), 0);
        run_once(ctx, 0, 1001);
        struct pto_statistics statistics = fixture_statistics(ctx);
        uint64_t expected = 0;
        for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            expected = sizes[j].window == cases[i].window_slots ? sizes[j].bytes : expected;
        }
        assert_int_equal(statistics.device_bytes_by_kind[PTO_MEMORY_RING_SHARED], expected);
        assert_int_equal(statistics.device_bytes_by_kind[PTO_MEMORY_RING_HEAP], cases[i].heap_bytes);
    }
    (void)unsetenv("PTO2_RING_DEP_POOL");
    (void)unsetenv("PTO2_READY_QUEUE_SHARDS");
    fixture_free(&image);
}

/* The variable that was set last comes last in the environment: a name that only begins like one must not take over. */
static void test_ring_memory_follows_whole_names(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    assert_int_equal(unsetenv("PTO2_RING_HEAP"), 0);
    assert_int_equal(setenv("PTO2_RING_HEAP_MORE", "8192", 1), 0);
    assert_int_equal(setenv("PTO2_RING_HEA", "16384", 1), 0);
    assert_int_equal(setenv("PTO2_RING_HEAP", "2048", 1), 0);
    run_once(ctx, 0, 1001);
    struct pto_statistics statistics = fixture_statistics(ctx);
    (void)unsetenv("PTO2_RING_HEAP_MORE");
    (void)unsetenv("PTO2_RING_HEA");
    assert_int_equal(statistics.device_bytes_by_kind[PTO_MEMORY_RING_HEAP], 4 * 2048);
    fixture_free(&image);
}

/* A ring that no longer fits fails the run alone; with the old size the next one works. */
static void test_ring_memory_that_does_not_fit(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    fixture_args_init(&args, 0, 0);
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    run_once(ctx, 0, 1001);
    assert_int_equal(pto_debug_api()->set_device_capacity(ctx, 4 << 20), 0);
    assert_int_equal(setenv("PTO2_RING_HEAP", "16777216", 1), 0);
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_non_null(strstr(fixture_error(ctx), "67108864 bytes of ring_heap"));
    assert_int_equal(args.output[0], 5);
    assert_int_equal(setenv("PTO2_RING_HEAP", "1152921504606846976", 1), 0); /* its maximum */
    assert_int_equal(fixture_run(ctx, 0, &args.args), -1);
    assert_non_null(strstr(fixture_error(ctx), "4611686018427387904 bytes of ring_heap"));
    assert_int_equal(setenv("PTO2_RING_HEAP", "1024", 1), 0);
    run_once(ctx, 0, 1001);
    assert_int_equal(pto_debug_api()->set_device_capacity(ctx, 0), 0);
    fixture_free(&image);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_engines_and_policies),
        CASE(test_calls_from_inside_are_refused),
        CASE(test_one_context_from_several_threads),
        CASE(test_runs_from_inside_processors),
        CASE(test_every_number_of_blocks_and_threads),
        cmocka_unit_test(test_broken_programs),
        cmocka_unit_test(test_finalize_under_faults),
        CASE(test_ring_memory_follows_the_environment),
        CASE(test_ring_memory_follows_whole_names),
        CASE(test_ring_memory_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
