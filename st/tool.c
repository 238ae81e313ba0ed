/* SPDX-License-Identifier: Apache-2.0 */
#include "st/tool.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL BUILD_DIR "/touchstone"
#define MAX_ARGUMENTS 24

struct tool_outcome tool_outcome;

static void read_back(FILE *file, char *text)
{
    rewind(file);
    size_t length = fread(text, 1, TOOL_MAX_OUTPUT - 1, file);
    text[length] = 0;
    (void)fclose(file);
}

static void run(char **arguments)
{
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
    tool_outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_back(out, tool_outcome.out);
    read_back(err, tool_outcome.err);
}

void tool(const char *first, ...)
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
    run(arguments);
}

void tool_line(const char *line)
{
    char *arguments[MAX_ARGUMENTS + 2] = {0};
    char *copy = strdup(line);
    int count = 0;
    assert_non_null(copy);
    for (char *word = strtok(copy, " "); word != NULL && count <= MAX_ARGUMENTS; word = strtok(NULL, " ")) {
        arguments[count++] = word;
    }
    run(arguments);
    free(copy);
}

void tool_expect_exit(int exit_code)
{
    if (tool_outcome.exit_code != exit_code) {
        fail_msg("exit code %d, expected %d\nstdout:\n%s\nstderr:\n%s", tool_outcome.exit_code, exit_code,
                 tool_outcome.out, tool_outcome.err);
    }
}

void tool_expect_text(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("\"%s\" is missing in:\n%s", wanted, text);
    }
}

void tool_expect_usage_error(const char *error, const char *hint)
{
    tool_expect_exit(2);
    assert_string_equal(tool_outcome.out, "");
    tool_expect_text(tool_outcome.err, error);
    char *line_end = strchr(tool_outcome.err, '\n');
    assert_non_null(line_end);
    assert_memory_equal(line_end + 1, "hint: ", 6);
    tool_expect_text(line_end + 1, hint);
    assert_ptr_equal(strchr(line_end + 1, '\n'), tool_outcome.err + strlen(tool_outcome.err) - 1);
}

void tool_copy_line(const char *text, const char *label, char *line, size_t capacity)
{
    const char *start = strstr(text, label);
    if (start == NULL) {
        fail_msg("\"%s\" is missing in:\n%s", label, text);
        return;
    }
    (void)snprintf(line, capacity, "%.*s", (int)strcspn(start, "\n"), start);
}

void tool_link(const char *directory, const char *name, const char *target)
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

void tool_make_artefacts(char *directory, const char *add_scalar, const char *mul)
{
    static const char *const libraries[] = {"libhost_runtime_a2a3_trb_sim.so", "libaicpu_a2a3_trb.so",
                                            "libaicore_a2a3_trb.so", "libnpu.so"};
    char folder[256];
    char kernels[256];
    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        char target[512];
        (void)snprintf(target, sizeof(target), "%s/%s", BUILD_DIR, libraries[i]);
        tool_link(directory, libraries[i], target);
    }
    make_directory(directory, "scenes", folder, sizeof(folder));
    make_directory(directory, "scenes/vector_example", folder, sizeof(folder));
    tool_link(folder, "orchestration.so", BUILD_DIR "/scenes/vector_example/orchestration.so");
    make_directory(directory, "scenes/vector_example/kernels", kernels, sizeof(kernels));
    tool_link(kernels, "add.so", BUILD_DIR "/scenes/vector_example/kernels/add.so");
    tool_link(kernels, "add_scalar.so", add_scalar);
    tool_link(kernels, "mul.so", mul);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void tool_remove_artefacts(const char *directory)
{
    assert_int_equal(nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}
