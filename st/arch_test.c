/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch_test: the differences between a2a3 and a5 as a run shows them: how many blocks and threads it may have, the
 * launch arguments it leaves in device memory, and which registers of the cores it touched (R1, R5, R22).
 */
#include <string.h>

#include "abi/kernel_args.h"
#include "npu/registers.h"
#include "st/runtime_fixture.h"

static int run_with(const struct runtime_fixture *fixture, int blocks, int threads)
{
    struct fixture_run run;
    fixture_run_make(&run, 5);
    int result = runtime_client_run(&fixture->client, fixture->context, 0, &run.args, blocks, threads);
    if (result != 0) {
        assert_true(fixture_run_untouched(&run));
    } else {
        assert_int_equal(run.out[3], callable_golden(CALLABLE_TWO_STEPS, run.in[3], 5));
    }
    return result;
}

static void test_limits(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const bool a5 = fixture_is(fixture, "a5/*/*");
    const int blocks = a5 ? 36 : 24;
    const int threads = a5 ? 7 : 4;
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(run_with(fixture, blocks, threads), 0);
    assert_int_equal(run_with(fixture, 0, threads), 0);
    assert_int_equal(run_with(fixture, blocks + 1, threads), -1);
    expect_error_text(fixture, a5 ? "37" : "25");
    assert_int_equal(run_with(fixture, blocks, threads + 1), -1);
    expect_error_text(fixture, a5 ? "8" : "5");
    assert_int_equal(run_with(fixture, blocks, 1), 0);
}

static uint64_t word_at(uint64_t address, size_t offset)
{
    uint64_t word;
    memcpy(&word, (const uint8_t *)(uintptr_t)address + offset, sizeof(word)); /* simulated memory is the host's */
    return word;
}

/* The only allocation of the kind with this size; 0: there is none, or another one. */
static uint64_t find_allocation(const struct runtime_fixture *fixture, int32_t kind, uint64_t bytes)
{
    struct pto_ledger_entry entries[64];
    uint64_t address = 0;
    int64_t count = fixture->client.debug->get_ledger(fixture->context, entries, 64);
    assert_in_range(count, 1, 64);
    for (int64_t i = 0; i < count; i++) {
        if (entries[i].kind == kind && entries[i].bytes == bytes) {
            assert_int_equal(address, 0);
            address = entries[i].address;
        }
    }
    return address;
}

static void test_kernel_arguments(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const bool a5 = fixture_is(fixture, "a5/*/*");
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(run_with(fixture, 2, 3), 0);
    uint64_t arguments = find_allocation(fixture, PTO_MEMORY_RUNTIME, a5 ? 128 : 144);
    uint64_t table = find_allocation(fixture, PTO_MEMORY_REGISTERS, 6 * sizeof(uint64_t));
    uint64_t blocks = find_allocation(fixture, PTO_MEMORY_REGISTERS, 6 * sizeof(struct npu_register_block));
    uint64_t wall = find_allocation(fixture, PTO_MEMORY_RUNTIME, sizeof(uint64_t));
    assert_true(arguments != 0 && table != 0 && blocks != 0 && wall != 0);
    assert_int_equal(word_at(arguments, 56), table);
    assert_int_equal(word_at(arguments, a5 ? 120 : 136), wall);
    assert_int_not_equal(word_at(wall, 0), 0);
    assert_int_equal((uint32_t)word_at(arguments, a5 ? 104 : 120), PTO_KERNEL_ARGS_DEFAULT_LOG_LEVEL);
    assert_int_equal(word_at(arguments, a5 ? 104 : 120) >> 32, PTO_KERNEL_ARGS_DEFAULT_LOG_INFO_V);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(word_at(table, i * sizeof(uint64_t)), blocks + i * sizeof(struct npu_register_block));
    }
}

/* a2a3 opens and closes the fast path; a5 has none, and where a2a3 has it a5 has other registers. */
static void test_registers_that_a_run_touches(void **state)
{
    const struct runtime_fixture *fixture = *state;
    const bool a5 = fixture_is(fixture, "a5/*/*");
    const uint32_t main_base = a5 ? 0xD0 : 0xA0;
    const uint32_t cond = a5 ? 0x5108 - 0x2000 : 0x4C8; /* on the third page */
    expect_prepare(fixture, 0, CALLABLE_TWO_STEPS);
    assert_int_equal(run_with(fixture, 2, 3), 0);
    uint64_t blocks = find_allocation(fixture, PTO_MEMORY_REGISTERS, 6 * sizeof(struct npu_register_block));
    assert_int_not_equal(blocks, 0);
    const struct npu_register_block *cores = (const struct npu_register_block *)(uintptr_t)blocks;
    for (size_t core = 0; core < 6; core++) {
        for (uint32_t slot = 0; slot < NPU_REGISTER_BYTES_MAX; slot += 4) {
            uint32_t value = cores[core].words[slot / 4];
            if (slot == cond) {
                assert_int_not_equal(value, 0);
            } else if (slot == 0x18 && !a5) {
                assert_int_equal(value, NPU_FAST_PATH_CLOSE);
            } else if (slot != main_base) {
                assert_int_equal(value, 0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {FIXTURE_TEST(test_limits)};
    /* Onboard the driver maps the registers, and its memory is not a context's. */
    const struct CMUnitTest on_sim[] = {
        FIXTURE_TEST(test_kernel_arguments),
        FIXTURE_TEST(test_registers_that_a_run_touches),
    };
    int failed = FIXTURE_RUN("limits of the architecture", "*/*/*", FIXTURE_EVERY, everywhere);
    return FIXTURE_RUN("what a launch leaves", "*/*/sim", FIXTURE_EVERY, on_sim) | failed;
}
