/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner, tested by properties that are wrong on purpose: each planted failure, crash, hang and leak must be found,
 * shrunk to its known minimum, written down, and fail again when it is replayed (design section 5: the finders have
 * tests of their own).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "harness/property/fuzz.h"
#include "harness/property/registry.h"
#include "harness/property/reproducer.h"
#include "harness/property/runner.h"

static char directory[PATH_MAX];

/* Three numbers below 256 whose sum must stay below 600: the minimum is not unique, its sum is. */
static int run_sum(struct choice *choice, struct property_context *context)
{
    uint64_t sum = choice_below(choice, 256) + choice_below(choice, 256) + choice_below(choice, 256);
    property_trace(context, "sum %lu", sum);
    PROPERTY_REQUIRE(context, sum < 600, "sum %lu", sum);
    return 0;
}

static const struct property sum_property = {.name = "sum", .run = run_sum, .default_runs = 300, .max_bytes = 24};

static int run_crash(struct choice *choice, struct property_context *context)
{
    (void)context;
    if (choice_below(choice, 256) >= 0xc0 && choice_below(choice, 256) >= 0x80) {
        (void)raise(SIGKILL); /* no handler, of the test runner or of a sanitizer, can turn this into something else */
    }
    return 0;
}

static const struct property crash_property = {.name = "crash", .run = run_crash, .default_runs = 500, .max_bytes = 8};

static int run_hang(struct choice *choice, struct property_context *context)
{
    (void)context;
    bool stuck = choice_below(choice, 256) >= 0xf0;
    while (stuck) {
        (void)pause();
    }
    return 0;
}

static const struct property hang_property = {.name = "hang", .run = run_hang, .default_runs = 500, .max_bytes = 4};

/* Ends the process with a code of its own after all cases, as leak checkers do. */
static void leave_as_a_leak_check_does(void)
{
    _exit(23);
}

static int run_leak(struct choice *choice, struct property_context *context)
{
    if (choice_below(choice, 256) >= 250) {
        return atexit(leave_as_a_leak_check_does) != 0 ? property_fail(context, "atexit") : 0;
    }
    return 0;
}

static const struct property leak_property = {.name = "leak", .run = run_leak, .default_runs = 200, .max_bytes = 8};

#if defined(__SANITIZE_ADDRESS__)
#define LEAK_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAK_CHECKED 1
#endif
#endif

#ifdef LEAK_CHECKED
static int run_real_leak(struct choice *choice, struct property_context *context)
{
    uint64_t count = choice_below(choice, 256) >= 250 ? 50 : 0;
    for (uint64_t i = 0; i < count; i++) {
        void *volatile lost = malloc(100 + i);
        PROPERTY_REQUIRE(context, lost != NULL, "no memory");
        lost = NULL;
    }
    return 0;
}

static const struct property real_leak_property = {
    .name = "real_leak", .run = run_real_leak, .default_runs = 200, .max_bytes = 8};
#endif

static uint64_t cases_so_far;

static int run_fifth(struct choice *choice, struct property_context *context)
{
    (void)choice;
    PROPERTY_REQUIRE(context, ++cases_so_far < 5, "case %lu", cases_so_far);
    return 0;
}

static const struct property fifth_property = {.name = "fifth", .run = run_fifth, .default_runs = 10, .max_bytes = 8};

static int run_good(struct choice *choice, struct property_context *context)
{
    return choice_u64(choice) == 0x123456789abcdefull ? property_fail(context, "jackpot") : 0;
}

static const struct property good_property = {.name = "good", .run = run_good, .default_runs = 100, .max_bytes = 8};

static int fail_setup(struct property_context *context)
{
    return -property_fail(context, "no device");
}

static const struct property setup_property = {
    .name = "setup", .run = run_good, .default_runs = 1, .max_bytes = 8, .setup = fail_setup};

static struct property_failure check(const struct property *property, uint64_t runs)
{
    struct property_options options = {.seed = 1, .runs = runs, .quiet = true, .failures = directory};
    struct property_failure failure;
    assert_int_equal(property_check_with(property, &options, &failure), 1);
    return failure;
}

static void assert_reproducer(const struct property_failure *failure, const void *bytes, size_t size)
{
    void *content = NULL;
    size_t length = 0;
    assert_int_equal(os_read_file("test", failure->path, &content, &length), 0);
    assert_int_equal(length, size);
    assert_memory_equal(content, bytes, size);
    free(content);
}

