/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_test: the built tool as its users meet it: exit codes, texts, and the fields of its tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL BUILD_DIR "/touchstone"
#define MAX_ARGUMENTS 24
#define MAX_OUTPUT (64 * 1024)

struct outcome {
    int exit_code; /* -1: it did not exit */
    char out[MAX_OUTPUT];
    char err[MAX_OUTPUT];
};

static struct outcome outcome;

static void read_back(FILE *file, char *text)
{
    rewind(file);
    size_t length = fread(text, 1, MAX_OUTPUT - 1, file);
    text[length] = 0;
    (void)fclose(file);
}

/* Runs the tool with NULL-ended arguments; what it wrote and how it ended is in `outcome` then. */
static void tool(const char *first, ...)
{
    char *arguments[MAX_ARGUMENTS + 2] = {(char *)(uintptr_t) "touchstone"};
    int count = 1;
    va_list list;
    va_start(list, first);
    for (const char *argument = first; argument != NULL && count <= MAX_ARGUMENTS;
         argument = va_arg(list, const char *)) {
        arguments[count++] = (char *)(uintptr_t)argument;
    }
    va_end(list);
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    assert_non_null(out);
    assert_non_null(err);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(fileno(out), STDOUT_FILENO);
        (void)dup2(fileno(err), STDERR_FILENO);
        (void)execv(TOOL, arguments);
        _exit(126);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_back(out, outcome.out);
    read_back(err, outcome.err);
}

static void expect_exit(int exit_code)
{
    if (outcome.exit_code != exit_code) {
        fail_msg("exit code %d, expected %d\nstdout:\n%s\nstderr:\n%s", outcome.exit_code, exit_code, outcome.out,
                 outcome.err);
    }
}

static void expect_text(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("\"%s\" is missing in:\n%s", wanted, text);
    }
}

/* Exit code 2, nothing on stdout, one line of error with `error` in it and one hint with `hint` in it. */
static void expect_usage_error(const char *error, const char *hint)
{
    expect_exit(2);
    assert_string_equal(outcome.out, "");
    expect_text(outcome.err, error);
    char *line_end = strchr(outcome.err, '\n');
    assert_non_null(line_end);
    assert_memory_equal(line_end + 1, "hint: ", 6);
    expect_text(line_end + 1, hint);
    assert_ptr_equal(strchr(line_end + 1, '\n'), outcome.err + strlen(outcome.err) - 1);
}

/* The line of `text` that starts with `label`, without its end. */
static void copy_line(const char *text, const char *label, char *line, size_t capacity)
{
    const char *start = strstr(text, label);
    if (start == NULL) {
        fail_msg("\"%s\" is missing in:\n%s", label, text);
        return;
    }
    (void)snprintf(line, capacity, "%.*s", (int)strcspn(start, "\n"), start);
}

static void test_help_and_version(void **state)
{
    (void)state;
    tool("--help", NULL);
    expect_exit(0);
    expect_text(outcome.out, "usage: touchstone COMMAND");
    static const char *const commands[] = {"run", "list", "property", "replay", "faults"};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        expect_text(outcome.out, commands[i]);
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char usage[64];
        tool(commands[i], "--help", NULL);
        expect_exit(0);
        (void)snprintf(usage, sizeof(usage), "usage: touchstone %s ", commands[i]);
        expect_text(outcome.out, usage);
        assert_string_equal(outcome.err, "");
    }
    tool("run", "--help", NULL);
    expect_text(outcome.out, "--policy P");
    expect_text(outcome.out, "round-robin, random, pct");
    tool("--version", NULL);
    expect_exit(0);
    expect_text(outcome.out, "touchstone ");
    tool(NULL);
    expect_exit(2);
    expect_text(outcome.err, "usage: touchstone COMMAND");
}

static void test_unknown_names_get_a_hint(void **state)
{
    (void)state;
    tool("rnu", NULL);
    expect_usage_error("unknown command \"rnu\"", "did you mean \"run\"?");
    tool("run", "vector_exmaple", NULL);
    expect_usage_error("touchstone run: unknown scene \"vector_exmaple\"", "did you mean \"vector_example\"?");
    tool("run", "quite_something_else", NULL);
    expect_usage_error("unknown scene", "there is: add_one alternating_matmul_add ");
    tool("replay", "blbo", "file", NULL);
    expect_usage_error("unknown property \"blbo\"", "did you mean \"blob\"?");
    tool("replay", "blob", "/nowhere/at/all", NULL);
    expect_usage_error("cannot read \"/nowhere/at/all\"", "corpus/");
    tool("faults", "vector_exmaple", NULL);
    expect_usage_error("unknown scene", "vector_example");
}

