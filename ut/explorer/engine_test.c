/* SPDX-License-Identifier: Apache-2.0 */
/* The explorer on the real engine: an ordering bug that one schedule of 34,650 shows is found by exhaustive search and
 * by PCT, minimised, and replayed. */
#include "ut/exec/exec_rig.h"

#include <stdio.h>

#include "harness/explorer/explorer.h"
#include "ut/explorer/traces.h"

#define WORKERS 3u
#define STEPS 4u

static struct rig rig;
static struct explorer_report report;
static bool (*is_wrong)(const char *trace);

static void take_steps(void *argument)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        if (i != 0) {
            rig_store_wake(&rig.words[0], i); /* the point between two steps */
        }
        rig_trace(&rig, *(const char *)argument);
    }
}

static int play_steps(void *state, const struct pto_engine_options *engine, struct explorer_outcome *outcome)
{
    static const char names[WORKERS] = {'a', 'b', 'c'};
    const struct exec_options options = {.policy = (enum exec_policy)engine->policy,
                                         .seed = engine->seed,
                                         .pct_depth = engine->pct_depth,
                                         .pct_steps = engine->pct_steps,
                                         .choose = engine->choose,
                                         .choose_context = engine->choose_context,
                                         .picked = engine->picked,
                                         .picked_context = engine->picked_context};
    (void)state;
    assert_int_equal(exec_engine_configure(rig.engine, &options), 0);
    memset(rig.trace, 0, sizeof(rig.trace));
    atomic_store(&rig.traced, 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        rig_spawn(&rig, "worker", take_steps, (void *)(uintptr_t)&names[i]);
    }
    rig_run_ok(&rig);
    (void)snprintf(outcome->message, sizeof(outcome->message), "trace %.100s", rig.trace);
    return is_wrong(rig.trace);
}

static enum explorer_verdict explore(struct explorer_options options)
{
    const struct explorer_subject subject = {.play = play_steps};
    options.seed = 1;
    options.pct_steps = WORKERS * STEPS;
    options.runs = options.runs != 0 ? options.runs : 50000;
    return explorer_run(&subject, &options, &report);
}

static bool is_never(const char *trace)
{
    (void)trace;
    return false;
}

static int setup(void **state)
{
    (void)state;
    rig_open_default(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void expect_found(const char *schedule, uint64_t preemptions, const char *message)
{
    static char text[EXPLORER_TEXT_BYTES];
    assert_int_equal(report.verdict, EXPLORER_WRONG);
    assert_true(report.minimised);
    assert_string_equal(report.schedule, schedule);
    assert_int_equal(report.preemptions, preemptions);
    memcpy(text, report.schedule, sizeof(text));
    assert_int_equal(explore((struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = text}), EXPLORER_WRONG);
    assert_string_equal(report.message, message);
    assert_int_equal(report.plays, 1);
}

static void test_the_whole_tree_is_walked(void **state)
{
    (void)state;
    is_wrong = is_never;
    assert_int_equal(
        explore((struct explorer_options){
            .policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .runs = 1000000, .whole_tree = 100000}),
        EXPLORER_HELD);
    assert_true(report.whole);
    assert_int_equal(report.schedules, 34650); /* 12! / (4! 4! 4!) */
}

static void test_exhaustive_search_finds_it(void **state)
{
    (void)state;
    is_wrong = traces_is_the_one;
    assert_int_equal(explore((struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = 1}), EXPLORER_HELD);
    assert_int_equal(report.finished_preemptions, 1);
    (void)explore((struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = 2});
    expect_found("2:1,3:1", 2, "trace aabccccaabbb");
}

static void test_pct_finds_it(void **state)
{
    (void)state;
    is_wrong = traces_is_the_one;
    (void)explore((struct explorer_options){.policy = EXPLORER_PCT, .pct_depth = 3});
    assert_true(report.seed >= 1 && report.seed == report.plays);
    expect_found("2:1,3:1", 2, "trace aabccccaabbb");
    /* With one change less, at one place, nothing can show it. */
    assert_int_equal(explore((struct explorer_options){.policy = EXPLORER_PCT, .pct_depth = 2, .runs = 5000}),
                     EXPLORER_HELD);
    assert_int_equal(report.plays, 5000);
}

static void test_random_schedules_are_minimised(void **state)
{
    (void)state;
    is_wrong = traces_is_torn;
    (void)explore((struct explorer_options){.policy = EXPLORER_RANDOM});
    assert_true(report.tries >= 1);
    expect_found("2:1", 1, "trace aabbbbccccaa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_whole_tree_is_walked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exhaustive_search_finds_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pct_finds_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_schedules_are_minimised, setup, teardown),
    };
    return cmocka_run_group_tests_name("explorer on the engine", tests, NULL, NULL) != 0;
}
