/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an orchestration allocates, copies and records: faults of each, pairs in their order, and nothing of it left
 * however the run ended (R11, R23, R24, R33).
 */
#include "ut/host_hbg/graph_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "base/fault.h"
#include "host/platform/memory.h"
#include "st/fixtures/stub_device/stub_device.h"
#include "st/fixtures/stub_device_hbg/stub_device_hbg.h"

#define INVALID (-PTO_ERR_INVALID_ARGS)

/* ---- device_malloc and device_free ---- */

struct blocks {
    size_t bytes;
    void *first;
    void *second;
    void *client; /* memory that is not the orchestration's */
    uint32_t live;
};

static uint32_t live_blocks(struct pto_graph_handle *rt)
{
    struct pto_ledger_entry entries[64];
    const struct runtime *runtime = (const struct runtime *)(const void *)rt;
    int64_t count = (int64_t)platform_memory_ledger(runtime->context, entries, 64);
    uint32_t live = 0;
    for (int64_t i = 0; i < count; i++) {
        live += entries[i].kind == PTO_MEMORY_GRAPH && entries[i].callable_id == 0;
    }
    return live;
}

static int build_blocks(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct blocks *blocks = argument;
    (void)args;
    blocks->first = pto_graph_device_malloc(rt, blocks->bytes);
    blocks->second = pto_graph_device_malloc(rt, 64);
    blocks->live = live_blocks(rt);
    return 0;
}

/* Memory that is not there is the orchestration's to judge: NULL, no error of the run, nothing half-allocated. */
static void test_malloc_faults(void **state)
{
    static const char *const sites[] = {"host.graph_allocation", "hbm.alloc.graph"};
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        struct blocks blocks = {.bytes = 64};
        fixture_fail(sites[i], 1);
        graph_expect(*state, build_blocks, &blocks, 0, "");
        fault_plan_clear();
        assert_null(blocks.first);
        assert_non_null(blocks.second);
        assert_int_equal(blocks.live, 1);
    }
    struct blocks huge = {.bytes = (size_t)1 << 60};
    struct blocks all = {.bytes = SIZE_MAX};
    graph_expect(*state, build_blocks, &huge, 0, "");
    graph_expect(*state, build_blocks, &all, 0, "");
    assert_null(huge.first);
    assert_null(all.first);
    struct blocks empty = {.bytes = 0};
    graph_expect(*state, build_blocks, &empty, 0, "");
    assert_non_null(empty.first);
    assert_int_equal(empty.live, 2);
}

static int build_frees(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct blocks *blocks = argument;
    const struct runtime *runtime = (const struct runtime *)(const void *)rt;
    (void)args;
    blocks->first = pto_graph_device_malloc(rt, 64);
    blocks->second = pto_graph_device_malloc(rt, 64);
    pto_graph_device_free(rt, NULL);
    pto_graph_device_free(rt, (uint8_t *)blocks->first + 1);
    pto_graph_device_free(rt, blocks->client);
    pto_graph_device_free(rt, runtime->device_image);
    pto_graph_device_free(rt, runtime->device_tasks);
    pto_graph_device_free(rt, &blocks);
    pto_graph_device_free(rt, blocks->first); /* the older one of the two */
    pto_graph_device_free(rt, blocks->first);
    blocks->live = live_blocks(rt);
    return 0;
}

/* Only a buffer of this run can be freed, once; any other address is ignored (host.md 7 no. 33). */
static void test_device_free(void **state)
{
    uint32_t word = 4711;
    struct blocks blocks = {.client = device_malloc_ctx(*state, 64)};
    graph_expect_golden(*state);
    assert_non_null(graph_runtime(*state)->device_tasks);
    graph_expect(*state, build_frees, &blocks, 0, "");
    assert_int_equal(blocks.live, 1);
    assert_int_equal(copy_to_device_ctx(*state, blocks.client, &word, sizeof(word)), 0);
    device_free_ctx(*state, blocks.client);
    assert_string_equal(fixture_error(*state), "");
}

/* ---- copy_to_device ---- */

struct copy_case {
    int64_t offset; /* into a buffer of 64 bytes */
    size_t bytes;
    bool no_host;
    bool no_device;
    int returned;
    const char *text; /* NULL: accepted */
    int seen;
};

static int build_copy(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct copy_case *c = argument;
    uint8_t host[128] = {1, 2, 3};
    (void)args;
    uint8_t *device = pto_graph_device_malloc(rt, 64);
    c->seen =
        pto_graph_copy_to_device(rt, c->no_device ? NULL : device + c->offset, c->no_host ? NULL : host, c->bytes);
    if (c->seen == 0 && c->bytes >= 3 && memcmp(device + c->offset, host, c->bytes) != 0) {
        return -1;
    }
    return 0;
}

