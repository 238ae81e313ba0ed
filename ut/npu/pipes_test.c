/* SPDX-License-Identifier: Apache-2.0 */
/* Identity and shared storage of kernels: per context, cluster and key; following the processor, not the OS thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/fault.h"
#include "exec/exec.h"
#include "npu/pipes.h"

#define CORES 4u

struct pipe_core {
    struct npu_core_local local;
    uint32_t sub_block_seen[2];
    uint8_t *storage[3]; /* key 7, key 8, key 7 again */
    void *empty;
    bool zeroed;
};

static void pipe_core_entry(void *argument)
{
    struct pipe_core *core = argument;
    exec_set_local(&core->local);
    core->sub_block_seen[0] = npu_sub_block_id();
    core->storage[0] = npu_pipe_shared_state(7, 100);
    core->zeroed = core->storage[0][99] == 0;
    exec_pause(); /* the others run on the same OS thread meanwhile */
    core->storage[1] = npu_pipe_shared_state(8, 10);
    core->storage[2] = npu_pipe_shared_state(7, 5000); /* the first size wins */
    core->empty = npu_pipe_shared_state(9, 0);
    core->sub_block_seen[1] = npu_sub_block_id();
}

static void run_cores(struct pipe_core *cores, struct npu_pipes *pipes, enum exec_kind kind)
{
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    const struct exec_options options = {.kind = kind};
    assert_int_equal(exec_engine_create(&options, &engine), 0);
    assert_int_equal(exec_group_create(engine, "cores", &group), 0);
    for (uint32_t i = 0; i < CORES; i++) {
        cores[i] = (struct pipe_core){.local = {.pipes = pipes, .cluster = i / 2, .sub_block = i % 2}};
        assert_int_equal(exec_spawn(group, "core", 64 * 1024, pipe_core_entry, &cores[i]), 0);
    }
    assert_int_equal(exec_group_run(group, &outcome), 0);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
}

static void test_storage_is_per_cluster_and_key(void **state)
{
    (void)state;
    const enum exec_kind kinds[] = {EXEC_FIBERS, EXEC_THREADS};
    struct npu_pipes *pipes = NULL;
    struct npu_pipes *others = NULL;
    assert_int_equal(npu_pipes_create(&pipes), 0);
    assert_int_equal(npu_pipes_create(&others), 0);
    for (size_t k = 0; k < 2; k++) {
        struct pipe_core cores[CORES];
        struct pipe_core strangers[CORES];
        run_cores(cores, pipes, kinds[k]);
        run_cores(strangers, others, kinds[k]);
        for (uint32_t i = 0; i < CORES; i++) {
            assert_int_equal(cores[i].sub_block_seen[0], i % 2);
            assert_int_equal(cores[i].sub_block_seen[1], i % 2);
            assert_non_null(cores[i].storage[0]);
            assert_ptr_equal(cores[i].storage[0], cores[i].storage[2]);
            assert_ptr_not_equal(cores[i].storage[0], cores[i].storage[1]);
            assert_null(cores[i].empty);
            assert_ptr_equal(cores[i].storage[0], cores[i ^ 1].storage[0]); /* the same cluster */
            assert_ptr_not_equal(cores[i].storage[0], cores[i ^ 2].storage[0]);
            assert_ptr_not_equal(cores[i].storage[0], strangers[i].storage[0]);
        }
        npu_pipes_clear(pipes);
        npu_pipes_clear(others);
    }
    npu_pipes_destroy(pipes);
    npu_pipes_destroy(others);
}

static void test_each_run_starts_with_zeros(void **state)
{
    (void)state;
    struct npu_pipes *pipes = NULL;
    struct pipe_core cores[CORES];
    assert_int_equal(npu_pipes_create(&pipes), 0);
    for (int run = 0; run < 3; run++) {
        npu_pipes_clear(pipes);
        run_cores(cores, pipes, EXEC_FIBERS);
        for (uint32_t i = 0; i < CORES; i++) {
            assert_true(cores[i].zeroed);
        }
        cores[0].storage[0][99] = 1; /* for the next run to find, if it were kept */
    }
    npu_pipes_destroy(pipes);
}

static void test_outside_a_core(void **state)
{
    (void)state;
    assert_int_equal(npu_sub_block_id(), 0);
    assert_null(npu_pipe_shared_state(1, 1));
    npu_pipes_destroy(NULL);
}

struct pipe_fault {
    struct npu_core_local local;
    void *refused;
    void *served;
    void *huge;
};

static void pipe_fault_entry(void *argument)
{
    struct pipe_fault *fault = argument;
    struct fault_rule rule = {.site = "npu.pipe_storage", .nth = 1, .error = ENOMEM};
    exec_set_local(&fault->local);
    if (fault_plan_install(&rule, 1) == 0) {
        fault->refused = npu_pipe_shared_state(1, 64);
    }
    fault_plan_clear();
    fault->served = npu_pipe_shared_state(1, 64);
    fault->huge = npu_pipe_shared_state(2, SIZE_MAX);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct npu_pipes *pipes = NULL;
    struct fault_rule rule = {.site = "npu.pipes", .nth = 1, .error = ENOMEM};
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(npu_pipes_create(&pipes), -ENOMEM);
    fault_plan_clear();
    assert_int_equal(npu_pipes_create(&pipes), 0);
    struct pipe_fault fault = {.local = {.pipes = pipes}, .refused = &fault};
    struct exec_engine *engine = NULL;
    struct exec_group *group = NULL;
    struct exec_outcome outcome;
    assert_int_equal(exec_engine_create(NULL, &engine), 0);
    assert_int_equal(exec_group_create(engine, "core", &group), 0);
    assert_int_equal(exec_spawn(group, "core", 64 * 1024, pipe_fault_entry, &fault), 0);
    assert_int_equal(exec_group_run(group, &outcome), 0);
    exec_group_destroy(group);
    exec_engine_destroy(engine);
    assert_null(fault.refused);
    assert_non_null(fault.served);
    assert_null(fault.huge);
    npu_pipes_destroy(pipes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage_is_per_cluster_and_key),
        cmocka_unit_test(test_each_run_starts_with_zeros),
        cmocka_unit_test(test_outside_a_core),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
