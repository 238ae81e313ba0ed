/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R22: every number of AICPU threads with every number of blocks, tasks that fill all cores at once: one at a time
 * (nothing ready waits while its core is idle, invariant 30), and all at the same time, started together.
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
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_ROUND_ROBIN}, 1);
}

static void pct(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 11}, 3);
}

static void traced(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_CHOICE, .seed = 12}, 5);
}

static void threads(void **state)
{
    (void)state;
    program_check_sizes(&(struct program_run){.kind = EXEC_THREADS}, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin),
        cmocka_unit_test(pct),
        cmocka_unit_test(traced),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
