/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two threads do to one structure at the same time: one thread's part is played at every single instruction of the
 * other's (device.md 7.1: 14, 16, 17, 18, 21, 30; D31, D49; R20, R21). Locks of the interrupted side are respected:
 * where it holds one, the other's part comes after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "aicpu/trb/run.h"
#include "aicpu/trb/slot.h"
#include "ut/aicpu/step.h"
#include "ut/aicpu/submit_rig.h"

static bool deferred; /* the intruder found a lock taken */

static bool is_locked(const struct pto_slot_state *slot)
{
    deferred = atomic_load(&slot->fanout_lock) != 0;
    return deferred;
}

struct pair {
    void (*make)(void);
    step_function *first;
    step_function *second;
    void (*check)(uint64_t at);
};

/* Every point of `first`, and behind its end. */
static void play(const struct pair *pair)
{
    bool inside = true;
    uint64_t points = 0;
    step_required();
    for (uint64_t at = 1; inside; at++) {
        pair->make();
        deferred = false;
        inside = step_interrupt(pair->first, NULL, at, pair->second, NULL);
        if (!inside || deferred) {
            deferred = false;
            pair->second(NULL);
        }
        points += inside;
        pair->check(at);
    }
    assert_true(points > 10);
}

/* ---- the advance of a ring */

#define WINDOW 16u

static struct {
    struct pto_sm_header shared;
    struct trb_run run;
    struct trb_task_ring rings[PTO_RING_COUNT];
    struct pto_slot_state slots[WINDOW];
    struct pto_slot_state *slot;
    bool first, second; /* results */
    struct pto_dep_entry entry;
    struct pto_dep_entry *list;
} f;

static void make_ring(void)
{
    memset(&f, 0, sizeof(f));
    f.run.rings = f.rings;
    f.run.shared = &f.shared;
    trb_run_reset(&f.run);
    f.rings[0] = (struct trb_task_ring){
        .header = &f.shared.rings[0], .slots = f.slots, .window = WINDOW, .mask = WINDOW - 1, .next = 6};
    f.shared.rings[0].current_task_index = 6;
    for (uint32_t i = 0; i < 2; i++) {
        f.slots[i].task_state = PTO_TASK_CONSUMED;
    }
}

static void advance(void *unused)
{
    (void)unused;
    trb_advance(&f.run, 0);
}

/* The next tasks are CONSUMED while the walk is on. */
static void consume_and_advance(void *unused)
{
    (void)unused;
    for (uint32_t i = 2; i < 5; i++) {
        atomic_store(&f.slots[i].task_state, PTO_TASK_CONSUMED);
    }
    trb_advance(&f.run, 0);
}

static void check_advanced(uint64_t at)
{
    if (f.shared.rings[0].last_task_alive != 5 || f.run.advance[0].requests != 0) {
        fail_msg("interrupted at instruction %lu the ring stays at %d of 5", at, f.shared.rings[0].last_task_alive);
    }
}

static struct {
    uint64_t at;
    uint64_t steps;
    int32_t latest;
    bool went_back;
} watched;

/* Plays the other part at its point and looks at the ring from then on. */
static void watch_the_ring(void *unused)
{
    if (++watched.steps == watched.at) {
        consume_and_advance(unused);
    }
    int32_t alive = f.shared.rings[0].last_task_alive;
    watched.went_back |= alive < watched.latest;
    watched.latest = alive;
}

/* Invariant 14, D31: not for a moment does the slower of two take back what the other did. */
static void a_ring_never_goes_back(void **state)
{
    (void)state;
    step_required();
    memset(&watched, 0, sizeof(watched));
    do {
        make_ring();
        watched.at++;
        watched.steps = 0;
        watched.latest = 0;
        step_watch(advance, NULL, watch_the_ring, NULL);
        if (watched.went_back) {
            fail_msg("interrupted at instruction %lu last_task_alive goes back", watched.at);
        }
    } while (watched.steps >= watched.at);
}

/* D49: neither of two that come together loses its part. */
static void an_advance_is_never_lost(void **state)
{
    (void)state;
    play(&(const struct pair){make_ring, advance, consume_and_advance, check_advanced});
}

/* ---- references of one slot */

static void make_slot(void)
{
    memset(&f, 0, sizeof(f));
    f.slot = &f.slots[0];
    f.slot->fanout_count = TRB_OWN_REFERENCES;
    f.slot->task_state = PTO_TASK_COMPLETED;
}