static void test_bad_options_get_a_hint(void **state)
{
    (void)state;
    tool("run", "vector_example", "--sede", "3", NULL);
    expect_usage_error("unknown option --sede", "did you mean --seed?");
    tool("run", "vector_example", "--frobnicate=3", NULL);
    expect_usage_error("unknown option --frobnicate", "touchstone run --help");
    tool("run", "vector_example", "--seed", NULL);
    expect_usage_error("--seed needs a value", "touchstone run --help");
    tool("run", "vector_example", "--repeat", "0", NULL);
    expect_usage_error("--repeat does not take \"0\"", "from 1 to 1000000");
    tool("run", "vector_example", "--repeat", "-3", NULL);
    expect_usage_error("--repeat does not take \"-3\"", "from 1 to 1000000");
    tool("run", "vector_example", "--repeat", "3x", NULL);
    expect_usage_error("--repeat does not take \"3x\"", "from 1 to 1000000");
    tool("run", "vector_example", "--engine", "fibres", NULL);
    expect_usage_error("--engine does not take \"fibres\"", "did you mean \"fibers\"?");
    tool("run", NULL);
    expect_usage_error("0 arguments given, 1 needed", "usage: touchstone run SCENE");
    tool("run", "vector_example", "add_one", NULL);
    expect_usage_error("one argument too many: \"add_one\"", "usage: touchstone run SCENE");
    tool("run", "vector_example", "--engine", "threads", "--policy", "random", NULL);
    expect_usage_error("the threads engine has no policy", "--engine fibers");
}

static void test_what_cannot_be_run_is_said_so(void **state)
{
    (void)state;
    tool("run", "vector_example", "--blocks", "25", NULL);
    expect_usage_error("--blocks 25 is too many", "a2a3 has 24 blocks (0: all) and 4 AICPU threads");
    tool("run", "vector_example", "--threads", "5", NULL);
    expect_usage_error("--threads 5 is too many", "4 AICPU threads");
    tool("run", "vector_example", "--arch", "a5", "--blocks", "37", NULL);
    expect_usage_error("--blocks 37 is too many", "a5 has 36 blocks (0: all) and 7 AICPU threads");
    tool("run", "explicit_fatal", "--runtime", "host_build_graph", NULL);
    expect_usage_error("scene explicit_fatal does not run on a2a3/hbg/sim: host_build_graph has no report_fatal",
                       "it declares: */trb/*");
    tool("run", "vector_example", "--artefacts", "/nowhere/at/all", NULL);
    expect_usage_error("no host runtime for a2a3/trb/sim in /nowhere/at/all", "built variants: none");
}

static void test_list(void **state)
{
    (void)state;
    char line[256];
    tool("list", NULL);
    expect_exit(0);
    expect_text(outcome.out, "scene ");
    copy_line(outcome.out, "vector_example", line, sizeof(line));
    expect_text(line, "(a+b+1)(a+b+2)+(a+b)");
    copy_line(outcome.out, "add_one", line, sizeof(line));
    copy_line(outcome.out, "explicit_fatal", line, sizeof(line));
    expect_text(line, "*/trb/*");
    expect_text(outcome.out, "\nvariant ");
    copy_line(outcome.out, "a2a3/trb/sim", line, sizeof(line));
    expect_text(line, "yes    24      4  ");
    copy_line(outcome.out, "a5/trb/sim", line, sizeof(line));
    expect_text(line, "yes    36      7  ");
    copy_line(outcome.out, "a5/hbg/onboard", line, sizeof(line));
    tool("list", "all", NULL);
    expect_usage_error("one argument too many", "usage: touchstone list");
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
    expect_exit(0);
    assert_string_equal(outcome.err, "");
    assert_null(strchr(outcome.out, 033)); /* colour is for terminals */
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char line[256];
        char label[64];
        (void)snprintf(label, sizeof(label), "\n%s", fields[i].label);
        const char *start = strstr(outcome.out, label);
        if (start == NULL) {
            fail_msg("no line \"%s\" in:\n%s", fields[i].label, outcome.out);
            return;
        }
        copy_line(start + 1, fields[i].label, line, sizeof(line));
        expect_text(line, fields[i].value);
    }
}

static void test_run_prints_json(void **state)
{
    (void)state;
    tool("run", "add_one", "--json", "--repeat", "2", "--blocks", "2", "--threads", "1", "--engine", "threads", NULL);
    expect_exit(0);
    static const char *const parts[] = {"\"scene\": \"add_one\"", "\"engine\": \"threads\"", "\"policy\": null",
                                        "\"blocks\": 2",          "\"threads\": 1",          "\"runs\": 2",
                                        "\"correct\": 2",         "\"result\": 0",           "\"tasks\": 1",
                                        "\"kernel_launches\": 1", "\"wrong\": null",         "\"aicpu_dlopens\": 1",
                                        "\"after_unregister\": {"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        expect_text(outcome.out, parts[i]);
    }
}

