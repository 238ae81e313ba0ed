/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, devices and device memory through the C ABI: init, finalize, re-init, copies, statistics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/fault.h"
#include "npu/hbm.h"
#include "ut/host/host_fixture.h"

static void assert_error(void *ctx, const char *part)
{
    if (strstr(fixture_error(ctx), part) == NULL) {
        fail_msg("\"%s\" is not in the error \"%s\"", part, fixture_error(ctx));
    }
}

static void test_null_context(void **state)
{
    (void)state;
    struct pto_run_timing timing = {1, 1};
    char byte = 0;
    assert_null(device_malloc_ctx(NULL, 1));
    device_free_ctx(NULL, &byte);
    assert_int_equal(copy_to_device_ctx(NULL, &byte, &byte, 1), -1);
    assert_int_equal(copy_from_device_ctx(NULL, &byte, &byte, 1), -1);
    assert_int_equal(simpler_init(NULL, 0, NULL, 0, NULL, 0, NULL, 0), -1);
    assert_int_equal(prepare_callable(NULL, 0, &byte), -1);
    assert_int_equal(run_prepared(NULL, &byte, 0, &byte, 1, 1, 0, 0, 0, 0, NULL, &timing), -1);
    assert_int_equal(timing.host_wall_ns + timing.device_wall_ns, 0);
    assert_int_equal(unregister_callable(NULL, 0), -1);
    assert_int_equal(get_aicpu_dlopen_count(NULL), 0);
    assert_int_equal(get_host_dlopen_count(NULL), 0);
    assert_int_equal(finalize_device(NULL), -1);
    assert_int_equal(ensure_acl_ready_ctx(NULL, 0), 0);
    assert_null(create_comm_stream_ctx(NULL));
    assert_int_equal(destroy_comm_stream_ctx(NULL, NULL), 0);
    destroy_device_context(NULL);
}

static void test_unbound_context(void **state)
{
    (void)state;
    void *ctx = create_device_context();
    char byte = 0;
    assert_null(device_malloc_ctx(ctx, 1));
    assert_error(ctx, "simpler_init");
    assert_int_equal(copy_to_device_ctx(ctx, &byte, &byte, 1), -1);
    assert_int_equal(prepare_callable(ctx, 0, &byte), -1);
    assert_error(ctx, "simpler_init");
    assert_int_equal(prepare_callable(ctx, 64, &byte), -1);
    assert_error(ctx, "callable_id 64 is not in 0..63");
    assert_int_equal(run_prepared(ctx, &byte, 0, &byte, 1, 1, 0, 0, 0, 0, NULL, NULL), -1);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    assert_string_equal(fixture_error(ctx), "");
    assert_int_equal(unregister_callable(ctx, -1), -1);
    assert_int_equal(finalize_device(ctx), 0);
    assert_int_equal(fixture_statistics(ctx).device_bytes, 0);
    destroy_device_context(ctx);
}

static void test_init_rules(void **state)
{
    (void)state;
    void *ctx = create_device_context();
    assert_int_equal(simpler_init(ctx, -1, NULL, 0, NULL, 0, NULL, 0), -1);
    assert_error(ctx, "-1");
    assert_int_equal(fixture_init(ctx, 4), 0);
    assert_int_equal(fixture_init(ctx, 4), 0);
    assert_int_equal(fixture_init(ctx, 5), -1);
    assert_error(ctx, "bound to device 4");
    assert_int_equal(finalize_device(ctx), 0);
    assert_int_equal(finalize_device(ctx), 0);
    assert_int_equal(fixture_init(ctx, 5), 0);
    assert_int_equal(finalize_device(ctx), 0);
    destroy_device_context(ctx);
}

