/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of a graph on the host's side: what goes to the device and where it lies (host.md 1.12, device.md 6), kernels
 * by their func_id (host.md 7 no. 32), what a run costs (R34), and how results come back (R11, R23).
 */
#include "ut/host_hbg/graph_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "base/fault.h"
#include "base/os.h"
#include "host/context.h"
#include "host/runtime/runtime.h"
#include "st/fixtures/stub_device/stub_device.h"
#include "st/fixtures/stub_device_hbg/stub_device_hbg.h"

#define INVALID (-PTO_ERR_INVALID_ARGS)

/* The i-th 32-bit word or 64-bit word behind `offset` bytes of device memory. */
static uint32_t word_at(const void *device, size_t offset)
{
    uint32_t word;
    memcpy(&word, (const uint8_t *)device + offset, sizeof(word));
    return word;
}

static uint64_t long_at(const void *device, size_t offset)
{
    uint64_t word;
    memcpy(&word, (const uint8_t *)device + offset, sizeof(word));
    return word;
}

static uint64_t kernel_of(void *ctx, int32_t callable_id, int32_t func_id)
{
    const struct chip_buffer *chip = ((struct host_context *)ctx)->callables.entries[callable_id].chip;
    for (uint32_t i = 0; i < chip->kernel_count; i++) {
        if (chip->kernels[i].func_id == func_id) {
            return chip->kernels[i].entry;
        }
    }
    return 0;
}

/* ---- layout ---- */

static int build_layout(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    uint64_t words[] = {(uintptr_t)graph_output(rt, args), 11, 12};
    (void)argument;
    (void)pto_graph_add_task(rt, words, 3, 0, PTO_CORE_AIC);
    (void)pto_graph_add_task(rt, words, 2, 5, PTO_CORE_AIV);
    pto_graph_add_successor(rt, 0, 1);
    return 0;
}

/* By numbers, so that a struct that moves is noticed although both programs are compiled from it. */
static void test_layout_on_the_device(void **state)
{
    struct fixture_args args;
    assert_int_equal(graph_play(*state, build_layout, NULL, &args), 0);
    const struct runtime *runtime = graph_runtime(*state);
    const void *tasks = runtime->device_tasks;
    const void *image = runtime->device_image;
    assert_int_equal((uintptr_t)image % 64, 0);
    for (size_t i = 0; i < 3 * 64; i += 4) {
        assert_int_equal(word_at(image, i), 0); /* three handshakes of 64 bytes, untouched by this device */
    }
    assert_int_equal(word_at(image, 6912), 3); /* workers, threads, blocks, tasks behind 108 handshakes */
    assert_int_equal(word_at(image, 6916), 1);
    assert_int_equal(word_at(image, 6920), 1);
    assert_int_equal(word_at(image, 6924), 2);
    assert_int_equal(long_at(image, 6928), runtime->runs); /* the number of the run */
    assert_int_equal(long_at(image, 6936), (uintptr_t)tasks);
    assert_int_equal(word_at(image, 6944), 0); /* status */
    assert_int_equal(word_at(tasks, 0), 0);    /* task 0: id, func_id, args, num_args, code, core type, fanin, fanout */
    assert_int_equal(word_at(tasks, 4), 0);
    assert_int_equal(long_at(tasks, 16), 11);
    assert_int_equal(long_at(tasks, 24), 12);
    assert_int_equal(long_at(tasks, 32), 0);
    assert_int_equal(word_at(tasks, 136), 3);
    assert_int_equal(long_at(tasks, 144), kernel_of(*state, 0, 0));
    assert_int_equal(word_at(tasks, 152), 0);
    assert_int_equal(word_at(tasks, 156), 0);
    assert_int_equal(word_at(tasks, 160), 1);
    assert_int_equal(word_at(tasks, 672), 1);
    assert_int_equal(word_at(tasks, 696), 1); /* task 1 */
    assert_int_equal(word_at(tasks, 696 + 4), 5);
    assert_int_equal(long_at(tasks, 696 + 144), kernel_of(*state, 0, 5));
    assert_int_equal(word_at(tasks, 696 + 152), 1);
    assert_int_equal(word_at(tasks, 696 + 156), 1);
    assert_int_equal(word_at(tasks, 696 + 672), 0);
}