static void drop_first(void *unused)
{
    (void)unused;
    f.first = trb_slot_drop(f.slot);
}

static void drop_second(void *unused)
{
    (void)unused;
    if (!is_locked(f.slot)) {
        f.second = trb_slot_drop(f.slot);
    }
}

static void check_dropped(uint64_t at)
{
    if (f.first == f.second || f.slot->fanout_refcount != 2 || f.slot->task_state != PTO_TASK_CONSUMED) {
        fail_msg("interrupted at instruction %lu: %d and %d say it was the last of %d", at, f.first, f.second,
                 f.slot->fanout_refcount);
    }
}

static void one_drop_is_the_last(void **state)
{
    (void)state;
    play(&(const struct pair){make_slot, drop_first, drop_second, check_dropped});
}

static void make_last_reference(void)
{
    make_slot();
    f.slot->fanout_refcount = 1;
}

static void claim_first(void *unused)
{
    (void)unused;
    f.first = trb_slot_claim(f.slot);
}

static void claim_second(void *unused)
{
    (void)unused;
    if (!is_locked(f.slot)) {
        f.second = trb_slot_claim(f.slot);
    }
}

/* Either the claim came first, and the task lives, or it is refused. */
static void check_claimed(uint64_t at)
{
    bool claimed = f.slot->fanout_count == TRB_OWN_REFERENCES + 1;
    bool consumed = f.slot->task_state == PTO_TASK_CONSUMED;
    if (claimed == consumed || f.slot->fanout_refcount != 2) {
        fail_msg("interrupted at instruction %lu: claimed %d, consumed %d", at, claimed, consumed);
    }
}

/* R20: no reference revives a task. */
static void claims_and_the_last_drop_exclude_each_other(void **state)
{
    (void)state;
    play(&(const struct pair){make_last_reference, claim_first, drop_second, check_claimed});
    play(&(const struct pair){make_last_reference, drop_first, claim_second, check_claimed});
}

/* ---- a producer completes while a consumer is entered */

static void make_pending(void)
{
    make_slot();
    f.slot->task_state = PTO_TASK_PENDING;
    f.list = NULL;
}

static void enter_first(void *unused)
{
    (void)unused;
    f.first = trb_slot_add_consumer(f.slot, &f.slots[1], &f.entry);
}

static void complete_second(void *unused)
{
    (void)unused;
    if (!is_locked(f.slot)) {
        f.list = trb_slot_complete(f.slot);
    }
}

static void complete_first(void *unused)
{
    (void)unused;
    f.list = trb_slot_complete(f.slot);
}

static void enter_second(void *unused)
{
    (void)unused;
    if (!is_locked(f.slot)) {
        f.first = trb_slot_add_consumer(f.slot, &f.slots[1], &f.entry);
    }
}

static void check_entered(uint64_t at)
{
    if (f.first != (f.list == &f.entry) || f.slot->fanout_head != NULL) {
        fail_msg("interrupted at instruction %lu: entered %d, told %d, left over %d", at, f.first, f.list == &f.entry,
                 f.slot->fanout_head != NULL);
    }
}

static void no_consumer_is_left_on_a_list(void **state)
{
    (void)state;
    play(&(const struct pair){make_pending, enter_first, complete_second, check_entered});
    play(&(const struct pair){make_pending, complete_first, enter_second, check_entered});
}

/* ---- wiring of a task with two producers while they complete */

static struct rig *rig;
static struct pto_slot_state *producers[2];
static struct pto_slot_state *consumer;
static uint32_t completions;

static void make_wiring(void)
{
    struct pto_arg arg;
    uint64_t ids[2];
    if (rig != NULL) {
        rig_destroy(rig);
    }
    rig = rig_create(16, 1024, 8);
    for (uint32_t i = 0; i < 2; i++) {
        producers[i] = rig_task(rig);
        ids[i] = producers[i]->task->task_id;
    }
    rig_wire(rig);
    (void)rig_ready(rig);
    (void)rig_ready(rig);
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, ids, 2);
    consumer = rig_dummy(rig, &arg);
    completions = 0;
}

static void wire_first(void *unused)
{
    (void)unused;
    rig_wire(rig);
}

