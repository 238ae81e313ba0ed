/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of a context's device memory behind a driver that knows only the device as a whole (R7, R14, R15). */
#include "ut/host_onboard/onboard_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

#define BLOCKS 200u /* more than the ledger's first 64, and its first 128 */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

struct model {
    void *address[BLOCKS];
    uint64_t bytes[BLOCKS];
    uint64_t sum;
    uint64_t live;
};

static void expect_ledger(struct host_context *context, const struct model *model, uint64_t base_bytes,
                          uint64_t base_count)
{
    static struct pto_ledger_entry entries[BLOCKS + 16];
    size_t count = platform_memory_ledger(context, entries, BLOCKS + 16);
    struct npu_usage usage;
    platform_memory_usage(context, &usage);
    assert_int_equal(count, base_count + model->live);
    for (size_t i = 1; i < count; i++) {
        assert_true(entries[i - 1].address < entries[i].address);
    }
    assert_int_equal(usage.by_kind[PTO_MEMORY_CLIENT], model->sum);
    assert_int_equal(usage.buffers_by_kind[PTO_MEMORY_CLIENT], model->live);
    assert_int_equal(usage.bytes, base_bytes + model->sum);
    assert_int_equal(usage.in_use, usage.bytes);
    assert_int_equal(platform_memory_ledger(context, entries, 1), count); /* a small array gets the first ones */
}

/* Random allocations and frees against a list: addresses in order, sums exact, every byte of a block found in it. */
static void test_ledger(void **state)
{
    struct host_context *context = *state;
    struct npu_usage base;
    struct model model = {.sum = 0};
    uint64_t seed = 17;
    platform_memory_usage(context, &base);
    for (uint32_t step = 0; step < 2000; step++) {
        uint32_t i = draw(&seed, BLOCKS);
        if (model.address[i] == NULL && draw(&seed, 4) != 0) {
            model.bytes[i] = draw(&seed, 3) == 0 ? 0 : draw(&seed, 500);
            model.address[i] = device_malloc_ctx(*state, model.bytes[i]);
            assert_non_null(model.address[i]);
            model.sum += model.bytes[i];
            model.live++;
            assert_int_equal(platform_memory_check(context, model.address[i], model.bytes[i]), 0);
            assert_int_equal(platform_memory_check(context, model.address[i], model.bytes[i] + 1), -ENOENT);
            assert_int_equal(platform_memory_check(context, (uint8_t *)model.address[i] + model.bytes[i], 0), 0);
        } else if (model.address[i] != NULL) {
            device_free_ctx(*state, model.address[i]);
            assert_string_equal(fixture_error(*state), "");
            model.address[i] = NULL;
            model.sum -= model.bytes[i];
            model.live--;
        }
        if (step % 100 == 0) {
            expect_ledger(context, &model, base.bytes, base.buffers);
        }
    }
    assert_true(model.live > 0);
    assert_int_equal(platform_memory_check(context, (void *)1, 1), -ENOENT); /* below everything */
    for (uint32_t i = 0; i < BLOCKS; i++) {
        device_free_ctx(*state, model.address[i]);
    }
    model = (struct model){.sum = 0};
    expect_ledger(context, &model, base.bytes, base.buffers);
}

static void test_entries(void **state)
{
    struct host_context *context = *state;
    struct pto_ledger_entry entry;
    uint8_t *memory = device_malloc_ctx(*state, 64);
    assert_int_equal(platform_memory_find(context, memory, &entry), 0);
    assert_int_equal(entry.address, (uintptr_t)memory);
    assert_int_equal(entry.bytes, 64);
    assert_int_equal(entry.kind, PTO_MEMORY_CLIENT);
    assert_int_equal(entry.callable_id, -1);
    platform_memory_set_callable(context, memory, 7);
    platform_memory_set_callable(context, memory + 1, 8); /* no entry: nothing happens */
    assert_int_equal(platform_memory_find(context, memory, &entry), 0);
    assert_int_equal(entry.callable_id, 7);
    assert_int_equal(platform_memory_find(context, memory + 1, &entry), -ENOENT);
    platform_memory_free(context, memory + 1);
    assert_int_equal(platform_memory_find(context, memory, &entry), 0);
    device_free_ctx(*state, memory);
    device_free_ctx(*state, memory);
    onboard_expect_text(*state, "is not memory of device_malloc_ctx");
}

/* Two contexts of a device share its memory and not their ledgers (R14). */
static void test_not_the_others(void **state)
{
    void *other = onboard_context(0);
    uint32_t word = 3;
    void *memory = device_malloc_ctx(*state, 64);
    assert_int_equal(copy_to_device_ctx(other, memory, &word, 4), -1);
    device_free_ctx(other, memory);
    onboard_expect_text(other, "is not memory of device_malloc_ctx");
    assert_int_equal(copy_to_device_ctx(*state, memory, &word, 4), 0);
    struct pto_statistics mine = fixture_statistics(*state);
    struct pto_statistics theirs = fixture_statistics(other);
    assert_int_equal(mine.driver_in_use, mine.device_bytes + theirs.device_bytes);
    destroy_device_context(other);
    assert_int_equal(copy_to_device_ctx(*state, memory, &word, 4), 0);
}

/* An allocation that cannot be recorded is not made; a driver that gives nothing is out of memory. */
static void test_faults(void **state)
{
    void *blocks[BLOCKS] = {NULL};
    uint32_t failed = 0;
    const struct fault_rule rule = {.site = "onboard.ledger", .nth = 1, .error = ENOMEM};
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    struct pto_statistics before = fixture_statistics(*state);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        blocks[i] = device_malloc_ctx(*state, 16);
        if (blocks[i] == NULL) {
            struct pto_statistics now = fixture_statistics(*state);
            assert_int_equal(now.driver_in_use, before.driver_in_use + 16 * i);
            failed++;
        }
    }
    fault_plan_clear();
    assert_int_equal(failed, 1);
    onboard_plan("driver.rtMalloc", 1, 0);
    assert_null(device_malloc_ctx(*state, 16));
    fault_plan_clear();
    assert_non_null(device_malloc_ctx(*state, 16));
    onboard_expect_sound(*state);
    assert_int_equal(finalize_device(*state), 0); /* frees all of them */
    struct pto_statistics after = fixture_statistics(*state);
    assert_int_equal(after.device_bytes, 0);
    assert_int_equal(after.leftover_bytes, 16 * BLOCKS + before.device_bytes_by_kind[PTO_MEMORY_CHIP_BUFFER]);
}

/* An orchestration that does without the memory it asked for: the run succeeds, and has no error to tell. */
static int build_without(struct pto_graph_handle *rt, const struct pto_chip_args *args, void *argument)
{
    void *huge = pto_graph_device_malloc(rt, (size_t)1 << 50);
    return huge == NULL ? graph_golden(rt, args, argument) : -1;
}

static void test_run_without_memory(void **state)
{
    struct fixture_args args;
    assert_int_equal(graph_play(*state, build_without, NULL, &args), 0);
    assert_int_equal(args.output[0], GRAPH_WORD);
    assert_string_equal(fixture_error(*state), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_ledger),
        GRAPH_TEST(test_entries),
        GRAPH_TEST(test_not_the_others),
        GRAPH_TEST(test_faults),
        GRAPH_TEST(test_run_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