static int run_shaped(void *ctx, void *buffer, int blocks, int threads, struct fixture_args *args)
{
    graph_args(args, graph_golden, NULL);
    return run_prepared(ctx, buffer, 0, &args->args, blocks, threads, 0, 0, 0, 0, NULL, NULL);
}

/* R1: the caller's buffer is 16-aligned, another one each time, not kept, and nothing beyond it is touched. */
static void test_any_buffer(void **state)
{
    size_t bytes = get_runtime_size();
    for (size_t offset = 0; offset < 64; offset += 16) {
        struct fixture_args args;
        uint8_t *memory = aligned_alloc(64, (bytes + 192) & ~(size_t)63);
        assert_non_null(memory);
        memset(memory, 0xee, (bytes + 192) & ~(size_t)63);
        assert_int_equal(run_shaped(*state, memory + offset, 1, 1, &args), 0);
        assert_int_equal(args.output[0], GRAPH_WORD);
        for (size_t i = 0; i < offset; i++) {
            assert_int_equal(memory[i], 0xee);
        }
        for (size_t i = offset + bytes; i < bytes + 64; i++) {
            assert_int_equal(memory[i], 0xee);
        }
        free(memory);
    }
}

/* The handshakes of every core that takes part are clear when it starts, whatever the last run left. */
static void test_workers(void **state)
{
    void *buffer = malloc(get_runtime_size());
    const struct {
        int asked;
        uint32_t blocks;
    } cases[] = {{1, 1}, {24, 24}, {0, 24}, {2, 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture_args args;
        struct hbg_runtime *image = graph_runtime(*state)->device_image;
        if (image != NULL) {
            memset((void *)image->workers, 0xee, sizeof(image->workers));
        }
        assert_int_equal(run_shaped(*state, buffer, cases[i].asked, 4, &args), 0);
        image = graph_runtime(*state)->device_image;
        assert_int_equal(image->block_dim, cases[i].blocks);
        assert_int_equal(image->worker_count, 3 * cases[i].blocks);
        assert_int_equal(image->aicpu_thread_num, 4);
        for (size_t k = 0; k < 64u * 3u * cases[i].blocks; k += 4) {
            assert_int_equal(word_at(image, k), 0);
        }
    }
    free(buffer);
}

/* ---- kernels ---- */

struct one_func {
    int32_t func_id;
    int id;
};

static int build_one_func(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct one_func *one = argument;
    (void)args;
    one->id = pto_graph_add_task(rt, NULL, 0, one->func_id, PTO_CORE_AIV);
    return 0;
}

static int play_func(void *ctx, int32_t callable_id, struct one_func *one)
{
    struct fixture_args args;
    graph_args(&args, build_one_func, one);
    return fixture_run(ctx, callable_id, &args.args);
}

/* A func_id means a kernel of this callable, not of one that ran before, nor of one that was registered before. */
static void test_kernels_are_the_callables(void **state)
{
    static const struct fixture_kernel others[] = {{"add_ten", 0}, {"add_one", 7}};
    static const struct fixture_kernel last[] = {{"add_one", 1023}};
    graph_prepare(*state, 1, others, 2);
    for (int i = 0; i < 3; i++) {
        struct one_func zero = {.func_id = 0};
        struct one_func five = {.func_id = 5};
        struct one_func seven = {.func_id = 7};
        assert_int_equal(play_func(*state, 0, &zero), 0);
        assert_int_equal(graph_runtime(*state)->device_tasks->function_bin_addr, kernel_of(*state, 0, 0));
        assert_int_equal(play_func(*state, 0, &seven), INVALID);
        assert_int_equal(play_func(*state, 1, &zero), 0);
        assert_int_equal(graph_runtime(*state)->device_tasks->function_bin_addr, kernel_of(*state, 1, 0));
        assert_int_not_equal(kernel_of(*state, 1, 0), kernel_of(*state, 0, 0));
        assert_int_equal(play_func(*state, 1, &five), INVALID);
        assert_int_equal(five.id, -1);
        assert_non_null(strstr(fixture_error(*state), "callable_id 1 failed with -5"));
        assert_int_equal(play_func(*state, 1, &seven), 0);
    }
    assert_int_equal(unregister_callable(*state, 1), 0);
    graph_prepare(*state, 1, last, 1);
    struct one_func zero = {.func_id = 0};
    struct one_func largest = {.func_id = 1023};
    assert_int_equal(play_func(*state, 1, &zero), INVALID);
    assert_int_equal(play_func(*state, 1, &largest), 0);
}

/* ---- cost ---- */

static int build_count(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    (void)args;
    for (int i = 0; i < *(const int *)argument; i++) {
        (void)pto_graph_add_task(rt, NULL, 0, 0, PTO_CORE_AIV);
    }
    return 0;
}

static void play_count(void *ctx, int tasks)
{
    struct fixture_args args;
    assert_int_equal(graph_play(ctx, build_count, &tasks, &args), 0);
    assert_int_equal(fixture_statistics(ctx).last_tasks, tasks);
}

/* Zero tasks need no table; a run replaces no more of the table than it has tasks. */
static void test_zero_tasks(void **state)
{
    graph_count_calls();
    play_count(*state, 0);
    assert_null(graph_runtime(*state)->device_tasks);
    assert_int_equal(graph_calls("host.copy_in"), 2);
    assert_int_equal(graph_calls("hbm.alloc.graph"), 0);
    play_count(*state, 3);
    play_count(*state, 0);
    graph_expect_golden(*state);
}

static void test_a_run_costs_what_it_has(void **state)
{
    play_count(*state, 10);
    struct pto_graph_task *device = graph_runtime(*state)->device_tasks;
    struct pto_statistics before = fixture_statistics(*state);
    memset((void *)(device + 3), 0xee, 7 * sizeof(*device));
    graph_count_calls();
    for (int i = 0; i < 5; i++) {
        play_count(*state, 3);
    }
    assert_int_equal(device[2].task_id, 2);
    for (size_t i = 0; i < 7 * sizeof(*device); i++) {
        assert_int_equal(((const uint8_t *)(device + 3))[i], 0xee);
    }
    assert_int_equal(graph_calls("host.copy_in"), 15); /* tasks, workers, the rest */
    assert_int_equal(graph_calls("host.graph_tasks"), 0);
    struct pto_statistics after = fixture_statistics(*state);
    assert_int_equal(after.device_allocations, before.device_allocations);
    assert_int_equal(after.device_bytes, before.device_bytes);
}

/* A larger graph gets a table with room to spare, or one that just fits, or an error that says how large it is. */
static void test_table_grows(void **state)
{
    int many = 5000;
    play_count(*state, 1);
    assert_int_equal(graph_runtime(*state)->device_capacity, 16);
    play_count(*state, 17);
    assert_int_equal(graph_runtime(*state)->device_capacity, 25);
    fixture_fail("hbm.alloc.graph", 1);
    play_count(*state, 100);
    assert_int_equal(graph_runtime(*state)->device_capacity, 100);
    fault_plan_clear();
    struct fault_rule none = {.site = "hbm.alloc.graph", .nth = 1, .sticky = true, .error = 12};
    struct fixture_args args;
    assert_int_equal(fault_plan_install(&none, 1), 0);
    assert_int_equal(graph_play(*state, build_count, &many, &args), -1);
    assert_non_null(strstr(fixture_error(*state), "no device memory for a graph of 5000 tasks, 3480000 bytes"));
    fault_plan_clear();
    assert_int_equal(graph_runtime(*state)->device_capacity, 0);
    play_count(*state, many);
    play_count(*state, PTO_GRAPH_MAX_TASKS);
    assert_int_equal(graph_runtime(*state)->device_capacity, PTO_GRAPH_MAX_TASKS);
    play_count(*state, 1);
}

/* ---- faults ---- */

static void test_faults_before_the_launch(void **state)
{
    static const struct {
        const char *site;
        uint64_t nth;
        const char *text;
    } cases[] = {
        {"host.graph_tasks", 1, "no host memory to build a graph: 91226112 bytes"},
        {"hbm.alloc.runtime", 1, "no device memory for the runtime image"},
        {"host.copy_in", 2,
         "the graph of 1 tasks could not be copied to the device: device 0: copy in of 696 bytes: Cannot"},
        {"host.copy_in", 3, "the graph of 1 tasks could not be copied"},
        {"host.copy_in", 4, "the graph of 1 tasks could not be copied"},
    };
    struct fixture_args args;
    int tasks = 0;
    assert_int_equal(graph_play(*state, build_count, &tasks, &args), 0); /* the device programs are up */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct host_context *context = *state;
        runtime_release(context);
        runtime_destroy(context);
        assert_int_equal(runtime_create(context), 0);
        uint64_t runs = fixture_statistics(*state).runs;
        fixture_fail(cases[i].site, cases[i].nth);
        assert_int_equal(graph_play(*state, graph_golden, NULL, &args), -1);
        fault_plan_clear();
        if (strstr(fixture_error(*state), cases[i].text) == NULL) {
            fail_msg("%s call %lu: '%s'", cases[i].site, cases[i].nth, fixture_error(*state));
        }
        assert_int_equal(args.output[0], 5);
        assert_int_equal(fixture_statistics(*state).runs, runs);
        graph_expect_golden(*state);
    }
}

