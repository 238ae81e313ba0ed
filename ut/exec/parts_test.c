/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of exec against simpler models: timers, stack pool, user images. */
#include "ut/exec/user_code.h"

#include "exec/random.h"
#include "exec/stack_pool.h"
#include "exec/timers.h"
#include "exec/user_image.h"

/* ---- timers against a scan for the least ---- */

#define TIMERS 40u

static bool before(const struct exec_timer *a, const struct exec_timer *b)
{
    if (a->time_ns != b->time_ns) {
        return a->time_ns < b->time_ns;
    }
    return a->kind != b->kind ? a->kind < b->kind : a->order < b->order;
}

static const struct exec_timer *least(const struct exec_timer *timers)
{
    const struct exec_timer *first = NULL;
    for (uint32_t i = 0; i < TIMERS; i++) {
        if (timers[i].position != 0 && (first == NULL || before(&timers[i], first))) {
            first = &timers[i];
        }
    }
    return first;
}

static void test_timers_fire_like_a_scan(void **state)
{
    (void)state;
    struct exec_timers heap = {0};
    struct exec_timer timers[TIMERS] = {{0}};
    struct exec_random random;
    exec_random_seed(&random, 7);
    assert_null(exec_timers_first(&heap));
    assert_int_equal(exec_timers_reserve(&heap, 3), 0);
    for (uint32_t i = 0; i < TIMERS; i++) { /* the room grows while timers are armed */
        assert_int_equal(exec_timers_reserve(&heap, i + 1u), 0);
        timers[i] = (struct exec_timer){.order = i, .time_ns = exec_random_below(&random, 10)};
        exec_timers_add(&heap, &timers[i]);
    }
    for (uint32_t step = 0; step < 20000; step++) {
        struct exec_timer *timer = &timers[exec_random_below(&random, TIMERS)];
        if (timer->position != 0) {
            exec_timers_remove(&heap, timer);
            exec_timers_remove(&heap, timer); /* not armed: nothing happens */
        } else {
            timer->time_ns = exec_random_below(&random, 12);
            timer->kind = (enum exec_timer_kind)exec_random_below(&random, 3);
            exec_timers_add(&heap, timer);
        }
        assert_ptr_equal(exec_timers_first(&heap), least(timers));
    }
    exec_timers_free(&heap);
}

/* ---- stacks ---- */

static void test_stacks_are_big_enough_and_reused(void **state)
{
    (void)state;
    struct exec_stack_pool pool = {0};
    struct exec_stack *first = NULL;
    struct exec_stack *second = NULL;
    static const size_t sizes[] = {1, 65536, 65537, EXEC_CORE_STACK_BYTES, EXEC_ORCHESTRATION_STACK_BYTES, 3000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(exec_stack_take(&pool, sizes[i], &first), 0);
        assert_true(first->bytes >= sizes[i]);
        memset(first->bottom, 0xa5, 4096);
        memset(first->bottom + first->bytes - 64, 0xa5, 64);
        assert_true(exec_stack_guards(first, first->bottom - 1));
        assert_true(exec_stack_guards(first, first->bottom - 4096));
        assert_false(exec_stack_guards(first, first->bottom));
        assert_false(exec_stack_guards(first, first->bottom - 4097));
        exec_stack_give(&pool, first);
        assert_int_equal(exec_stack_take(&pool, sizes[i], &second), 0);
        assert_ptr_equal(first, second);
        assert_int_equal(exec_stack_take(&pool, sizes[i], &first), 0);
        assert_ptr_not_equal(first, second);
        exec_stack_give(&pool, first);
        exec_stack_give(&pool, second);
    }
    assert_int_equal(exec_stack_take(&pool, SIZE_MAX, &first), -ENOMEM);
    exec_stack_pool_clear(&pool);
}

/* ---- user images ---- */

static void test_user_images_are_counted(void **state)
{
    (void)state;
    struct user_code user;
    int here = 0;
    user_open(&user); /* registers once */
    const void *inside = *(void **)&user.spin;
    assert_true(exec_user_image_contains((uintptr_t)inside));
    assert_false(exec_user_image_contains((uintptr_t)&here));
    assert_false(exec_user_image_contains((uintptr_t)(void *)&test_user_images_are_counted));
    assert_int_equal(exec_user_image_add(*(void **)&user.fault), 0); /* the same image by another address */
    exec_user_image_remove(inside);
    assert_true(exec_user_image_contains((uintptr_t)inside));
    exec_user_image_remove(inside);
    assert_false(exec_user_image_contains((uintptr_t)inside));
    exec_user_image_remove(inside); /* one too many */
    assert_int_equal(exec_user_image_add(&here), -ENOENT);
    exec_user_image_remove(&here);
    for (int i = 0; i < 100; i++) { /* records are reused */
        assert_int_equal(exec_user_image_add(inside), 0);
        assert_int_equal(exec_user_image_add(*(void **)&user.call), 0);
        assert_true(exec_user_image_contains((uintptr_t)inside));
        exec_user_image_remove(inside);
        exec_user_image_remove(inside);
    }
    assert_int_equal(exec_user_image_add(inside), 0); /* for user_close */
    user_close(&user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_fire_like_a_scan),
        cmocka_unit_test(test_stacks_are_big_enough_and_reused),
        cmocka_unit_test(test_user_images_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
