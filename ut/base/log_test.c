/* SPDX-License-Identifier: Apache-2.0 */
/* log: levels, the environment, one piece per message, and no message lost or overlong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static char output[16384];
static char self[PATH_MAX]; /* this program; /proc/self/exe is something else below valgrind */

/* Runs `talk` with stderr going to a pipe and collects what arrives in `output`. */
static void capture(void (*talk)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    talk();
    (void)dup2(kept, STDERR_FILENO);
    (void)close(kept);
    (void)close(ends[1]);
    size_t used = 0;
    for (ssize_t got = 1; got > 0 && used + 1 < sizeof(output); used += got > 0 ? (size_t)got : 0) {
        got = read(ends[0], output + used, sizeof(output) - 1 - used);
    }
    output[used] = '\0';
    (void)close(ends[0]);
}

static void talk_at_every_level(void)
{
    log_message(LOG_LEVEL_ERROR, "host", "e %d", 1);
    log_message(LOG_LEVEL_WARN, "host", "w %d", 2);
    log_message(LOG_LEVEL_INFO, "host", "i %d", 3);
    log_message(LOG_LEVEL_DEBUG, "host", "d %d", 4);
    log_message(LOG_LEVEL_NONE, "host", "nothing");
    log_message((enum log_level)7, "host", "nothing");
}

static void the_level_decides(void **state)
{
    (void)state;
    static const struct {
        enum log_level level;
        const char *expected;
    } cases[] = {
        {LOG_LEVEL_NONE, ""},
        {LOG_LEVEL_ERROR, "[error] host: e 1\n"},
        {LOG_LEVEL_WARN, "[error] host: e 1\n[warn] host: w 2\n"},
        {LOG_LEVEL_INFO, "[error] host: e 1\n[warn] host: w 2\n[info] host: i 3\n"},
        {LOG_LEVEL_DEBUG, "[error] host: e 1\n[warn] host: w 2\n[info] host: i 3\n[debug] host: d 4\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        log_set_level(cases[i].level);
        assert_int_equal(log_get_level(), cases[i].level);
        capture(talk_at_every_level);
        assert_string_equal(output, cases[i].expected);
    }
}

static void talk_long(void)
{
    static char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    log_message(LOG_LEVEL_ERROR, "host", "%s", text);
    log_message(LOG_LEVEL_ERROR, text, "short");
}

static void an_overlong_message_is_cut_and_says_so(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_WARN);
    capture(talk_long);
    size_t length = strlen(output);
    assert_true(length > 4000 && length < 4200);
    const char *second = strchr(output, '\n');
    assert_non_null(second);
    assert_memory_equal(second - 3, "...", 3);
    assert_string_equal(output + length - 4, "...\n");
}

/* The level that a program starts with when TOUCHSTONE_LOG says `value`. */
static int level_with(const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        if (value != NULL ? setenv("TOUCHSTONE_LOG", value, 1) != 0 : unsetenv("TOUCHSTONE_LOG") != 0) {
            _exit(99);
        }
        (void)execl(self, "log_test", "level", (char *)NULL);
        _exit(98);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) - 10;
}

static void the_environment_sets_the_level(void **state)
{
    (void)state;
    assert_int_equal(level_with(NULL), LOG_LEVEL_WARN);
    assert_int_equal(level_with("none"), LOG_LEVEL_NONE);
    assert_int_equal(level_with("error"), LOG_LEVEL_ERROR);
    assert_int_equal(level_with("warn"), LOG_LEVEL_WARN);
    assert_int_equal(level_with("info"), LOG_LEVEL_INFO);
    assert_int_equal(level_with("debug"), LOG_LEVEL_DEBUG);
    assert_int_equal(level_with("loud"), LOG_LEVEL_WARN);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 2) {
        return log_get_level() + 10;
    }
    if (realpath("/proc/self/exe", self) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_decides),
        cmocka_unit_test(an_overlong_message_is_cut_and_says_so),
        cmocka_unit_test(the_environment_sets_the_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
