/* SPDX-License-Identifier: Apache-2.0 */
/* Replays corpus/ and the failures that replaying must report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/property/registry.h"
#include "harness/property/reproducer.h"
#include "harness/property/runner.h"

static char scratch[PATH_MAX];

static void join(char path[PATH_MAX], const char *directory, const char *name)
{
    assert_true(snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX);
}

static void every_input_of_the_corpus_holds(void **state)
{
    (void)state;
    uint64_t files = 0;
    assert_int_equal(property_replay_corpus(TOP_DIR "/corpus", &files), 0);
    assert_true(files > 0);
}

static void every_property_has_a_corpus(void **state)
{
    (void)state;
    for (const struct property *const *entry = property_registry; *entry != NULL; entry++) {
        char path[PATH_MAX];
        join(path, TOP_DIR "/corpus", (*entry)->name);
        if (access(path, F_OK) != 0) {
            fail_msg("%s: a property starts with seed inputs", path);
        }
    }
}

static void seeds_are_written_and_hold(void **state)
{
    (void)state;
    char corpus[PATH_MAX];
    char folder[PATH_MAX];
    uint64_t files = 0;
    join(corpus, scratch, "seeds");
    join(folder, corpus, "build_id");
    assert_int_equal(mkdir(corpus, 0700), 0);
    assert_int_equal(property_write_seeds(property_find("build_id"), 3, 7, folder), 0);
    assert_int_equal(property_replay_corpus(corpus, &files), 0);
    assert_int_equal(files, 7);
}

static void a_folder_without_a_property_is_an_error(void **state)
{
    (void)state;
    char corpus[PATH_MAX];
    char folder[PATH_MAX];
    join(corpus, scratch, "strange");
    join(folder, corpus, "no_such_property");
    assert_int_equal(mkdir(corpus, 0700), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)fprintf(stderr, "(the next line is expected) ");
    assert_int_equal(property_replay_corpus(corpus, NULL), -ENOENT);
    join(folder, scratch, "nowhere");
    assert_int_equal(property_replay_corpus(folder, NULL), -ENOENT);
}

static void an_input_that_cannot_be_read_fails_and_the_rest_is_replayed(void **state)
{
    (void)state;
    char corpus[PATH_MAX];
    char folder[PATH_MAX];
    char broken[PATH_MAX];
    uint64_t files = 0;
    join(corpus, scratch, "broken");
    join(folder, corpus, "build_id");
    join(broken, folder, "0-is-a-directory");
    assert_int_equal(mkdir(corpus, 0700), 0);
    assert_int_equal(property_write_seeds(property_find("build_id"), 3, 2, folder), 0);
    assert_int_equal(mkdir(broken, 0700), 0);
    (void)fprintf(stderr, "(the next two lines are expected) ");
    assert_int_equal(property_replay_corpus(corpus, &files), 1);
    assert_int_equal(files, 3);
}

static void one_file_replays_by_name(void **state)
{
    (void)state;
    char path[PATH_MAX];
    const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    char *told = NULL;
    size_t told_size = 0;
    FILE *trace = open_memstream(&told, &told_size);
    assert_non_null(trace);
    assert_int_equal(reproducer_write(scratch, "blob", bytes, sizeof(bytes), path, sizeof(path)), 0);
    assert_int_equal(property_replay_file("blob", path, trace), 0);
    assert_int_equal(fclose(trace), 0);
    assert_non_null(strstr(told, "of 9 bytes used: held"));
    free(told);
    assert_int_equal(property_replay_file("no_such_property", path, NULL), -ENOENT);
    join(path, scratch, "no such file");
    assert_int_equal(property_replay_file("blob", path, NULL), -ENOENT);
}

int main(void)
{
    const char *parent = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    (void)snprintf(scratch, sizeof(scratch), "%s/corpus-test-XXXXXX", parent);
    if (mkdtemp(scratch) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_of_the_corpus_holds),
        cmocka_unit_test(every_property_has_a_corpus),
        cmocka_unit_test(seeds_are_written_and_hold),
        cmocka_unit_test(a_folder_without_a_property_is_an_error),
        cmocka_unit_test(an_input_that_cannot_be_read_fails_and_the_rest_is_replayed),
        cmocka_unit_test(one_file_replays_by_name),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", scratch);
    return failed != 0 || system(command) != 0;
}
