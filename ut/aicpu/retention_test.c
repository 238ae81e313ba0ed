/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a task is held by those that were submitted behind it, and what gives way when that costs more room than
 * there is (R20, R21; device.md 7.1: 16, 17, 19).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "aicpu/trb/slot.h"
#include "ut/aicpu/submit_rig.h"

static struct rig *rig;

/* A COMPLETED producer gets no list node and keeps its reference, a CONSUMED one gets neither. */
static void references_follow_the_state(void **state)
{
    (void)state;
    struct pto_arg arg;
    uint64_t id;
    rig = rig_create(16, 1024, 16);
    assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
    pto_arg_init(&arg);
    struct pto_slot_state *producer = rig_dummy(rig, &arg);
    const struct trb_dep_pool *pool = &rig->context->wiring.pools[1];
    id = producer->task->task_id;
    (void)pto_set_dependencies(&arg, &id, 1);
    (void)rig_dummy(rig, &arg);
    rig_wire(rig);
    assert_int_equal(pool->top, 1); /* PENDING: a node */
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 1);
    rig_complete(rig, rig_ready(rig));
    struct pto_slot_state *late = rig_dummy(rig, &arg);
    rig_wire(rig);
    assert_int_equal(pool->top, 1); /* COMPLETED: none ... */
    assert_int_equal(late->payload->fanin_actual_count, 1);
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 2); /* ... and held all the same */
    rig_flush(rig);
    rig_close(rig);
    assert_int_equal(trb_slot_state(producer), PTO_TASK_COMPLETED);
    rig_finish(rig);
    assert_int_equal(trb_slot_state(producer), PTO_TASK_CONSUMED);
    assert_int_equal(producer->fanout_refcount, TRB_OWN_REFERENCES + 2);
    struct pto_slot_state *last = rig_dummy(rig, &arg);
    rig_wire(rig);
    assert_int_equal(last->payload->fanin_actual_count, 0); /* CONSUMED: neither, though its slot is still its own */
    assert_int_equal(producer->task->task_id, id);
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 2);
    assert_int_equal(pool->top, 1);
    rig_finish(rig);
    rig_destroy(rig);
}

/* The same for what the tensor map finds: a reader behind a writer, a writer behind a reader and behind a writer. */
static void completed_accesses_are_retained(void **state)
{
    (void)state;
    static const enum pto_tensor_arg_type pairs[][2] = {{PTO_ARG_OUTPUT_EXISTING, PTO_ARG_INPUT},
                                                        {PTO_ARG_INPUT, PTO_ARG_INOUT},
                                                        {PTO_ARG_INOUT, PTO_ARG_OUTPUT_EXISTING}};
    for (uint32_t i = 0; i < 3; i++) {
        rig = rig_create(16, 1024, 16);
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        struct trb_task_ring *ring = &rig->context->rings[1];
        struct pto_slot_state *producer = rig_access(rig, pairs[i][0], 0, 8);
        rig_wire(rig);
        rig_complete(rig, rig_ready(rig));
        rig_flush(rig);
        struct pto_slot_state *consumer = rig_access(rig, pairs[i][1], 4, 8);
        assert_int_equal(consumer->payload->fanin_actual_count, 1);
        assert_ptr_equal(trb_fanin(consumer->payload, 0), producer);
        assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 1);
        rig_close(rig);
        rig_wire(rig);
        assert_int_equal(rig->context->wiring.pools[1].top, 0);
        assert_int_equal(trb_slot_state(producer), PTO_TASK_COMPLETED); /* by the consumer alone */
        assert_int_equal(trb_ring_last_alive(ring), 0);
        assert_ptr_equal(rig_ready(rig), consumer); /* it waits for nobody */
        rig_complete(rig, consumer);
        assert_int_equal(trb_slot_state(producer), PTO_TASK_COMPLETED);
        rig_flush(rig);
        assert_int_equal(trb_slot_state(producer), PTO_TASK_CONSUMED);
        assert_int_equal(trb_ring_last_alive(ring), 2);
        rig_destroy(rig);
    }
}

/* A look at a tensor from the orchestration leaves what the next task depends on alone. */
static void scalar_access_forgets_nobody(void **state)
{
    (void)state;
    struct pto_tensor tensor;
    struct pto_arg arg;
    rig = rig_create(16, 1024, 16);
    const struct pto_slot_state *producer = rig_access(rig, PTO_ARG_INOUT, 0, 8);
    rig_finish(rig);
    pto_arg_init(&arg);
    rig_add_bytes(&arg, &tensor, PTO_ARG_INPUT, 0, 8);
    assert_true(trb_wait_for_tensor(rig->orchestrator, &tensor, true));
    assert_ptr_equal(trb_fanin(rig_dummy(rig, &arg)->payload, 0), producer);
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 1);
    rig_finish(rig);
    rig_destroy(rig);
}

