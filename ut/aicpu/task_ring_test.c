/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and heap of one ring against a list of live blocks (device.md 7.1: 12, 13, 23; R21). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "aicpu/trb/task_ring.h"

#define WINDOW 16u

struct fixture {
    struct pto_ring_header header;
    struct pto_task_descriptor descriptors[WINDOW];
    struct trb_task_record records[WINDOW];
    struct pto_slot_state *spilled[4];
    struct trb_task_ring ring;
};

static void set_up(struct fixture *f, uint32_t window, uint64_t heap)
{
    memset(f, 0, sizeof(*f));
    f->ring.header = &f->header;
    f->ring.descriptors = f->descriptors;
    f->ring.records = f->records;
    f->ring.window = window;
    f->ring.mask = window - 1;
    f->ring.heap_size = heap;
    f->ring.spill.entries = f->spilled;
    f->ring.spill.capacity = 4;
    trb_ring_reset(&f->ring);
}

static uint64_t take(struct fixture *f, uint64_t bytes)
{
    assert_int_equal(trb_ring_room(&f->ring, bytes), TRB_ROOM);
    (void)trb_ring_take(&f->ring, bytes);
    return f->ring.block_base;
}

static void window_holds_one_task_less(void **state)
{
    (void)state;
    struct fixture f;
    for (uint32_t window = 4; window <= WINDOW; window *= 2) {
        set_up(&f, window, 1024);
        for (uint32_t i = 0; i < window - 1; i++) {
            assert_int_equal(trb_ring_room(&f.ring, 0), TRB_ROOM);
            assert_int_equal(trb_ring_take(&f.ring, 0), i);
        }
        assert_int_equal(trb_ring_room(&f.ring, 0), TRB_NO_SLOT);
        trb_ring_retire(&f.ring);
        assert_int_equal(trb_ring_room(&f.ring, 0), TRB_ROOM);
        assert_int_equal(trb_ring_take(&f.ring, 0), window - 1);
        assert_int_equal(trb_ring_room(&f.ring, 0), TRB_NO_SLOT);
        assert_false(trb_ring_holds(&f.ring, 0));
        assert_true(trb_ring_holds(&f.ring, 1));
        assert_true(trb_ring_holds(&f.ring, window - 1));
        assert_false(trb_ring_holds(&f.ring, window));
    }
}

/* D37: a block may end at the end of the heap, but must not fill the gap before the oldest block. */
static void exact_fits(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, WINDOW, 1024);
    assert_int_equal(take(&f, 512), 0);
    assert_int_equal(take(&f, 512), 512);
    assert_int_equal(trb_ring_room(&f.ring, 64), TRB_NO_HEAP);
    trb_ring_retire(&f.ring);
    assert_int_equal(trb_ring_room(&f.ring, 512), TRB_NO_HEAP);
    assert_int_equal(take(&f, 256), 0);
    assert_int_equal(trb_ring_room(&f.ring, 256), TRB_NO_HEAP);
    assert_int_equal(take(&f, 192), 256);
    assert_int_equal(trb_ring_room(&f.ring, 64), TRB_NO_HEAP);
    assert_int_equal(trb_ring_room(&f.ring, 0), TRB_ROOM);
}

static void empty_heap_serves_its_size(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, WINDOW, 4096);
    assert_int_equal(take(&f, 2048), 0);
    trb_ring_retire(&f.ring);
    assert_int_equal(take(&f, 3072), 0);
    trb_ring_retire(&f.ring);
    assert_int_equal(take(&f, 4096), 0);
    assert_int_equal(trb_ring_room(&f.ring, 4096), TRB_NO_HEAP);
    trb_ring_retire(&f.ring);
    assert_int_equal(trb_ring_room(&f.ring, 4160), TRB_NO_HEAP);
    /* Tasks without outputs do not hold the heap. */
    assert_int_equal(take(&f, 2048), 0);
    (void)take(&f, 0);
    trb_ring_retire(&f.ring);
    assert_int_equal(take(&f, 4096), 0);
    trb_ring_retire(&f.ring);
    assert_int_equal(trb_ring_room(&f.ring, 64), TRB_NO_HEAP);
}

/* What lies between the last block before the wrap and the end of the heap is usable again once that block is gone. */
static void end_of_heap_after_the_wrap(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, WINDOW, 4096);
    (void)take(&f, 1024);
    assert_int_equal(take(&f, 2048), 1024);
    trb_ring_retire(&f.ring);
    assert_int_equal(take(&f, 512), 3072);
    assert_int_equal(take(&f, 640), 0);
    trb_ring_retire(&f.ring);
    trb_ring_retire(&f.ring);
    assert_int_equal(take(&f, 3456), 640);
}

