/* SPDX-License-Identifier: Apache-2.0 */
/* explorer: walks of hand-made trees of known size, bounds and limits, minimising, and every way in which a play can
 * end. */
#include "ut/explorer/steppers.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/choice/choice.h"
#include "harness/explorer/schedule.h"
#include "harness/explorer/subjects.h"
#include "ut/explorer/traces.h"

static struct explorer_report report;

static enum explorer_verdict explore(struct steppers *steppers, struct explorer_options options)
{
    const struct explorer_subject subject = {.play = steppers_play, .state = steppers};
    options.runs = options.runs != 0 ? options.runs : 10000000;
    return explorer_run(&subject, &options, &report);
}

static void expect_held(struct steppers *steppers, struct explorer_options options)
{
    if (explore(steppers, options) != EXPLORER_HELD) {
        fail_msg("verdict %d: %s", (int)report.verdict, report.message);
    }
}

/* N processors of M steps have (N M)! / (M!)^N schedules; each is played and none is another's double. */
static void test_whole_trees_have_the_multinomial_count(void **state)
{
    (void)state;
    static const struct {
        uint32_t processors;
        uint32_t steps;
        uint64_t schedules;
    } trees[] = {{1, 5, 1}, {2, 1, 2}, {2, 2, 6}, {3, 2, 90}, {2, 5, 252}, {4, 2, 2520}, {3, 4, 34650}};
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        struct steppers steppers = {.processors = trees[i].processors, .steps = trees[i].steps};
        expect_held(&steppers, (struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND});
        assert_true(report.whole);
        assert_int_equal(report.schedules, trees[i].schedules);
        assert_int_equal(report.outcomes, trees[i].schedules);
        assert_int_equal(report.at_least, trees[i].schedules);
        assert_int_equal(report.plays, steppers.plays);
        assert_int_equal(steppers_expected(trees[i].processors, trees[i].steps, 99), trees[i].schedules);
    }
}

static uint32_t most_preemptions;

static void note_preemptions(struct steppers *steppers)
{
    uint32_t count = steppers_preemptions(steppers->trace, steppers->steps);
    most_preemptions = count > most_preemptions ? count : most_preemptions;
}

static void test_a_bound_is_kept_and_exhausted(void **state)
{
    (void)state;
    for (uint32_t bound = 0; bound <= 4; bound++) {
        struct steppers steppers = {.processors = 3, .steps = 4, .played = note_preemptions};
        most_preemptions = 0;
        expect_held(&steppers, (struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = bound});
        assert_int_equal(report.schedules, steppers_expected(3, 4, bound));
        assert_int_equal(report.outcomes, report.schedules);
        assert_int_equal(most_preemptions, bound);
        assert_int_equal(report.finished_preemptions, bound);
        assert_false(report.whole);
        assert_true(report.at_least > report.schedules && report.at_least <= 34650);
    }
    assert_int_equal(steppers_expected(3, 4, 0), 6); /* 3! */
}

/* The default bound holds for a tree that turns out to be too large, and only for such. */
static void test_the_bound_gives_way_to_small_trees(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 3, .steps = 4};
    expect_held(&steppers, (struct explorer_options){
                               .policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .whole_tree = 34651});
    assert_true(report.whole);
    expect_held(&steppers, (struct explorer_options){
                               .policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .whole_tree = 2000});
    assert_false(report.whole);
    assert_int_equal(report.finished_preemptions, 3);
    assert_int_equal(report.schedules, steppers_expected(3, 4, 3));
    /* Too large, but not seen before it was begun: what was seen on top is counted. */
    expect_held(&steppers, (struct explorer_options){
                               .policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .whole_tree = 34650});
    assert_false(report.whole);
    assert_int_equal(report.finished_preemptions, 3);
    assert_true(report.schedules >= steppers_expected(3, 4, 3) && report.schedules < 34650);
}

static void test_runs_are_limited(void **state)
{
    (void)state;
    for (uint64_t runs = 1; runs < 400; runs += 13) {
        struct steppers steppers = {.processors = 3, .steps = 4};
        expect_held(&steppers, (struct explorer_options){
                                   .policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .runs = runs});
        assert_int_equal(steppers.plays, runs);
        assert_int_equal(report.plays, runs);
        assert_true(report.schedules <= runs && report.schedules == report.outcomes);
        assert_false(report.whole);
        assert_int_equal(report.finished_preemptions, -1);
    }
    assert_int_equal(report.finished_departures, 2); /* 1 + 21 + 196 schedules, and again on the way */
}

