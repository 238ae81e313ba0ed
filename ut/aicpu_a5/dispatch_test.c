/* SPDX-License-Identifier: Apache-2.0 */
/* The other architecture's numbers of threads and blocks (R22), and tasks that start together there (28, 29). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "npu/arch.h"
#include "ut/aicpu/dispatch_program.h"

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(NPU_MAX_BLOCKS, 36);
    assert_int_equal(NPU_MAX_AICPU_THREADS, 7);
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_ROUND_ROBIN}, 1);
    program_check_sizes(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_CHOICE, .seed = 21}, 7);
}

static void random_programs(void **state)
{
    (void)state;
    program_check_random(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_CHOICE, .seed = 22}, 200);
    program_check_random(&(struct program_run){.kind = EXEC_FIBERS, .policy = EXEC_PCT, .seed = 5000}, 200);
}

static void threads(void **state)
{
    (void)state;
    program_check_random(&(struct program_run){.kind = EXEC_THREADS, .seed = 6000, .blocks = 3}, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(random_programs),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
