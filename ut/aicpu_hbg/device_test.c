/* SPDX-License-Identifier: Apache-2.0 */
/* The device programs of host_build_graph: every task once and after its predecessors, in any order; what cannot run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error_codes.h"
#include "npu/arch.h"
#include "ut/aicpu_hbg/graph_device.h"

#define MOST_TASKS 400u

static struct pto_graph_task tasks[MOST_TASKS];
static struct pto_graph_task original[MOST_TASKS]; /* as built: a run counts fanin down */
static _Atomic uint32_t runs_of[MOST_TASKS];
static _Atomic uint32_t too_early; /* tasks that ran before one of their predecessors */
static uint32_t built;

static void count_kernel(int64_t *args)
{
    uint32_t id = (uint32_t)args[0];
    for (uint32_t i = 0; i < built; i++) {
        for (int32_t k = 0; k < original[i].fanout_count; k++) {
            /* Relaxed: the runtime must order them. */
            if (original[i].fanout[k] == (int32_t)id && atomic_load_explicit(&runs_of[i], memory_order_relaxed) == 0) {
                atomic_fetch_add_explicit(&too_early, 1, memory_order_relaxed);
            }
        }
    }
    atomic_fetch_add_explicit(&runs_of[id], 1, memory_order_relaxed);
}

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* A random graph: edges go up, some of them twice. */
static void build(uint64_t seed, uint32_t count, uint32_t edges_per_task)
{
    uint64_t state = seed;
    for (uint32_t i = 0; i < count; i++) {
        graph_task_make(tasks, i, count_kernel, draw(&state, 3) == 0 ? PTO_CORE_AIC : PTO_CORE_AIV, i);
    }
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = 0; k < edges_per_task; k++) {
            uint32_t from = draw(&state, i);
            if (draw(&state, 2) == 0 && tasks[from].fanout_count < PTO_GRAPH_MAX_FANOUT) {
                graph_edge_make(tasks, from, i);
            }
        }
    }
    memcpy(original, tasks, sizeof(tasks));
    built = count;
}

static void expect_run(struct graph_device *device, uint32_t blocks, uint32_t threads, uint64_t seed)
{
    const struct graph_run run = {.tasks = tasks, .count = built, .blocks = blocks, .threads = threads};
    struct graph_result result;
    memcpy(tasks, original, sizeof(tasks));
    memset((void *)runs_of, 0, sizeof(runs_of));
    too_early = 0;
    graph_device_run(device, &run, &result);
    if (result.status != 0 || result.report_status != 0 || too_early != 0) {
        fail_msg("seed %lu, %u blocks, %u threads: status %d, %u too early: %s %s", seed, blocks, threads,
                 result.status, too_early, result.message, result.outcome.report);
    }
    assert_int_equal(result.tasks, built);
    assert_int_equal(result.dispatches, built);
    for (uint32_t i = 0; i < built; i++) {
        if (runs_of[i] != 1) {
            fail_msg("seed %lu, %u blocks, %u threads: task %u ran %u times", seed, blocks, threads, i, runs_of[i]);
        }
    }
}

static void play(enum exec_kind kind, enum exec_policy policy, uint64_t seeds)
{
    struct exec_options options = {.kind = kind, .policy = policy, .seed = 1, .deadline_scale = 50};
    struct graph_device *device = graph_device_create(&options);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        options.seed = seed;
        graph_device_configure(device, &options);
        build(seed, 1 + (uint32_t)(seed * 37) % (MOST_TASKS - 1), (uint32_t)seed % 4);
        expect_run(device, 1 + (uint32_t)seed % 4, 1 + (uint32_t)(seed / 4) % NPU_MAX_AICPU_THREADS, seed);
    }
    graph_device_destroy(device);
}

static void test_round_robin(void **state)
{
    (void)state;
    play(EXEC_FIBERS, EXEC_ROUND_ROBIN, 40);
}

static void test_random(void **state)
{
    (void)state;
    play(EXEC_FIBERS, EXEC_RANDOM, 40);
}

static void test_pct(void **state)
{
    (void)state;
    play(EXEC_FIBERS, EXEC_PCT, 40);
}

