/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs on all variants equal their tasks one after another, or fail with the code of the limit that they
 * exceed and change nothing (R13, R19, R20, R21, R22, R23; defects D39, D45, D48). Defects that are planted into the
 * encoded program behind the oracle's back are found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/orchestration.h"
#include "abi/shared_memory.h"
#include "exec/sanitizer.h"
#include "harness/oracle/task_build.h"
#include "harness/property/registry.h"
#include "harness/property/runner.h"
#include "harness/property/task_play.h"

#define PROGRAM_SEED 2u
#define PROGRAM_RUNS 1200u
#define PLANTED_SEEDS 60u

static void test_random_programs(void **state)
{
    (void)state;
    const struct property_options options = {.seed = PROGRAM_SEED, .runs = PROGRAM_RUNS, .shrink_tries = 300};
    assert_int_equal(property_check_with(&property_task_program, &options, NULL), 0);
}

struct planted {
    struct task_play *play;
    struct task_case drawn;
};

static int setup(void **state)
{
    static struct planted planted;
    char error[256];
    planted.play = task_play_open(error, sizeof(error));
    if (planted.play == NULL) {
        fail_msg("%s", error);
    }
    *state = &planted;
    return 0;
}

static int teardown(void **state)
{
    struct planted *planted = *state;
    task_play_close(planted->play);
    return 0;
}

/* A case on a2a3 with some blocks, as the fibers engine orders it under a seed. */
static struct task_program *start_case(struct planted *planted, const char *runtime, uint64_t seed)
{
    struct task_case *drawn = &planted->drawn;
    drawn->variant = variant_of_parts("a2a3", runtime, "sim", NULL);
    drawn->engine = (struct pto_engine_options){
        .size = sizeof(drawn->engine), .kind = PTO_ENGINE_FIBERS, .policy = PTO_POLICY_RANDOM, .seed = seed};
    drawn->blocks = 3;
    drawn->threads = 2;
    drawn->limits = (struct task_limits){.window = PTO_DEFAULT_TASK_WINDOW,
                                         .heap = PTO_DEFAULT_HEAP_BYTES,
                                         .pool = PTO_DEFAULT_DEP_POOL,
                                         .clusters = (uint32_t)drawn->blocks};
    drawn->transition = false;
    drawn->ends = (struct task_ends){.well = true};
    return &drawn->program;
}

static bool differs(struct planted *planted)
{
    struct property_context context = {0};
    return task_play_run(planted->play, &planted->drawn, &context) != 0;
}

static uint32_t *find_word(struct task_play *play, uint32_t opcode)
{
    uint32_t at = 0;
    while (play->words[at] != opcode) { /* of the programs below nothing but their opcodes has such values */
        at += play->words[at] == TASK_EXTERNAL ? 9 : 2;
    }
    return play->words + at + 1;
}

/* A chain of explicit edges, in a MANUAL scope for trb; hbg has no other edges anyway. */
static void make_chain(struct planted *planted, const char *runtime, uint64_t seed)
{
    struct task_build build;
    task_build_start(&build, start_case(planted, runtime, seed));
    uint16_t x = task_build_external(&build, 4);
    bool scope = strcmp(runtime, "trb") == 0;
    if (scope) {
        task_build_mark(&build, TASK_SCOPE, PTO_SCOPE_MANUAL);
    }
    for (uint16_t i = 0; i < 6; i++) {
        struct task_op *op = task_build_task(&build, TASK_SUBMIT);
        task_build_arg(op, PTO_ARG_INOUT, x);
        if (i > 0) {
            task_build_depend(&build, op, (uint16_t)(i - 1));
        }
    }
    if (scope) {
        task_build_mark(&build, TASK_SCOPE_END, 0);
    }
    task_play_load(planted->play, &planted->drawn);
}

/* Drops the edge into the third task. */
static void drop_edge(struct task_play *play)
{
    uint32_t *words = find_word(play, TASK_SUBMIT);
    words += 1 + TASK_WORDS + TASK_ARG_WORDS;     /* the second task: the first has no edge */
    words += 1 + TASK_WORDS + TASK_ARG_WORDS + 1; /* the third */
    uint32_t *edge = words + TASK_WORDS + TASK_ARG_WORDS;
    words[TASK_DEPENDENCIES] = 0;
    memmove(edge, edge + 1, (size_t)(play->words + play->word_count - edge - 1) * sizeof(edge[0]));
    play->word_count--;
}

static void expect_lost_edge_is_found(struct planted *planted, const char *runtime)
{
    uint32_t found = 0;
    for (uint64_t seed = 1; seed <= PLANTED_SEEDS; seed++) {
        make_chain(planted, runtime, seed);
        if (differs(planted)) {
            fail_msg("%s: the chain is wrong with all its edges, seed %lu", runtime, seed);
        }
        make_chain(planted, runtime, seed);
        drop_edge(planted->play);
        found += differs(planted);
    }
    assert_true(found > PLANTED_SEEDS / 10);
}

