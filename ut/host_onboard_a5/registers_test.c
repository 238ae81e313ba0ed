/* SPDX-License-Identifier: Apache-2.0 */
/* The register table of a5 (host.md 6): one mapping per core, two dies, and everything that may go wrong (R18). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/fault.h"
#include "host/context.h"
#include "host/platform/onboard.h"
#include "ut/host/host_fixture.h"

#define CORES 36u /* 18 on each die */
#define MIB (1ull << 20)

/* The host's part alone: no program runs. */
static int map_registers(struct host_context *context)
{
    assert_true(host_enter(context));
    assert_int_equal(platform_check_usable(context), 0);
    int result = onboard_registers_map(context);
    host_leave(context);
    return result;
}

static uint64_t base_of_core(uint32_t core)
{
    const struct res_map_info resource = {.res_type = RES_AICORE, .res_id = core};
    unsigned long address = 0;
    unsigned int length = 0x300000;
    assert_int_equal(halResMap(0, &resource, &address, &length), 0);
    assert_int_equal(length, 0x300000);
    return address;
}

/* Die by die 18 AICs, then their 36 AIVs at 1 and 2 MiB from their AIC. */
static void test_table(void **state)
{
    struct host_context *context = *state;
    assert_int_equal(map_registers(context), 0);
    const uint64_t *table = context->platform->register_table; /* a device address is one of the host */
    for (uint32_t core = 0; core < CORES; core++) {
        uint64_t base = base_of_core(core);
        uint32_t first = core / 18 * 54;
        assert_int_equal(table[first + core % 18], base);
        assert_int_equal(table[first + 18 + 2 * (core % 18)], base + MIB);
        assert_int_equal(table[first + 18 + 2 * (core % 18) + 1], base + 2 * MIB);
    }
    assert_int_equal(fixture_statistics(*state).device_bytes_by_kind[PTO_MEMORY_REGISTERS], 108 * 8);
    struct fault_site_count sites[8];
    assert_int_equal(fault_plan_install(NULL, 0), 0);
    assert_int_equal(map_registers(context), 0);
    assert_int_equal(fault_sites(sites, 8), 1); /* names the device, and maps nothing again */
    assert_ptr_equal(context->platform->register_table, table);
}

/* No code is tried again here, whichever core it is for, and nothing is left of the attempt. */
static void test_codes(void **state)
{
    static const int codes[] = {DRIVER_REGISTER_BUSY, DRIVER_INVALID_PARAMETER, 0};
    struct host_context *context = *state;
    uint64_t held = fixture_statistics(context).device_bytes;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        for (uint64_t nth = 1; nth <= CORES; nth += 35) {
            const struct fault_rule rule = {.site = "driver.halResMap", .nth = nth, .error = codes[i]};
            struct fault_site_count sites[8];
            assert_int_equal(fault_plan_install(&rule, 1), 0);
            assert_int_equal(map_registers(context), codes[i] != 0 ? codes[i] : -1);
            size_t count = fault_sites(sites, 8);
            for (size_t k = 0; k < count; k++) {
                if (strcmp(sites[k].site, "driver.halResMap") == 0) {
                    assert_int_equal(sites[k].calls, nth);
                }
            }
            fault_plan_clear();
            assert_non_null(strstr(fixture_error(context), "halResMap"));
            assert_null(context->platform->register_table);
            assert_int_equal(fixture_statistics(context).device_bytes, held);
        }
    }
    assert_int_equal(map_registers(context), 0);
}

/* R17: what the driver says when another client has poisoned the device meanwhile. */
static void test_mapping_on_a_poisoned_device(void **state)
{
    const struct fault_rule rule = {.site = "driver.halResMap", .nth = 7, .error = DRIVER_REGISTER_POISONED};
    struct host_context *context = *state;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(map_registers(context), DRIVER_POISONED);
    fault_plan_clear();
    assert_non_null(strstr(fixture_error(context), "halResMap returned 62"));
    assert_int_equal(npu_device_faulted(&context->platform->user, NULL), DRIVER_POISONED);
}

/* R17: the call knows no context: of a device that was reset meanwhile it says what is true for those who came after.
 */
static void test_device_reset_before_the_mapping(void **state)
{
    const struct fault_rule fault = {.site = "driver.rtMalloc", .nth = 1, .error = DRIVER_EXCEPTION};
    const struct fault_rule nothing = {.site = "driver.halResMap", .nth = 1, .error = 0};
    struct host_context *context = *state;
    void *other = create_device_context();
    assert_int_equal(fixture_init(other, 0), 0);
    assert_true(host_enter(context));
    assert_int_equal(platform_check_usable(context), 0);
    assert_int_equal(fault_plan_install(&fault, 1), 0);
    assert_null(device_malloc_ctx(other, 64));
    fault_plan_clear();
    assert_int_equal(finalize_device(other), 0);
    assert_int_equal(fixture_init(other, 0), 0);
    assert_int_equal(fault_plan_install(&nothing, 1), 0);
    int result = onboard_registers_map(context);
    fault_plan_clear();
    host_leave(context);
    assert_int_equal(result, DRIVER_POISONED);
    assert_null(context->platform->register_table);
    destroy_device_context(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_codes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mapping_on_a_poisoned_device, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_device_reset_before_the_mapping, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