static void test_init_faults_leave_it_unbound(void **state)
{
    (void)state;
    static const struct {
        const char *site;
        uint64_t nth;
    } cases[] = {{"npu.owner", 1},         {"npu.device", 1},        {"sim.program.copy", 1},
                 {"sim.program.copy", 2},  {"hbm.alloc.runtime", 1}, {"hbm.alloc.runtime", 2},
                 {"hbm.alloc.runtime", 3}, {"hbm.ledger", 1},        {"npu.pipes", 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *ctx = create_device_context();
        fixture_fail(cases[i].site, cases[i].nth);
        assert_int_equal(fixture_init(ctx, 2), -1);
        fault_plan_clear();
        assert_true(fixture_error(ctx)[0] != '\0');
        assert_null(device_malloc_ctx(ctx, 1));
        assert_int_equal(fixture_init(ctx, 3), 0); /* not bound to 2 */
        assert_int_equal(finalize_device(ctx), 0);
        destroy_device_context(ctx);
    }
}

static void test_create_faults(void **state)
{
    (void)state;
    const char *const sites[] = {"host.context", "host.lock", "host.platform", "host.runtime"};
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        fixture_fail(sites[i], 1);
        assert_null(create_device_context());
        fault_plan_clear();
    }
}

static void test_memory(void **state)
{
    void *ctx = *state;
    char there[8] = "abcdefg";
    char back[8] = "";
    uint64_t before = fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_CLIENT];
    uint8_t *memory = device_malloc_ctx(ctx, 8);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 64, 0);
    assert_int_equal(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_CLIENT], before + 8);
    assert_int_equal(copy_to_device_ctx(ctx, memory, there, 8), 0);
    assert_int_equal(copy_from_device_ctx(ctx, back, memory, 8), 0);
    assert_string_equal(back, "abcdefg");
    assert_int_equal(copy_from_device_ctx(ctx, back, memory + 4, 3), 0);
    assert_int_equal(back[0], 'e');
    assert_int_equal(copy_to_device_ctx(ctx, NULL, there, 0), -1);
    assert_int_equal(copy_to_device_ctx(ctx, memory, NULL, 0), -1);
    assert_int_equal(copy_from_device_ctx(ctx, NULL, memory, 0), -1);
    assert_int_equal(copy_to_device_ctx(ctx, memory, there, 0), 0);
    assert_int_equal(copy_to_device_ctx(ctx, memory, there, 9), -1);
    assert_error(ctx, "copy of 9 bytes");
    assert_int_equal(copy_from_device_ctx(ctx, back, there, 8), -1);
    device_free_ctx(ctx, memory + 1);
    assert_error(ctx, "is not memory of device_malloc_ctx");
    device_free_ctx(ctx, memory);
    assert_string_equal(fixture_error(ctx), "");
    device_free_ctx(ctx, memory);
    assert_int_equal(fixture_statistics(ctx).device_bytes_by_kind[PTO_MEMORY_CLIENT], before);
    assert_null(device_malloc_ctx(ctx, (size_t)1 << 60));
    assert_error(ctx, "1152921504606846976");
    void *empty = device_malloc_ctx(ctx, 0);
    assert_non_null(empty);
    device_free_ctx(ctx, empty);
    fixture_fail("host.copy_in", 1);
    memory = device_malloc_ctx(ctx, 8);
    assert_int_equal(copy_to_device_ctx(ctx, memory, there, 8), -1);
    fixture_fail("host.copy_out", 1);
    assert_int_equal(copy_from_device_ctx(ctx, back, memory, 8), -1);
    fault_plan_clear();
    device_free_ctx(ctx, memory);
}

/* A client must not be able to free what is not its own. */
static void test_free_spares_the_runtime(void **state)
{
    void *ctx = *state;
    struct fixture_image image = fixture_pack_kernel("add_one");
    assert_int_equal(prepare_callable(ctx, 0, image.bytes), 0);
    struct pto_ledger_entry entries[32];
    int64_t count = pto_debug_api()->get_ledger(ctx, entries, 32);
    assert_in_range(count, 1, 32);
    for (int64_t i = 0; i < count; i++) {
        device_free_ctx(ctx, (void *)(uintptr_t)entries[i].address);
    }
    assert_int_equal(pto_debug_api()->get_ledger(ctx, NULL, 0), count);
    assert_int_equal(unregister_callable(ctx, 0), 0);
    fixture_free(&image);
}

