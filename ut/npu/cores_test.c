/* SPDX-License-Identifier: Apache-2.0 */
/* Register blocks, who a core is, and the bell that a COND write rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "abi/handshake.h"
#include "base/fault.h"
#include "npu/arch_a2a3.h"
#include "npu/cores.h"

static void test_arch_table_equals_the_constants(void **state)
{
    (void)state;
    assert_string_equal(npu_arch_a2a3.name, "a2a3");
    assert_int_equal(npu_arch_a2a3.max_blocks, 24);
    assert_int_equal(npu_arch_a2a3.max_aicpu_threads, 4);
    assert_int_equal(npu_arch_a2a3.launched_aicpu_threads, 6);
    assert_int_equal(npu_arch_a2a3.data_main_base_offset, 0xA0);
    assert_int_equal(npu_arch_a2a3.cond_offset, 0x4C8);
    assert_int_equal(npu_arch_a2a3.fast_path_offset, 0x18);
    assert_true(npu_arch_a2a3.max_blocks * NPU_CORES_PER_BLOCK <= npu_arch_a2a3.max_physical_cores);
    assert_true(npu_arch_a2a3.register_bytes <= NPU_REGISTER_BYTES_MAX);
}

static void test_grows_and_keeps(void **state)
{
    (void)state;
    struct npu_owner *owner = NULL;
    assert_int_equal(npu_owner_attach(0, &owner), 0);
    struct npu_cores cores = {0};
    assert_int_equal(npu_cores_ensure(&cores, owner, 3), 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(cores.table[i], (uintptr_t)&cores.blocks[i]);
    }
    const struct npu_cores before = cores;
    assert_int_equal(npu_cores_ensure(&cores, owner, 3), 0);
    assert_int_equal(npu_cores_ensure(&cores, owner, 1), 0);
    assert_ptr_equal(cores.blocks, before.blocks);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        struct fault_rule rule = {.site = "hbm.alloc.registers", .nth = nth, .error = ENOMEM};
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        assert_int_equal(npu_cores_ensure(&cores, owner, 72), -ENOMEM);
        fault_plan_clear();
        assert_ptr_equal(cores.blocks, before.blocks);
        assert_int_equal(cores.count, 3);
        assert_int_equal(npu_hbm_ledger(owner, NULL, 0), 2);
    }
    assert_int_equal(npu_cores_ensure(&cores, owner, 72), 0);
    assert_int_equal(cores.count, 72);
    npu_cores_release(&cores, owner);
    npu_cores_release(&cores, owner);
    uint64_t bytes = 1;
    npu_owner_detach(owner, &bytes, NULL);
    assert_int_equal(bytes, 0);
}

static void test_reset_forgets_the_last_run(void **state)
{
    (void)state;
    struct npu_owner *owner = NULL;
    _Atomic uint32_t bell = 0;
    assert_int_equal(npu_owner_attach(0, &owner), 0);
    struct npu_cores cores = {0};
    assert_int_equal(npu_cores_ensure(&cores, owner, 2), 0);
    struct npu_register_block *block = &cores.blocks[1];
    npu_bell_set(block, &bell);
    npu_register_write(block, NPU_DATA_MAIN_BASE_OFFSET, 7);
    npu_register_write(block, NPU_FAST_PATH_OFFSET, NPU_FAST_PATH_OPEN);
    npu_cond_write(block, NPU_COND_OFFSET, PTO_COND_IDLE);
    assert_int_equal(bell, 1);
    npu_cores_reset(&cores, &npu_arch_a2a3, 2);
    assert_int_equal(npu_register_read(block, NPU_DATA_MAIN_BASE_OFFSET), 0);
    assert_int_equal(npu_register_read(block, NPU_COND_OFFSET), 0);
    assert_int_equal(npu_register_read(block, NPU_FAST_PATH_OFFSET), 0);
    npu_cond_write(block, NPU_COND_OFFSET, 1);
    assert_int_equal(bell, 1); /* nobody listens any more */
    npu_cores_release(&cores, owner);
    npu_owner_detach(owner, NULL, NULL);
}

