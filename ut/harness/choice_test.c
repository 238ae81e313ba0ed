/* SPDX-License-Identifier: Apache-2.0 */
/* choice: draws, their bytes, and that a recorded case replays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "harness/choice/choice.h"

static void exhausted_choices_are_the_simplest(void **state)
{
    (void)state;
    struct choice choice;
    uint8_t bytes[4];
    const uint32_t weights[] = {1, 100};
    choice_from_bytes(&choice, NULL, 0);
    assert_int_equal(choice_below(&choice, 1000), 0);
    assert_int_equal(choice_range(&choice, 7, 9), 7);
    assert_false(choice_bool(&choice));
    assert_int_equal(choice_u64(&choice), 0);
    assert_int_equal(choice_edge(&choice), 0);
    assert_int_equal(choice_pick_weighted(&choice, weights, 2), 0);
    memset(bytes, 0xee, sizeof(bytes));
    choice_bytes(&choice, bytes, sizeof(bytes));
    assert_int_equal(bytes[3], 0);
    assert_int_equal(choice_used(&choice), 0);
}

static void a_draw_uses_as_few_bytes_as_it_can(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        size_t used;
    } cases[] = {{0, 0}, {1, 0}, {2, 1}, {256, 1}, {257, 2}, {65536, 2}, {65537, 4}, {1ull << 32, 4}, {UINT64_MAX, 8}};
    const uint8_t bytes[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct choice choice;
        choice_from_bytes(&choice, bytes, sizeof(bytes));
        uint64_t drawn = choice_below(&choice, cases[i].count);
        assert_int_equal(choice_used(&choice), cases[i].used);
        assert_true(drawn == 0 || drawn < cases[i].count);
    }
}

static void bytes_are_little_endian_and_reduced(void **state)
{
    (void)state;
    const uint8_t bytes[] = {7, 0x34, 0x12, 0xff, 0xff};
    struct choice choice;
    choice_from_bytes(&choice, bytes, sizeof(bytes));
    assert_int_equal(choice_below(&choice, 5), 2);
    assert_int_equal(choice_below(&choice, 0x10000), 0x1234);
    assert_int_equal(choice_left(&choice), 2);
    assert_int_equal(choice_below(&choice, 0x100000000ull), 0xffff); /* two bytes are there, two are zero */
    assert_int_equal(choice_left(&choice), 0);
}

static void ranges_include_both_ends(void **state)
{
    (void)state;
    uint8_t buffer[4096];
    struct choice choice;
    bool seen[3] = {false, false, false};
    choice_from_seed(&choice, 1, buffer, sizeof(buffer));
    for (size_t i = 0; i < 200; i++) {
        uint64_t drawn = choice_range(&choice, 5, 7);
        assert_true(drawn >= 5 && drawn <= 7);
        seen[drawn - 5] = true;
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    assert_int_equal(choice_range(&choice, 9, 9), 9);
    size_t before = choice_used(&choice);
    (void)choice_range(&choice, 0, UINT64_MAX);
    assert_int_equal(choice_used(&choice), before + 8);
}

static void weights_are_respected(void **state)
{
    (void)state;
    const uint32_t weights[] = {3, 0, 1};
    size_t counts[3] = {0, 0, 0};
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint8_t bytes[1] = {(uint8_t)byte};
        struct choice choice;
        choice_from_bytes(&choice, bytes, 1);
        counts[choice_pick_weighted(&choice, weights, 3)]++;
    }
    assert_int_equal(counts[0], 192);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 64);
}

static void edges_reach_the_limits(void **state)
{
    (void)state;
    uint8_t buffer[1 << 16];
    struct choice choice;
    bool all_ones = false;
    bool top_bit = false;
    bool small = false;
    choice_from_seed(&choice, 3, buffer, sizeof(buffer));
    for (size_t i = 0; i < 4000; i++) {
        uint64_t drawn = choice_edge(&choice);
        all_ones = all_ones || drawn == UINT64_MAX;
        top_bit = top_bit || drawn == 1ull << 63;
        small = small || drawn == 1;
    }
    assert_true(all_ones && top_bit && small);
}

/* Every kind of draw, as numbers that can be compared. */
static void draw_everything(struct choice *choice, uint64_t drawn[64])
{
    const uint32_t weights[] = {1, 2, 3};
    for (size_t i = 0; i < 64; i += 8) {
        drawn[i] = choice_below(choice, 10 + i);
        drawn[i + 1] = choice_below(choice, 1000);
        drawn[i + 2] = choice_range(choice, 3, 1ull << 40);
        drawn[i + 3] = choice_bool(choice);
        drawn[i + 4] = choice_u64(choice);
        drawn[i + 5] = choice_edge(choice);
        drawn[i + 6] = choice_pick_weighted(choice, weights, 3);
        choice_bytes(choice, &drawn[i + 7], 5);
    }
}

static void a_seeded_case_replays_from_its_bytes(void **state)
{
    (void)state;
    uint8_t buffer[200]; /* smaller than the case, so its end is zeros */
    uint64_t first[64] = {0};
    uint64_t again[64] = {0};
    struct choice choice;
    choice_from_seed(&choice, 42, buffer, sizeof(buffer));
    draw_everything(&choice, first);
    assert_int_equal(choice_used(&choice), sizeof(buffer));
    choice_from_bytes(&choice, buffer, choice_used(&choice));
    draw_everything(&choice, again);
    assert_memory_equal(first, again, sizeof(first));
}

static void seeds_give_the_same_bytes_for_ever(void **state)
{
    (void)state;
    const uint8_t expected[] = {0xc1, 0x5c, 0x02, 0x89, 0xec, 0x2d, 0x0a, 0x91};
    uint8_t buffer[11];
    uint8_t drawn[11];
    uint8_t other[11];
    struct choice choice;
    choice_from_seed(&choice, 1, buffer, sizeof(buffer));
    choice_bytes(&choice, drawn, sizeof(drawn));
    assert_memory_equal(drawn, expected, sizeof(expected));
    choice_from_seed(&choice, 2, buffer, sizeof(buffer));
    choice_bytes(&choice, other, sizeof(other));
    assert_memory_not_equal(drawn, other, sizeof(drawn));
}

static void a_schedule_can_be_drawn(void **state)
{
    (void)state;
    const uint8_t bytes[] = {5, 2};
    struct choice choice;
    choice_from_bytes(&choice, bytes, sizeof(bytes));
    assert_int_equal(choice_for_policy(&choice, 3), 2);
    assert_int_equal(choice_for_policy(&choice, 1), 0);
    assert_int_equal(choice_for_policy(&choice, 3), 2);
    assert_int_equal(choice_for_policy(&choice, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exhausted_choices_are_the_simplest),
        cmocka_unit_test(a_draw_uses_as_few_bytes_as_it_can),
        cmocka_unit_test(bytes_are_little_endian_and_reduced),
        cmocka_unit_test(ranges_include_both_ends),
        cmocka_unit_test(weights_are_respected),
        cmocka_unit_test(edges_reach_the_limits),
        cmocka_unit_test(a_seeded_case_replays_from_its_bytes),
        cmocka_unit_test(seeds_give_the_same_bytes_for_ever),
        cmocka_unit_test(a_schedule_can_be_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
