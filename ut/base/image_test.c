/* SPDX-License-Identifier: Apache-2.0 */
/* os_load_image: fresh copies, and no file and no handle left behind on any path (R8, R9, R10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"

#define STAGE_DIRECTORY "/usr/lib64/image_test"
#define STAGE_PATTERN "libimage_XXXXXX.so"

struct image_bytes {
    void *bytes;
    size_t size;
};

static struct image_bytes answer_image;
static char error[512];

static struct image_bytes read_fixture(const char *name)
{
    struct image_bytes image = {NULL, 0};
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/fixtures/image/%s", BUILD_DIR, name);
    assert_int_equal(os_read_file("test", path, &image.bytes, &image.size), 0);
    return image;
}

static int setup(void **state)
{
    (void)state;
    answer_image = read_fixture("answer.so");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(answer_image.bytes);
    return 0;
}

static int load(const void *bytes, size_t size, void **handle)
{
    error[0] = '\0';
    return os_load_image("test", STAGE_DIRECTORY, STAGE_PATTERN, bytes, size, handle, error, sizeof(error));
}

static int files_left(void)
{
    char path[PATH_MAX];
    int count = 0;
    assert_int_equal(os_root_path(STAGE_DIRECTORY, path, sizeof(path)), 0);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(directory);
    return count;
}

static void assert_nothing_left(void)
{
    assert_int_equal(files_left(), 0);
    assert_int_equal(os_staged_files(), 0);
    assert_int_equal(os_open_images(), 0);
}

static int descriptors_open(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    (void)closedir(directory);
    return count;
}

static void a_loaded_image_runs_and_leaves_no_file(void **state)
{
    (void)state;
    void *handle = NULL;
    assert_int_equal(load(answer_image.bytes, answer_image.size, &handle), 0);
    int (*answer)(void) = NULL;
    *(void **)&answer = dlsym(handle, "answer");
    assert_non_null(answer);
    assert_int_equal(answer(), 42);
    assert_int_equal(files_left(), 0);
    assert_int_equal(os_staged_files(), 0);
    assert_int_equal(os_open_images(), 1);
    os_close_image(handle);
    assert_nothing_left();
    assert_int_equal(os_stuck_images(), 0);
}

static void two_loads_of_equal_bytes_are_two_copies(void **state)
{
    (void)state;
    void *handles[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(load(answer_image.bytes, answer_image.size, &handles[i]), 0);
    }
    assert_int_equal(os_open_images(), 2);
    int (*answer)(void) = NULL;
    *(void **)&answer = dlsym(handles[0], "answer");
    (void)answer();
    assert_int_equal(*(int *)dlsym(handles[0], "answer_count"), 1);
    assert_int_equal(*(int *)dlsym(handles[1], "answer_count"), 0);
    os_close_image(handles[0]);
    assert_int_equal(*(int *)dlsym(handles[1], "answer_count"), 0);
    os_close_image(handles[1]);
    assert_nothing_left();
}

static void a_hundred_loads_keep_no_descriptor(void **state)
{
    (void)state;
    int before = descriptors_open();
    for (size_t i = 0; i < 100; i++) {
        void *handle = NULL;
        assert_int_equal(load(answer_image.bytes, answer_image.size, &handle), 0);
        os_close_image(handle);
    }
    assert_int_equal(descriptors_open(), before);
    assert_nothing_left();
}

static void every_faulty_step_leaves_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *site;
        int error;
        const char *word;
    } steps[] = {{"test.create", EMFILE, "create"},
                 {"test.write", ENOSPC, "write"},
                 {"test.chmod", EPERM, "chmod"},
                 {"test.dlopen", ENOMEM, "dlopen"}};
    int before = descriptors_open();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct fault_rule rule = {.nth = 1, .error = steps[i].error};
        (void)snprintf(rule.site, sizeof(rule.site), "%s", steps[i].site);
        assert_int_equal(fault_plan_install(&rule, 1), 0);
        void *handle = NULL;
        assert_int_equal(load(answer_image.bytes, answer_image.size, &handle), -steps[i].error);
        fault_plan_clear();
        assert_null(handle);
        assert_ptr_equal(strstr(error, steps[i].word), error);
        assert_non_null(strstr(error, STAGE_DIRECTORY));
        assert_nothing_left();
    }
    assert_int_equal(descriptors_open(), before);
    void *handle = NULL;
    assert_int_equal(load(answer_image.bytes, answer_image.size, &handle), 0);
    os_close_image(handle);
}

static void bytes_that_are_no_library_are_refused(void **state)
{
    (void)state;
    void *handle = NULL;
    char size_text[32];
    assert_int_equal(load("not an ELF file at all", 22, &handle), -ENOEXEC);
    assert_non_null(strstr(error, "22 bytes"));
    assert_int_equal(load("", 0, &handle), -ENOEXEC);
    assert_int_equal(load(answer_image.bytes, 200, &handle), -ENOEXEC);
    (void)snprintf(size_text, sizeof(size_text), "200 bytes");
    assert_non_null(strstr(error, size_text));
    assert_null(handle);
    assert_nothing_left();
}

static void names_that_leave_the_directory_are_refused(void **state)
{
    (void)state;
    void *handle = NULL;
    assert_int_equal(os_load_image("test", "/tmp", "../escape_XXXXXX.so", "x", 1, &handle, error, sizeof(error)),
                     -EINVAL);
    assert_int_equal(os_load_image("test", "/tmp/../..", STAGE_PATTERN, "x", 1, &handle, error, sizeof(error)),
                     -EINVAL);
    assert_int_equal(os_load_image("test", "tmp", STAGE_PATTERN, "x", 1, &handle, error, sizeof(error)), -EINVAL);
    assert_int_equal(os_load_image("test", "/tmp", "no_pattern.so", "x", 1, &handle, error, sizeof(error)), -EINVAL);
    assert_null(handle);
    assert_nothing_left();
}

static void an_image_that_cannot_be_unloaded_is_counted_apart(void **state)
{
    (void)state;
    struct image_bytes stuck = read_fixture("stuck.so");
    void *handle = NULL;
    size_t before = os_stuck_images();
    assert_int_equal(load(stuck.bytes, stuck.size, &handle), 0);
    os_close_image(handle);
    free(stuck.bytes);
    assert_int_equal(os_stuck_images(), before + 1);
    assert_nothing_left();
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    os_close_image(NULL);
    assert_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_image_runs_and_leaves_no_file),
        cmocka_unit_test(two_loads_of_equal_bytes_are_two_copies),
        cmocka_unit_test(a_hundred_loads_keep_no_descriptor),
        cmocka_unit_test(every_faulty_step_leaves_nothing),
        cmocka_unit_test(bytes_that_are_no_library_are_refused),
        cmocka_unit_test(names_that_leave_the_directory_are_refused),
        cmocka_unit_test(closing_nothing_is_allowed),
        cmocka_unit_test(an_image_that_cannot_be_unloaded_is_counted_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown) != 0;
}
