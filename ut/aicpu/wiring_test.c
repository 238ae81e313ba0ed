/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wiring, consumer lists, references and the advance of a ring, without a device (device.md 3.3, 3.4, 7.1: 16-21; D32,
 * D46; R21).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "aicpu/trb/cores.h"
#include "aicpu/trb/run.h"
#include "aicpu/trb/slot.h"
#include "aicpu/trb/wiring.h"

#define WINDOW 32u
#define POOL 8u

struct fixture {
    struct pto_sm_header shared;
    struct trb_runtime image;
    struct pto_device_block block;
    struct trb_run run;
    struct trb_wiring wiring;
    struct trb_task_ring rings[PTO_RING_COUNT];
    struct trb_task_record records[WINDOW];
    struct pto_task_descriptor descriptors[WINDOW];
    struct pto_task_payload payloads[WINDOW];
    struct pto_slot_state slots[WINDOW];
    struct pto_dep_entry entries[POOL];
    struct trb_wired wired[WINDOW];
    struct pto_slot_state *spilled[POOL];
};

static struct fixture *set_up(void)
{
    struct fixture *f = aligned_alloc(64, (sizeof(*f) + 63) & ~(size_t)63);
    assert_non_null(f);
    memset(f, 0, sizeof(*f));
    f->run.rings = f->rings;
    f->run.shared = &f->shared;
    f->run.image = &f->image;
    f->run.block = &f->block;
    trb_run_reset(&f->run);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        struct trb_dep_pool *pool = &f->wiring.pools[i];
        pool->entries = f->entries;
        pool->wired = f->wired;
        pool->capacity = POOL;
        pool->wired_mask = WINDOW - 1;
        f->rings[i] = (struct trb_task_ring){.header = &f->shared.rings[i],
                                             .descriptors = f->descriptors,
                                             .payloads = f->payloads,
                                             .slots = f->slots,
                                             .records = f->records,
                                             .index = i,
                                             .window = WINDOW,
                                             .mask = WINDOW - 1};
        f->rings[i].spill.entries = f->spilled;
        f->rings[i].spill.capacity = POOL;
        trb_ring_reset(&f->rings[i]);
    }
    trb_wiring_reset(&f->wiring);
    return f;
}

/* A task of ring 0 behind up to three others, submitted the way the orchestrator does it. */
static struct pto_slot_state *submit(struct fixture *f, uint32_t count, struct pto_slot_state *const *producers)
{
    struct trb_task_ring *ring = &f->rings[0];
    assert_int_equal(trb_ring_room(ring, 0), TRB_ROOM);
    uint32_t local = trb_ring_take(ring, 0);
    uint32_t place = local & ring->mask;
    struct pto_slot_state *slot = &f->slots[place];
    slot->fanout_count = TRB_OWN_REFERENCES;
    slot->fanout_head = NULL;
    slot->task_state = PTO_TASK_PENDING;
    slot->fanin_refcount = 0;
    slot->fanout_refcount = 0;
    slot->payload = &f->payloads[place];
    slot->task = &f->descriptors[place];
    slot->task->task_id = pto_task_id_make(0, local);
    slot->payload->fanin_actual_count = (int32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(trb_slot_claim(producers[i]));
        slot->payload->fanin_inline[i] = producers[i];
    }
    ring->header->current_task_index = (int32_t)local + 1;
    assert_true(trb_wiring_push(&f->wiring, slot));
    return slot;
}

static enum trb_wired_result wire(struct fixture *f)
{
    struct pto_slot_state *slot;
    return trb_wiring_next(&f->wiring, f->rings, &slot);
}

/* Completes a task. Returns how many consumers became ready. */
static uint32_t complete(struct pto_slot_state *slot)
{
    uint32_t ready = 0;
    for (struct pto_dep_entry *entry = trb_slot_complete(slot); entry != NULL; entry = entry->next) {
        ready += ++entry->consumer->fanin_refcount == entry->consumer->fanin_count;
    }
    return ready;
}

/* Everything that refers to a completed task lets go of it, and it of its producers. */
static void release(struct fixture *f, struct pto_slot_state *slot)
{
    for (int32_t i = 0; i < slot->payload->fanin_actual_count; i++) {
        (void)trb_slot_drop(slot->payload->fanin_inline[i]);
    }
    (void)trb_slot_drop(slot);
    trb_advance(&f->run, 0);
}