static void test_the_one_wrong_schedule_is_found_and_replayed(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 3, .steps = 4, .is_wrong = traces_is_the_one};
    expect_held(&steppers, (struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = 1});
    assert_int_equal(explore(&steppers, (struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = 2}),
                     EXPLORER_WRONG);
    assert_string_equal(report.message, "trace aabccccaabbb");
    assert_true(report.minimised);
    assert_int_equal(report.preemptions, 2);
    assert_string_equal(report.schedule, "2:1,3:1");
    static char schedule[EXPLORER_TEXT_BYTES];
    memcpy(schedule, report.schedule, sizeof(schedule));
    assert_int_equal(explore(&steppers, (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = schedule}),
                     EXPLORER_WRONG);
    assert_string_equal(report.message, "trace aabccccaabbb");
    assert_int_equal(report.plays, 1);
    expect_held(&steppers, (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = "default"});
    expect_held(&steppers, (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = "2:1"});
}

/* A schedule of random picks, all points of it. */
static void draw_schedule(uint64_t seed, char text[256])
{
    size_t used = 0;
    text[0] = 0;
    for (uint32_t point = 0; point < 16; point++) {
        uint64_t pick = choice_next_random(&seed) % 2;
        if (pick != 0) {
            used += (size_t)snprintf(text + used, 256 - used, "%s%u:1", used == 0 ? "" : ",", point);
        }
    }
}

/* However much of a failing schedule is of no importance, what is left is the one preemption that matters. */
static void test_failures_are_minimised(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 4, .steps = 5, .is_wrong = traces_is_torn};
    char text[256];
    uint32_t torn = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        draw_schedule(seed, text);
        if (explore(&steppers, (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = text}) ==
            EXPLORER_WRONG) {
            torn++;
            assert_true(report.minimised);
            assert_int_equal(report.preemptions, 1);
            assert_string_equal(report.schedule, "2:1");
        }
    }
    assert_true(torn >= 10 && torn <= 90);
    static char first[] = "2:1,5:1"; /* the second is of no importance */
    assert_int_equal(
        explore(&steppers,
                (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = first, .minimise_plays = 1}),
        EXPLORER_WRONG);
    assert_string_equal(report.schedule, first); /* no play left to try anything with */
}

static void test_schedules_that_do_not_fit(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 2, .steps = 2};
    static const struct {
        const char *text;
        enum explorer_verdict verdict;
        const char *message;
    } wrong[] = {
        {"0:2", EXPLORER_STRAYED, "at point 0 index 2 was to go on, of 2 that could"},
        {"77:1", EXPLORER_STRAYED, "of 0 that could"},
        {"1", EXPLORER_BROKEN, "\"1\" is no schedule"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(
            explore(&steppers, (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = wrong[i].text}),
            wrong[i].verdict);
        assert_non_null(strstr(report.message, wrong[i].message));
        assert_string_equal(report.schedule, "");
    }
}

static void change_with_time(struct steppers *steppers)
{
    steppers->processors = steppers->plays == 5 ? 2 : 3;
}

static void test_a_subject_that_is_not_the_same_again_is_told(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 3, .steps = 2, .played = change_with_time};
    assert_int_equal(
        explore(&steppers, (struct explorer_options){.policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND}),
        EXPLORER_STRAYED);
    assert_non_null(strstr(report.message, "could not be followed"));
}

/* ---- in a child ---- */

static struct explorer_options isolated = {
    .policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .isolated = true};

static void abort_when_torn(struct steppers *steppers)
{
    if (traces_is_torn(steppers->trace)) {
        abort();
    }
}

static void leave_when_torn(struct steppers *steppers)
{
    if (traces_is_torn(steppers->trace)) {
        exit(7);
    }
}

static void hang_when_torn(struct steppers *steppers)
{
    while (traces_is_torn(steppers->trace)) {
        (void)pause();
    }
}

