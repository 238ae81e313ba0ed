/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test runner must not miss, one build per PLANTED_* define (harness/house/self-test): failures, a crash, an
 * end without a summary, a test that never ends, more failures than an exit code can count, and leaks, also in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void good(void **state)
{
    (void)state;
}

#if defined(PLANTED_FAILURE) || defined(PLANTED_256_FAILURES)
static void bad(void **state)
{
    (void)state;
    assert_true(0);
}
#endif

#ifdef PLANTED_SETUP_ERROR
static int failing_setup(void **state)
{
    (void)state;
    return -1;
}
#endif

#ifdef PLANTED_CRASH
static void crash(void **state)
{
    (void)state;
    abort();
}
#endif

#ifdef PLANTED_EARLY_EXIT
static void leave(void **state)
{
    (void)state;
    _exit(0);
}
#endif

#ifdef PLANTED_NO_END
static void wait_forever(void **state)
{
    (void)state;
    for (;;) {
        (void)pause();
    }
}
#endif

#if defined(PLANTED_LEAK) || defined(PLANTED_LEAK_IN_CHILD)
/* Volatile, so that the compiler cannot drop the allocation. */
static void *volatile lost;

static void leak(void **state)
{
    (void)state;
#ifdef PLANTED_LEAK_IN_CHILD
    if (fork() != 0) {
        (void)wait(NULL);
        return;
    }
#endif
    lost = malloc(77);
    lost = NULL;
#ifdef PLANTED_LEAK_IN_CHILD
    _exit(0);
#endif
}
#endif

int main(void)
{
#ifdef PLANTED_256_FAILURES
    struct CMUnitTest tests[257] = {cmocka_unit_test(good)};
    for (size_t i = 1; i < 257; i++) {
        tests[i] = (struct CMUnitTest)cmocka_unit_test(bad);
    }
    return cmocka_run_group_tests(tests, NULL, NULL); /* 256, which a shell sees as 0 */
#else
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
#ifdef PLANTED_FAILURE
        cmocka_unit_test(bad),
#endif
#ifdef PLANTED_SETUP_ERROR
        cmocka_unit_test_setup(good, failing_setup),
#endif
#ifdef PLANTED_CRASH
        cmocka_unit_test(crash),
#endif
#ifdef PLANTED_EARLY_EXIT
        cmocka_unit_test(leave),
#endif
#ifdef PLANTED_NO_END
        cmocka_unit_test(wait_forever),
#endif
#if defined(PLANTED_LEAK) || defined(PLANTED_LEAK_IN_CHILD)
        cmocka_unit_test(leak),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
#endif
}