static void complete_both(void *unused)
{
    (void)unused;
    if (is_locked(producers[0]) || is_locked(producers[1])) {
        return;
    }
    rig_complete(rig, producers[0]);
    rig_complete(rig, producers[1]);
}

static void check_ready_once(uint64_t at)
{
    const struct pto_slot_state *slot = rig_ready(rig);
    if (slot != consumer || rig_ready(rig) != NULL || consumer->fanin_refcount != consumer->fanin_count) {
        fail_msg("interrupted at instruction %lu: ready %d, heard from %d of %d", at, slot == consumer,
                 consumer->fanin_refcount, consumer->fanin_count);
    }
}

/* Invariant 17: announced exactly once, however the completions fall into the wiring. */
static void a_task_becomes_ready_once(void **state)
{
    (void)state;
    play(&(const struct pair){make_wiring, wire_first, complete_both, check_ready_once});
    rig_destroy(rig);
    rig = NULL;
}

/* ---- the ready queue */

static struct trb_ready_queue queue;
static struct pto_slot_state *in[8];
static struct pto_slot_state *out_first[8];
static struct pto_slot_state *out_second[8];
static uint32_t got_first;
static uint32_t got_second;

static void make_queue(void)
{
    static uint32_t round;
    trb_ready_clear(&queue);
    for (uint32_t i = 0; i < 8; i++) {
        in[i] = &f.slots[i];
    }
    /* Not always at the start of a lap. */
    for (uint32_t i = 0; i < round % 8; i++) {
        trb_ready_push(&queue, in, 1);
        (void)trb_ready_pop(&queue, out_first, 1);
    }
    round++;
    got_first = got_second = 0;
    trb_ready_push(&queue, in, 3);
}

static void push_first(void *unused)
{
    (void)unused;
    trb_ready_push(&queue, in + 3, 2);
}

static void push_second(void *unused)
{
    (void)unused;
    trb_ready_push(&queue, in + 5, 3);
}

static void pop_first(void *unused)
{
    (void)unused;
    got_first = trb_ready_pop(&queue, out_first, 2);
}

static void pop_second(void *unused)
{
    (void)unused;
    got_second = trb_ready_pop(&queue, out_second, 8);
}

/* Whatever was pushed is taken once, by somebody. */
static void check_queue(uint64_t at, uint32_t pushed)
{
    uint32_t seen[8] = {0};
    struct pto_slot_state *rest[8];
    uint32_t left = trb_ready_pop(&queue, rest, 8);
    for (uint32_t i = 0; i < got_first; i++) {
        seen[out_first[i] - f.slots]++;
    }
    for (uint32_t i = 0; i < got_second; i++) {
        seen[out_second[i] - f.slots]++;
    }
    for (uint32_t i = 0; i < left; i++) {
        seen[rest[i] - f.slots]++;
    }
    for (uint32_t i = 0; i < 8; i++) {
        if (seen[i] != ((pushed >> i) & 1u)) {
            fail_msg("interrupted at instruction %lu: task %u came out %u times", at, i, seen[i]);
        }
    }
    assert_false(trb_ready_pending(&queue));
}

static void check_three(uint64_t at)
{
    assert_true(got_first + got_second <= 3);
    check_queue(at, 0x07);
}

static void check_five(uint64_t at)
{
    check_queue(at, 0x1F);
}

static void check_eight(uint64_t at)
{
    check_queue(at, 0xFF);
}

static void check_six(uint64_t at)
{
    check_queue(at, 0xE7);
}

static void ready_tasks_come_out_once(void **state)
{
    (void)state;
    assert_int_equal(trb_ready_create(&queue, 8), 0);
    play(&(const struct pair){make_queue, pop_first, pop_second, check_three});
    play(&(const struct pair){make_queue, push_first, pop_second, check_five});
    play(&(const struct pair){make_queue, push_first, push_second, check_eight});
    play(&(const struct pair){make_queue, pop_first, push_second, check_six});
    trb_ready_destroy(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_never_goes_back),        cmocka_unit_test(an_advance_is_never_lost),
        cmocka_unit_test(one_drop_is_the_last),          cmocka_unit_test(claims_and_the_last_drop_exclude_each_other),
        cmocka_unit_test(no_consumer_is_left_on_a_list), cmocka_unit_test(a_task_becomes_ready_once),
        cmocka_unit_test(ready_tasks_come_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