static void test_crashes_are_failures_with_a_schedule(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 3, .steps = 4, .played = abort_when_torn};
    assert_int_equal(explore(&steppers, isolated), EXPLORER_CRASHED);
    assert_string_equal(report.message, "the process was killed by signal 6 (Aborted)");
    assert_string_equal(report.schedule, "2:1");
    assert_true(report.minimised);
    assert_int_equal(steppers.plays, 0); /* nothing happened here */
    steppers.played = leave_when_torn;
    assert_int_equal(explore(&steppers, isolated), EXPLORER_CRASHED);
    assert_string_equal(report.message, "the process ended with code 7 in the middle of a run");
    assert_string_equal(report.schedule, "2:1");
    steppers.played = NULL;
    steppers.is_wrong = traces_is_torn;
    assert_int_equal(explore(&steppers, isolated), EXPLORER_WRONG);
    assert_string_equal(report.schedule, "2:1");
}

static void test_hangs_are_failures_with_a_schedule(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 3, .steps = 4, .played = hang_when_torn};
    assert_int_equal(setenv("PROPERTY_HANG_SECONDS", "1", 1), 0);
    enum explorer_verdict verdict = explore(&steppers, isolated);
    assert_int_equal(unsetenv("PROPERTY_HANG_SECONDS"), 0);
    assert_int_equal(verdict, EXPLORER_HUNG);
    assert_string_equal(report.message, "a run hangs: it takes longer than 1 s");
    assert_string_equal(report.schedule, "2:1");
    assert_true(report.minimised);
}

static void test_hangs_are_minimised(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 3, .steps = 4, .played = hang_when_torn};
    assert_int_equal(setenv("PROPERTY_HANG_SECONDS", "1", 1), 0);
    enum explorer_verdict verdict = explore(
        &steppers,
        (struct explorer_options){.policy = EXPLORER_SCHEDULE, .schedule = "2:1,5:1,6:1,7:1", .isolated = true});
    assert_int_equal(unsetenv("PROPERTY_HANG_SECONDS"), 0);
    assert_int_equal(verdict, EXPLORER_HUNG);
    assert_string_equal(report.schedule, "2:1");
    assert_true(report.minimised);
}

/* Hangs when it is found and when it is tried, and not again: as if it had been slow both times. */
static void hang_twice(struct steppers *steppers)
{
    uint32_t *hung = steppers->shared;
    if (traces_is_torn(steppers->trace) && (*hung)++ < 2) {
        for (;;) {
            (void)pause();
        }
    }
}

static void test_what_is_only_slow_is_not_called_the_simplest(void **state)
{
    (void)state;
    void *shared = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    struct steppers steppers = {.processors = 3, .steps = 4, .played = hang_twice, .shared = shared};
    assert_int_equal(setenv("PROPERTY_HANG_SECONDS", "2", 1), 0);
    enum explorer_verdict verdict = explore(&steppers, isolated);
    assert_int_equal(unsetenv("PROPERTY_HANG_SECONDS"), 0);
    assert_int_equal(munmap(shared, sizeof(uint32_t)), 0);
    assert_int_equal(verdict, EXPLORER_HUNG);
    assert_string_equal(report.message, "a run hangs: it takes longer than 2 s");
    assert_string_equal(report.schedule, "2:1");
    assert_false(report.minimised);
    assert_true(report.tries > 2);
}

static int open_counted(void *state, char message[EXPLORER_MESSAGE_BYTES])
{
    struct steppers *steppers = state;
    (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "it cannot be opened");
    return steppers->opened++ == 20 ? -1 : steppers->opened == 31;
}

static int close_counted(void *state, char message[EXPLORER_MESSAGE_BYTES])
{
    struct steppers *steppers = state;
    (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "something is left");
    return ++steppers->closed == 1;
}

/* A subject is opened anew after it failed; what it leaves behind is a failure only when nothing else was. */
static void test_subjects_are_opened_and_closed(void **state)
{
    (void)state;
    struct steppers steppers = {.processors = 2, .steps = 3, .closed = 1};
    const struct explorer_subject subject = {
        .open = open_counted, .play = steppers_play, .close = close_counted, .state = &steppers};
    struct explorer_options options = {.policy = EXPLORER_EXHAUSTIVE, .bound = EXPLORER_AUTO_BOUND, .runs = 1000};
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_HELD);
    assert_int_equal(steppers.opened, 1);
    assert_int_equal(steppers.closed, 2);
    steppers.closed = 0;
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_LEFT);
    assert_string_equal(report.message, "something is left");
    steppers.closed = 0;
    steppers.is_wrong = traces_is_torn;
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_WRONG);
    assert_true(steppers.opened > 3 && steppers.opened <= 3 + report.tries);
    assert_int_equal(steppers.closed, steppers.opened - 2);
    steppers.opened = 20;
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_BROKEN);
    assert_string_equal(report.message, "it cannot be opened");
    steppers.opened = 30;
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_WRONG);
    assert_string_equal(report.message, "it cannot be opened");
    assert_string_equal(report.schedule, ""); /* it is wrong before any was chosen */
    steppers.opened = 20;
    options.isolated = true;
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_BROKEN);
    assert_string_equal(report.message, "it cannot be opened");
}

