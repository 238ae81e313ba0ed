/* SPDX-License-Identifier: Apache-2.0 */
/* explore_test: `touchstone explore` as its users meet it, on scenes, on recorded cases, and on a planted race. */
#include <stdio.h>
#include <string.h>

#include "exec/sanitizer.h"
#include "st/tool.h"

static void test_scenes_hold_under_every_policy(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        const char *runtime;
        const char *platform;
        const char *policy;
    } ways[] = {{"a2a3", "trb", "sim", "random"},     {"a5", "hbg", "onboard", "random"},
                {"a5", "trb", "onboard", "pct"},      {"a2a3", "hbg", "sim", "pct"},
                {"a2a3", "trb", "sim", "exhaustive"}, {"a2a3", "hbg", "onboard", "exhaustive"}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        tool("explore", "vector_example", "--arch", ways[i].arch, "--runtime", ways[i].runtime, "--platform",
             ways[i].platform, "--policy", ways[i].policy, "--runs", "60", "--inputs", "small", "--json", NULL);
        tool_expect_exit(0);
        tool_expect_text(tool_outcome.out, "\"verdict\": \"held\"");
        tool_expect_text(tool_outcome.out, "\"runs\": 60");
        tool_expect_text(tool_outcome.out, "\"wrong\": null");
    }
    tool_expect_text(tool_outcome.out, "\"whole_tree\": false");
    tool_expect_text(tool_outcome.out, "\"all_with_departures\": 0");
}

/* One block and one AICPU thread is the smallest program there is; every schedule next to the default one is seen. */
static void test_the_table(void **state)
{
    (void)state;
    char line[256];
    tool("explore", "add_one", "--blocks", "1", "--threads", "1", "--policy", "exhaustive", "--runs", "500", NULL);
    tool_expect_exit(0);
    assert_string_equal(tool_outcome.err, "");
    tool_copy_line(tool_outcome.out, "add_one ", line, sizeof(line));
    tool_expect_text(line, "a2a3/trb/sim");
    tool_copy_line(tool_outcome.out, "  of these ", line, sizeof(line));
    tool_expect_text(line, "all with at most 1 departure; the whole tree has at least ");
    tool_copy_line(tool_outcome.out, "runs ", line, sizeof(line));
    tool_expect_text(line, " 500");
    tool_copy_line(tool_outcome.out, "verdict ", line, sizeof(line));
    tool_expect_text(line, "held");
    tool_expect_text(tool_outcome.out, "distinct outcomes ");
    tool_expect_text(tool_outcome.out, "choices per run ");
    tool_expect_text(tool_outcome.out, "rate ");
    tool("explore", "explicit_fatal", "--runs", "50", NULL); /* its failure is what is expected, under any schedule */
    tool_expect_exit(0);
    tool("explore", "vector_example", "--schedule", "5:1", NULL);
    tool_expect_exit(0);
    tool_copy_line(tool_outcome.out, "schedules ", line, sizeof(line));
    tool_expect_text(line, " 1");
}

static void test_wrong_arguments(void **state)
{
    (void)state;
    tool("explore", NULL);
    tool_expect_usage_error("0 arguments given, 1 needed", "usage: touchstone explore SCENE|FILE");
    tool("explore", "vector_exmaple", NULL);
    tool_expect_usage_error("unknown scene \"vector_exmaple\"", "did you mean \"vector_example\"?");
    tool("explore", "add_one", "--policy", "round-robin", NULL);
    tool_expect_usage_error("--policy does not take \"round-robin\"", "random pct exhaustive");
    tool("explore", "add_one", "--runs", "0", NULL);
    tool_expect_usage_error("--runs does not take \"0\"", "from 1 to 1000000000");
    tool("explore", "add_one", "--bound", "2", NULL);
    tool_expect_usage_error("--bound is for exhaustive exploration", "--policy exhaustive");
    tool("explore", "add_one", "--schedule", "5:1", "--runs", "3", NULL);
    tool_expect_usage_error("--schedule is one run", "leave --runs and --bound out");
    tool("explore", "add_one", "--schedule", "5=1", NULL);
    tool_expect_usage_error("\"5=1\" is no schedule", "--help");
    tool("explore", "add_one", "--schedule", "5:77", NULL);
    tool_expect_usage_error("could not be followed: at point 5 index 77", "--help");
    tool("explore", "add_one", "--blocks", "25", NULL);
    tool_expect_usage_error("--blocks 25 is too many", "a2a3 has 24 blocks");
    tool("explore", "explicit_fatal", "--runtime", "hbg", NULL);
    tool_expect_usage_error("scene explicit_fatal does not run on a2a3/hbg/sim", "it declares: */trb/*");
    tool("explore", "add_one", "--artefacts", "/nowhere/at/all", NULL);
    tool_expect_usage_error("no host runtime for a2a3/trb/sim in /nowhere/at/all", "--help");
    tool("explore", "/nowhere/at/all", NULL);
    tool_expect_usage_error("no property is named after \"/nowhere/at/all\"", "--property NAME");
    tool("explore", "/nowhere/at/all", "--property", "blob", NULL);
    tool_expect_usage_error("cannot read \"/nowhere/at/all\"", "corpus/");
    tool("explore", "/nowhere/at/all", "--property", "blbo", NULL);
    tool_expect_usage_error("unknown property \"blbo\"", "did you mean \"blob\"?");
    tool("explore", BUILD_DIR "/touchstone", "--property", "blob", NULL);
    tool_expect_usage_error("property blob draws no engine", "--help");
}

