/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the ChipWorker's state machine (host.md 2.4), against runtimes that only write down what they are asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "st/fixtures/stub_runtime/stub_runtime.h"
#include "worker/chip_worker.h"

#define PLAIN BUILD_DIR "/fixtures/stub_runtime/plain.so"
#define DEBUG BUILD_DIR "/fixtures/stub_runtime/debug.so"
#define SOME_FILE BUILD_DIR "/fixtures/stub_runtime/plain.so"

static const struct chip_worker_options good = {
    .host_library = PLAIN, .aicpu_path = SOME_FILE, .aicore_path = SOME_FILE};

static void assert_error(const struct chip_worker *worker, const char *part)
{
    if (strstr(chip_worker_error(worker), part) == NULL) {
        fail_msg("\"%s\" is not in the error \"%s\"", part, chip_worker_error(worker));
    }
}

/* The stub's notebook, with the library held open so that it survives the worker. */
struct notebook {
    void *library;
    struct stub_runtime *runtime;
};

static struct notebook open_notebook(const char *path)
{
    struct notebook notebook = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    assert_non_null(notebook.library);
    notebook.runtime = dlsym(notebook.library, "stub_runtime");
    assert_non_null(notebook.runtime);
    memset(notebook.runtime, 0, sizeof(*notebook.runtime));
    return notebook;
}

static void close_notebook(struct notebook *notebook)
{
    assert_int_equal(dlclose(notebook->library), 0);
}

static bool is_loaded(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (library != NULL) {
        (void)dlclose(library);
    }
    return library != NULL;
}

/* Makes every call that needs an initialised worker; all must answer the same. */
static void assert_all_refused(struct chip_worker *worker, const char *text)
{
    struct pto_call_config config;
    struct pto_chip_args args = {0};
    struct pto_run_timing timing = {1, 1};
    const struct chip_worker_domain domain = {.rank_ids = (const uint32_t[]){0}, .rank_count = 1};
    const struct pto_task_args_view view = {0};
    void *pointer = NULL;
    uint64_t word = 0;
    size_t size = 0;
    char byte = 0;
    pto_call_config_init(&config);
    const int results[] = {
        chip_worker_prepare(worker, 0, &byte),
        chip_worker_prepare(worker, 0, NULL),
        chip_worker_run(worker, 0, &args, &config, &timing),
        chip_worker_run_view(worker, 0, &view, &config, &timing),
        chip_worker_unregister(worker, 0),
        chip_worker_malloc(worker, 1, &pointer),
        chip_worker_free(worker, &byte),
        chip_worker_copy_to(worker, &byte, &byte, 1),
        chip_worker_copy_from(worker, &byte, &byte, 1),
        chip_worker_comm_init(worker, 0, 1, "x", &pointer),
        chip_worker_comm_alloc_windows(worker, &byte, 1, &word),
        chip_worker_comm_window_base(worker, &byte, &word),
        chip_worker_comm_window_size(worker, &byte, &size),
        chip_worker_comm_barrier(worker, &byte),
        chip_worker_comm_derive(worker, &byte, &domain, 0, 1, &word),
        chip_worker_comm_alloc_domain(worker, &byte, 1, &domain, 1, &word, &word),
        chip_worker_comm_release_domain(worker, &byte, 1, &domain),
        chip_worker_comm_destroy(worker, &byte),
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        assert_int_equal(results[i], CHIP_WORKER_STATE);
    }
    assert_error(worker, text);
    assert_int_equal(timing.host_wall_ns, 0);
    assert_null(pointer);
    assert_int_equal(chip_worker_aicpu_dlopen_count(worker), 0);
    assert_int_equal(chip_worker_host_dlopen_count(worker), 0);
    assert_int_equal(chip_worker_comm_destroy_all(worker), 0);
    assert_null(chip_worker_context(worker));
    assert_null(chip_worker_debug(worker));
}

static void test_fresh_and_finalised(void **state)
{
    (void)state;
    struct chip_worker *worker = chip_worker_create();
    assert_string_equal(chip_worker_error(worker), "");
    assert_all_refused(worker, "not initialized; call init first");
    assert_int_equal(chip_worker_finalize(worker), 0);
    assert_int_equal(chip_worker_finalize(worker), 0);
    assert_all_refused(worker, "not initialized any more: it was finalized");
    assert_int_equal(chip_worker_init(worker, &good), CHIP_WORKER_STATE);
    assert_error(worker, "already finalized");
    chip_worker_destroy(worker);
    chip_worker_destroy(NULL);
}