static void test_lost_edge_is_found(void **state)
{
#if EXEC_TSAN
    print_message("ThreadSanitizer reports the race of a lost edge by itself\n");
    skip();
#endif
    expect_lost_edge_is_found(*state, "trb");
    expect_lost_edge_is_found(*state, "hbg");
}

/* One task over 3 blocks; then `change` at one of its words. */
static bool spoiled_differs(struct planted *planted, uint32_t word, uint32_t value)
{
    struct task_build build;
    task_build_start(&build, start_case(planted, "trb", 1));
    uint16_t x = task_build_external(&build, 6);
    struct task_op *op = task_build_task(&build, TASK_SUBMIT);
    task_build_arg(op, PTO_ARG_INOUT, x);
    op->blocks = 3;
    op->extra = 1;
    task_play_load(planted->play, &planted->drawn);
    find_word(planted->play, TASK_SUBMIT)[word] = value;
    return differs(planted);
}

static void test_wrong_kernel_and_lost_block_are_found(void **state)
{
    assert_false(spoiled_differs(*state, TASK_BLOCKS, 3));
    assert_true(spoiled_differs(*state, TASK_AIV0, 1));
    assert_true(spoiled_differs(*state, TASK_BLOCKS, 2));
    assert_true(spoiled_differs(*state, TASK_BLOCKS, 4));
    assert_true(spoiled_differs(*state, TASK_SALT, 7));
    assert_true(spoiled_differs(*state, TASK_EXTRA, 2));
    /* The first word of its tensor: read only, and so nothing is written. */
    assert_true(spoiled_differs(*state, TASK_WORDS + TASK_ARG_ROLE, TASK_READS));
}

/* x is updated by a task that is deferred to another one, which comes later, and then by a third. */
static bool deferred_differs(struct planted *planted, uint16_t how, uint64_t seed, bool attended)
{
    struct task_build build;
    task_build_start(&build, start_case(planted, "trb", seed));
    uint16_t x = task_build_external(&build, 4);
    task_build_arg(task_build_task(&build, TASK_SUBMIT), PTO_ARG_INOUT, x);
    task_build_arg(task_build_task(&build, TASK_SUBMIT), PTO_ARG_INOUT, x);
    (void)task_build_task(&build, TASK_SUBMIT);
    task_build_defer(&build, 0, how, 2);
    task_play_load(planted->play, &planted->drawn);
    if (!attended) {
        uint32_t *third = planted->play->words + planted->play->word_count - 1 - TASK_WORDS;
        assert_int_equal(third[TASK_ATTENDS], 1);
        third[TASK_ATTENDS] = 0;
    }
    return differs(planted);
}

/* Whatever tells that a deferred task is complete is waited for; without the one that says so the run does not end. */
static void test_deferred_completion(void **state)
{
    for (uint32_t how = TASK_COUNTER; how < TASK_CONDITIONS; how++) {
        for (uint64_t seed = 1; seed <= PLANTED_SEEDS; seed++) {
            assert_false(deferred_differs(*state, (uint16_t)how, seed, true));
        }
        assert_true(deferred_differs(*state, (uint16_t)how, 1, false));
    }
}

/* A result that no limit excuses is a failure, and so is success where the program must fail. */
static void test_wrong_results_are_found(void **state)
{
    struct planted *planted = *state;
    struct task_build build;
    task_build_start(&build, start_case(planted, "trb", 1));
    (void)task_build_external(&build, 1);
    task_build_mark(&build, TASK_FATAL, 42);
    task_play_load(planted->play, &planted->drawn);
    assert_true(differs(planted));
    planted->drawn.ends = (struct task_ends){.codes = 1ull << 42};
    task_play_load(planted->play, &planted->drawn);
    assert_false(differs(planted));
    planted->play->words[planted->play->word_count - 3] = TASK_END;
    assert_true(differs(planted));
}

/* Words that are no opcodes end the run with the code for invalid arguments. */
static void test_unknown_operations_are_refused(void **state)
{
    static const uint32_t opcodes[] = {TASK_OPCODES, UINT32_MAX};
    struct planted *planted = *state;
    for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
        struct task_build build;
        task_build_start(&build, start_case(planted, "trb", 1));
        (void)task_build_external(&build, 1);
        planted->drawn.ends = (struct task_ends){.codes = 1ull << PTO_ERR_INVALID_ARGS};
        task_play_load(planted->play, &planted->drawn);
        planted->play->words[planted->play->word_count - 1] = opcodes[i];
        assert_false(differs(planted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test_setup_teardown(test_lost_edge_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_kernel_and_lost_block_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deferred_completion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_results_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_operations_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
