/* SPDX-License-Identifier: Apache-2.0 */
/* shrink: finds the smallest failing bytes for failures whose minimum is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "harness/choice/choice.h"
#include "harness/property/shrink.h"

struct failing {
    bool (*fails)(const uint8_t *bytes, size_t size);
    uint32_t calls;
};

static bool still_fails(void *context, const uint8_t *bytes, size_t size)
{
    struct failing *failing = context;
    failing->calls++;
    return failing->fails(bytes, size);
}

static bool has_a_byte_of_100(const uint8_t *bytes, size_t size)
{
    bool found = false;
    for (size_t i = 0; i < size; i++) {
        found = found || bytes[i] >= 100;
    }
    return found;
}

static bool sums_to_1000(const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    return sum >= 1000;
}

static bool third_byte_is_5(const uint8_t *bytes, size_t size)
{
    return size >= 3 && bytes[2] == 5;
}

static bool always(const uint8_t *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return true;
}

static bool is_long(const uint8_t *bytes, size_t size)
{
    (void)bytes;
    return size >= 33;
}

static size_t shrink_random(bool (*fails)(const uint8_t *, size_t), uint8_t *bytes, size_t size, uint32_t budget)
{
    struct failing failing = {.fails = fails};
    struct shrink shrink = {.still_fails = still_fails, .context = &failing, .budget = budget};
    size_t result = shrink_bytes(&shrink, bytes, size);
    assert_int_equal(shrink.tries, failing.calls);
    assert_true(shrink.tries <= budget);
    return result;
}

static void make_bytes(uint8_t *bytes, size_t size)
{
    struct choice choice;
    uint8_t drawn[256];
    choice_from_seed(&choice, 7, drawn, sizeof(drawn));
    choice_bytes(&choice, bytes, size);
}

static void one_guilty_byte_is_isolated_and_lowered(void **state)
{
    (void)state;
    uint8_t bytes[200];
    make_bytes(bytes, sizeof(bytes));
    assert_int_equal(shrink_random(has_a_byte_of_100, bytes, sizeof(bytes), 5000), 1);
    assert_int_equal(bytes[0], 100);
}

static void a_sum_becomes_few_large_bytes(void **state)
{
    (void)state;
    uint8_t bytes[200];
    make_bytes(bytes, sizeof(bytes));
    size_t size = shrink_random(sums_to_1000, bytes, sizeof(bytes), 5000);
    assert_true(size <= 8 && size >= 4);
    assert_true(sums_to_1000(bytes, size));
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    assert_int_equal(sum, 1000);
}

static void what_stands_before_the_guilty_byte_becomes_zero(void **state)
{
    (void)state;
    uint8_t bytes[50];
    make_bytes(bytes, sizeof(bytes));
    bytes[2] = 5;
    assert_int_equal(shrink_random(third_byte_is_5, bytes, sizeof(bytes), 5000), 3);
    const uint8_t expected[] = {0, 0, 5};
    assert_memory_equal(bytes, expected, 3);
}

static void what_always_fails_becomes_nothing(void **state)
{
    (void)state;
    uint8_t bytes[50];
    make_bytes(bytes, sizeof(bytes));
    assert_int_equal(shrink_random(always, bytes, sizeof(bytes), 5000), 0);
    assert_int_equal(shrink_random(always, bytes, 0, 5000), 0);
}

static void a_length_is_cut_to_the_byte(void **state)
{
    (void)state;
    uint8_t bytes[200];
    make_bytes(bytes, sizeof(bytes));
    assert_int_equal(shrink_random(is_long, bytes, sizeof(bytes), 5000), 33);
    static const uint8_t zeros[33];
    assert_memory_equal(bytes, zeros, 33);
}

static void the_budget_is_kept_and_the_best_so_far_returned(void **state)
{
    (void)state;
    uint8_t bytes[200];
    make_bytes(bytes, sizeof(bytes));
    size_t size = shrink_random(sums_to_1000, bytes, sizeof(bytes), 12);
    assert_true(sums_to_1000(bytes, size));
    uint8_t untouched[200];
    make_bytes(untouched, sizeof(untouched));
    assert_int_equal(shrink_random(sums_to_1000, untouched, sizeof(untouched), 0), sizeof(untouched));
}

static void shrinking_is_deterministic(void **state)
{
    (void)state;
    uint8_t first[200];
    uint8_t second[200];
    make_bytes(first, sizeof(first));
    make_bytes(second, sizeof(second));
    size_t size = shrink_random(sums_to_1000, first, sizeof(first), 300);
    assert_int_equal(shrink_random(sums_to_1000, second, sizeof(second), 300), size);
    assert_memory_equal(first, second, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_guilty_byte_is_isolated_and_lowered),
        cmocka_unit_test(a_sum_becomes_few_large_bytes),
        cmocka_unit_test(what_stands_before_the_guilty_byte_becomes_zero),
        cmocka_unit_test(what_always_fails_becomes_nothing),
        cmocka_unit_test(a_length_is_cut_to_the_byte),
        cmocka_unit_test(the_budget_is_kept_and_the_best_so_far_returned),
        cmocka_unit_test(shrinking_is_deterministic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