static void test_life(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(PLAIN);
    struct chip_worker *worker = chip_worker_create();
    struct chip_worker_options options = good;
    options.device_id = 3;
    options.dispatcher_path = SOME_FILE;
    assert_int_equal(chip_worker_init(worker, &options), 0);
    assert_true(notebook.runtime->aicpu_bytes > 1000);
    assert_int_equal(notebook.runtime->dispatcher_bytes, notebook.runtime->aicpu_bytes);
    assert_non_null(chip_worker_context(worker));
    assert_null(chip_worker_debug(worker));
    assert_int_equal(chip_worker_init(worker, &options), CHIP_WORKER_STATE);
    assert_error(worker, "already initialized on device 3");
    assert_int_equal(chip_worker_aicpu_dlopen_count(worker), 3);
    assert_int_equal(chip_worker_host_dlopen_count(worker), 4);
    assert_int_equal(chip_worker_finalize(worker), 0);
    assert_int_equal(chip_worker_init(worker, &options), CHIP_WORKER_STATE);
    assert_string_equal(notebook.runtime->calls,
                        "create_device_context get_runtime_size simpler_init get_aicpu_dlopen_count "
                        "get_host_dlopen_count finalize_device destroy_device_context ");
    assert_all_refused(worker, "finalized");
    chip_worker_destroy(worker);
    close_notebook(&notebook);
    assert_false(is_loaded(PLAIN));
}

static void test_destroy_finalises(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(PLAIN);
    struct chip_worker *worker = chip_worker_create();
    struct chip_worker_options options = good;
    options.dispatcher_path = "";
    assert_int_equal(chip_worker_init(worker, &options), 0);
    assert_int_equal(notebook.runtime->dispatcher_bytes, 0);
    chip_worker_destroy(worker);
    assert_non_null(strstr(notebook.runtime->calls, "finalize_device destroy_device_context "));
    close_notebook(&notebook);
    assert_false(is_loaded(PLAIN));
}

/* Each failure of init, and that init can be tried again afterwards. */
static void test_init_failures(void **state)
{
    (void)state;
    static const struct {
        struct chip_worker_options options;
        int code;
        const char *text;
    } cases[] = {
        {{PLAIN, -1, SOME_FILE, SOME_FILE, NULL}, CHIP_WORKER_ARGUMENT, "non-negative device_id, not -1"},
        {{NULL, 0, SOME_FILE, SOME_FILE, NULL}, CHIP_WORKER_ARGUMENT, "path of a host runtime"},
        {{"/nowhere/libx.so", 0, SOME_FILE, SOME_FILE, NULL}, CHIP_WORKER_LOAD, "dlopen failed: /nowhere/libx.so"},
        {{BUILD_DIR "/fixtures/stub_runtime/without_first.so", 0, SOME_FILE, SOME_FILE, NULL},
         CHIP_WORKER_LOAD,
         "dlsym failed for 'create_device_context'"},
        {{BUILD_DIR "/fixtures/stub_runtime/without_last.so", 0, SOME_FILE, SOME_FILE, NULL},
         CHIP_WORKER_LOAD,
         "dlsym failed for 'comm_destroy'"},
        {{BUILD_DIR "/fixtures/stub_runtime/null_context.so", 0, SOME_FILE, SOME_FILE, NULL},
         CHIP_WORKER_RUNTIME,
         "create_device_context returned NULL"},
        {{PLAIN, 0, "/nowhere/aicpu.so", SOME_FILE, NULL}, CHIP_WORKER_FILE, "/nowhere/aicpu.so: No such file"},
        {{PLAIN, 0, SOME_FILE, "/nowhere/aicore.so", NULL}, CHIP_WORKER_FILE, "/nowhere/aicore.so"},
        {{PLAIN, 0, SOME_FILE, NULL, NULL}, CHIP_WORKER_ARGUMENT, "worker.aicore has no path"},
        {{PLAIN, 0, SOME_FILE, SOME_FILE, "/nowhere/dispatcher.so"}, CHIP_WORKER_FILE, "/nowhere/dispatcher.so"},
    };
    struct chip_worker *worker = chip_worker_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(chip_worker_init(worker, &cases[i].options), cases[i].code);
        assert_error(worker, cases[i].text);
        assert_false(is_loaded(PLAIN));
        assert_all_refused(worker, "call init first");
    }
    assert_int_equal(chip_worker_init(worker, &good), 0);
    chip_worker_destroy(worker);
}

