/* SPDX-License-Identifier: Apache-2.0 */
/* The ready queue alone and under contention (device.md 7.1: 30). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "aicpu/trb/ready_queue.h"

static struct pto_slot_state slots[64];

static void first_in_first_out_over_laps(void **state)
{
    (void)state;
    struct trb_ready_queue queue;
    struct pto_slot_state *in[8];
    struct pto_slot_state *out[8];
    assert_int_equal(trb_ready_create(&queue, 6), -12);
    assert_int_equal(trb_ready_create(&queue, 8), 0);
    uint32_t pushed = 0;
    uint32_t popped = 0;
    for (uint32_t round = 0; round < 100; round++) {
        uint32_t count = 1 + round % 8;
        for (uint32_t i = 0; i < count; i++) {
            in[i] = &slots[pushed++ % 64];
        }
        assert_false(trb_ready_pending(&queue));
        trb_ready_push(&queue, in, count);
        assert_true(trb_ready_pending(&queue));
        while (popped < pushed) {
            uint32_t got = trb_ready_pop(&queue, out, 3);
            assert_true(got > 0 && got <= 3);
            for (uint32_t i = 0; i < got; i++) {
                assert_ptr_equal(out[i], &slots[popped++ % 64]);
            }
        }
        assert_int_equal(trb_ready_pop(&queue, out, 8), 0);
    }
    trb_ready_push(&queue, in, 3);
    trb_ready_clear(&queue);
    assert_false(trb_ready_pending(&queue));
    assert_int_equal(trb_ready_pop(&queue, out, 8), 0);
    trb_ready_push(&queue, in, 1);
    assert_int_equal(trb_ready_pop(&queue, out, 8), 1);
    trb_ready_destroy(&queue);
}

/* Every thread takes tasks out and puts them back, each counted while it is out: nothing is lost or there twice. */
struct contention {
    struct trb_ready_queue queue;
    _Atomic uint32_t out[64];
    _Atomic uint32_t doubled;
    _Atomic uint64_t taken;
};

static void *take_and_give(void *argument)
{
    struct contention *c = argument;
    struct pto_slot_state *mine[5];
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t count = trb_ready_pop(&c->queue, mine, 1 + round % 5);
        for (uint32_t i = 0; i < count; i++) {
            if (atomic_fetch_add(&c->out[mine[i] - slots], 1) != 0) {
                atomic_fetch_add(&c->doubled, 1);
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            atomic_fetch_sub(&c->out[mine[i] - slots], 1);
        }
        atomic_fetch_add(&c->taken, count);
        if (count > 0) {
            trb_ready_push(&c->queue, mine, count);
        }
    }
    return NULL;
}

static void nothing_is_lost_under_contention(void **state)
{
    (void)state;
    static struct contention c;
    pthread_t threads[4];
    bool found[64] = {false};
    struct pto_slot_state *slot;
    assert_int_equal(trb_ready_create(&c.queue, 64), 0);
    for (uint32_t i = 0; i < 64; i++) {
        slot = &slots[i];
        trb_ready_push(&c.queue, &slot, 1);
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &c), 0);
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(c.doubled, 0);
    assert_true(c.taken > 0);
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(trb_ready_pop(&c.queue, &slot, 1), 1);
        assert_false(found[slot - slots]);
        found[slot - slots] = true;
    }
    assert_int_equal(trb_ready_pop(&c.queue, &slot, 1), 0);
    trb_ready_destroy(&c.queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out_over_laps),
        cmocka_unit_test(nothing_is_lost_under_contention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
