/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks whose blocks start together (require_sync_start), among others that do not, on contended cores, with any number
 * of threads and blocks (R22): invariants 1, 2, 25 to 30, 32 (dispatch_program.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatch_program.h"

static void round_robin(void **state)
{
    (void)state;
    program_check_random(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_ROUND_ROBIN, .seed = 1}, 400);
}

static void traced(void **state)
{
    (void)state;
    program_check_random(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_CHOICE, .seed = 1000}, 400);
}

static void pct(void **state)
{
    (void)state;
    program_check_random(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 2000}, 400);
}

static void threads(void **state)
{
    (void)state;
    program_check_random(&(struct program_run){.kind = EXEC_THREADS, .seed = 3000, .blocks = 2}, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin),
        cmocka_unit_test(traced),
        cmocka_unit_test(pct),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