/* A seed names one schedule: the number of switches and the device's own time are the same again. */
static void test_a_seed_repeats_itself(void **state)
{
    (void)state;
    char switches[2][64];
    for (size_t i = 0; i < 2; i++) {
        tool("run", "vector_example", "--policy", "random", "--seed", "7", "--json", NULL);
        expect_exit(0);
        expect_text(outcome.out, "\"seed\": 7");
        expect_text(outcome.out, "\"reproducible\": true");
        copy_line(outcome.out, "\"switches\": ", switches[i], sizeof(switches[i]));
    }
    assert_string_equal(switches[0], switches[1]);
    tool("run", "vector_example", "--policy", "random", "--seed", "8", "--json", NULL);
    copy_line(outcome.out, "\"switches\": ", switches[1], sizeof(switches[1]));
    assert_string_not_equal(switches[0], switches[1]);
    tool("run", "vector_example", "--policy", "pct", "--seed", "7", "--repeat", "3", NULL);
    expect_exit(0);
    expect_text(outcome.out, "fibers, pct, seed 7");
}

static void test_an_expected_failure_is_no_failure(void **state)
{
    (void)state;
    tool("run", "explicit_fatal", "--repeat", "2", NULL);
    expect_exit(0);
    expect_text(outcome.out, "2 of 2 correct");
    expect_text(outcome.out, "-9 (EXPLICIT_ORCH_FATAL), as expected");
}

/* One row for each built variant; what a variant cannot do is told and counted apart. */
static void test_matrix(void **state)
{
    (void)state;
    char line[256];
    tool("run", "vector_example", "--all-variants", "--repeat", "2", NULL);
    expect_exit(0);
    assert_string_equal(outcome.err, "");
    expect_text(outcome.out, " 0 FAIL, ");
    copy_line(outcome.out, "a2a3/trb/sim", line, sizeof(line));
    expect_text(line, "2 of 2");
    expect_text(line, "  ok");
    copy_line(outcome.out, "a5/trb/sim", line, sizeof(line));
    expect_text(line, "  ok");
    tool("run", "explicit_fatal", "--all-variants", "--platform", "sim", "--runtime", "tensormap_and_ringbuffer", NULL);
    expect_exit(0);
    expect_text(outcome.out, "\n2 variants: 2 ok, 0 FAIL, 0 cannot\n");
    tool("run", "add_one", "--all-variants", "--platform", "sim", "--runtime", "trb", "--blocks", "36", NULL);
    expect_exit(0);
    expect_text(outcome.out, "\n2 variants: 1 ok, 0 FAIL, 1 cannot\n");
    copy_line(outcome.out, "a2a3/trb/sim", line, sizeof(line));
    expect_text(line, "cannot: a2a3 has 24 blocks");
    copy_line(outcome.out, "a5/trb/sim", line, sizeof(line));
    expect_text(line, "  ok");
    tool("run", "add_one", "--all-variants", "--platform", "sim", "--runtime", "trb", "--json", NULL);
    expect_exit(0);
    expect_text(outcome.out, "\"variant\": \"a5/trb/sim\"");
    expect_text(outcome.out, "\"ok\": 2");
    expect_text(outcome.out, "\"failed\": 0");
}

/* Nothing ran: that is no success. */
static void test_matrix_of_nothing(void **state)
{
    (void)state;
    tool("run", "add_one", "--all-variants", "--blocks", "37", NULL);
    expect_exit(2);
    expect_text(outcome.out, " 0 ok, 0 FAIL, ");
    expect_text(outcome.err, "no built variant can run it as asked");
    tool("run", "add_one", "--all-variants", "--artefacts", "/nowhere/at/all", NULL);
    expect_usage_error("no variant of these is built in /nowhere/at/all", "built variants: none");
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
            expect_usage_error(error, "");
            assert_null(strchr(outcome.err, 033));
            tool("run", "add_one", "--all-variants", options[k], names[i], NULL);
            expect_usage_error(error, "");
        }
    }
    static char longest[5000];
    memset(longest, 'a', sizeof(longest) - 1);
    tool("run", "add_one", "--arch", longest, NULL);
    expect_usage_error("--arch does not take \"aaaa", "there is: a2a3 a5");
}

static void link_into(const char *directory, const char *name, const char *target)
{
    char link[512];
    (void)snprintf(link, sizeof(link), "%s/%s", directory, name);
    assert_int_equal(symlink(target, link), 0);
}