/* A kernel or an orchestration that the watchdog cannot know is refused (R33). First: later on records lie idle. */
static void test_images_that_cannot_be_watched(void **state)
{
    static const struct fixture_spec spec = {
        .orchestration = "graph", .entry_name = "build_graph", .kernels = {{"add_one", 0}}, .kernel_count = 1};
    static const char *const texts[] = {"func_id 0: kernel_entry is not code that can be watched",
                                        "callable_id 1: 'build_graph' is not code that can be watched"};
    struct fixture_image image = fixture_pack(&spec);
    struct pto_statistics before = fixture_statistics(*state);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        fixture_fail("exec.image_alloc", nth);
        assert_int_equal(prepare_callable(*state, 1, image.bytes), -1);
        assert_int_equal(graph_calls("exec.image_alloc"), nth);
        fault_plan_clear();
        assert_non_null(strstr(fixture_error(*state), texts[nth - 1]));
        struct pto_statistics after = fixture_statistics(*state);
        assert_int_equal(after.open_images, before.open_images);
        assert_int_equal(after.device_bytes, before.device_bytes);
    }
    assert_int_equal(prepare_callable(*state, 1, image.bytes), 0);
    fixture_free(&image);
}

static void test_prepare_faults(void **state)
{
    static const char *const sites[] = {"host.graph_callable", "host.orchestration.create",
                                        "host.orchestration.dlopen"};
    static const struct fixture_spec spec = {.orchestration = "graph", .entry_name = "build_graph"};
    struct fixture_image image = fixture_pack(&spec);
    struct pto_statistics before = fixture_statistics(*state);
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        fixture_fail(sites[i], 1);
        assert_int_equal(prepare_callable(*state, 1, image.bytes), -1);
        assert_int_equal(graph_calls(sites[i]), 1);
        fault_plan_clear();
        struct pto_statistics after = fixture_statistics(*state);
        assert_int_equal(after.open_images, before.open_images);
        assert_int_equal(after.staged_files, 0);
        assert_int_equal(after.host_dlopens, before.host_dlopens);
        assert_int_equal(after.device_bytes, before.device_bytes);
    }
    assert_int_equal(prepare_callable(*state, 1, image.bytes), 0);
    fixture_free(&image);
}

