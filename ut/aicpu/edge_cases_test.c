/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single cases of the producers that a submitted task lists, too large or too late for random programs (R19, R20, R34;
 * device.md 7.1: 3, 19, 24; D39, D45).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/tensor_view.h"
#include "aicpu/trb/slot.h"
#include "ut/aicpu/submit_rig.h"

static struct rig *rig;

/* D39: one access behind 17 and more others, of neighbouring buffers and of one. */
static void all_overlapping_writers_are_found(void **state)
{
    (void)state;
    static const uint32_t counts[] = {15, 16, 17, 64, 65, 200};
    for (uint32_t i = 0; i < 6; i++) {
        rig = rig_create(512, 1024, 512);
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        for (uint32_t k = 0; k < counts[i]; k++) {
            (void)rig_access(rig, PTO_ARG_INOUT, 8 * k, 8);
        }
        struct pto_slot_state *reader = rig_access(rig, PTO_ARG_INPUT, 0, 8 * counts[i]);
        assert_int_equal(reader->payload->fanin_actual_count, counts[i]);
        rig_close(rig);
        rig_finish(rig);
        for (uint32_t k = 0; k < counts[i]; k++) {
            (void)rig_access(rig, PTO_ARG_INPUT, 0, 8 * counts[i]);
        }
        struct pto_slot_state *writer = rig_access(rig, PTO_ARG_OUTPUT_EXISTING, 0, 8 * counts[i]);
        assert_int_equal(writer->payload->fanin_actual_count, counts[i]);
        rig_finish(rig);
        rig_destroy(rig);
    }
}

/* D45, R20: whatever names a retired task in a slot that is another's by now names nobody, the new owner least of all.
 */
static void old_references_name_nobody(void **state)
{
    (void)state;
    struct pto_tensor_create_info info;
    struct trb_submitted first;
    struct pto_arg arg;
    const uint32_t shape[1] = {16};
    rig = rig_create(4, 4096, 8);
    assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, &info);
    assert_int_equal(rig_submit(rig, TRB_DUMMY, NULL, &arg, &first), 0);
    struct pto_tensor old = *first.outputs[0];
    for (uint32_t i = 1; i < 12; i++) {
        rig_close(rig);
        rig_finish(rig);
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        pto_arg_init(&arg);
        (void)pto_add_no_dep(&arg, &old); /* its creator alone */
        (void)pto_set_dependencies(&arg, &first.id, 1);
        const struct pto_slot_state *task = rig_dummy(rig, &arg);
        assert_int_equal(task->task->task_id, pto_task_id_make(1, i));
        assert_int_equal(task->payload->fanin_actual_count, 0);
        assert_int_equal(task->fanout_count, TRB_OWN_REFERENCES);
    }
    rig_finish(rig);
    rig_destroy(rig);
}

/* Map entries of a task are gone before its slot is another's, whatever kind of task takes it. */
static void reuse_cleans_the_map_up(void **state)
{
    (void)state;
    struct pto_tensor_create_info info;
    struct trb_submitted made;
    struct pto_arg arg;
    const uint32_t shape[1] = {16};
    rig = rig_create(4, 8192, 8);
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        for (uint32_t k = 0; k < 3; k++) {
            struct pto_slot_state *slot = rig_access(rig, PTO_ARG_INOUT, 64 * k, 8);
            assert_true(trb_map_entries_used(&rig->orchestrator->map) <= 3);
            assert_int_equal(slot->payload->fanin_actual_count, 0); /* nobody of those before is left */
        }
        rig_close(rig);
        rig_finish(rig);
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        pto_arg_init(&arg);
        (void)pto_add_output(&arg, &info);
        for (uint32_t k = 0; k < 3; k++) {
            assert_int_equal(rig_submit(rig, TRB_ALLOCATION, NULL, &arg, &made), 0);
        }
        rig_close(rig);
    }
    rig_destroy(rig);
}

/* R34: nothing of a failed run is found by the next. */
static void a_failed_run_leaves_no_edges(void **state)
{
    (void)state;
    rig = rig_create(64, 1024, 8);
    for (uint32_t i = 0; i < 20; i++) {
        (void)rig_access(rig, PTO_ARG_INOUT, 0, 64);
    }
    rig_restart(rig, true);
    assert_int_equal(rig_access(rig, PTO_ARG_INOUT, 0, 64)->payload->fanin_actual_count, 0);
    assert_int_equal(trb_map_entries_used(&rig->orchestrator->map), 1);
    rig_destroy(rig);
}

/* Invariant 24: elements beyond 2^32 of a buffer are told apart, whatever 32 bits of their offsets say. */
static void far_elements_are_told_apart(void **state)
{
    (void)state;
    struct pto_tensor whole;
    struct pto_tensor view;
    struct pto_arg arg;
    const uint32_t shape[3] = {4, 0x10000, 0x8000}; /* strides fit, 2^33 elements of 8 bytes */
    const uint32_t box[3] = {1, 1, 64};
    rig = rig_create(64, 1024, 64);
    assert_int_equal(pto_tensor_external(&whole, RIG_BUFFER, shape, 3, PTO_UINT64, false, 0), 0);
    assert_int_equal(whole.buffer_bytes, 1ull << 36);
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t at[3] = {i, 7, 0};
        assert_int_equal(pto_tensor_view(&view, &whole, box, at, false), 0);
        pto_arg_init(&arg);
        (void)pto_add_inout(&arg, &view);
        assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, 0);
    }
    assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, 1);
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &whole);
    assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, 4);
    rig_finish(rig);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_overlapping_writers_are_found), cmocka_unit_test(old_references_name_nobody),
        cmocka_unit_test(reuse_cleans_the_map_up),           cmocka_unit_test(a_failed_run_leaves_no_edges),
        cmocka_unit_test(far_elements_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