static void test_finalize_reports_leftovers(void **state)
{
    (void)state;
    void *ctx = create_device_context();
    struct fixture_image image = fixture_pack_kernel("add_one");
    struct fixture_args args;
    assert_int_equal(fixture_init(ctx, 0), 0);
    assert_non_null(device_malloc_ctx(ctx, 100));
    assert_int_equal(prepare_callable(ctx, 3, image.bytes), 0);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(ctx, 3, &args.args), 0);
    assert_int_equal(finalize_device(ctx), 0);
    struct pto_statistics statistics = fixture_statistics(ctx);
    assert_int_equal(statistics.leftover_buffers, 2); /* the client's and the chip buffer */
    assert_int_equal(statistics.leftover_bytes, 100 + image.size);
    assert_int_equal(statistics.device_bytes, 0);
    assert_int_equal(statistics.registered_callables, 0);
    assert_int_equal(statistics.kernel_handles, 0);
    assert_int_equal(statistics.orchestration_handles, 0);
    assert_int_equal(statistics.open_images, 0);
    assert_int_equal(statistics.aicpu_dlopens, 1); /* never reset (R9) */
    /* Bound again, nothing of before is there. */
    assert_int_equal(fixture_init(ctx, 7), 0);
    assert_int_equal(fixture_run(ctx, 3, &args.args), -1);
    assert_int_equal(prepare_callable(ctx, 3, image.bytes), 0);
    assert_int_equal(fixture_run(ctx, 3, &args.args), 0);
    assert_int_equal(get_aicpu_dlopen_count(ctx), 2);
    assert_int_equal(unregister_callable(ctx, 3), 0);
    assert_int_equal(finalize_device(ctx), 0);
    assert_int_equal(fixture_statistics(ctx).leftover_buffers, 0);
    destroy_device_context(ctx);
    fixture_free(&image);
}

static void test_two_contexts_on_one_device(void **state)
{
    void *first = *state;
    void *second = create_device_context();
    struct fixture_image one = fixture_pack_kernel("add_one");
    struct fixture_image ten = fixture_pack_kernel("add_ten");
    struct fixture_args args;
    char byte = 0;
    assert_int_equal(fixture_init(second, 0), 0);
    void *memory = device_malloc_ctx(first, 1);
    assert_int_equal(copy_to_device_ctx(second, memory, &byte, 1), -1);
    assert_int_equal(prepare_callable(first, 0, one.bytes), 0);
    assert_int_equal(prepare_callable(second, 0, ten.bytes), 0);
    for (int i = 0; i < 3; i++) {
        fixture_args_init(&args, 0, 0);
        assert_int_equal(fixture_run(first, 0, &args.args), 0);
        assert_int_equal(args.output[1], 1002);
        fixture_args_init(&args, 0, 0);
        assert_int_equal(fixture_run(second, 0, &args.args), 0);
        assert_int_equal(args.output[1], 1011);
    }
    assert_int_equal(finalize_device(second), 0);
    fixture_args_init(&args, 0, 0);
    assert_int_equal(fixture_run(first, 0, &args.args), 0);
    device_free_ctx(first, memory);
    assert_int_equal(unregister_callable(first, 0), 0);
    destroy_device_context(second);
    fixture_free(&one);
    fixture_free(&ten);
}

static void test_device_capacity(void **state)
{
    (void)state;
    const struct pto_debug_api *debug = pto_debug_api();
    void *ctx = create_device_context();
    assert_int_equal(debug->set_device_capacity(ctx, 1 << 20), -1); /* no device yet */
    assert_int_equal(fixture_init(ctx, 11), 0);
    assert_int_equal(debug->set_device_capacity(ctx, 1), -1);
    assert_int_equal(debug->set_device_capacity(ctx, 1 << 20), 0);
    assert_int_equal(fixture_statistics(ctx).device_capacity, 1 << 20);
    assert_null(device_malloc_ctx(ctx, 1 << 20));
    assert_error(ctx, "of 1048576 bytes are in use");
    assert_int_equal(debug->set_device_capacity(ctx, 0), 0);
    assert_int_equal(fixture_statistics(ctx).device_capacity, NPU_HBM_DEFAULT_BYTES);
    assert_int_equal(debug->set_device_capacity(NULL, 0), -1);
    destroy_device_context(ctx);
}

