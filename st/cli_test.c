/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_test: the built tool as its users meet it: exit codes, texts, and the fields of its tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/scene.h"
#include "st/tool.h"

static void test_help_and_version(void **state)
{
    (void)state;
    tool("--help", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "usage: touchstone COMMAND");
    static const char *const commands[] = {"run", "list", "property", "replay", "explain", "faults", "explore"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        tool_expect_text(tool_outcome.out, commands[i]);
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char usage[64];
        tool(commands[i], "--help", NULL);
        tool_expect_exit(0);
        (void)snprintf(usage, sizeof(usage), "usage: touchstone %s ", commands[i]);
        tool_expect_text(tool_outcome.out, usage);
        assert_string_equal(tool_outcome.err, "");
    }
    tool("run", "--help", NULL);
    tool_expect_text(tool_outcome.out, "--policy P");
    tool_expect_text(tool_outcome.out, "round-robin, random, pct");
    tool("--version", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "touchstone ");
    tool(NULL);
    tool_expect_exit(2);
    tool_expect_text(tool_outcome.err, "usage: touchstone COMMAND");
}

static void list_scenes(char *text, size_t capacity)
{
    size_t length = (size_t)snprintf(text, capacity, "there is:");
    for (size_t i = 0; i < scene_count; i++) {
        length += (size_t)snprintf(text + length, capacity - length, " %s", scenes[i]->name);
        assert_true(length < capacity);
    }
}

static void test_unknown_names_get_a_hint(void **state)
{
    char known[2048];
    (void)state;
    tool("rnu", NULL);
    tool_expect_usage_error("unknown command \"rnu\"", "did you mean \"run\"?");
    tool("run", "vector_exmaple", NULL);
    tool_expect_usage_error("touchstone run: unknown scene \"vector_exmaple\"", "did you mean \"vector_example\"?");
    tool("run", "quite_something_else", NULL);
    list_scenes(known, sizeof(known));
    tool_expect_usage_error("unknown scene", known);
    tool("replay", "blbo", "file", NULL);
    tool_expect_usage_error("unknown property \"blbo\"", "did you mean \"blob\"?");
    tool("replay", "blob", "/nowhere/at/all", NULL);
    tool_expect_usage_error("cannot read \"/nowhere/at/all\"", "corpus/");
    tool("faults", "vector_exmaple", NULL);
    tool_expect_usage_error("unknown scene", "vector_example");
}

static void test_bad_options_get_a_hint(void **state)
{
    (void)state;
    tool("run", "vector_example", "--sede", "3", NULL);
    tool_expect_usage_error("unknown option --sede", "did you mean --seed?");
    tool("run", "vector_example", "--frobnicate=3", NULL);
    tool_expect_usage_error("unknown option --frobnicate", "touchstone run --help");
    tool("run", "vector_example", "--seed", NULL);
    tool_expect_usage_error("--seed needs a value", "touchstone run --help");
    tool("run", "vector_example", "--repeat", "0", NULL);
    tool_expect_usage_error("--repeat does not take \"0\"", "from 1 to 1000000");
    tool("run", "vector_example", "--repeat", "-3", NULL);
    tool_expect_usage_error("--repeat does not take \"-3\"", "from 1 to 1000000");
    tool("run", "vector_example", "--repeat", "3x", NULL);
    tool_expect_usage_error("--repeat does not take \"3x\"", "from 1 to 1000000");
    tool("run", "vector_example", "--engine", "fibres", NULL);
    tool_expect_usage_error("--engine does not take \"fibres\"", "did you mean \"fibers\"?");
    tool("run", NULL);
    tool_expect_usage_error("0 arguments given, 1 needed", "usage: touchstone run SCENE");
    tool("run", "vector_example", "add_one", NULL);
    tool_expect_usage_error("one argument too many: \"add_one\"", "usage: touchstone run SCENE");
    tool("run", "vector_example", "--engine", "threads", "--policy", "random", NULL);
    tool_expect_usage_error("the threads engine has no policy", "--engine fibers");
}