static void consumers_wait_for_unfinished_producers(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    struct pto_slot_state *a = submit(f, 0, NULL);
    struct pto_slot_state *b = submit(f, 0, NULL);
    assert_int_equal(wire(f), TRB_WIRED_READY);
    assert_int_equal(wire(f), TRB_WIRED_READY);
    assert_int_equal(wire(f), TRB_WIRED_NOTHING);
    assert_int_equal(complete(a), 0);
    struct pto_slot_state *producers[] = {a, b};
    struct pto_slot_state *c = submit(f, 2, producers);
    struct pto_slot_state *d = submit(f, 1, &producers[0]);
    assert_int_equal(wire(f), TRB_WIRED_WAITING);
    assert_int_equal(wire(f), TRB_WIRED_READY); /* d: a is complete */
    assert_int_equal(c->fanin_count, 3);
    assert_int_equal(c->fanin_refcount, 2);
    assert_int_equal(complete(b), 1);
    assert_int_equal(c->fanin_refcount, 3);
    assert_int_equal(d->fanin_refcount, 2);
    free(f);
}

static void references_end_a_task_once(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    struct pto_slot_state *a = submit(f, 0, NULL);
    struct pto_slot_state *b = submit(f, 1, &a);
    (void)wire(f);
    (void)wire(f);
    (void)complete(a);
    assert_false(trb_slot_drop(a)); /* its scope */
    assert_true(trb_slot_claim(a)); /* alive as long as b or itself holds it */
    trb_slot_unclaim(a);
    release(f, a);
    assert_int_equal(trb_slot_state(a), PTO_TASK_COMPLETED);
    assert_int_equal(trb_ring_last_alive(&f->rings[0]), 0);
    (void)complete(b);
    release(f, b);
    assert_int_equal(trb_slot_state(a), PTO_TASK_CONSUMED);
    assert_false(trb_slot_claim(a));
    assert_int_equal(trb_ring_last_alive(&f->rings[0]), 1); /* b's scope is open */
    assert_true(trb_slot_drop(b));
    trb_advance(&f->run, 0);
    assert_int_equal(trb_ring_last_alive(&f->rings[0]), 2);
    free(f);
}

/* Groups of three, as small as the pool: entries come back although nothing retires. */
static void a_small_pool_is_enough(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    for (uint32_t round = 0; round < 10; round++) {
        struct pto_slot_state *first[2] = {submit(f, 0, NULL), submit(f, 0, NULL)};
        struct pto_slot_state *last = submit(f, 2, first);
        assert_int_equal(wire(f), TRB_WIRED_READY);
        assert_int_equal(wire(f), TRB_WIRED_READY);
        assert_int_equal(wire(f), TRB_WIRED_WAITING);
        assert_int_equal(complete(first[0]), 0);
        assert_int_equal(complete(first[1]), 1);
        (void)complete(last);
        assert_true(f->wiring.pools[0].top - f->wiring.pools[0].tail <= POOL);
    }
    free(f);
}

/* A task that needs more entries than are free waits at the head until its producers have finished. */
static void a_starved_task_waits_at_the_head(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    struct pto_slot_state *producers[POOL + 3];
    for (uint32_t i = 0; i < POOL + 3; i++) {
        producers[i] = submit(f, 0, NULL);
        assert_int_equal(wire(f), TRB_WIRED_READY);
    }
    struct pto_slot_state *wide = submit(f, POOL + 3, producers);
    struct pto_slot_state *behind = submit(f, 0, NULL);
    assert_int_equal(wire(f), TRB_WIRED_STARVED);
    (void)complete(producers[0]);
    (void)complete(producers[1]);
    assert_int_equal(wire(f), TRB_WIRED_STARVED);
    (void)complete(producers[2]);
    assert_int_equal(wire(f), TRB_WIRED_WAITING);
    assert_int_equal(wide->fanin_refcount, 4);
    assert_int_equal(wire(f), TRB_WIRED_READY);
    assert_int_equal(behind->fanin_refcount, 1);
    uint32_t ready = 0;
    for (uint32_t i = 3; i < POOL + 3; i++) {
        ready += complete(producers[i]);
    }
    assert_int_equal(ready, 1);
    trb_dep_pool_reclaim(&f->wiring.pools[0], &f->rings[0]);
    assert_int_equal(f->wiring.pools[0].tail, f->wiring.pools[0].top);
    free(f);
}

/* Entries of a consumer that still waits are never handed out again. */
static void live_entries_are_not_reused(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    struct pto_slot_state *held = submit(f, 0, NULL);
    (void)wire(f);
    struct pto_slot_state *waiting = submit(f, 1, &held);
    assert_int_equal(wire(f), TRB_WIRED_WAITING);
    struct pto_dep_entry *entry = held->fanout_head;
    uint32_t starved = 0;
    for (uint32_t i = 0; i < 2 * POOL && starved == 0; i++) {
        struct pto_slot_state *a = submit(f, 0, NULL);
        assert_int_equal(wire(f), TRB_WIRED_READY);
        struct pto_slot_state *b = submit(f, 1, &a);
        starved = wire(f) == TRB_WIRED_STARVED;
        assert_ptr_equal(held->fanout_head, entry);
        assert_ptr_equal(entry->consumer, waiting);
        (void)complete(a);
        (void)complete(b);
    }
    assert_int_equal(starved, 1); /* the pool is given back in order, behind the one that waits */
    free(f);
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    struct pto_slot_state *slot = &f->slots[0];
    slot->payload = &f->payloads[0];
    slot->task = &f->descriptors[0];
    for (uint32_t i = 0; i < TRB_WIRING_SLOTS - 1; i++) {
        assert_true(trb_wiring_push(&f->wiring, slot));
    }
    assert_false(trb_wiring_push(&f->wiring, slot));
    (void)wire(f);
    assert_true(trb_wiring_push(&f->wiring, slot));
    assert_false(trb_wiring_push(&f->wiring, slot));
    free(f);
}