static void a_failure_is_found_and_shrunk_to_its_minimum(void **state)
{
    (void)state;
    struct property_failure failure = check(&sum_property, 0);
    assert_int_equal(failure.verdict, CHILD_FAILED);
    assert_int_equal(failure.size, 3);
    assert_non_null(strstr(failure.message, "sum 600"));
    assert_non_null(strstr(failure.message, "runner_test.c"));
    assert_non_null(strstr(failure.command, "touchstone replay sum "));
    assert_non_null(strstr(failure.command, failure.path));
    assert_true(failure.tries > 0);
}

static void the_reproducer_fails_again_with_the_same_message(void **state)
{
    (void)state;
    struct property_failure failure = check(&sum_property, 0);
    struct property_context context = {0};
    struct choice choice;
    void *bytes = NULL;
    size_t size = 0;
    assert_int_equal(os_read_file("test", failure.path, &bytes, &size), 0);
    choice_from_bytes(&choice, bytes, size);
    assert_int_not_equal(run_sum(&choice, &context), 0);
    assert_string_equal(context.message, failure.message);
    free(bytes);
}

static void a_crash_is_found_and_shrunk(void **state)
{
    (void)state;
    struct property_failure failure = check(&crash_property, 0);
    assert_int_equal(failure.verdict, CHILD_CRASHED);
    assert_non_null(strstr(failure.message, "signal 9"));
    const uint8_t minimum[] = {0xc0, 0x80};
    assert_reproducer(&failure, minimum, 2);
}

static void a_hang_is_found_and_shrunk(void **state)
{
    (void)state;
    assert_int_equal(setenv("PROPERTY_HANG_SECONDS", "1", 1), 0);
    struct property_options options = {.seed = 1, .shrink_tries = 3, .quiet = true, .failures = directory};
    struct property_failure failure;
    assert_int_equal(property_check_with(&hang_property, &options, &failure), 1);
    assert_int_equal(unsetenv("PROPERTY_HANG_SECONDS"), 0);
    assert_int_equal(failure.verdict, CHILD_HUNG);
    assert_true(failure.tries <= 3);
    assert_int_equal(failure.size, 1);
    assert_true(failure.path[0] != '\0');
}

static void the_case_that_leaks_is_singled_out(void **state)
{
    (void)state;
    struct property_failure failure = check(&leak_property, 0);
    assert_int_equal(failure.verdict, CHILD_LEAKED);
    const uint8_t minimum[] = {250};
    assert_reproducer(&failure, minimum, 1);
}

#ifdef LEAK_CHECKED
static void the_sanitizer_sees_a_leak_of_a_case(void **state)
{
    (void)state;
    struct property_failure failure = check(&real_leak_property, 0);
    assert_int_equal(failure.verdict, CHILD_LEAKED);
    const uint8_t minimum[] = {250};
    assert_reproducer(&failure, minimum, 1);
}
#endif

static void what_fails_only_after_other_cases_is_said_so(void **state)
{
    (void)state;
    struct property_failure failure = check(&fifth_property, 0);
    assert_int_equal(failure.verdict, CHILD_FAILED);
    assert_int_equal(failure.index, 4);
    assert_string_equal(failure.path, "");
    assert_int_equal(failure.seed, 1);
}

static void a_property_that_holds_passes(void **state)
{
    (void)state;
    struct property_options options = {.quiet = true, .failures = directory};
    struct property_failure failure;
    assert_int_equal(property_check_with(&good_property, &options, &failure), 0);
    assert_int_equal(failure.runs, 100);
    assert_int_equal(property_check(&good_property, 5, 10), 0);
}

static void a_setup_that_fails_is_a_failure(void **state)
{
    (void)state;
    struct property_failure failure = check(&setup_property, 0);
    assert_int_equal(failure.verdict, CHILD_BROKEN);
}