static void test_what_cannot_be_run_is_said_so(void **state)
{
    (void)state;
    tool("run", "vector_example", "--blocks", "25", NULL);
    tool_expect_usage_error("--blocks 25 is too many", "a2a3 has 24 blocks (0: all) and 4 AICPU threads");
    tool("run", "vector_example", "--threads", "5", NULL);
    tool_expect_usage_error("--threads 5 is too many", "4 AICPU threads");
    tool("run", "vector_example", "--arch", "a5", "--blocks", "37", NULL);
    tool_expect_usage_error("--blocks 37 is too many", "a5 has 36 blocks (0: all) and 7 AICPU threads");
    tool("run", "explicit_fatal", "--runtime", "host_build_graph", NULL);
    tool_expect_usage_error("scene explicit_fatal does not run on a2a3/hbg/sim: host_build_graph has no report_fatal",
                            "it declares: */trb/*");
    tool("run", "vector_example", "--artefacts", "/nowhere/at/all", NULL);
    tool_expect_usage_error("no host runtime for a2a3/trb/sim in /nowhere/at/all", "built variants: none");
}

static void test_list(void **state)
{
    (void)state;
    char line[256];
    tool("list", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "scene ");
    tool_copy_line(tool_outcome.out, "vector_example", line, sizeof(line));
    tool_expect_text(line, "(a+b+1)(a+b+2)+(a+b)");
    tool_copy_line(tool_outcome.out, "add_one", line, sizeof(line));
    tool_copy_line(tool_outcome.out, "explicit_fatal", line, sizeof(line));
    tool_expect_text(line, "*/trb/*");
    tool_expect_text(tool_outcome.out, "\nvariant ");
    tool_copy_line(tool_outcome.out, "a2a3/trb/sim", line, sizeof(line));
    tool_expect_text(line, "yes    24      4  ");
    tool_copy_line(tool_outcome.out, "a5/trb/sim", line, sizeof(line));
    tool_expect_text(line, "yes    36      7  ");
    tool_copy_line(tool_outcome.out, "a5/hbg/onboard", line, sizeof(line));
    tool("list", "all", NULL);
    tool_expect_usage_error("one argument too many", "usage: touchstone list");
}

static void test_run_prints_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *value;
    } fields[] = {
        {"variant ", "a2a3/trb/sim"},
        {"engine ", "fibers, round-robin"},
        {"blocks ", "3, threads 4"},
        {"runs ", "3 of 3 correct"},
        {"host time ", " median, "},
        {"device time ", " median, "},
        {"tasks ", " 5"},
        {"dlopens of orchestrations ", "host 0, AICPU 1"},
        {"device bytes before ", "(callables 0 B, rings 0 B)"},
        {"  after register ", " B (callables "},
        {"  after unregister ", "(callables 0 B, rings "},
    };
    tool("run", "vector_example", "--repeat", "3", NULL);
    tool_expect_exit(0);
    assert_string_equal(tool_outcome.err, "");
    assert_null(strchr(tool_outcome.out, 033)); /* colour is for terminals */
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char line[256];
        char label[64];
        (void)snprintf(label, sizeof(label), "\n%s", fields[i].label);
        const char *start = strstr(tool_outcome.out, label);
        if (start == NULL) {
            fail_msg("no line \"%s\" in:\n%s", fields[i].label, tool_outcome.out);
            return;
        }
        tool_copy_line(start + 1, fields[i].label, line, sizeof(line));
        tool_expect_text(line, fields[i].value);
    }
}

static void test_run_prints_json(void **state)
{
    (void)state;
    tool("run", "add_one", "--json", "--repeat", "2", "--blocks", "2", "--threads", "1", "--engine", "threads", NULL);
    tool_expect_exit(0);
    static const char *const parts[] = {"\"scene\": \"add_one\"", "\"engine\": \"threads\"", "\"policy\": null",
                                        "\"blocks\": 2",          "\"threads\": 1",          "\"runs\": 2",
                                        "\"correct\": 2",         "\"result\": 0",           "\"tasks\": 1",
                                        "\"kernel_launches\": 1", "\"wrong\": null",         "\"aicpu_dlopens\": 1",
                                        "\"after_unregister\": {"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        tool_expect_text(tool_outcome.out, parts[i]);
    }
}

