/* SPDX-License-Identifier: Apache-2.0 */
/* cxx_guard: exceptions stop at the guard; jumps and cancellations pass through it (R23). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cxx_guard.h"
#include "ut/base/cxx_guard_throw.h"

static void set_flag(void *flag)
{
    *(bool *)flag = true;
}

static void a_normal_return_is_0(void **state)
{
    (void)state;
    char what[16] = "untouched";
    bool called = false;
    assert_int_equal(cxx_guard_call(set_flag, &called, what, sizeof(what)), 0);
    assert_true(called);
    assert_string_equal(what, "untouched");
}

static void an_exception_becomes_its_text(void **state)
{
    (void)state;
    char text[] = "out of luck";
    char what[64] = "";
    assert_int_equal(cxx_guard_call(throw_runtime_error, text, what, sizeof(what)), -1);
    assert_string_equal(what, "out of luck");
    char small[4] = "abc";
    assert_int_equal(cxx_guard_call(throw_runtime_error, text, small, sizeof(small)), -1);
    assert_string_equal(small, "out");
    assert_int_equal(cxx_guard_call(throw_runtime_error, text, NULL, 0), -1);
}

static void anything_can_be_thrown(void **state)
{
    (void)state;
    char what[64] = "";
    assert_int_equal(cxx_guard_call(throw_number, NULL, what, sizeof(what)), -1);
    assert_string_equal(what, "unknown exception");
}

static void locals_are_destroyed_on_the_way(void **state)
{
    (void)state;
    int destroyed = 0;
    char what[64] = "";
    assert_int_equal(cxx_guard_call(throw_through_destructor, &destroyed, what, sizeof(what)), -1);
    assert_int_equal(destroyed, 1);
    assert_string_equal(what, "unwound");
}

static void jump_out(void *target)
{
    longjmp(*(jmp_buf *)target, 1);
}

static void a_jump_passes_through(void **state)
{
    (void)state;
    jmp_buf target;
    volatile int jumps = 0;
    if (setjmp(target) == 0) {
        (void)cxx_guard_call(jump_out, &target, NULL, 0);
        jumps = 100; /* the guard came back */
    }
    jumps++;
    assert_int_equal(jumps, 1);
}

static void wait_to_be_cancelled(void *unused)
{
    (void)unused;
    for (;;) {
        (void)pause();
    }
}

static void *guarded_thread(void *came_back)
{
    int result = cxx_guard_call(wait_to_be_cancelled, NULL, NULL, 0);
    *(bool *)came_back = true;
    return (void *)(intptr_t)result;
}

static void a_cancelled_thread_ends_as_cancelled(void **state)
{
    (void)state;
    pthread_t thread;
    void *result = NULL;
    bool came_back = false;
    assert_int_equal(pthread_create(&thread, NULL, guarded_thread, &came_back), 0);
    assert_int_equal(pthread_cancel(thread), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_false(came_back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_normal_return_is_0),   cmocka_unit_test(an_exception_becomes_its_text),
        cmocka_unit_test(anything_can_be_thrown), cmocka_unit_test(locals_are_destroyed_on_the_way),
        cmocka_unit_test(a_jump_passes_through),  cmocka_unit_test(a_cancelled_thread_ends_as_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
