/* SPDX-License-Identifier: Apache-2.0 */
/* The check of what the kernels of a random program wrote down: each thing that must not be is found (device.md 7.1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/oracle/task_build.h"
#include "harness/oracle/task_trace.h"

#define CLUSTERS 2u

static struct task_program program;
static struct task_build build;
static _Alignas(64) uint8_t bytes[1u << 16];
static char text[256];

static struct task_board *board(void)
{
    return (struct task_board *)(void *)bytes;
}

static struct task_record *record(uint32_t i)
{
    return task_board_record(board(), i);
}

static void ran(uint32_t i, uint32_t cluster, uint32_t lane, uint32_t begin, uint32_t end)
{
    *record(i) =
        (struct task_record){.cluster = cluster, .lane = lane, .begin = begin, .end = end, .done = end - 1, .times = 1};
}

static bool good(void)
{
    const struct task_limits limits = {.clusters = CLUSTERS};
    return task_trace_check(&program, &limits, board(), text, sizeof(text));
}

static void expect_broken(const char *why)
{
    assert_false(good());
    if (strstr(text, why) == NULL) {
        fail_msg("'%s' does not say '%s'", text, why);
    }
}

/*
 * t0 updates x; t1, of two lanes, and t2, two blocks that start together, update it behind t0 in this order; a request
 * of t0 is attended to by t2.
 */
static void make_run(void)
{
    task_build_start(&build, &program);
    uint16_t x = task_build_external(&build, 4);
    for (uint32_t i = 0; i < 3; i++) {
        struct task_op *op = task_build_task(&build, TASK_SUBMIT);
        task_build_arg(op, PTO_ARG_INOUT, x);
        op->kernels[0] = i == 1 ? 1 : TASK_PROGRAM_NO_KERNEL;
        op->blocks = i == 2 ? 2 : 1;
        op->sync_start = i == 2;
    }
    task_build_defer(&build, 0, TASK_COUNTER, 2);
    task_trace_prepare(&program, board());
    struct task_request *request = task_board_request(board(), 0);
    request->state = TASK_REQUEST_ATTENDED;
    request->counter = 1;
    ran(0, 1, 1, 1, 3);
    ran(1, 2, 0, 10, 14);
    ran(2, 2, 0, 11, 15);
    ran(3, 2, 0, 20, 24);
    ran(4, 2, 1, 21, 25);
}

static void test_a_good_run_is_good(void **state)
{
    (void)state;
    make_run();
    assert_true(good());
    assert_int_equal(task_board_bytes(1, 5), (uintptr_t)(record(5) + 1) - (uintptr_t)board());
}

static void test_parts_run_once_and_whole(void **state)
{
    (void)state;
    make_run();
    record(4)->times = 0;
    expect_broken("task 2, block 1, lane 1 was called 0 times");
    make_run();
    record(0)->times = 2;
    expect_broken("task 0, block 0, lane 1 was called 2 times");
    make_run();
    record(2)->done = 0;
    expect_broken("task 1, block 0, lane 1 was called 1 times: from 11 to 15, done at 0");
    make_run();
    record(1)->spoiled = 1;
    expect_broken("task 1, block 0, lane 0: its dispatch changed");
}

static void test_order_is_kept(void **state)
{
    (void)state;
    make_run();
    record(1)->begin = 2;
    expect_broken("task 1 began at 2, before task 0 was complete, at 3");
    make_run();
    record(0)->done = 12; /* deferred, and done too late */
    expect_broken("task 1 began at 10, before task 0 was complete, at 12");
    make_run();
    record(3)->begin = 13;
    expect_broken("task 2 began at 13, before task 1 was complete, at 15");
}

static void test_cores_and_clusters(void **state)
{
    (void)state;
    make_run();
    ran(4, 2, 0, 21, 25);
    expect_broken("a core ran task 2 until 24 and began with task 2 at 21");
    make_run();
    record(2)->cluster = 1;
    expect_broken("task 1, block 0: lane 1 ran on another cluster");
    make_run();
    record(2)->lane = 1;
    expect_broken("task 1, block 0: lane 1 ran on the other vector core");
}

static void test_blocks_start_together(void **state)
{
    (void)state;
    make_run();
    ran(4, 2, 0, 26, 29);
    expect_broken("task 2 starts together, but its blocks 0 and 1 ran on one core");
    /* Three tasks that nothing orders keep three of four vector cores while a task of two starts. */
    make_run();
    program.ops[program.op_of_task[2]].arg_count = 0;
    program.ops[program.op_of_task[1]].arg_count = 0;
    program.ops[program.op_of_task[1]].blocks = 3;
    program.ops[program.op_of_task[1]].kernels[0] = TASK_PROGRAM_NO_KERNEL;
    program.ops[program.op_of_task[0]].arg_count = 0;
    task_trace_prepare(&program, board());
    task_board_request(board(), 0)->state = TASK_REQUEST_ATTENDED;
    task_board_request(board(), 0)->counter = 1;
    ran(0, 1, 1, 1, 3);
    ran(1, 1, 1, 10, 30);
    ran(2, 1, 0, 11, 31);
    ran(3, 2, 0, 12, 32);
    ran(4, 2, 1, 20, 24);
    ran(5, 2, 0, 40, 44);
    expect_broken("task 2 starts its 2 blocks together, at 20, when 3 of 4 places are taken");
    ran(3, 2, 0, 12, 19);
    assert_true(good());
}

static void test_requests_are_served(void **state)
{
    (void)state;
    const uint64_t tail = TASK_EVENT_TAIL;
    make_run();
    task_board_request(board(), 0)->state = TASK_REQUEST_POSTED;
    expect_broken("request 0 is in state 1");
    make_run();
    task_board_request(board(), 0)->counter = 2;
    expect_broken("its counter is 2");
    make_run();
    task_board_request(board(), 0)->how = TASK_EVENT;
    expect_broken("its event 0, its channel 0");
    task_board_request(board(), 0)->channel = tail | tail << 32;
    assert_true(good());
    task_board_request(board(), 0)->event.flag = 1;
    expect_broken("its event 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_run_is_good),    cmocka_unit_test(test_parts_run_once_and_whole),
        cmocka_unit_test(test_order_is_kept),         cmocka_unit_test(test_cores_and_clusters),
        cmocka_unit_test(test_blocks_start_together), cmocka_unit_test(test_requests_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