/* A program that ends badly at finalize is logged; the context is free all the same. */
static void test_exit_fault(void **state)
{
    const struct fault_rule rule = {.site = STUB_SITE_EXIT, .nth = 1, .values = {STUB_RETURN, 3}};
    graph_expect_golden(*state);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(finalize_device(*state), 0);
    assert_int_equal(graph_calls(STUB_SITE_EXIT), 1);
    fault_plan_clear();
    struct pto_statistics statistics = fixture_statistics(*state);
    assert_int_equal(statistics.open_images + statistics.device_bytes, 0);
}

/* No processor for the orchestration, or for the launch: an error of the run, and the next one works. */
static void test_no_processors(void **state)
{
    static const char *const sites[] = {"exec.engine_alloc", "exec.group_alloc", "exec.processor_alloc"};
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        for (uint64_t nth = 1; nth <= 2; nth++) {
            struct fixture_args args;
            static const struct fixture_kernel kernel = {"add_one", 0};
            void *fresh = create_device_context();
            assert_int_equal(fixture_init(fresh, 1), 0);
            graph_prepare(fresh, 0, &kernel, 1);
            fixture_fail(sites[i], nth);
            assert_int_equal(graph_play(fresh, graph_golden, NULL, &args), -1);
            fault_plan_clear();
            assert_int_not_equal(fixture_error(fresh)[0], '\0');
            assert_int_equal(args.output[0], 5);
            graph_expect_golden(fresh);
            destroy_device_context(fresh);
        }
    }
    (void)state;
}