/* A seed names one schedule: the number of switches and the device's own time are the same again. */
static void test_a_seed_repeats_itself(void **state)
{
    (void)state;
    char switches[2][64];
    for (size_t i = 0; i < 2; i++) {
        tool("run", "vector_example", "--policy", "random", "--seed", "7", "--json", NULL);
        tool_expect_exit(0);
        tool_expect_text(tool_outcome.out, "\"seed\": 7");
        tool_expect_text(tool_outcome.out, "\"reproducible\": true");
        tool_copy_line(tool_outcome.out, "\"switches\": ", switches[i], sizeof(switches[i]));
    }
    assert_string_equal(switches[0], switches[1]);
    tool("run", "vector_example", "--policy", "random", "--seed", "8", "--json", NULL);
    tool_copy_line(tool_outcome.out, "\"switches\": ", switches[1], sizeof(switches[1]));
    assert_string_not_equal(switches[0], switches[1]);
    tool("run", "vector_example", "--policy", "pct", "--seed", "7", "--repeat", "3", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "fibers, pct, seed 7");
}

static void test_an_expected_failure_is_no_failure(void **state)
{
    (void)state;
    tool("run", "explicit_fatal", "--repeat", "2", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "2 of 2 correct");
    tool_expect_text(tool_outcome.out, "-9 (EXPLICIT_ORCH_FATAL), as expected");
}

/* One row for each built variant; what a variant cannot do is told and counted apart. */
static void test_matrix(void **state)
{
    (void)state;
    char line[256];
    tool("run", "vector_example", "--all-variants", "--repeat", "2", NULL);
    tool_expect_exit(0);
    assert_string_equal(tool_outcome.err, "");
    tool_expect_text(tool_outcome.out, " 0 FAIL, ");
    tool_copy_line(tool_outcome.out, "a2a3/trb/sim", line, sizeof(line));
    tool_expect_text(line, "2 of 2");
    tool_expect_text(line, "  ok");
    tool_copy_line(tool_outcome.out, "a5/trb/sim", line, sizeof(line));
    tool_expect_text(line, "  ok");
    tool("run", "explicit_fatal", "--all-variants", "--platform", "sim", "--runtime", "tensormap_and_ringbuffer", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "\n2 variants: 2 ok, 0 FAIL, 0 cannot\n");
    tool("run", "add_one", "--all-variants", "--platform", "sim", "--runtime", "trb", "--blocks", "36", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "\n2 variants: 1 ok, 0 FAIL, 1 cannot\n");
    tool_copy_line(tool_outcome.out, "a2a3/trb/sim", line, sizeof(line));
    tool_expect_text(line, "cannot: a2a3 has 24 blocks");
    tool_copy_line(tool_outcome.out, "a5/trb/sim", line, sizeof(line));
    tool_expect_text(line, "  ok");
    tool("run", "add_one", "--all-variants", "--platform", "sim", "--runtime", "trb", "--json", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "\"variant\": \"a5/trb/sim\"");
    tool_expect_text(tool_outcome.out, "\"ok\": 2");
    tool_expect_text(tool_outcome.out, "\"failed\": 0");
}

/* Nothing ran: that is no success. */
static void test_matrix_of_nothing(void **state)
{
    (void)state;
    tool("run", "add_one", "--all-variants", "--blocks", "37", NULL);
    tool_expect_exit(2);
    tool_expect_text(tool_outcome.out, " 0 ok, 0 FAIL, ");
    tool_expect_text(tool_outcome.err, "no built variant can run it as asked");
    tool("run", "add_one", "--all-variants", "--artefacts", "/nowhere/at/all", NULL);
    tool_expect_usage_error("no variant of these is built in /nowhere/at/all", "built variants: none");
}

/* Names of variants become parts of paths and of messages. */
static void test_hostile_variant_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", "../../../etc/passwd", "a2a3/trb/sim", "a2a3_trb_sim", "*", "A5", "a5 ", "%s%s%n", "a5\n", "\033[2Ja5",
        "-"};
    static const char *const options[] = {"--arch", "--runtime", "--platform"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
            char error[64];
            (void)snprintf(error, sizeof(error), "%s does not take \"", options[k]);
            tool("run", "add_one", options[k], names[i], NULL);
            tool_expect_usage_error(error, "");
            assert_null(strchr(tool_outcome.err, 033));
            tool("run", "add_one", "--all-variants", options[k], names[i], NULL);
            tool_expect_usage_error(error, "");
        }
    }
    static char longest[5000];
    memset(longest, 'a', sizeof(longest) - 1);
    tool("run", "add_one", "--arch", longest, NULL);
    tool_expect_usage_error("--arch does not take \"aaaa", "there is: a2a3 a5");
}

