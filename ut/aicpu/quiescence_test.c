/* SPDX-License-Identifier: Apache-2.0 */
/* The check after a run finds what a run must not leave behind: each violation is planted and must be named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "aicpu/trb/context.h"
#include "aicpu/trb/quiescence.h"
#include "mini_device.h"

static uint64_t cells[4];

static void do_nothing(int64_t *args)
{
    (void)args;
}

static void three_tasks(const struct pto_chip_args *args)
{
    const uint32_t shape[1] = {1};
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)args;
    (void)pto_tensor_external(&tensor, (uintptr_t)cells, shape, 1, PTO_UINT64, false, 0);
    pto_arg_init(&arg);
    pto_add_inout(&arg, &tensor);
    for (uint32_t i = 0; i < 3; i++) {
        pto_submit_aiv(0, &arg);
    }
}

static struct trb_task_ring *ring;
static struct aicpu_runtime *context;

static void another_task(void)
{
    ring->slots[1].task->task_id ^= 1;
}

static void not_consumed(void)
{
    ring->slots[1].task_state = PTO_TASK_COMPLETED;
}

static void reference_too_many(void)
{
    ring->slots[1].fanout_count++;
}

static void consumer_untold(void)
{
    static struct pto_dep_entry entry;
    ring->slots[2].fanout_head = &entry;
}

static void finished_too_often(void)
{
    ring->slots[0].completed_subtasks = (int16_t)(ring->slots[0].total_required_subtasks + 1);
}

static void finished_too_early(void)
{
    ring->slots[0].total_required_subtasks = 3;
}

static void heard_too_often(void)
{
    ring->slots[1].fanin_refcount++;
}

static void block_lost(void)
{
    context->run.block->dispatches--;
}

static void wired_for_ever(void)
{
    struct trb_dep_pool *pool = &context->wiring.pools[0];
    struct trb_wired *wired = &pool->wired[pool->wired_top++ & pool->wired_mask];
    *wired = (struct trb_wired){.slot = &ring->slots[1], .local = ring->next, .mark = pool->top};
    ring->slots[1].fanin_refcount--;
}

static void advance_lost(void)
{
    ring->next++;
}

static void block_kept(void)
{
    ring->blocks++;
}

static void spill_kept(void)
{
    ring->spill.top++;
}

static void entry_kept(void)
{
    context->wiring.pools[0].top++;
}

static void access_kept(void)
{
    context->orchestrator.map.entries_used++;
}

static void ready_left(void)
{
    struct pto_slot_state *slot = &ring->slots[0];
    trb_ready_push(&context->ready[PTO_SHAPE_AIV], &slot, 1);
}

static void every_violation_is_named(void **state)
{
    (void)state;
    const struct {
        void (*plant)(void);
        const char *name;
    } cases[] = {
        {another_task, "invariant 12"},       {not_consumed, "invariant 15"},
        {reference_too_many, "invariant 16"}, {consumer_untold, "invariant 17"},
        {block_kept, "invariant 15"},         {spill_kept, "invariant 15"},
        {finished_too_often, "invariant 20"}, {advance_lost, "invariant 14"},
        {entry_kept, "invariant 15"},         {access_kept, "invariant 15"},
        {finished_too_early, "invariant 20"}, {heard_too_often, "invariant 17"},
        {block_lost, "invariant 1:"},         {wired_for_ever, "invariant 21"},
        {ready_left, "invariant 30"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mini_device *device = mini_device_create(NULL);
        struct mini_run run = {.orchestration = three_tasks, .kernels = {do_nothing}};
        struct mini_result result;
        char text[384] = "";
        mini_device_run(device, &run, &result);
        assert_int_equal(result.status, 0);
        context = mini_device_runtime(device);
        ring = &context->rings[0];
        assert_int_equal(trb_quiescence_check(context, text, sizeof(text)), 0);
        cases[i].plant();
        assert_int_equal(trb_quiescence_check(context, text, sizeof(text)), -1);
        assert_non_null(strstr(text, cases[i].name));
        mini_device_destroy(device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_violation_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
