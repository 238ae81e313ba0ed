/* SPDX-License-Identifier: Apache-2.0 */
/* os: memory and files through their sites, and the simulated root with its lifetime (R10, R16). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"

static char base[PATH_MAX];
static char self[PATH_MAX]; /* this program; /proc/self/exe is something else below valgrind */

static void plan(const char *site, int error)
{
    struct fault_rule rule = {.nth = 1, .error = error};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", site);
    assert_int_equal(fault_plan_install(&rule, 1), 0);
}

static int clear(void **state)
{
    (void)state;
    fault_plan_clear();
    return 0;
}

static void allocations_fail_when_planned(void **state)
{
    (void)state;
    plan("m.alloc", ENOMEM);
    assert_null(os_alloc("m.alloc", 8));
    void *memory = os_alloc("m.alloc", 8);
    assert_non_null(memory);
    free(memory);
    plan("m.zalloc", ENOMEM);
    assert_null(os_zalloc("m.zalloc", 8));
    plan("m.aligned", ENOMEM);
    assert_null(os_aligned_alloc("m.aligned", 64, 8));
    plan("m.map", EAGAIN);
    assert_int_equal(os_map("m.map", 4096, &memory), -EAGAIN);
}

static void memory_is_as_promised(void **state)
{
    (void)state;
    static const uint8_t zeros[256];
    uint8_t *zeroed = os_zalloc("m", sizeof(zeros));
    assert_non_null(zeroed);
    assert_memory_equal(zeroed, zeros, sizeof(zeros));
    free(zeroed);
    void *aligned = os_aligned_alloc("m", 4096, 1);
    assert_non_null(aligned);
    assert_int_equal((uintptr_t)aligned % 4096, 0);
    free(aligned);
    void *empty = os_alloc("m", 0);
    assert_non_null(empty);
    free(empty);
    void *mapped = NULL;
    assert_int_equal(os_map("m", (size_t)16 << 30, &mapped), 0);
    ((char *)mapped)[(size_t)15 << 30] = 1;
    os_unmap(mapped, (size_t)16 << 30);
    assert_true(os_map("m", SIZE_MAX / 2, &mapped) < 0);
    os_unmap(NULL, 0);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void files_are_read_whole(void **state)
{
    (void)state;
    char path[PATH_MAX];
    void *bytes = NULL;
    size_t size = 99;
    (void)snprintf(path, sizeof(path), "%.*s/file", PATH_MAX - 8, base);
    write_file(path, "content");
    assert_int_equal(os_read_file("f", path, &bytes, &size), 0);
    assert_int_equal(size, 7);
    assert_memory_equal(bytes, "content", 7);
    free(bytes);
    write_file(path, "");
    assert_int_equal(os_read_file("f", path, &bytes, &size), 0);
    assert_int_equal(size, 0);
    free(bytes);
    bytes = NULL;
    assert_int_equal(os_read_file("f", base, &bytes, &size), -EISDIR);
    assert_int_equal(os_read_file("f", "/dev/null", &bytes, &size), -EINVAL);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(os_read_file("f", path, &bytes, &size), -ENOENT);
    assert_null(bytes);
}

static void reading_fails_at_every_step(void **state)
{
    (void)state;
    static const struct {
        const char *site;
        int error;
    } steps[] = {{"f.open", EMFILE}, {"f.alloc", ENOMEM}, {"f.read", EIO}};
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%.*s/file", PATH_MAX - 8, base);
    write_file(path, "content");
    for (size_t i = 0; i < 3; i++) {
        void *bytes = NULL;
        size_t size = 0;
        plan(steps[i].site, steps[i].error);
        assert_int_equal(os_read_file("f", path, &bytes, &size), -steps[i].error);
        assert_null(bytes);
    }
    assert_int_equal(unlink(path), 0);
}

static int64_t entries_of(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return count;
}

/* R16: whoever looks at the name sees all of the old bytes or all of the new ones, also when the writer fails. */
static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
    (void)state;
    static const char *const steps[] = {"r.create", "r.write", "r.chmod", "r.rename"};
    char path[PATH_MAX];
    char directory[PATH_MAX];
    void *bytes = NULL;
    size_t size = 0;
    struct stat before;
    struct stat after;
    assert_int_equal(os_root_path("/replace", directory, sizeof(directory)), 0);
    assert_int_equal(os_root_path("/replace/file", path, sizeof(path)), 0);
    assert_int_equal(os_replace_file("r", "/replace/file", "the old one", 11), 0);
    assert_int_equal(stat(path, &before), 0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        plan(steps[i], ENOSPC);
        assert_int_equal(os_replace_file("r", "/replace/file", "another", 7), -ENOSPC);
        fault_plan_clear();
        assert_int_equal(os_read_file("r", path, &bytes, &size), 0);
        assert_int_equal(size, 11);
        assert_memory_equal(bytes, "the old one", 11);
        free(bytes);
        assert_int_equal(entries_of(directory), 3); /* itself, its parent, the file */
    }
    assert_int_equal(os_replace_file("r", "/replace/file", "another", 7), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_not_equal(before.st_ino, after.st_ino); /* who has the old one open, keeps it */
    os_remove_file("/replace/file");
    assert_int_equal(entries_of(directory), 2);
}

static void paths_stay_under_the_root(void **state)
{
    (void)state;
    char path[PATH_MAX];
    const char *root = os_root();
    assert_non_null(root);
    assert_ptr_equal(strstr(root, base), root);
    assert_int_equal(os_root_path("/usr/lib64/x.so", path, sizeof(path)), 0);
    assert_ptr_equal(strstr(path, root), path);
    assert_string_equal(path + strlen(root), "/usr/lib64/x.so");
    assert_int_equal(os_root_path("/a/..b/c..", path, sizeof(path)), 0);
    assert_int_equal(os_root_path("relative", path, sizeof(path)), -EINVAL);
    assert_int_equal(os_root_path("/a/../../b", path, sizeof(path)), -EINVAL);
    assert_int_equal(os_root_path("/..", path, sizeof(path)), -EINVAL);
    assert_int_equal(os_root_path("/usr", path, strlen(root) + 4), -ENAMETOOLONG);
    assert_int_equal(os_root_path("/usr", path, strlen(root) + 5), 0);
}

/* What a freshly executed copy of this program does: makes its root, then ends in the way that the argument names. */
static int play_process(const char *ending)
{
    const char *root = os_root();
    char path[PATH_MAX];
    if (root == NULL || os_root_path("/deep", path, sizeof(path)) != 0 || mkdir(path, 0700) != 0) {
        return 1;
    }
    (void)printf("%s", root);
    (void)fflush(stdout);
    if (strcmp(ending, "kill") == 0) {
        (void)raise(SIGKILL);
    }
    if (strcmp(ending, "child") == 0) {
        pid_t child = fork();
        if (child == 0) {
            exit(0); /* runs the exit handlers, and must leave the parent's root alone */
        }
        int status = 0;
        return waitpid(child, &status, 0) == child && access(path, F_OK) == 0 ? 0 : 2;
    }
    return 0;
}

/* Runs this program as that process; gives the root it made and its wait status. */
static int run_process(const char *ending, char *root, size_t capacity)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execl(self, "os_test", ending, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    size_t used = 0;
    for (ssize_t got = 1; got > 0 && used + 1 < capacity; used += got > 0 ? (size_t)got : 0) {
        got = read(ends[0], root + used, capacity - 1 - used);
    }
    root[used] = '\0';
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* R10: nothing stays when the process tree has ended. */
static void the_root_is_removed_when_its_process_exits(void **state)
{
    (void)state;
    char root[PATH_MAX];
    int status = run_process("exit", root, sizeof(root));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_ptr_equal(strstr(root, base), root);
    assert_int_equal(access(root, F_OK), -1);
}

static void a_child_leaves_the_root_of_its_parent(void **state)
{
    (void)state;
    char root[PATH_MAX];
    int status = run_process("child", root, sizeof(root));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(access(root, F_OK), -1);
}

static void the_next_process_removes_what_a_killed_one_left(void **state)
{
    (void)state;
    char killed[PATH_MAX];
    char next[PATH_MAX];
    int status = run_process("kill", killed, sizeof(killed));
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(killed, F_OK), 0);
    status = run_process("exit", next, sizeof(next));
    assert_true(WIFEXITED(status));
    assert_int_equal(access(killed, F_OK), -1);
    assert_int_equal(access(os_root(), F_OK), 0); /* ours is locked, so it was left alone */
}

static void children_share_the_root_even_when_forked_first(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        const char *root = os_root();
        _exit(root != NULL && access(root, F_OK) == 0 ? 17 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 17);
    assert_int_equal(access(os_root(), F_OK), 0);
}

static void a_root_that_cannot_be_made_is_an_error_and_can_be_tried_again(void **state)
{
    (void)state;
    char root[PATH_MAX];
    int status = run_process("fault", root, sizeof(root));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int play_fault(void)
{
    struct fault_rule rule = {.site = "root.create", .nth = 1, .error = ENOSPC};
    char path[PATH_MAX];
    void *handle = NULL;
    char error[256] = "";
    if (fault_plan_install(&rule, 1) != 0 || os_root_path("/x", path, sizeof(path)) != -ENOSPC) {
        return 1;
    }
    if (fault_plan_install(&rule, 1) != 0 ||
        os_load_image("i", "/x", "a_XXXXXX.so", "x", 1, &handle, error, sizeof(error)) != -ENOSPC ||
        strstr(error, "/x/a_XXXXXX.so") == NULL) {
        return 2;
    }
    fault_plan_clear();
    return os_root() != NULL ? 0 : 3;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return strcmp(argv[1], "fault") == 0 ? play_fault() : play_process(argv[1]);
    }
    /* A directory of our own: other programs of this machine may clean their TMPDIR at the same time. */
    (void)snprintf(base, sizeof(base), "%s/os-test-XXXXXX", "/tmp");
    if (realpath("/proc/self/exe", self) == NULL || mkdtemp(base) == NULL || setenv("TMPDIR", base, 1) != 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(allocations_fail_when_planned, clear),
        cmocka_unit_test(memory_is_as_promised),
        cmocka_unit_test(files_are_read_whole),
        cmocka_unit_test_teardown(reading_fails_at_every_step, clear),
        cmocka_unit_test(children_share_the_root_even_when_forked_first),
        cmocka_unit_test_teardown(a_file_is_replaced_whole_or_not_at_all, clear),
        cmocka_unit_test(paths_stay_under_the_root),
        cmocka_unit_test(the_root_is_removed_when_its_process_exits),
        cmocka_unit_test(a_child_leaves_the_root_of_its_parent),
        cmocka_unit_test(the_next_process_removes_what_a_killed_one_left),
        cmocka_unit_test(a_root_that_cannot_be_made_is_an_error_and_can_be_tried_again),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", base);
    return failed != 0 || system(command) != 0;
}
