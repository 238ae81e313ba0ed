/* SPDX-License-Identifier: Apache-2.0 */
/* Every number in which a2a3 and a5 differ, as the specification has it, in the table and in what programs see (R1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "npu/cores.h"
#include "ut/npu/arch_constants.h"

#define OFFSETS_END 0x8000u

static const struct arch_constants *const both[] = {&arch_constants_a2a3, &arch_constants_a5};
#define EACH(arch) (size_t arch = 0; arch < 2; arch++)

static void test_a2a3(void **state)
{
    (void)state;
    const struct npu_arch *arch = &npu_arch_a2a3;
    assert_string_equal(arch->name, "a2a3");
    assert_string_equal(arch->chip, "DAV_2201");
    assert_int_equal(arch->max_blocks, 24);
    assert_int_equal(arch->max_aicpu_threads, 4);
    assert_int_equal(arch->launched_aicpu_threads, 6);
    assert_int_equal(arch->max_physical_cores, 25 * 3);
    assert_int_equal(arch->dies, 1);
    assert_int_equal(arch->counter_hz, 50000000);
    assert_int_equal(arch->data_main_base_offset, 0xA0);
    assert_int_equal(arch->cond_offset, 0x4C8);
    assert_int_equal(arch->control_offset, 0);
    assert_int_equal(arch->fast_path_offset, 0x18);
    assert_int_equal(arch->register_ids, 27);
    assert_int_equal(arch->register_bytes, 0x1400);
    assert_int_equal(arch->kernel_args_bytes, 144);
    assert_true(arch->has_dep_gen && arch->has_ffts && arch->uses_acl && arch->has_sdma);
    assert_false(arch->mapping.per_core);
    assert_int_equal(arch->mapping.core_stride, 8 << 20);
    assert_int_equal(arch->mapping.sub_stride, 1 << 20);
    assert_int_equal(arch->mapping.core_bytes, 0);
}

static void test_a5(void **state)
{
    (void)state;
    const struct npu_arch *arch = &npu_arch_a5;
    assert_string_equal(arch->name, "a5");
    assert_string_equal(arch->chip, "DAV_3510");
    assert_int_equal(arch->max_blocks, 36);
    assert_int_equal(arch->max_aicpu_threads, 7);
    assert_int_equal(arch->launched_aicpu_threads, 7);
    assert_int_equal(arch->max_physical_cores, 2 * 18 * 3);
    assert_int_equal(arch->dies, 2);
    assert_int_equal(arch->counter_hz, 1000000000);
    assert_int_equal(arch->data_main_base_offset, 0xD0);
    assert_int_equal(arch->cond_offset, 0x5108);
    assert_int_equal(arch->control_offset, 0);
    assert_int_equal(arch->fast_path_offset, 0);
    assert_int_equal(arch->register_ids, 31);
    assert_int_equal(arch->register_bytes, 0x4000);
    assert_int_equal(arch->kernel_args_bytes, 128);
    assert_false(arch->has_dep_gen || arch->has_ffts || arch->uses_acl || arch->has_sdma);
    assert_true(arch->mapping.per_core);
    assert_int_equal(arch->mapping.sub_stride, 1 << 20);
    assert_int_equal(arch->mapping.core_bytes, 0x300000);
}

static void expect_pmu(const struct npu_pmu_map *map, const uint32_t *expected, size_t count)
{
    uint32_t found[10 + NPU_MAX_PMU_COUNTERS] = {map->counters, map->control,  map->second_control, map->total[0],
                                                 map->total[1], map->start[0], map->start[1],       map->stop[0],
                                                 map->stop[1],  map->selector};
    memcpy(&found[10], map->counter, sizeof(map->counter));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i], expected[i]);
    }
}

static void test_performance_counters(void **state)
{
    (void)state;
    static const uint32_t a2a3[] = {8,      0x200, 0,     0x250, 0x254, 0x2A0, 0x2A4, 0x2A8, 0x2AC,
                                    0x1280, 0x210, 0x218, 0x220, 0x228, 0x230, 0x238, 0x240, 0x248};
    static const uint32_t a5[] = {10,     0x4200, 0x2400, 0x4260, 0x4264, 0x42A0, 0x42A4, 0x42A8, 0x42AC, 0x2500,
                                  0x4210, 0x4218, 0x4220, 0x4228, 0x4230, 0x4238, 0x4240, 0x4248, 0x4250, 0x4254};
    expect_pmu(&npu_arch_a2a3.pmu, a2a3, sizeof(a2a3) / sizeof(a2a3[0]));
    expect_pmu(&npu_arch_a5.pmu, a5, sizeof(a5) / sizeof(a5[0]));
}

/* Notes that the architecture has a register at `offset`: on a page, aligned, and nobody else's. */
static void take(const struct npu_arch *arch, uint8_t *taken, uint32_t offset, uint32_t *count)
{
    uint32_t slot = npu_arch_register_slot(arch, offset);
    assert_int_not_equal(slot, NPU_NO_SLOT);
    assert_int_equal(offset % 4, 0);
    assert_int_equal(taken[slot], 0);
    taken[slot] = 1;
    ++*count;
}