static void test_copy_to_device(void **state)
{
    static const struct copy_case cases[] = {
        {.bytes = 64},
        {.offset = 61, .bytes = 3},
        {.offset = 64, .bytes = 0},
        {.bytes = 0, .no_host = true, .no_device = true},
        {.bytes = 65, .returned = -EINVAL, .text = "65 bytes at"},
        {.offset = 62, .bytes = 3, .returned = -EINVAL, .text = "are not inside one buffer"},
        {.offset = -1, .bytes = 2, .returned = -EINVAL, .text = "copy_to_device: 2 bytes at"},
        {.bytes = 4, .no_host = true, .returned = -EINVAL, .text = "4 bytes between host (nil)"},
        {.bytes = 4, .no_device = true, .returned = -EINVAL, .text = "and device (nil)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct copy_case c = cases[i];
        graph_expect(*state, build_copy, &c, c.text == NULL ? 0 : INVALID, c.text == NULL ? "" : c.text);
        assert_int_equal(c.seen, c.returned);
    }
}

/* abi/graph.h: an error of the copy itself is what the call returns; the orchestration decides what comes of it. */
static void test_copy_fault(void **state)
{
    struct copy_case c = {.bytes = 64};
    fixture_fail("host.copy_in", 1);
    graph_expect(*state, build_copy, &c, 0, "");
    assert_int_equal(c.seen, -ENOMEM);
}

/* ---- record_tensor_pair ---- */

struct pair_case {
    int64_t offset; /* into a buffer of 64 bytes */
    size_t bytes;
    bool no_host;
    bool no_device;
    const char *text; /* NULL: accepted */
};

static int build_pair(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    static uint8_t host[128];
    const struct pair_case *c = argument;
    (void)args;
    uint8_t *device = pto_graph_device_malloc(rt, 64);
    pto_graph_record_tensor_pair(rt, c->no_host ? NULL : host, c->no_device ? NULL : device + c->offset, c->bytes);
    return 0;
}

static void test_pairs(void **state)
{
    static const struct pair_case cases[] = {
        {.bytes = 64},
        {.offset = 60, .bytes = 4},
        {.offset = 64, .bytes = 0},
        {.bytes = 65, .text = "record_tensor_pair: 65 bytes at"},
        {.offset = 61, .bytes = 4, .text = "4 bytes at"},
        {.offset = -1, .bytes = 1, .text = "1 bytes at"},
        {.bytes = 4, .no_host = true, .text = "record_tensor_pair: 4 bytes between host (nil)"}, /* host.md 7 no. 31 */
        {.bytes = 0, .no_host = true, .text = "0 bytes between host (nil)"},
        {.bytes = 4, .no_device = true, .text = "and device (nil)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair_case c = cases[i];
        graph_expect(*state, build_pair, &c, c.text == NULL ? 0 : INVALID, c.text == NULL ? "" : c.text);
    }
}

#define PAIRS 40u

struct many_pairs {
    uint32_t host[PAIRS];
    uint32_t free_pair; /* + 1: this one's buffer is freed; 0: none */
};

/* Each pair has a buffer that holds its number; two of them share a host word, and the later one counts. */
static int build_many_pairs(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    struct many_pairs *pairs = argument;
    (void)args;
    for (uint32_t i = 0; i < PAIRS; i++) {
        void *device = pto_graph_device_malloc(rt, sizeof(uint32_t));
        pto_graph_record_tensor_pair(rt, &pairs->host[i < PAIRS - 1 ? i : 0], device, sizeof(uint32_t));
        if (i + 1 == pairs->free_pair) {
            pto_graph_device_free(rt, device);
        } else {
            (void)graph_store(rt, device, 1000 + i);
        }
    }
    return 0;
}

static void test_many_pairs(void **state)
{
    struct many_pairs pairs = {.host = {0}};
    graph_expect(*state, build_many_pairs, &pairs, 0, "");
    assert_int_equal(pairs.host[0], 1000 + PAIRS - 1);
    for (uint32_t i = 1; i < PAIRS - 1; i++) {
        assert_int_equal(pairs.host[i], 1000 + i);
    }
}

/* The list of pairs grows from 0 to 16 to 32, and each of these steps may fail. */
static void test_pairs_without_memory(void **state)
{
    static const struct {
        uint64_t nth;
        const char *text;
    } cases[] = {
        {1, "no host memory for pair 0"}, {1, "no host memory for pair 16"}, {2, "no host memory for pair 32"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct many_pairs pairs = {.host = {0}};
        fixture_fail("host.graph_pairs", cases[i].nth);
        graph_expect(*state, build_many_pairs, &pairs, -1, cases[i].text);
        fault_plan_clear();
        assert_int_equal(pairs.host[1], 0);
    }
    struct many_pairs pairs = {.host = {0}};
    graph_expect(*state, build_many_pairs, &pairs, 0, "");
}

static void test_more_pairs_than_can_be_counted(void **state)
{
    struct runtime *runtime = graph_runtime(*state);
    const struct hbg_pair pair = {.bytes = 1};
    const struct hbg_pair *before = runtime->pairs;
    runtime->pair_count = runtime->pair_capacity = (size_t)1 << 60; /* twice that many would take 0 bytes mod 2^64 */
    assert_int_equal(hbg_memory_record(runtime, &pair), -ENOMEM);
    assert_int_equal(runtime->pair_count, (size_t)1 << 60);
    assert_ptr_equal(runtime->pairs, before);
    runtime->pair_count = runtime->pair_capacity = 0;
}

/* The next buffer would get the address, and the pair would copy that one: its buffer cannot be freed. */
static void test_buffer_of_a_pair_is_not_freed(void **state)
{
    struct many_pairs pairs = {.free_pair = 3};
    graph_expect(*state, build_many_pairs, &pairs, INVALID, "device_free: pair 2 is copied back from the buffer at");
    assert_int_equal(pairs.host[1], 0);
}

static void test_copy_back_fault(void **state)
{
    fixture_fail("host.copy_out", 2); /* the first reads the report */
    graph_expect(*state, graph_golden, NULL, -1, "pair 0: copying 64 bytes");
}

/* ---- however it ends ---- */

/* R11, R24: launches that fail, in every way there is, copy nothing back and leave nothing. */
static void test_launches_that_fail(void **state)
{
    static const struct {
        uint64_t command;
        int64_t value;
        int result;
        const char *text;
    } cases[] = {
        {STUB_REPORT_STATUS, -PTO_ERR_SCHEDULER_TIMEOUT, -100, "failed with -100"},
        {STUB_REPORT_STATUS, -1, -1, "failed with -1"},
        {STUB_RETURN, -5, -5, "as the test said"},
        {STUB_RETURN, 3, 3, "failed with 3"},
        {STUB_WAIT_FOR_EVER, 0, -100, "failed with -100"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault_rule rule = {.site = STUB_SITE_EXEC, .nth = 1, .values = {cases[i].command, 0}};
        rule.values[1] = (uint64_t)cases[i].value;
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        graph_expect(*state, graph_golden, NULL, cases[i].result, cases[i].text);
        fault_plan_clear();
    }
}

/* Orchestrations of their own: one that throws, one that faults, with a buffer each in their hands. */
static void test_orchestrations_that_break_off(void **state)
{
    static const struct {
        const char *name;
        int result;
        const char *text;
    } cases[] = {
        {"callables_hbg/orchestration_throw", INVALID, "a C++ exception left the orchestration: thrown by a fixture"},
        {"callables_hbg/orchestration_fault", -PTO_ERR_SCHEDULER_TIMEOUT, "it faulted"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fixture_spec spec = {.orchestration = cases[i].name, .entry_name = "build_graph"};
        struct fixture_image image = fixture_pack(&spec);
        struct fixture_args args;
        assert_int_equal(prepare_callable(*state, 9, image.bytes), 0);
        uint64_t held = fixture_statistics(*state).device_bytes;
        for (int k = 0; k < 3; k++) {
            fixture_args_init(&args, 0, 0);
            args.args.scalars[0] = 0;
            assert_int_equal(fixture_run(*state, 9, &args.args), cases[i].result);
            assert_non_null(strstr(fixture_error(*state), cases[i].text));
            assert_int_equal(args.output[0], 5);
            graph_expect_nothing_left(*state);
        }
        graph_expect_golden(*state);
        assert_int_equal(unregister_callable(*state, 9), 0);
        assert_true(fixture_statistics(*state).device_bytes <= held + 64 * sizeof(struct pto_graph_task));
        fixture_free(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_malloc_faults),
        GRAPH_TEST(test_device_free),
        GRAPH_TEST(test_copy_to_device),
        GRAPH_TEST(test_copy_fault),
        GRAPH_TEST(test_pairs),
        GRAPH_TEST(test_many_pairs),
        GRAPH_TEST(test_pairs_without_memory),
        GRAPH_TEST(test_more_pairs_than_can_be_counted),
        GRAPH_TEST(test_buffer_of_a_pair_is_not_freed),
        GRAPH_TEST(test_copy_back_fault),
        GRAPH_TEST(test_launches_that_fail),
        GRAPH_TEST(test_orchestrations_that_break_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