static void test_threads(void **state)
{
    (void)state;
    play(EXEC_THREADS, EXEC_ROUND_ROBIN, 12);
}

/* R22: all numbers of threads and blocks, no tasks included. */
static void test_shapes(void **state)
{
    (void)state;
    struct graph_device *device = graph_device_create(NULL);
    for (uint32_t threads = 1; threads <= NPU_MAX_AICPU_THREADS; threads++) {
        for (uint32_t blocks = 1; blocks <= NPU_MAX_BLOCKS; blocks += blocks < 4 ? 1 : 10) {
            build(blocks, 100, 1);
            expect_run(device, blocks, threads, blocks);
            build(blocks, 0, 0);
            expect_run(device, blocks, threads, blocks);
        }
    }
    graph_device_destroy(device);
}

static void ask_for_threads(struct hbg_runtime *image)
{
    image->aicpu_thread_num = NPU_MAX_AICPU_THREADS + 1;
}

static void ask_for_tasks(struct hbg_runtime *image)
{
    image->task_count = PTO_GRAPH_MAX_TASKS + 1;
}

static void misplace_tasks(struct hbg_runtime *image)
{
    image->tasks = 1;
}

static void lose_tasks(struct hbg_runtime *image)
{
    image->tasks = 0;
}

static void miscount_cores(struct hbg_runtime *image)
{
    image->worker_count++;
}

/* What the image or a core says cannot be: the run fails with a reason, everybody leaves, and the next run works. */
static void test_refusals(void **state)
{
    static const struct {
        void (*edit)(struct hbg_runtime *image);
        uint32_t absent_core;
        uint32_t silent_core;
        uint32_t half_core;
        uint32_t twin_core;
        const char *text;
    } cases[] = {
        {ask_for_threads, 0, 0, 0, 0, "number of AICPU threads of"},
        {ask_for_tasks, 0, 0, 0, 0, "number of tasks of 131073"},
        {misplace_tasks, 0, 0, 0, 0, "task table at address of 1"},
        {lose_tasks, 0, 0, 0, 0, "task table at address of 0"},
        {miscount_cores, 0, 0, 0, 0, "number of blocks"},
        {NULL, 3, 0, 0, 0, "core 2 reports physical id"},
        {NULL, 0, 0, 0, 3, "core 2 reports physical id 1, which"},
        {NULL, 0, 2, 0, 0, "core 1 did not answer"},
        {NULL, 0, 0, 2, 0, "core 1 did not answer"}, /* the others are at their registers by then, and leave */
    };
    (void)state;
    struct graph_device *device = graph_device_create(NULL);
    build(1, 50, 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct graph_run run = {.tasks = tasks,
                                      .count = built,
                                      .blocks = 1,
                                      .threads = 2,
                                      .absent_core = cases[i].absent_core,
                                      .silent_core = cases[i].silent_core,
                                      .half_core = cases[i].half_core,
                                      .twin_core = cases[i].twin_core,
                                      .edit = cases[i].edit};
        struct graph_result result;
        memcpy(tasks, original, sizeof(tasks));
        graph_device_run(device, &run, &result);
        if (result.status == 0 || result.report_status != -1 || strstr(result.message, cases[i].text) == NULL) {
            fail_msg("case %zu: status %d, report %d, '%s'", i, result.status, result.report_status, result.message);
        }
        assert_int_equal(result.tasks + result.dispatches, 0); /* none of an earlier run */
        assert_int_equal(result.outcome.end, EXEC_END_OK);
        expect_run(device, 2, 2, i);
    }
    graph_device_destroy(device);
}

/* R24: a cycle behind tasks that can run. */
static void test_cycle(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= NPU_MAX_AICPU_THREADS; threads++) {
        struct graph_device *device = graph_device_create(NULL);
        struct graph_result result;
        build(7, 40, 1);
        graph_edge_make(tasks, 39, 38);
        graph_edge_make(tasks, 38, 39);
        const struct graph_run run = {.tasks = tasks, .count = built, .blocks = 2, .threads = threads};
        graph_device_run(device, &run, &result);
        assert_int_equal(result.report_status, -PTO_ERR_SCHEDULER_TIMEOUT);
        assert_non_null(strstr(result.message, "of 40 tasks completed"));
        assert_non_null(strstr(result.message, "38 (for "));
        expect_run(device, 2, threads, 7);
        graph_device_destroy(device);
    }
}