static void test_identity(void **state)
{
    (void)state;
    struct npu_register_block blocks[9];
    const struct npu_cores cores = {.blocks = blocks, .count = 9};
    static const struct {
        int32_t core_type;
        uint32_t cluster;
        uint32_t sub_block;
    } expected[9] = {
        {PTO_CORE_AIC, 0, 0}, {PTO_CORE_AIC, 1, 0}, {PTO_CORE_AIC, 2, 0}, {PTO_CORE_AIV, 0, 0}, {PTO_CORE_AIV, 0, 1},
        {PTO_CORE_AIV, 1, 0}, {PTO_CORE_AIV, 1, 1}, {PTO_CORE_AIV, 2, 0}, {PTO_CORE_AIV, 2, 1},
    };
    for (uint32_t worker = 0; worker < 9; worker++) {
        struct pto_aicore_identity identity;
        npu_cores_identity(&cores, 3, worker, &identity);
        assert_int_equal(identity.worker, worker);
        assert_int_equal(identity.physical_core_id, worker);
        assert_int_equal(identity.core_type, expected[worker].core_type);
        assert_int_equal(identity.cluster, expected[worker].cluster);
        assert_int_equal(identity.sub_block, expected[worker].sub_block);
        assert_int_equal(identity.registers, (uintptr_t)&blocks[worker]);
    }
}

/* One core and the scheduler that owns it, both as processors. */
struct dialogue {
    struct npu_register_block block;
    _Atomic uint32_t bell;
    uint32_t answers;
};

static void dialogue_core(void *argument)
{
    struct dialogue *dialogue = argument;
    uint32_t seen = 0;
    while (exec_wait(&dialogue->block.words[NPU_DATA_MAIN_BASE_OFFSET / 4], seen, EXEC_NEVER) == 0) {
        seen = npu_register_read(&dialogue->block, NPU_DATA_MAIN_BASE_OFFSET);
        if (seen == PTO_REG_EXIT_SIGNAL) {
            return;
        }
        npu_cond_write(&dialogue->block, NPU_COND_OFFSET, pto_cond_encode(seen, PTO_COND_FIN));
    }
}

static void dialogue_scheduler(void *argument)
{
    struct dialogue *dialogue = argument;
    for (uint32_t id = 1; id <= 100; id++) {
        /* Relaxed: what matters is the value before the doorbell; exec_wait acquires. */
        uint32_t seen = atomic_load_explicit(&dialogue->bell, memory_order_relaxed);
        npu_register_write(&dialogue->block, NPU_DATA_MAIN_BASE_OFFSET, id);
        if (exec_wait(&dialogue->bell, seen, EXEC_NEVER) != 0) {
            return;
        }
        dialogue->answers += npu_register_read(&dialogue->block, NPU_COND_OFFSET) == pto_cond_encode(id, PTO_COND_FIN);
    }
    npu_register_write(&dialogue->block, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_EXIT_SIGNAL);
}

static void test_bell_wakes_the_owner(void **state)
{
    (void)state;
    const enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};
    for (size_t i = 0; i < 2; i++) {
        static struct dialogue dialogue;
        struct exec_engine *engine = NULL;
        struct exec_group *group = NULL;
        struct exec_outcome outcome;
        dialogue = (struct dialogue){0};
        npu_bell_set(&dialogue.block, &dialogue.bell);
        const struct exec_options options = {.kind = kinds[i]};
        assert_int_equal(exec_engine_create(&options, &engine), 0);
        assert_int_equal(exec_group_create(engine, "dialogue", &group), 0);
        assert_int_equal(exec_spawn(group, "core", 64 * 1024, dialogue_core, &dialogue), 0);
        assert_int_equal(exec_spawn(group, "scheduler", 64 * 1024, dialogue_scheduler, &dialogue), 0);
        assert_int_equal(exec_group_run(group, &outcome), 0);
        assert_int_equal(dialogue.answers, 100);
        exec_group_destroy(group);
        exec_engine_destroy(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arch_table_equals_the_constants),
        cmocka_unit_test(test_grows_and_keeps),
        cmocka_unit_test(test_reset_forgets_the_last_run),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_bell_wakes_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
