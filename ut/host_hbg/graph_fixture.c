/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/host_hbg/graph_fixture.h"

#include <string.h>

#include "base/fault.h"
#include "host/context.h"

void graph_prepare(void *ctx, int32_t callable_id, const struct fixture_kernel *kernels, int32_t kernel_count)
{
    struct fixture_spec spec = {.orchestration = "graph", .entry_name = "build_graph", .kernel_count = kernel_count};
    memcpy(spec.kernels, kernels, (size_t)kernel_count * sizeof(kernels[0]));
    struct fixture_image image = fixture_pack(&spec);
    int result = prepare_callable(ctx, callable_id, image.bytes);
    fixture_free(&image);
    assert_int_equal(result, 0);
}

int graph_setup(void **state)
{
    static const struct fixture_kernel kernels[] = {{"add_one", 0}, {"add_ten", 5}};
    int result = fixture_setup(state);
    if (result == 0) {
        graph_prepare(*state, 0, kernels, 2);
    }
    return result;
}

void graph_args(struct fixture_args *args, graph_builder *build, void *argument)
{
    uint64_t address;
    memcpy(&address, &build, sizeof(address)); /* ISO C has no conversion of function pointers */
    fixture_args_init(args, address, (int64_t)(uintptr_t)argument);
}

int graph_play(void *ctx, graph_builder *build, void *argument, struct fixture_args *args)
{
    graph_args(args, build, argument);
    return fixture_run(ctx, 0, &args->args);
}

void *graph_output(struct pto_graph_handle *rt, const struct pto_chip_args *args)
{
    const struct pto_continuous_tensor *tensor = pto_chip_args_tensor(args, 1);
    size_t bytes = FIXTURE_COUNT * sizeof(uint32_t);
    void *host = (void *)(uintptr_t)tensor->data;
    void *device = pto_graph_device_malloc(rt, bytes);
    if (device == NULL || pto_graph_copy_to_device(rt, device, host, bytes) != 0) {
        return NULL;
    }
    pto_graph_record_tensor_pair(rt, host, device, bytes);
    return device;
}

int graph_store(struct pto_graph_handle *rt, void *device, uint64_t value)
{
    uint64_t words[] = {(uintptr_t)device, value};
    return pto_graph_add_task(rt, words, 2, 0, PTO_CORE_AIV);
}

int graph_golden(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    (void)argument;
    void *device = graph_output(rt, args);
    return device != NULL && graph_store(rt, device, GRAPH_WORD) == 0 ? 0 : -1;
}

struct runtime *graph_runtime(void *ctx)
{
    return ((struct host_context *)ctx)->runtime;
}

void graph_expect_nothing_left(void *ctx)
{
    static struct pto_ledger_entry entries[512];
    int64_t count = pto_debug_api()->get_ledger(ctx, entries, 512);
    assert_in_range(count, 1, 512);
    assert_null(graph_runtime(ctx)->allocations);
    assert_int_equal(graph_runtime(ctx)->pair_count, 0);
    for (int64_t i = 0; i < count; i++) {
        if (entries[i].kind == PTO_MEMORY_GRAPH && entries[i].callable_id >= 0) {
            fail_msg("%lu bytes of callable_id %d are left on the device", entries[i].bytes, entries[i].callable_id);
        }
    }
}

void graph_expect_golden(void *ctx)
{
    struct fixture_args args;
    int result = graph_play(ctx, graph_golden, NULL, &args);
    if (result != 0) {
        fail_msg("the golden graph returned %d: %s", result, fixture_error(ctx));
    }
    assert_int_equal(args.output[0], GRAPH_WORD);
    assert_int_equal(args.output[1], 5);
    graph_expect_nothing_left(ctx);
}

void graph_expect(void *ctx, graph_builder *build, void *argument, int result, const char *text)
{
    struct fixture_args args;
    int returned = graph_play(ctx, build, argument, &args);
    if (returned != result || strstr(fixture_error(ctx), text) == NULL) {
        fail_msg("returned %d '%s', expected %d '%s'", returned, fixture_error(ctx), result, text);
    }
    for (uint32_t i = 0; i < FIXTURE_COUNT && result != 0; i++) {
        assert_int_equal(args.output[i], 5); /* R11 */
    }
    graph_expect_nothing_left(ctx);
    graph_expect_golden(ctx);
}

uint64_t graph_calls(const char *site)
{
    struct fault_site_count sites[512];
    size_t count = fault_sites(sites, 512);
    for (size_t i = 0; i < count && i < 512; i++) {
        if (strcmp(sites[i].site, site) == 0) {
            return sites[i].calls;
        }
    }
    return 0;
}

void graph_count_calls(void)
{
    assert_int_equal(fault_plan_install(NULL, 0), 0);
}