static void the_environment_scales_and_seeds(void **state)
{
    (void)state;
    struct property_options options = {.quiet = true, .failures = directory};
    struct property_failure failure;
    assert_int_equal(setenv("PROPERTY_RUNS", "0.25", 1), 0);
    assert_int_equal(property_check_with(&good_property, &options, &failure), 0);
    assert_int_equal(failure.runs, 25);
    assert_int_equal(setenv("PROPERTY_RUNS", "0.0001", 1), 0);
    assert_int_equal(property_check_with(&good_property, &options, &failure), 0);
    assert_int_equal(failure.runs, 1);
    assert_int_equal(unsetenv("PROPERTY_RUNS"), 0);
    assert_int_equal(setenv("PROPERTY_SEED", "77", 1), 0);
    assert_int_equal(property_check_with(&sum_property, &options, &failure), 1);
    assert_int_equal(unsetenv("PROPERTY_SEED"), 0);
    assert_int_equal(failure.seed, 77);
}

static void without_a_fork_the_result_is_the_same(void **state)
{
    (void)state;
    struct property_failure forked = check(&sum_property, 0);
    assert_int_equal(setenv("PROPERTY_FORK", "0", 1), 0);
    struct property_failure here = check(&sum_property, 0);
    assert_int_equal(unsetenv("PROPERTY_FORK"), 0);
    assert_int_equal(here.index, forked.index);
    assert_int_equal(here.tries, forked.tries);
    assert_string_equal(here.path, forked.path);
}

static void a_fuzzer_sees_a_failure_as_an_abort(void **state)
{
    (void)state;
    const uint8_t bytes[] = {250, 250, 250};
    assert_int_equal(property_fuzz_one(&sum_property, bytes, 2), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)freopen("/dev/null", "w", stderr);
        (void)property_fuzz_one(&sum_property, bytes, 3);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void a_fuzzer_does_not_start_without_its_setup(void **state)
{
    (void)state;
    property_fuzz_start(&sum_property);
    pid_t child = fork();
    if (child == 0) {
        (void)freopen("/dev/null", "w", stderr);
        property_fuzz_start(&setup_property);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

static void an_unwritable_place_for_reproducers_is_survived(void **state)
{
    (void)state;
    struct property_options options = {.seed = 1, .quiet = true, .failures = "/proc/nowhere"};
    struct property_failure failure;
    assert_int_equal(property_check_with(&sum_property, &options, &failure), 1);
    assert_string_equal(failure.path, "");
    assert_int_equal(failure.size, 3);
}

static void the_registry_is_sorted_out_by_name(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct property *const *entry = property_registry; *entry != NULL; entry++) {
        assert_ptr_equal(property_find((*entry)->name), *entry);
        assert_non_null((*entry)->summary);
        assert_true((*entry)->default_runs > 0 && (*entry)->max_bytes > 0);
        count++;
    }
    assert_true(count >= 4);
    assert_null(property_find("no_such_property"));
}

int main(void)
{
    /* What a caller sets to scale the properties is not meant for the planted ones. */
    static const char *const knobs[] = {"PROPERTY_RUNS", "PROPERTY_SEED", "PROPERTY_FORK", "PROPERTY_HANG_SECONDS"};
    for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
        (void)unsetenv(knobs[i]);
    }
    const char *parent = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    (void)snprintf(directory, sizeof(directory), "%s/runner-test-XXXXXX", parent);
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_found_and_shrunk_to_its_minimum),
        cmocka_unit_test(the_reproducer_fails_again_with_the_same_message),
        cmocka_unit_test(a_crash_is_found_and_shrunk),
        cmocka_unit_test(a_hang_is_found_and_shrunk),
        cmocka_unit_test(the_case_that_leaks_is_singled_out),
#ifdef LEAK_CHECKED
        cmocka_unit_test(the_sanitizer_sees_a_leak_of_a_case),
#endif
        cmocka_unit_test(what_fails_only_after_other_cases_is_said_so),
        cmocka_unit_test(a_property_that_holds_passes),
        cmocka_unit_test(a_setup_that_fails_is_a_failure),
        cmocka_unit_test(the_environment_scales_and_seeds),
        cmocka_unit_test(without_a_fork_the_result_is_the_same),
        cmocka_unit_test(a_fuzzer_sees_a_failure_as_an_abort),
        cmocka_unit_test(a_fuzzer_does_not_start_without_its_setup),
        cmocka_unit_test(an_unwritable_place_for_reproducers_is_survived),
        cmocka_unit_test(the_registry_is_sorted_out_by_name),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    return failed != 0 || system(command) != 0;
}