/* ---- results ---- */

static int launch_with(void *ctx, uint64_t command, int32_t value, struct fixture_args *args)
{
    struct fault_rule rule = {.site = STUB_SITE_EXEC, .nth = 1, .values = {command, (uint64_t)(int64_t)value}};
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    int result = graph_play(ctx, graph_golden, NULL, args);
    fault_plan_clear();
    return result;
}

/* The report's status comes before what a thread returned; a report that cannot be read is an error of its own. */
static void test_results(void **state)
{
    struct fixture_args args;
    struct fault_rule both[] = {
        {.site = STUB_SITE_EXEC, .nth = 1, .values = {STUB_RETURN, (uint64_t)-7}},
        {.site = "host.copy_out", .nth = 1, .error = 5},
    };
    assert_int_equal(launch_with(*state, STUB_REPORT_STATUS, -100, &args), -100);
    assert_non_null(strstr(fixture_error(*state), "callable_id 0 failed with -100"));
    assert_int_equal(args.output[0], 5);
    assert_int_equal(launch_with(*state, STUB_RETURN, -7, &args), -7);
    assert_int_equal(args.output[0], 5);
    assert_int_equal(fault_plan_install(both, 2), 0);
    assert_int_equal(graph_play(*state, graph_golden, NULL, &args), -7);
    fault_plan_clear();
    assert_non_null(strstr(fixture_error(*state), "the result of the run could not be read"));
    fixture_fail("host.copy_out", 1);
    assert_int_equal(graph_play(*state, graph_golden, NULL, &args), -1);
    fault_plan_clear();
    assert_int_equal(args.output[0], 5);
    struct pto_statistics statistics = fixture_statistics(*state);
    assert_int_equal(statistics.failed_runs, 4);
    graph_expect_golden(*state);
}

static void test_timing(void **state)
{
    struct pto_run_timing timing = {.host_wall_ns = 1, .device_wall_ns = 1};
    struct fixture_args args;
    void *buffer = malloc(get_runtime_size());
    graph_args(&args, graph_golden, NULL);
    assert_int_equal(run_prepared(*state, buffer, 0, &args.args, 1, 1, 0, 0, 0, 0, NULL, &timing), 0);
    assert_int_equal(timing.device_wall_ns, STUB_WALL_NS);
    assert_true(timing.host_wall_ns > 0);
    fixture_fail("host.copy_in", 1);
    assert_int_equal(run_prepared(*state, buffer, 0, &args.args, 1, 5, 0, 0, 0, 0, NULL, &timing), -1);
    assert_int_equal(timing.host_wall_ns + timing.device_wall_ns, 0);
    free(buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_images_that_cannot_be_watched),
        GRAPH_TEST(test_layout_on_the_device),
        GRAPH_TEST(test_any_buffer),
        GRAPH_TEST(test_workers),
        GRAPH_TEST(test_kernels_are_the_callables),
        GRAPH_TEST(test_zero_tasks),
        GRAPH_TEST(test_a_run_costs_what_it_has),
        GRAPH_TEST(test_table_grows),
        GRAPH_TEST(test_faults_before_the_launch),
        GRAPH_TEST(test_prepare_faults),
        GRAPH_TEST(test_exit_fault),
        GRAPH_TEST(test_no_processors),
        GRAPH_TEST(test_results),
        GRAPH_TEST(test_timing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