static void every_advance_counts(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    struct pto_slot_state *tasks[6];
    for (uint32_t i = 0; i < 6; i++) {
        tasks[i] = submit(f, 0, NULL);
        (void)wire(f);
        (void)complete(tasks[i]);
    }
    static const uint32_t order[6] = {2, 0, 1, 5, 3, 4};
    static const uint32_t alive[6] = {0, 1, 3, 3, 4, 6};
    for (uint32_t i = 0; i < 6; i++) {
        assert_false(trb_slot_drop(tasks[order[i]]));
        assert_true(trb_slot_drop(tasks[order[i]]));
        trb_advance(&f->run, 0);
        assert_int_equal(trb_ring_last_alive(&f->rings[0]), alive[i]);
    }
    free(f);
}

static void the_first_error_wins(void **state)
{
    (void)state;
    struct fixture *f = set_up();
    trb_latch(&f->run, TRB_SCHEDULER, 2, PTO_ERR_SCHEDULER_TIMEOUT, "first %d", 1);
    trb_latch(&f->run, TRB_ORCHESTRATOR, 0, PTO_ERR_INVALID_ARGS, "second");
    assert_true(trb_run_failed(&f->run));
    assert_int_equal(f->run.status, -100);
    assert_int_equal(f->image.report.status, -100);
    assert_string_equal(f->block.message, "first 1");
    assert_int_equal(f->shared.sched_error_code, 100);
    assert_int_equal(f->shared.sched_error_thread, 2);
    assert_int_equal(f->shared.sched_error_bitmap, 4);
    assert_int_equal(f->shared.orch_error_code, 0);
    trb_run_reset(&f->run);
    trb_latch(&f->run, TRB_ORCHESTRATOR, 0, INT32_MIN, "smallest");
    assert_int_equal(f->run.status, -INT32_MAX);
    assert_int_equal(f->shared.orch_error_code, INT32_MAX);
    free(f);
}

static void a_core_is_judged_by_its_answer(void **state)
{
    (void)state;
    const uint32_t none = CORE_NO_DISPATCH;
    const struct {
        uint32_t id;
        enum pto_cond_state cond;
        uint32_t running, pending;
        enum core_answer answer;
    } cases[] = {
        {8, PTO_COND_FIN, 7, 8, CORE_ANSWER_BOTH_FINISHED},
        {8, PTO_COND_ACK, 7, 8, CORE_ANSWER_PENDING_TAKEN},
        {7, PTO_COND_FIN, 7, none, CORE_ANSWER_FINISHED},
        {7, PTO_COND_FIN, 7, 8, CORE_ANSWER_NOTHING},
        {7, PTO_COND_ACK, 7, none, CORE_ANSWER_TAKEN},
        {7, PTO_COND_ACK, 7, 8, CORE_ANSWER_NOTHING},
        {6, PTO_COND_FIN, 7, none, CORE_ANSWER_NOTHING},
        {6, PTO_COND_FIN, 7, 8, CORE_ANSWER_NOTHING},
        {0, PTO_COND_FIN, 0, none, CORE_ANSWER_FINISHED},
        {PTO_REG_CORE_IDLE, PTO_COND_FIN, 7, none, CORE_ANSWER_NOTHING},
        {PTO_REG_CORE_IDLE, PTO_COND_FIN, none, none, CORE_ANSWER_NOTHING},
        {PTO_REG_CORE_EXITED, PTO_COND_FIN, 7, 8, CORE_ANSWER_NOTHING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t cond = pto_cond_encode(cases[i].id, cases[i].cond);
        assert_int_equal(core_judge(cond, cases[i].running, cases[i].pending), cases[i].answer);
    }
    assert_int_equal(trb_bits(0), 0);
    assert_int_equal(trb_bits(UINT64_MAX), 64);
    assert_int_equal(trb_bits(0x8000000100010011ull), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumers_wait_for_unfinished_producers),
        cmocka_unit_test(references_end_a_task_once),
        cmocka_unit_test(a_small_pool_is_enough),
        cmocka_unit_test(a_starved_task_waits_at_the_head),
        cmocka_unit_test(live_entries_are_not_reused),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(every_advance_counts),
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(a_core_is_judged_by_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