static void test_init_refused_by_the_runtime(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(DEBUG);
    struct chip_worker *worker = chip_worker_create();
    struct chip_worker_options options = good;
    options.host_library = DEBUG;
    notebook.runtime->results[STUB_simpler_init] = 107002;
    assert_int_equal(chip_worker_init(worker, &options), 107002);
    assert_string_equal(chip_worker_error(worker), "simpler_init failed with code 107002: the stub's reason");
    assert_non_null(strstr(notebook.runtime->calls, "simpler_init destroy_device_context "));
    notebook.runtime->results[STUB_simpler_init] = 0;
    assert_int_equal(chip_worker_init(worker, &options), 0);
    chip_worker_destroy(worker);
    close_notebook(&notebook);
}

static void test_init_faults(void **state)
{
    (void)state;
    struct fault_site_count sites[32];
    struct chip_worker *worker = chip_worker_create();
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(chip_worker_init(worker, &good), 0);
    size_t count = fault_sites(sites, 32);
    fault_plan_clear();
    assert_in_range(count, 6, 32);
    chip_worker_destroy(worker);
    worker = chip_worker_create();
    for (size_t i = 0; i < count; i++) {
        for (uint64_t nth = 1; nth <= sites[i].calls; nth++) {
            struct fault_rule rule = {.nth = nth, .error = EIO};
            memcpy(rule.site, sites[i].site, sizeof(rule.site));
            assert_int_equal(fault_plan_install(&rule, 1), 0);
            assert_true(chip_worker_init(worker, &good) < -1000);
            fault_plan_clear();
            assert_true(chip_worker_error(worker)[0] != '\0');
            assert_false(is_loaded(PLAIN));
        }
    }
    assert_int_equal(chip_worker_init(worker, &good), 0);
    chip_worker_destroy(worker);
    const struct fault_rule rule = {.site = "worker.record", .nth = 1, .error = ENOMEM};
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_null(chip_worker_create());
    fault_plan_clear();
}

static void test_debug_api_is_optional(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool known;
        const char *text;
    } cases[] = {
        {PLAIN, false, "prepare_callable failed with code -1"},
        {DEBUG, true, "prepare_callable failed with code -1: the stub's reason"},
        {BUILD_DIR "/fixtures/stub_runtime/other_debug.so", false, "prepare_callable failed with code -1"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct notebook notebook = open_notebook(cases[i].path);
        struct chip_worker *worker = chip_worker_create();
        struct chip_worker_options options = good;
        char byte = 0;
        options.host_library = cases[i].path;
        assert_int_equal(chip_worker_init(worker, &options), 0);
        assert_int_equal(chip_worker_debug(worker) != NULL, cases[i].known);
        notebook.runtime->results[STUB_prepare_callable] = -1;
        assert_int_equal(chip_worker_prepare(worker, 1, &byte), -1);
        assert_string_equal(chip_worker_error(worker), cases[i].text);
        chip_worker_destroy(worker);
        close_notebook(&notebook);
    }
}