static void test_debug_api_edges(void **state)
{
    const struct pto_debug_api *debug = pto_debug_api();
    struct pto_statistics small = {.size = 24, .device_bytes_by_kind = {77}};
    struct pto_engine_options options = {.size = sizeof(options)};
    assert_int_equal(debug->version, PTO_DEBUG_API_VERSION);
    assert_int_equal(debug->get_statistics(*state, &small), 0);
    assert_int_equal(small.size, 24);
    assert_true(small.device_bytes != 0);
    assert_int_equal(small.device_bytes_by_kind[0], 77); /* beyond the caller's size */
    assert_int_equal(debug->get_statistics(NULL, &small), -1);
    assert_int_equal(debug->get_statistics(*state, NULL), -1);
    small.size = 4;
    assert_int_equal(debug->get_statistics(*state, &small), -1);
    assert_int_equal(debug->get_ledger(NULL, NULL, 0), -1);
    assert_int_equal(debug->get_ledger(*state, NULL, 1), -1);
    assert_int_equal(debug->set_engine(NULL, &options), -1);
    assert_int_equal(debug->set_engine(*state, NULL), -1);
    options.kind = 2;
    assert_int_equal(debug->set_engine(*state, &options), -1);
    assert_error(*state, "engine kind 2");
    (void)fixture_statistics(*state); /* calls that only look keep the error */
    (void)get_aicpu_dlopen_count(*state);
    (void)get_host_dlopen_count(*state);
    assert_int_not_equal(debug->get_ledger(*state, NULL, 0), 0);
    assert_error(*state, "engine kind 2");
    options = (struct pto_engine_options){.size = sizeof(options), .policy = PTO_POLICY_CHOICE};
    assert_int_equal(debug->set_engine(*state, &options), -1);
    options.policy = -1;
    assert_int_equal(debug->set_engine(*state, &options), -1);
    options = (struct pto_engine_options){.size = PTO_ENGINE_OPTIONS_LEAST_BYTES};
    assert_int_equal(debug->set_engine(*state, &options), 0); /* a client that is older than the last fields */
    options.size--;
    assert_int_equal(debug->set_engine(*state, &options), -1);
    const struct pto_fault_rule rule = {.site = "unused", .nth = 1};
    assert_int_equal(debug->install_faults(NULL, 1), -1);
    assert_int_equal(debug->install_faults(&rule, SIZE_MAX), -1);
    assert_string_equal(debug->last_error(NULL), "the context is NULL");
}

static void test_fault_plans_through_the_debug_api(void **state)
{
    const struct pto_debug_api *debug = pto_debug_api();
    struct pto_fault_rule rule = {.site = "hbm.alloc.client", .nth = 2, .error = 12};
    struct pto_fault_site sites[8] = {0};
    assert_int_equal(debug->install_faults(&rule, 1), 0);
    void *first = device_malloc_ctx(*state, 1);
    assert_non_null(first);
    assert_null(device_malloc_ctx(*state, 1));
    assert_int_equal(debug->get_fault_sites(sites, 8), 1);
    assert_string_equal(sites[0].site, "hbm.alloc.client");
    assert_int_equal(sites[0].calls, 2);
    assert_int_equal(sites[0].fired, 1);
    debug->clear_faults();
    device_free_ctx(*state, first);
}

static void test_communication_is_honest(void **state)
{
    (void)state;
    uint64_t word = 0;
    size_t size = 0;
    const uint32_t ranks[] = {0};
    assert_null(comm_init(0, 1, NULL, "x"));
    assert_int_equal(comm_alloc_windows(&word, 1, &word), -1);
    assert_int_equal(comm_get_local_window_base(&word, &word), -1);
    assert_int_equal(comm_get_window_size(&word, &size), -1);
    assert_int_equal(comm_derive_context(&word, ranks, 1, 0, 0, 1, &word), -1);
    assert_int_equal(comm_alloc_domain_windows(&word, 1, ranks, 1, 0, 1, &word, &word), -1);
    assert_int_equal(comm_release_domain_windows(&word, 1, 1, 0), -1);
    assert_int_equal(comm_barrier(&word), -1);
    assert_int_equal(comm_destroy(&word), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_context),
        cmocka_unit_test(test_unbound_context),
        cmocka_unit_test(test_init_rules),
        cmocka_unit_test(test_init_faults_leave_it_unbound),
        cmocka_unit_test(test_create_faults),
        cmocka_unit_test_setup_teardown(test_memory, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_free_spares_the_runtime, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_finalize_reports_leftovers),
        cmocka_unit_test_setup_teardown(test_two_contexts_on_one_device, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_device_capacity),
        cmocka_unit_test_setup_teardown(test_debug_api_edges, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_fault_plans_through_the_debug_api, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_communication_is_honest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