static void make_directory(const char *directory, const char *name, char *path, size_t capacity)
{
    (void)snprintf(path, capacity, "%s/%s", directory, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* Artefacts in which vector_example's multiplication adds. */
static void make_wrong_artefacts(char *directory)
{
    static const char *const libraries[] = {"libhost_runtime_a2a3_trb_sim.so", "libaicpu_a2a3_trb.so",
                                            "libaicore_a2a3_trb.so", "libnpu.so"};
    char folder[256];
    char kernels[256];
    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        char target[512];
        (void)snprintf(target, sizeof(target), "%s/%s", BUILD_DIR, libraries[i]);
        link_into(directory, libraries[i], target);
    }
    make_directory(directory, "scenes", folder, sizeof(folder));
    make_directory(directory, "scenes/vector_example", folder, sizeof(folder));
    link_into(folder, "orchestration.so", BUILD_DIR "/scenes/vector_example/orchestration.so");
    make_directory(directory, "scenes/vector_example/kernels", kernels, sizeof(kernels));
    link_into(kernels, "add.so", BUILD_DIR "/scenes/vector_example/kernels/add.so");
    link_into(kernels, "add_scalar.so", BUILD_DIR "/scenes/vector_example/kernels/add_scalar.so");
    link_into(kernels, "mul.so", BUILD_DIR "/scenes/vector_example/kernels/add.so");
}

static void remove_wrong_artefacts(const char *directory)
{
    static const char *const names[] = {"scenes/vector_example/kernels/add.so",
                                        "scenes/vector_example/kernels/add_scalar.so",
                                        "scenes/vector_example/kernels/mul.so",
                                        "scenes/vector_example/kernels",
                                        "scenes/vector_example/orchestration.so",
                                        "scenes/vector_example",
                                        "scenes",
                                        "libhost_runtime_a2a3_trb_sim.so",
                                        "libaicpu_a2a3_trb.so",
                                        "libaicore_a2a3_trb.so",
                                        "libhost_runtime_a5_trb_sim.so",
                                        "libaicpu_a5_trb.so",
                                        "libaicore_a5_trb.so",
                                        "libnpu.so"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
}

static void test_a_wrong_result_is_exit_code_1(void **state)
{
    (void)state;
    char directory[] = "/tmp/cli_test_XXXXXX";
    make_wrong_artefacts(directory);
    tool("run", "vector_example", "--artefacts", directory, "--repeat", "5", "--policy", "random", "--seed", "40",
         NULL);
    struct outcome by_option = outcome;
    tool("run", "vector_example", "--artefacts", directory, "--all-variants", NULL);
    struct outcome by_matrix = outcome;
    link_into(directory, "libhost_runtime_a5_trb_sim.so", BUILD_DIR "/fixtures/crashing_runtime/crash.so");
    link_into(directory, "libaicpu_a5_trb.so", BUILD_DIR "/libaicpu_a5_trb.so");
    link_into(directory, "libaicore_a5_trb.so", BUILD_DIR "/libaicore_a5_trb.so");
    tool("run", "add_one", "--artefacts", directory, "--all-variants", "--arch", "a5", NULL);
    struct outcome by_crash = outcome;
    assert_int_equal(setenv("TOUCHSTONE_ARTEFACTS", directory, 1), 0);
    tool("run", "vector_example", NULL);
    assert_int_equal(unsetenv("TOUCHSTONE_ARTEFACTS"), 0);
    remove_wrong_artefacts(directory);
    expect_exit(1);
    expect_text(outcome.out, "wrong: run 0: f[0] of 16384 is ");
    outcome = by_matrix;
    expect_exit(1);
    expect_text(outcome.out, "\n1 variant: 0 ok, 1 FAIL, 0 cannot\n");
    expect_text(outcome.out, "a2a3/trb/sim: run 0: f[0] of 16384 is ");
    outcome = by_crash;
    expect_exit(1);
    expect_text(outcome.out, "a5/trb/sim: the process was killed by signal 6");
    outcome = by_option;
    expect_exit(1);
    expect_text(outcome.out, "0 of 5 correct");
    expect_text(outcome.out, "wrong: run 0: f[0] of 16384 is ");
    expect_text(outcome.out, "again: touchstone run vector_example --policy random --seed 40 --blocks 3 --threads 4");
}

static void test_property_and_replay(void **state)
{
    (void)state;
    char path[] = "/tmp/cli_test_XXXXXX";
    tool("property", "blob", "--runs", "20", "--seed", "3", NULL);
    expect_exit(0);
    expect_text(outcome.out, "blob ");
    expect_text(outcome.out, "held");
    tool("property", "no_such_property", NULL);
    expect_usage_error("unknown property", "blob");
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "\1\2\3", 3), 3);
    (void)close(file);
    tool("replay", "blob", path, NULL);
    assert_int_equal(unlink(path), 0);
    expect_exit(0);
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
        cmocka_unit_test(test_property_and_replay),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL) != 0;
}