/* The register ids of the specification count exactly the registers that the table names. */
static void test_registers_are_apart_and_counted(void **state)
{
    (void)state;
    for
        EACH(i)
        {
            const struct npu_arch *arch = both[i]->table;
            const struct npu_pmu_map *pmu = &arch->pmu;
            uint8_t *taken = calloc(NPU_REGISTER_BYTES_MAX, 1);
            uint32_t count = 0;
            assert_non_null(taken);
            take(arch, taken, arch->data_main_base_offset, &count);
            take(arch, taken, arch->cond_offset, &count);
            take(arch, taken, arch->control_offset, &count);
            take(arch, taken, pmu->control, &count);
            if (arch->fast_path_offset != 0) {
                take(arch, taken, arch->fast_path_offset, &count);
            }
            if (pmu->second_control != 0) {
                take(arch, taken, pmu->second_control, &count);
            }
            for (uint32_t k = 0; k < pmu->counters; k++) {
                take(arch, taken, pmu->counter[k], &count);
                take(arch, taken, pmu->selector + 4 * k, &count);
            }
            for (size_t k = 0; k < 2; k++) {
                take(arch, taken, pmu->total[k], &count);
                take(arch, taken, pmu->start[k], &count);
                take(arch, taken, pmu->stop[k], &count);
            }
            assert_int_equal(count, arch->register_ids);
            free(taken);
        }
}

static bool on_a_page(const struct npu_arch *arch, uint32_t offset)
{
    static const uint32_t pages_a2a3[][2] = {{0, 0x13FF}};
    static const uint32_t pages_a5[][2] = {{0, 0xFFF}, {0x2400, 0x43FF}, {0x5000, 0x5FFF}};
    const uint32_t(*pages)[2] = arch == &npu_arch_a5 ? pages_a5 : pages_a2a3;
    for (size_t i = 0; i < (arch == &npu_arch_a5 ? 3u : 1u); i++) {
        if (offset >= pages[i][0] && offset <= pages[i][1]) {
            return true;
        }
    }
    return false;
}

/* Every byte of the pages has one slot, the same in programs and in the table; between the pages is nothing. */
static void test_pages(void **state)
{
    (void)state;
    for
        EACH(i)
        {
            const struct npu_arch *arch = both[i]->table;
            uint32_t next = 0; /* pages lie one after the other, so slots come in order */
            for (uint32_t offset = 0; offset < OFFSETS_END; offset++) {
                uint32_t slot = npu_arch_register_slot(arch, offset);
                assert_int_equal(slot != NPU_NO_SLOT, on_a_page(arch, offset));
                if (slot != NPU_NO_SLOT) {
                    assert_int_equal(slot, next++);
                    assert_int_equal(slot, both[i]->slot(offset));
                }
            }
            assert_int_equal(next, arch->register_bytes);
            assert_true(next <= NPU_REGISTER_BYTES_MAX);
            assert_int_equal(npu_arch_register_slot(arch, UINT32_MAX), NPU_NO_SLOT);
        }
}

