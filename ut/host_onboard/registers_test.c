/* SPDX-License-Identifier: Apache-2.0 */
/* The register table of a2a3 (host.md 6): one mapping of all cores, its race, and everything that may go wrong (R18).
 */
#include "ut/host_onboard/onboard_fixture.h"

#include <string.h>

#include "base/fault.h"

#define CORES 25u
#define MIB (1ull << 20)

static uint64_t base_of_registers(void)
{
    struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_CTRL, .devid = 0};
    struct AddrMapOutPara out = {0};
    size_t bytes = sizeof(out);
    assert_int_equal(halMemCtl(0, &in, sizeof(in), &out, &bytes), 0);
    return out.ptr;
}

/* Base + core * 8 MiB + sub-core * 1 MiB; all AICs, then all AIVs, of 25 cores. */
static void test_table(void **state)
{
    onboard_expect_sound(*state);
    const uint64_t *table = onboard_platform(*state)->register_table; /* a device address is one of the host */
    uint64_t base = base_of_registers();
    for (uint32_t core = 0; core < CORES; core++) {
        assert_int_equal(table[core], base + core * 8 * MIB);
        assert_int_equal(table[CORES + 2 * core], base + core * 8 * MIB + MIB);
        assert_int_equal(table[CORES + 2 * core + 1], base + core * 8 * MIB + 2 * MIB);
    }
    assert_int_equal(fixture_statistics(*state).device_bytes_by_kind[PTO_MEMORY_REGISTERS], 3 * CORES * 8);
    uint32_t mappings = driver_spy.mappings;
    onboard_expect_sound(*state);
    assert_int_equal(driver_spy.mappings, mappings); /* mapped once */
    assert_ptr_equal(onboard_platform(*state)->register_table, table);
}

/* ---- the race ---- */

static int play_busy(void *ctx, uint64_t nth, bool sticky, int32_t code)
{
    struct fault_rule rule = {.site = "driver.halMemCtl", .nth = nth, .sticky = sticky, .error = code};
    struct fixture_args args;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    driver_spy.mappings = 0;
    int result = onboard_play(ctx, &args);
    fault_plan_clear();
    assert_int_equal(args.output[0], result == 0 ? GRAPH_WORD : 5);
    return result;
}

/* 13 is tried again three times; any other code is an error at once, and so is success without an address. */
static void test_codes(void **state)
{
    static const int others[] = {1, 12, 14, DRIVER_INVALID_PARAMETER, DRIVER_NOT_SUPPORTED};
    assert_int_equal(play_busy(*state, 1, true, DRIVER_REGISTER_BUSY), DRIVER_REGISTER_BUSY);
    assert_int_equal(driver_spy.mappings, 4);
    onboard_expect_text(*state, "halMemCtl returned 13");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        int expected = others[i] == 12 ? (int)DRIVER_OUT_OF_MEMORY : others[i]; /* ENOMEM of a plan */
        assert_int_equal(play_busy(*state, 1, true, others[i]), expected);
        assert_int_equal(driver_spy.mappings, 1);
    }
    assert_int_equal(play_busy(*state, 1, false, 0), -1);
    onboard_expect_text(*state, "halMemCtl gave no register base");
    assert_null(onboard_platform(*state)->register_table);
    onboard_expect_sound(*state);
}

/* R17: the driver has a code of its own for a mapping on a device that another client has poisoned meanwhile. */
static void test_mapping_on_a_poisoned_device(void **state)
{
    assert_int_equal(play_busy(*state, 1, true, DRIVER_REGISTER_POISONED), DRIVER_POISONED);
    assert_int_equal(driver_spy.mappings, 1);
    onboard_expect_text(*state, "halMemCtl returned 62");
    onboard_expect_poisoned(*state, "halMemCtl returned 62");
    onboard_again(*state);
    onboard_expect_sound(*state);
}

struct inside {
    void *ctx;
    int32_t code;
    bool sticky;
    int result;
};

static void play_inside(void *argument)
{
    struct inside *inside = argument;
    inside->result = play_busy(inside->ctx, 1, inside->sticky, inside->code);
}

/* Inside a processor the pauses are exec time, and the device is named again after each. */
static void test_pauses_are_exec_time(void **state)
{
    struct inside inside = {.ctx = *state, .code = DRIVER_REGISTER_BUSY, .sticky = true};
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "caller", &group), 0);
    assert_int_equal(exec_spawn(group, "caller", 256 * 1024, play_inside, &inside), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    assert_int_equal(inside.result, DRIVER_REGISTER_BUSY);
    assert_int_equal(driver_spy.mappings, 4);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(driver_spy.mapping_times_ns[i] - driver_spy.mapping_times_ns[i - 1], 50000000);
    }
    onboard_expect_sound(*state);
}

/* A device that cannot be named again between two tries: that code is the run's. */
static void test_device_lost_between_tries(void **state)
{
    static const struct fault_rule rules[] = {
        {.site = "driver.halMemCtl", .nth = 1, .error = DRIVER_REGISTER_BUSY},
        {.site = "driver.rtSetDevice", .nth = 2, .error = DRIVER_NOT_SUPPORTED}, /* after that of run_prepared */
    };
    struct fixture_args args;
    onboard_expect_sound(*state); /* the program is on the device now */
    onboard_again(*state);
    assert_int_equal(fault_plan_install(rules, 2), 0);
    int result = onboard_play(*state, &args);
    fault_plan_clear();
    assert_int_equal(result, DRIVER_NOT_SUPPORTED);
    onboard_expect_text(*state, "rtSetDevice returned 207000");
    onboard_expect_sound(*state);
}

/* ---- the table's way to the device ---- */

static void test_table_faults(void **state)
{
    struct fixture_args args;
    onboard_expect_sound(*state); /* bootstrapped */
    static const struct {
        const char *site;
        int result;
    } cases[] = {{"driver.rtMalloc", -1}, {"driver.rtMemcpy", DRIVER_INVALID_PARAMETER}};
    for (size_t i = 0; i < 2; i++) {
        onboard_again(*state);
        uint64_t held = fixture_statistics(*state).device_bytes;
        onboard_plan(cases[i].site, 1, DRIVER_INVALID_PARAMETER);
        assert_int_equal(onboard_play(*state, &args), cases[i].result);
        fault_plan_clear();
        onboard_expect_text(*state, "register addresses");
        assert_int_equal(fixture_statistics(*state).device_bytes, held);
        assert_null(onboard_platform(*state)->register_table);
        onboard_expect_sound(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRAPH_TEST(test_table),
        GRAPH_TEST(test_codes),
        GRAPH_TEST(test_mapping_on_a_poisoned_device),
        GRAPH_TEST(test_pauses_are_exec_time),
        GRAPH_TEST(test_device_lost_between_tries),
        GRAPH_TEST(test_table_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