/* The core is gone: its dispatch is never answered. */
static void vanish_kernel(int64_t *args)
{
    (void)args;
    exec_exit();
}

/* Device.md 3.10, R22: a dispatch that is never answered is named, with its core and with the tasks that wait for it.
 */
static void test_lost_dispatch(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 2; threads++) {
        struct graph_device *device = graph_device_create(NULL);
        struct graph_result result;
        uint64_t wall = 0;
        graph_task_make(tasks, 0, count_kernel, PTO_CORE_AIC, 0);
        graph_task_make(tasks, 1, vanish_kernel, PTO_CORE_AIV, 1);
        graph_task_make(tasks, 2, count_kernel, PTO_CORE_AIV, 2);
        graph_edge_make(tasks, 1, 2);
        built = 0;
        const struct graph_run run = {.tasks = tasks, .count = 3, .blocks = 1, .threads = threads};
        graph_device_time(device, &wall);
        graph_device_run(device, &run, &result);
        assert_int_equal(result.report_status, -PTO_ERR_SCHEDULER_TIMEOUT);
        if (strstr(result.message, "1 of 3 tasks completed") == NULL || strstr(result.message, "2 (for 1)") == NULL ||
            (threads == 1 && strstr(result.message, "aiv 0 has task 1 (start of 1)") == NULL)) {
            fail_msg("%s", result.message);
        }
        /* D42: a busy core excuses the stall for as long as R33 lets it work; then it is given time to leave. */
        assert_true(wall > EXEC_SYNC_LIMIT_NS + EXEC_OP_LIMIT_NS);
        build(1, 50, 2);
        expect_run(device, 1, threads, 1);
        graph_device_destroy(device);
    }
}

static void work_kernel(int64_t *args)
{
    exec_charge((uint64_t)args[0]);
}

/*
 * Invariant 30: tasks that one thread found run on another thread's core as soon as that one is idle, and not when one
 * of the finder's own has answered. Task 2 makes many ready while the other core is busy; the last of them is long.
 */
static void test_idle_cores_get_work(void **state)
{
    (void)state;
    const uint32_t last = 60;
    const uint64_t task_ns = 100000;
    struct graph_device *device = graph_device_create(NULL);
    struct graph_result result;
    uint64_t wall = 0;
    graph_task_make(tasks, 0, work_kernel, PTO_CORE_AIC, 0);
    graph_task_make(tasks, 1, work_kernel, PTO_CORE_AIC, task_ns);
    graph_task_make(tasks, 2, work_kernel, PTO_CORE_AIC, 0);
    graph_edge_make(tasks, 0, 1);
    graph_edge_make(tasks, 0, 2);
    for (uint32_t i = 3; i <= last; i++) {
        graph_task_make(tasks, i, work_kernel, PTO_CORE_AIC, i == last ? last * task_ns : task_ns);
        graph_edge_make(tasks, 2, i);
    }
    const struct graph_run run = {.tasks = tasks, .count = last + 1, .blocks = 2, .threads = 2};
    graph_device_time(device, &wall);
    graph_device_run(device, &run, &result);
    assert_int_equal(result.report_status, 0);
    /* One task may wait behind the long one, as its core's second dispatch. */
    uint64_t enough = (last + 1) * task_ns;
    if (wall > enough + enough / 20) {
        fail_msg("%u tasks on two cores took %lu ns, %lu would do", run.count, wall, enough);
    }
    graph_device_destroy(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_robin),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_pct),           cmocka_unit_test(test_threads),
        cmocka_unit_test(test_shapes),        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cycle),         cmocka_unit_test(test_idle_cores_get_work),
        cmocka_unit_test(test_lost_dispatch),
    };
    return cmocka_run_group_tests_name("hbg device programs", tests, NULL, NULL) != 0;
}