static void test_results_pass_through(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(PLAIN);
    struct chip_worker *worker = chip_worker_create();
    struct pto_call_config config;
    struct pto_chip_args args = {0};
    struct pto_run_timing timing = {0};
    char byte = 0;
    void *memory = NULL;
    pto_call_config_init(&config);
    assert_int_equal(chip_worker_init(worker, &good), 0);
    assert_int_equal(chip_worker_prepare(worker, 7, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "callable must not be null");
    assert_int_equal(chip_worker_prepare(worker, 1000, &byte), 0); /* the range is the runtime's affair */
    assert_int_equal(chip_worker_run(worker, 1, &args, &config, &timing), 0);
    assert_int_equal(timing.device_wall_ns, 6);
    assert_int_equal(chip_worker_unregister(worker, 1), 0);
    assert_int_equal(chip_worker_malloc(worker, 16, &memory), 0);
    assert_ptr_equal(memory, (void *)0x1010);
    assert_int_equal(chip_worker_free(worker, memory), 0);
    assert_int_equal(chip_worker_copy_to(worker, memory, &byte, 1), 0);
    assert_int_equal(chip_worker_copy_from(worker, &byte, memory, 1), 0);
    notebook.runtime->results[STUB_run_prepared] = 507018;
    notebook.runtime->results[STUB_unregister_callable] = -2;
    notebook.runtime->results[STUB_copy_to_device_ctx] = 107002;
    notebook.runtime->results[STUB_copy_from_device_ctx] = -1;
    notebook.runtime->null_results = 1;
    assert_int_equal(chip_worker_run(worker, 1, &args, &config, NULL), 507018);
    assert_string_equal(chip_worker_error(worker), "run_prepared failed with code 507018");
    assert_int_equal(chip_worker_unregister(worker, 1), -2);
    assert_error(worker, "unregister_callable failed with code -2");
    assert_int_equal(chip_worker_copy_to(worker, memory, &byte, 1), 107002);
    assert_error(worker, "copy_to failed with code 107002");
    assert_int_equal(chip_worker_copy_from(worker, &byte, memory, 1), -1);
    assert_error(worker, "copy_from failed with code -1");
    memory = &byte;
    assert_int_equal(chip_worker_malloc(worker, 16, &memory), CHIP_WORKER_RUNTIME);
    assert_error(worker, "malloc failed");
    assert_ptr_equal(memory, &byte);
    chip_worker_destroy(worker);
    close_notebook(&notebook);
}

static void test_config_comes_first(void **state)
{
    (void)state;
    struct chip_worker *worker = chip_worker_create();
    struct pto_chip_args args = {0};
    struct pto_call_config config;
    pto_call_config_init(&config);
    config.enable_pmu = 1;
    assert_int_equal(chip_worker_run(worker, 0, &args, &config, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "output_prefix");
    assert_int_equal(chip_worker_run(worker, 0, &args, NULL, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "config must not be null");
    config.output_prefix[0] = 'x';
    assert_int_equal(chip_worker_run(worker, 0, &args, &config, NULL), CHIP_WORKER_STATE);
    memset(config.output_prefix, 'x', sizeof(config.output_prefix));
    assert_int_equal(chip_worker_run(worker, 0, &args, &config, NULL), CHIP_WORKER_ARGUMENT);
    chip_worker_destroy(worker);
}

static void test_run_passes_every_field(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(PLAIN);
    struct chip_worker *worker = chip_worker_create();
    struct pto_chip_args args = {.tensor_count = 2, .scalar_count = 3};
    struct pto_call_config config = {.block_dim = 4,
                                     .aicpu_thread_num = 5,
                                     .enable_l2_swimlane = 6,
                                     .enable_dump_tensor = 7,
                                     .enable_pmu = 8,
                                     .enable_dep_gen = 9,
                                     .output_prefix = "dir"};
    assert_int_equal(chip_worker_init(worker, &good), 0);
    notebook.runtime->calls[0] = '\0';
    assert_int_equal(chip_worker_run(worker, 1, &args, &config, NULL), 0);
    assert_string_equal(notebook.runtime->calls, "run_prepared(1,buffer,2+3,4,5,6,7,8,9,dir) ");
    chip_worker_destroy(worker);
    close_notebook(&notebook);
}

static void test_views(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(PLAIN);
    struct chip_worker *worker = chip_worker_create();
    struct pto_continuous_tensor tensors[2] = {{.child_memory = 255}};
    uint64_t scalars[1] = {5};
    struct pto_call_config config;
    struct pto_task_args_view view = {.tensor_count = 129, .scalar_count = 1, .tensors = tensors, .scalars = scalars};
    pto_call_config_init(&config);
    config.enable_pmu = 1; /* wrong too, but the counts are judged before everything else */
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "tensor_count 129");
    view.tensor_count = -1;
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), CHIP_WORKER_ARGUMENT);
    view.tensor_count = 2;
    view.scalar_count = 129;
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "scalar_count 129");
    view.scalar_count = 1;
    view.scalars = NULL;
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), CHIP_WORKER_ARGUMENT);
    assert_int_equal(chip_worker_run_view(worker, 0, NULL, &config, NULL), CHIP_WORKER_ARGUMENT);
    view.scalars = scalars;
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "output_prefix");
    config.enable_pmu = 0;
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), CHIP_WORKER_STATE);
    assert_int_equal(chip_worker_init(worker, &good), 0);
    notebook.runtime->calls[0] = '\0';
    assert_int_equal(chip_worker_run_view(worker, 0, &view, &config, NULL), 0);
    assert_string_equal(notebook.runtime->calls, "run_prepared(0,buffer,2+1,0,3,0,0,0,0,) ");
    chip_worker_destroy(worker);
    close_notebook(&notebook);
}