/* Artefacts in which vector_example's multiplication adds. */
static void make_wrong_artefacts(char *directory)
{
    tool_make_artefacts(directory, BUILD_DIR "/scenes/vector_example/kernels/add_scalar.so",
                        BUILD_DIR "/scenes/vector_example/kernels/add.so");
}

static void test_a_wrong_result_is_exit_code_1(void **state)
{
    (void)state;
    char directory[] = "/tmp/cli_test_XXXXXX";
    make_wrong_artefacts(directory);
    tool("run", "vector_example", "--artefacts", directory, "--repeat", "5", "--policy", "random", "--seed", "40",
         NULL);
    struct tool_outcome by_option = tool_outcome;
    tool("run", "vector_example", "--artefacts", directory, "--all-variants", NULL);
    struct tool_outcome by_matrix = tool_outcome;
    tool_link(directory, "libhost_runtime_a5_trb_sim.so", BUILD_DIR "/fixtures/crashing_runtime/crash.so");
    tool_link(directory, "libaicpu_a5_trb.so", BUILD_DIR "/libaicpu_a5_trb.so");
    tool_link(directory, "libaicore_a5_trb.so", BUILD_DIR "/libaicore_a5_trb.so");
    tool("run", "add_one", "--artefacts", directory, "--all-variants", "--arch", "a5", NULL);
    struct tool_outcome by_crash = tool_outcome;
    assert_int_equal(setenv("TOUCHSTONE_ARTEFACTS", directory, 1), 0);
    tool("run", "vector_example", NULL);
    assert_int_equal(unsetenv("TOUCHSTONE_ARTEFACTS"), 0);
    tool_remove_artefacts(directory);
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "wrong: run 0: f[0] of 16384 is ");
    tool_outcome = by_matrix;
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "\n1 variant: 0 ok, 1 FAIL, 0 cannot\n");
    tool_expect_text(tool_outcome.out, "a2a3/trb/sim: run 0: f[0] of 16384 is ");
    tool_outcome = by_crash;
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "a5/trb/sim: the process was killed by signal 6");
    tool_outcome = by_option;
    tool_expect_exit(1);
    tool_expect_text(tool_outcome.out, "0 of 5 correct");
    tool_expect_text(tool_outcome.out, "wrong: run 0: f[0] of 16384 is ");
    tool_expect_text(tool_outcome.out,
                     "again: touchstone run vector_example --policy random --seed 40 --blocks 3 --threads 4");
}

/* One zero is the smallest program; one that cannot be read is told. */
static void test_explain(void **state)
{
    (void)state;
    char path[] = "/tmp/cli_test_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0 && write(file, "", 1) == 1);
    (void)close(file);
    tool("explain", path, NULL);
    (void)unlink(path);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "on a2a3/trb/sim, fibers engine");
    tool_expect_text(tool_outcome.out, "r0 = external 0 from byte 0, version 0: u64[1]");
    tool("explain", "/nowhere/at/all", NULL);
    tool_expect_usage_error("cannot read \"/nowhere/at/all\"", "corpus/task_program/");
}

static void test_property_and_replay(void **state)
{
    (void)state;
    char path[] = "/tmp/cli_test_XXXXXX";
    tool("property", "blob", "--runs", "20", "--seed", "3", NULL);
    tool_expect_exit(0);
    tool_expect_text(tool_outcome.out, "blob ");
    tool_expect_text(tool_outcome.out, "held");
    tool("property", "no_such_property", NULL);
    tool_expect_usage_error("unknown property", "blob");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "\1\2\3", 3), 3);
    (void)close(file);
    tool("replay", "blob", path, NULL);
    assert_int_equal(unlink(path), 0);
    tool_expect_exit(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_unknown_names_get_a_hint),
        cmocka_unit_test(test_bad_options_get_a_hint),
        cmocka_unit_test(test_what_cannot_be_run_is_said_so),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_run_prints_the_table),
        cmocka_unit_test(test_run_prints_json),
        cmocka_unit_test(test_a_seed_repeats_itself),
        cmocka_unit_test(test_an_expected_failure_is_no_failure),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_matrix_of_nothing),
        cmocka_unit_test(test_hostile_variant_names),
        cmocka_unit_test(test_a_wrong_result_is_exit_code_1),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_property_and_replay),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL) != 0;
}
