/* SPDX-License-Identifier: Apache-2.0 */
/* What a submission costs, in machine instructions, whatever came before it and however many producers it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ut/aicpu/step.h"
#include "ut/aicpu/submit_rig.h"

static struct rig *rig;

static struct pto_arg counted_arg;

static void counted_submit(void *unused)
{
    (void)unused;
    (void)rig_dummy(rig, &counted_arg);
}

/* The whole submission of one task with four accesses, after so many tasks have come and gone. */
static uint64_t steps_after(uint32_t retired)
{
    struct pto_tensor tensors[4];
    rig = rig_create(64, 1024, 64);
    for (uint32_t i = 0; i < retired; i++) {
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        (void)rig_access(rig, i % 3 == 0 ? PTO_ARG_INOUT : PTO_ARG_INPUT, 64 * (i % 50), 64);
        rig_close(rig);
        rig_finish(rig);
    }
    assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
    pto_arg_init(&counted_arg);
    for (uint32_t i = 0; i < 4; i++) {
        rig_add_bytes(&counted_arg, &tensors[i], PTO_ARG_INOUT, 64 * i, 64);
    }
    counted_submit(NULL); /* the regions are known */
    rig_finish(rig);
    (void)rig_access(rig, PTO_ARG_INOUT, 640, 8); /* and the ring has caught up */
    uint64_t steps = step_count(counted_submit, NULL);
    rig_finish(rig);
    rig_destroy(rig);
    return steps;
}

static void retired_tasks_cost_nothing(void **state)
{
    (void)state;
    step_required();
    uint64_t few = steps_after(100);
    for (uint32_t retired = 1000; retired <= 20000; retired *= 20) {
        uint64_t steps = steps_after(retired);
        if (steps > few + few / 20) {
            fail_msg("a submit takes %lu instructions after %u retired tasks, %lu after 100", steps, retired, few);
        }
    }
}

/* One line of a buffer is written and all of it read, so many times in one scope, and then once more. */
static uint64_t steps_in_a_scope_of(uint32_t rounds)
{
    struct pto_tensor all;
    rig = rig_create(16384, 1024, 16384);
    for (uint32_t i = 0; i < rounds; i++) {
        (void)rig_access(rig, PTO_ARG_INOUT, 64 * (i % 100), 64);
        (void)rig_access(rig, PTO_ARG_INPUT, 0, 6400);
        rig_finish(rig);
    }
    pto_arg_init(&counted_arg);
    rig_add_bytes(&counted_arg, &all, PTO_ARG_INPUT, 0, 6400);
    uint64_t steps = step_count(counted_submit, NULL);
    rig_finish(rig);
    rig_destroy(rig);
    return steps;
}

/* What has completed is retained up to a number, and then forgotten. */
static void a_long_scope_costs_no_more(void **state)
{
    (void)state;
    step_required();
    uint64_t few = steps_in_a_scope_of(200);
    uint64_t many = steps_in_a_scope_of(5000);
    if (many > few + few / 20) {
        fail_msg("a submit takes %lu instructions after 200 rounds in one scope, %lu after 5000", few, many);
    }
}

/* `count` dependencies, on so many different tasks. */
static uint64_t steps_of_dependencies(uint32_t count, uint32_t different)
{
    static uint64_t ids[256];
    struct pto_arg arg;
    rig = rig_create(4096, 1024, 4096);
    pto_arg_init(&arg);
    for (uint32_t i = 0; i < different; i++) {
        ids[i] = rig_dummy(rig, &arg)->task->task_id;
        rig_wire(rig);
    }
    for (uint32_t i = different; i < count; i++) {
        ids[i] = ids[i % different];
    }
    pto_arg_init(&counted_arg);
    (void)pto_set_dependencies(&counted_arg, ids, count);
    uint64_t steps = step_count(counted_submit, NULL);
    rig_finish(rig);
    rig_destroy(rig);
    return steps;
}

/* The n-th producer is as cheap as the first: eight times as many take at most about eight times as long (R20). */
static void duplicates_are_found_in_constant_time(void **state)
{
    (void)state;
    step_required();
    uint64_t few = steps_of_dependencies(32, 32);
    uint64_t many = steps_of_dependencies(256, 256);
    uint64_t again = steps_of_dependencies(256, 32);
    if (many > 10 * few || again > 10 * few) {
        fail_msg("32 producers take %lu instructions, 256 take %lu, and %lu when most are named again", few, many,
                 again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retired_tasks_cost_nothing),
        cmocka_unit_test(a_long_scope_costs_no_more),
        cmocka_unit_test(duplicates_are_found_in_constant_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