static void test_communication(void **state)
{
    (void)state;
    struct notebook notebook = open_notebook(PLAIN);
    struct chip_worker *worker = chip_worker_create();
    const uint32_t ranks[] = {4, 5};
    const struct chip_worker_domain domain = {.rank_ids = ranks, .rank_count = 2, .domain_rank = 1};
    const struct chip_worker_domain outside = {.rank_ids = ranks, .rank_count = 2, .domain_rank = 2};
    void *handle = NULL;
    void *again = NULL;
    uint64_t word = 0;
    uint64_t base = 0;
    size_t size = 0;
    assert_int_equal(chip_worker_init(worker, &good), 0);
    assert_int_equal(chip_worker_comm_barrier(worker, NULL), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "there is none");
    assert_int_equal(chip_worker_comm_init(worker, 0, 2, "path", &handle), 0);
    assert_ptr_equal(handle, STUB_HANDLE);
    assert_int_equal(chip_worker_comm_init(worker, 0, 2, "path", &again), 0); /* idempotent */
    assert_ptr_equal(again, handle);
    assert_int_equal(chip_worker_comm_barrier(worker, &word), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "is not a live communication handle (another one is)");
    assert_int_equal(chip_worker_comm_alloc_windows(worker, handle, 64, &word), 0);
    assert_int_equal(word, 64);
    assert_int_equal(chip_worker_comm_window_base(worker, handle, &base), 0);
    assert_int_equal(base, 7);
    assert_int_equal(chip_worker_comm_window_size(worker, handle, &size), 0);
    assert_int_equal(size, 8);
    assert_int_equal(chip_worker_comm_derive(worker, handle, &domain, 10, 20, &word), 0);
    assert_int_equal(word, 5 + 2 + 10 + 20);
    assert_int_equal(chip_worker_comm_derive(worker, handle, &outside, 10, 20, &word), CHIP_WORKER_ARGUMENT);
    assert_error(worker, "domain_rank 2 of 2 ranks");
    assert_int_equal(chip_worker_comm_derive(worker, handle, NULL, 10, 20, &word), CHIP_WORKER_ARGUMENT);
    assert_int_equal(chip_worker_comm_alloc_domain(worker, handle, 100, &domain, 28, &word, &base), 0);
    assert_int_equal(base, 128);
    assert_int_equal(chip_worker_comm_release_domain(worker, handle, 100, &domain), 0);
    notebook.runtime->results[STUB_comm_barrier] = -1;
    assert_int_equal(chip_worker_comm_barrier(worker, handle), -1);
    assert_error(worker, "comm_barrier failed with code -1");
    notebook.runtime->results[STUB_comm_destroy] = -1;
    notebook.runtime->calls[0] = '\0';
    assert_int_equal(chip_worker_comm_destroy(worker, handle), -1);
    assert_string_equal(notebook.runtime->calls, "comm_destroy destroy_comm_stream_ctx ");
    assert_int_equal(chip_worker_comm_destroy(worker, handle), CHIP_WORKER_ARGUMENT); /* gone all the same */
    /* A failed comm_init gives its stream back; a session that is left is ended by finalize. */
    notebook.runtime->null_results = 1;
    notebook.runtime->calls[0] = '\0';
    assert_int_equal(chip_worker_comm_init(worker, 0, 2, "path", &handle), CHIP_WORKER_RUNTIME);
    assert_error(worker, "comm_init failed: rank 0 of 2, path path");
    assert_string_equal(notebook.runtime->calls,
                        "ensure_acl_ready_ctx create_comm_stream_ctx comm_init destroy_comm_stream_ctx ");
    notebook.runtime->results[STUB_ensure_acl_ready_ctx] = 107000;
    assert_int_equal(chip_worker_comm_init(worker, 0, 2, "path", &handle), 107000);
    notebook.runtime->results[STUB_ensure_acl_ready_ctx] = 0;
    notebook.runtime->null_results = 0;
    assert_int_equal(chip_worker_comm_init(worker, 0, 2, "path", &handle), 0);
    notebook.runtime->calls[0] = '\0';
    assert_int_equal(chip_worker_finalize(worker), 0);
    assert_string_equal(notebook.runtime->calls,
                        "comm_destroy destroy_comm_stream_ctx finalize_device destroy_device_context ");
    chip_worker_destroy(worker);
    close_notebook(&notebook);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_and_finalised),
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_destroy_finalises),
        cmocka_unit_test(test_init_failures),
        cmocka_unit_test(test_init_refused_by_the_runtime),
        cmocka_unit_test(test_init_faults),
        cmocka_unit_test(test_debug_api_is_optional),
        cmocka_unit_test(test_results_pass_through),
        cmocka_unit_test(test_config_comes_first),
        cmocka_unit_test(test_run_passes_every_field),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_communication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