static int cannot_be_played(void *state, const struct pto_engine_options *engine, struct explorer_outcome *outcome)
{
    (void)state;
    (void)engine;
    (void)snprintf(outcome->message, sizeof(outcome->message), "not today");
    return -1;
}

static void test_what_cannot_be_played_is_not_known(void **state)
{
    (void)state;
    const struct explorer_subject subject = {.play = cannot_be_played};
    const struct explorer_options options = {.policy = EXPLORER_RANDOM, .runs = 10};
    assert_int_equal(explorer_run(&subject, &options, &report), EXPLORER_BROKEN);
    assert_string_equal(report.message, "not today");
    assert_int_equal(report.plays, 1);
}

/* ---- schedules as text, and the files of properties ---- */

static void test_schedules_as_text(void **state)
{
    (void)state;
    struct schedule schedule;
    char text[64];
    static const char *const good[] = {"default", "0:1", "17:1,42:3", "5:4294967294", "1048575:1"};
    static const char *const bad[] = {"",        "0",       "0:",   "0:0",     ":1",        "0:1,",   "0:1,0:1",
                                      "4:1,3:1", "-1:1",    "0:-1", "0:+1",    "1048576:1", "0:1 ",   "0:4294967295",
                                      "x",       "Default", " 0:1", "0:1;2:1", "0x1:1",     "1:1,a:1"};
    assert_int_equal(schedule_create(&schedule), 0);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(schedule_parse(&schedule, good[i]), 0);
        assert_int_equal(schedule_text(&schedule, text, sizeof(text)), 0);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (schedule_parse(&schedule, bad[i]) == 0) {
            fail_msg("\"%s\" is taken for a schedule", bad[i]);
        }
        assert_int_equal(schedule.count, 0);
    }
    assert_int_equal(schedule_parse(&schedule, "17:1,42:3"), 0);
    assert_int_equal(schedule_text(&schedule, text, 9), -ENAMETOOLONG);
    assert_string_equal(text, "");
    schedule_destroy(&schedule);
}

static void test_files_name_their_property(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *property;
    } files[] = {{"build/failures/vector_example-0123456789abcdef.bin", "vector_example"},
                 {"hbg_graph-1.bin", "hbg_graph"},
                 {"corpus/hbg_graph/seed", "hbg_graph"},
                 {"corpus/blob/other-1.bin", "blob"},
                 {"blob/x", "blob"},
                 {"/x", NULL},
                 {"blob", NULL},
                 {"-", NULL},
                 {"a/b", NULL}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const struct property *property = property_of_file(files[i].path);
        if (files[i].property == NULL) {
            assert_null(property);
        } else {
            assert_non_null(property);
            assert_string_equal(property->name, files[i].property);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_trees_have_the_multinomial_count),
        cmocka_unit_test(test_a_bound_is_kept_and_exhausted),
        cmocka_unit_test(test_the_bound_gives_way_to_small_trees),
        cmocka_unit_test(test_runs_are_limited),
        cmocka_unit_test(test_the_one_wrong_schedule_is_found_and_replayed),
        cmocka_unit_test(test_failures_are_minimised),
        cmocka_unit_test(test_schedules_that_do_not_fit),
        cmocka_unit_test(test_a_subject_that_is_not_the_same_again_is_told),
        cmocka_unit_test(test_crashes_are_failures_with_a_schedule),
        cmocka_unit_test(test_hangs_are_failures_with_a_schedule),
        cmocka_unit_test(test_hangs_are_minimised),
        cmocka_unit_test(test_what_is_only_slow_is_not_called_the_simplest),
        cmocka_unit_test(test_subjects_are_opened_and_closed),
        cmocka_unit_test(test_what_cannot_be_played_is_not_known),
        cmocka_unit_test(test_schedules_as_text),
        cmocka_unit_test(test_files_name_their_property),
    };
    return cmocka_run_group_tests_name("explorer", tests, NULL, NULL) != 0;
}
