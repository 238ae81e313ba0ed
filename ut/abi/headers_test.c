/* SPDX-License-Identifier: Apache-2.0 */
/*
 * headers_test: every header of ref/abi is self-contained and free of warnings as C11 and as C++17, with gcc and clang
 * (R1).
 *
 * Each header is compiled alone, and then all of them together, by real compilers run as child processes. gcc is what
 * the test was built with, so it has to be there; a machine without clang skips the clang half and says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef REF_DIR
#error "REF_DIR names the folder that holds abi/"
#endif

#define MAX_HEADERS 64
#define COMPILER_MISSING 127

struct language {
    const char *name;
    const char *standard;
    const char *dialect[3]; /* flags that exist in this language only */
};

static const struct language c11 = {"c", "-std=c11", {"-D_GNU_SOURCE", "-Wconversion", "-Wshadow"}};
static const struct language cxx17 = {
    "c++", "-std=c++17", {"-D_GNU_SOURCE", "-Wshadow", "-Wno-unused-command-line-argument"}};

static char headers[MAX_HEADERS][64];
static size_t header_count;

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int list_headers(void **state)
{
    (void)state;
    DIR *directory = opendir(REF_DIR "/abi");
    if (directory == NULL) {
        return -1;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        size_t length = strlen(entry->d_name);
        if (length > 2 && length < sizeof(headers[0]) && strcmp(entry->d_name + length - 2, ".h") == 0 &&
            header_count < MAX_HEADERS) {
            memcpy(headers[header_count++], entry->d_name, length + 1);
        }
    }
    (void)closedir(directory);
    qsort(headers, header_count, sizeof(headers[0]), by_name);
    return header_count >= 20 && header_count < MAX_HEADERS ? 0 : -1;
}

static void exec_compiler(const char *compiler, const struct language *language, int input, int output)
{
    const char *const arguments[] = {compiler,
                                     language->standard,
                                     "-Wall",
                                     "-Wextra",
                                     "-Werror",
                                     language->dialect[0],
                                     language->dialect[1],
                                     language->dialect[2],
                                     "-fsyntax-only",
                                     "-I" REF_DIR,
                                     "-x",
                                     language->name,
                                     "-",
                                     NULL};
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0) {
        (void)execvp(compiler, (char *const *)(uintptr_t)arguments);
    }
    _exit(COMPILER_MISSING);
}

/*
 * Runs the compiler over `source`; what it says goes to `diagnostics`. Returns its exit code, -1 when it did not exit.
 */
static int compile(const char *compiler, const struct language *language, const char *source, char *diagnostics,
                   size_t capacity)
{
    FILE *input = tmpfile();
    FILE *output = tmpfile();
    assert_non_null(input);
    assert_non_null(output);
    assert_true(fputs(source, input) >= 0 && fflush(input) == 0);
    assert_int_equal(lseek(fileno(input), 0, SEEK_SET), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        exec_compiler(compiler, language, fileno(input), fileno(output));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    rewind(output);
    diagnostics[fread(diagnostics, 1, capacity - 1, output)] = 0;
    (void)fclose(input);
    (void)fclose(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void require_clean(const char *compiler, const struct language *language, const char *source)
{
    char diagnostics[4096];
    int code = compile(compiler, language, source, diagnostics, sizeof(diagnostics));
    if (code != 0) {
        fail_msg("%s %s ended with %d for\n%s\n%s", compiler, language->standard, code, source, diagnostics);
    }
}

static void check_all(const char *compiler, const struct language *language)
{
    char everything[MAX_HEADERS * 96] = "";
    char diagnostics[256];
    for (size_t i = 0; i < header_count; i++) {
        char source[96];
        (void)snprintf(source, sizeof(source), "#include \"abi/%s\"\n", headers[i]);
        strcat(everything, source);
        require_clean(compiler, language, source);
    }
    require_clean(compiler, language, everything);
    /* The compiler was really asked: the same source with a false layout claim is refused. */
    strcat(everything, "PTO_ASSERT_SIZE(struct pto_tensor, 127);\n");
    assert_int_equal(compile(compiler, language, everything, diagnostics, sizeof(diagnostics)), 1);
}

static void test_gcc_c11(void **state)
{
    (void)state;
    check_all("gcc-12", &c11);
}

static void test_gcc_cxx17(void **state)
{
    (void)state;
    check_all("g++-12", &cxx17);
}

static void check_clang(const char *compiler, const struct language *language)
{
    char diagnostics[256];
    if (compile(compiler, language, "", diagnostics, sizeof(diagnostics)) == COMPILER_MISSING) {
        print_message("%s is not installed: `make check` needs gcc only, `make asan` and the campaign install clang\n",
                      compiler);
        skip();
    }
    check_all(compiler, language);
}

static void test_clang_c11(void **state)
{
    (void)state;
    check_clang("clang-14", &c11);
}

static void test_clang_cxx17(void **state)
{
    (void)state;
    check_clang("clang++-14", &cxx17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gcc_c11),
        cmocka_unit_test(test_gcc_cxx17),
        cmocka_unit_test(test_clang_c11),
        cmocka_unit_test(test_clang_cxx17),
    };
    return cmocka_run_group_tests(tests, list_headers, NULL) != 0;
}