/* Of which the first 80 are complete. */
static void ninety_writers(void)
{
    for (uint32_t i = 0; i < 90; i++) {
        (void)rig_access(rig, PTO_ARG_INOUT, 8 * i, 8);
    }
    rig_wire(rig);
    for (struct pto_slot_state *slot; (slot = rig_ready(rig)) != NULL;) {
        if (pto_task_id_local(slot->task->task_id) < 80) {
            rig_complete(rig, slot);
        }
    }
}

/* R21: what gives way in a short pool is wanted for the order alone. A producer that is named as well stays held. */
static void held_producers_stay_in_a_short_pool(void **state)
{
    (void)state;
    struct trb_submitted submitted;
    struct pto_tensor all;
    struct pto_arg arg;
    uint64_t ids[60];
    rig = rig_create(256, 1024, 4);
    ninety_writers();
    for (uint32_t i = 0; i < 60; i++) {
        ids[i] = pto_task_id_make(0, i);
    }
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, ids, 58);
    rig_add_bytes(&arg, &all, PTO_ARG_INOUT, 0, 8 * 90);
    /* 58 held ones that are complete, and 10 that are not: as many as there is room for. */
    const struct pto_slot_state *wide = rig_dummy(rig, &arg);
    assert_int_equal(wide->payload->fanin_actual_count, 58 + 10);
    for (uint32_t i = 0; i < 58; i++) {
        assert_int_equal(trb_fanin(wide->payload, i)->task->task_id, ids[i]);
    }
    rig_restart(rig, true);
    ninety_writers();
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, ids, 60);
    rig_add_bytes(&arg, &all, PTO_ARG_INOUT, 0, 8 * 90);
    assert_int_equal(rig_submit(rig, TRB_DUMMY, NULL, &arg, &submitted), -4);
    assert_non_null(strstr(rig->block.message, "more than 68 producers"));
    rig_destroy(rig);
}

/* R21: so that a long scope fills no list, completed ones that are wanted for the order alone stay out of the spill
 * pool, and out of a list that others need. */
static void completed_accesses_give_way(void **state)
{
    (void)state;
    struct pto_tensor tensors[2];
    struct pto_arg arg;
    rig = rig_create(256, 1024, 4);
    struct trb_task_ring *ring = &rig->context->rings[0];
    ninety_writers();
    pto_arg_init(&arg);
    rig_add_bytes(&arg, &tensors[0], PTO_ARG_INPUT, 0, 8 * 80);
    assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, PTO_INLINE_FANIN);
    assert_int_equal(ring->spill.top, 0);
    rig_add_bytes(&arg, &tensors[1], PTO_ARG_INPUT, 8 * 80, 8 * 10);
    const struct pto_slot_state *mixed = rig_dummy(rig, &arg);
    assert_int_equal(mixed->payload->fanin_actual_count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(trb_slot_state(trb_fanin(mixed->payload, i)), PTO_TASK_PENDING);
    }
    assert_int_equal(ring->spill.top, 0);
    uint32_t references = 0;
    for (uint32_t i = 0; i < 80; i++) {
        references += (uint32_t)rig_slot(rig, i)->fanout_count - TRB_OWN_REFERENCES;
    }
    assert_int_equal(references, PTO_INLINE_FANIN); /* the first one's */
    rig_destroy(rig);
}

/* R21: nor do they push those that are held, and come later, into the spill pool, where they would stay. */
static void completed_accesses_make_room_for_held_ones(void **state)
{
    (void)state;
    struct pto_tensor_create_info info;
    struct trb_submitted made;
    struct pto_tensor tensors[2];
    struct pto_arg arg;
    const uint32_t shape[1] = {16};
    rig = rig_create(256, 1 << 16, 4);
    ninety_writers();
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, &info);
    assert_int_equal(rig_submit(rig, TRB_DUMMY, NULL, &arg, &made), 0);
    tensors[1] = *made.outputs[0];
    pto_arg_init(&arg);
    rig_add_bytes(&arg, &tensors[0], PTO_ARG_INPUT, 0, 8 * 80);
    (void)pto_add_no_dep(&arg, &tensors[1]);
    const struct pto_slot_state *task = rig_dummy(rig, &arg);
    assert_int_equal(task->payload->fanin_actual_count, 1);
    assert_int_equal(trb_fanin(task->payload, 0)->task->task_id, made.id);
    assert_int_equal(rig->context->rings[0].spill.top, 0);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_follow_the_state),
        cmocka_unit_test(completed_accesses_are_retained),
        cmocka_unit_test(scalar_access_forgets_nobody),
        cmocka_unit_test(completed_accesses_give_way),
        cmocka_unit_test(completed_accesses_make_room_for_held_ones),
        cmocka_unit_test(held_producers_stay_in_a_short_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