static void rounding(void **state)
{
    (void)state;
    uint64_t rounded = 1;
    assert_true(trb_ring_round(0, &rounded));
    assert_int_equal(rounded, 0);
    assert_true(trb_ring_round(1, &rounded));
    assert_int_equal(rounded, 64);
    assert_true(trb_ring_round(64, &rounded));
    assert_int_equal(rounded, 64);
    assert_false(trb_ring_round(UINT64_MAX - 62, &rounded));
}

/* Random requests and retirements: live blocks never overlap and stay inside the heap. */
static void random_blocks(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t base[WINDOW];
    uint64_t bytes[WINDOW];
    uint64_t random = 88172645463325252ull;
    set_up(&f, WINDOW, 2048);
    for (uint32_t step = 0; step < 200000; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint32_t live = f.ring.next - f.ring.alive;
        if (live > 0 && random % 5 < 2) {
            trb_ring_retire(&f.ring);
            continue;
        }
        uint64_t wanted = random % 7 == 0 ? 0 : 64 * (1 + (random >> 8) % 20);
        enum trb_ring_room room = trb_ring_room(&f.ring, wanted);
        if (room != TRB_ROOM) {
            assert_true(room == TRB_NO_SLOT ? live == WINDOW - 1 : f.ring.blocks > 0);
            continue;
        }
        uint32_t place = trb_ring_take(&f.ring, wanted) & (WINDOW - 1);
        base[place] = f.ring.block_base;
        bytes[place] = wanted;
        assert_true(wanted == 0 || base[place] + wanted <= 2048);
        for (uint32_t local = f.ring.alive; wanted != 0 && local + 1 != f.ring.next; local++) {
            uint32_t other = local & (WINDOW - 1);
            assert_true(bytes[other] == 0 || base[other] + bytes[other] <= base[place] ||
                        base[place] + wanted <= base[other]);
        }
    }
}

static void spill_pool_wraps(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, WINDOW, 1024);
    struct trb_spill_pool *pool = &f.ring.spill;
    pool->top = pool->tail = UINT32_MAX - 1; /* positions pass 2^32 */
    assert_int_equal(trb_spill_take(pool), 0);
    assert_int_equal(trb_spill_take(pool), 1);
    uint32_t mark = pool->top;
    assert_int_equal(trb_spill_take(pool), 2);
    assert_int_equal(trb_spill_take(pool), 3);
    assert_int_equal(trb_spill_take(pool), UINT32_MAX);
    trb_spill_untake(pool);
    assert_int_equal(trb_spill_take(pool), 3);
    trb_spill_reclaim(pool, mark);
    assert_int_equal(trb_spill_take(pool), 0);
    trb_spill_untake(pool);
    assert_int_equal(pool->top_place, 0);
    assert_int_equal(trb_spill_take(pool), 0);
    assert_int_equal(trb_spill_take(pool), 1);
    assert_int_equal(trb_spill_take(pool), UINT32_MAX);
    assert_ptr_equal(trb_spill_entry(pool, 3, PTO_INLINE_FANIN + 1), &f.spilled[0]);
}

/* The assertion of every debug build sees each way in which a block can be wrong. */
static void wrong_blocks_are_seen(void **state)
{
    (void)state;
    static const struct {
        uint64_t base, end;
        bool apart;
    } blocks[] = {{192, 256, true}, {64, 128, true},   {64, 129, false},         {191, 256, false},
                  {0, 64, true},    {960, 1024, true}, {960, 1088, false},       {128, 192, false},
                  {0, 1024, false}, {256, 192, false}, {(uint64_t)-64, 0, false}};
    struct fixture f;
    set_up(&f, WINDOW, 1024);
    f.ring.heap_address = 0x10000;
    for (uint32_t i = 0; i < 4; i++) {
        (void)take(&f, 64);
        f.descriptors[i].packed_buffer_base = f.ring.heap_address + 64 * i;
        f.descriptors[i].packed_buffer_end = f.ring.heap_address + 64 * (i + 1);
    }
    trb_ring_retire(&f.ring);
    trb_ring_retire(&f.ring); /* 128 .. 256 are alive, by the tasks 2 and 3 */
    for (uint32_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        f.descriptors[3].packed_buffer_base = f.ring.heap_address + blocks[i].base;
        f.descriptors[3].packed_buffer_end = f.ring.heap_address + blocks[i].end;
        if (trb_ring_block_is_apart(&f.ring, 3) != blocks[i].apart) {
            fail_msg("a block from %lu to %lu", blocks[i].base, blocks[i].end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_blocks_are_seen),
        cmocka_unit_test(window_holds_one_task_less),
        cmocka_unit_test(exact_fits),
        cmocka_unit_test(empty_heap_serves_its_size),
        cmocka_unit_test(end_of_heap_after_the_wrap),
        cmocka_unit_test(rounding),
        cmocka_unit_test(random_blocks),
        cmocka_unit_test(spill_pool_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