/* A recorded case runs under the explorer's schedules instead of the one that it draws. */
static void test_recorded_cases(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/st/fixtures/order_dependent/add_scalar.c", TOP_DIR);
    static const char *const policies[] = {"random", "pct", "exhaustive"};
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        tool("explore", path, "--property", "hbg_graph", "--policy", policies[i], "--runs", "40", "--json", NULL);
        tool_expect_exit(0);
        tool_expect_text(tool_outcome.out, "\"where\": \"hbg_graph\"");
        tool_expect_text(tool_outcome.out, "\"runs\": 40");
    }
}

/* The command behind `label`. */
static void replay(const char *label)
{
    char line[2048];
    tool_copy_line(tool_outcome.out, label, line, sizeof(line));
    tool_line(line + strlen(label));
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "wrong: f[0] of ");
}

static void explore_race(const char *directory, const char *policy)
{
    char line[256];
    tool("explore", "vector_example", "--artefacts", directory, "--policy", policy, "--runs", "20000", "--inputs",
         "small", NULL);
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "wrong: f[0] of ");
    tool_copy_line(tool_outcome.out, "schedule: ", line, sizeof(line));
    tool_expect_text(line, ", minimised");
    tool_expect_text(line, "1 departure from the default");
    static struct tool_outcome found;
    found = tool_outcome;
    replay("again: ");
    if (strcmp(policy, "exhaustive") != 0) {
        tool_outcome = found;
        replay("as it was found: ");
    }
}

static void test_a_race_is_found_minimised_and_replayed(void **state)
{
    (void)state;
#if EXEC_TSAN
    print_message("ThreadSanitizer reports the planted race by itself\n");
    skip();
#endif
    char directory[] = "/tmp/explore_test_XXXXXX";
    tool_make_artefacts(directory, BUILD_DIR "/fixtures/order_dependent/add_scalar.so",
                        BUILD_DIR "/scenes/vector_example/kernels/mul.so");
    tool("run", "vector_example", "--artefacts", directory, NULL); /* round robin never shows it */
    tool_expect_exit(0);
    explore_race(directory, "random");
    explore_race(directory, "pct");
    explore_race(directory, "exhaustive");
    tool_remove_artefacts(directory);
}

static void test_what_is_wrong_anyway_needs_no_schedule(void **state)
{
    (void)state;
    char directory[] = "/tmp/explore_test_XXXXXX";
    tool_make_artefacts(directory, BUILD_DIR "/scenes/vector_example/kernels/add_scalar.so",
                        BUILD_DIR "/scenes/vector_example/kernels/add.so");
    tool("explore", "vector_example", "--artefacts", directory, NULL);
    tool_remove_artefacts(directory);
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "wrong: already the round-robin run before all others is wrong: f[0] of ");
    assert_null(strstr(tool_outcome.out, "--schedule"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes_hold_under_every_policy),
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_recorded_cases),
        cmocka_unit_test(test_a_race_is_found_minimised_and_replayed),
        cmocka_unit_test(test_what_is_wrong_anyway_needs_no_schedule),
    };
    return cmocka_run_group_tests_name("explore", tests, NULL, NULL) != 0;
}