static void test_programs_see_the_table(void **state)
{
    (void)state;
    for
        EACH(i)
        {
            const struct arch_constants *seen = both[i];
            const struct npu_arch *arch = seen->table;
            assert_ptr_equal(npu_arch_find(seen->name), arch);
            assert_string_equal(arch->name, seen->name);
            assert_int_equal(arch->max_blocks, seen->max_blocks);
            assert_int_equal(arch->max_blocks * 3, seen->max_workers);
            assert_int_equal(arch->max_aicpu_threads, seen->max_aicpu_threads);
            assert_int_equal(arch->launched_aicpu_threads, seen->launched_aicpu_threads);
            assert_int_equal(arch->max_physical_cores, seen->max_physical_cores);
            assert_int_equal(arch->data_main_base_offset, seen->data_main_base_offset);
            assert_int_equal(arch->cond_offset, seen->cond_offset);
            assert_int_equal(arch->fast_path_offset, seen->fast_path_offset);
            assert_int_equal(arch->register_bytes, seen->register_bytes);
            assert_int_equal(arch->uses_acl, seen->uses_acl);
            assert_int_equal(arch->has_sdma, seen->has_sdma);
            assert_int_equal(arch->kernel_args_bytes, seen->kernel_args_bytes);
            assert_int_equal(seen->kernel_args_regs, 56);
            assert_true(seen->max_workers <= seen->max_physical_cores);
            assert_int_equal(arch->max_blocks % arch->dies, 0);
        }
    assert_int_equal(arch_constants_a2a3.kernel_args_dump, 72);
    assert_int_equal(arch_constants_a2a3.kernel_args_log_level, 120);
    assert_int_equal(arch_constants_a2a3.kernel_args_device_wall, 136);
    assert_int_equal(arch_constants_a5.kernel_args_dump, 64);
    assert_int_equal(arch_constants_a5.kernel_args_log_level, 104);
    assert_int_equal(arch_constants_a5.kernel_args_device_wall, 120);
}

static void test_unknown_names(void **state)
{
    (void)state;
    static const char *const names[] = {"", "a2", "a2a3 ", "A5", "a5\n", "a50", "../a5", "a2a3/trb/sim"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_null(npu_arch_find(names[i]));
    }
}

/* A reset takes back what a run left in the run's registers, and on a5 leaves CTRL, which lies at 0, alone. */
static void test_reset_by_the_architecture(void **state)
{
    (void)state;
    for
        EACH(i)
        {
            const struct arch_constants *seen = both[i];
            struct npu_owner *owner = NULL;
            struct npu_cores cores = {0};
            assert_int_equal(npu_owner_attach(0, &owner), 0);
            assert_int_equal(npu_cores_ensure(&cores, owner, seen->max_workers), 0);
            for (uint32_t core = 0; core < seen->max_workers; core++) {
                seen->write(&cores.blocks[core], seen->data_main_base_offset, 11);
                seen->cond(&cores.blocks[core], seen->cond_offset, 12);
                seen->write(&cores.blocks[core], seen->table->control_offset, 13);
            }
            npu_cores_reset(&cores, seen->table, seen->max_workers);
            for (uint32_t core = 0; core < seen->max_workers; core++) {
                assert_int_equal(seen->read(&cores.blocks[core], seen->data_main_base_offset), 0);
                assert_int_equal(seen->read(&cores.blocks[core], seen->cond_offset), 0);
                assert_int_equal(seen->read(&cores.blocks[core], seen->table->control_offset), 13);
            }
            npu_cores_release(&cores, owner);
            npu_owner_detach(owner, NULL, NULL);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a2a3),
        cmocka_unit_test(test_a5),
        cmocka_unit_test(test_performance_counters),
        cmocka_unit_test(test_registers_are_apart_and_counted),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_programs_see_the_table),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_reset_by_the_architecture),
    };
    return cmocka_run_group_tests_name("arch", tests, NULL, NULL) != 0;
}
