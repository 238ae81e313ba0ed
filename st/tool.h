/* SPDX-License-Identifier: Apache-2.0 */
/* tool: runs the built command-line tool and looks at what it says; for tests of what its users meet. */
#ifndef ST_TOOL_H
#define ST_TOOL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOOL_MAX_OUTPUT (64 * 1024)

struct tool_outcome {
    int exit_code; /* -1: it did not exit */
    char out[TOOL_MAX_OUTPUT];
    char err[TOOL_MAX_OUTPUT];
};

/* Of the last call of tool(). */
extern struct tool_outcome tool_outcome;

/* Runs the tool with NULL-ended arguments; what it wrote and how it ended is in `tool_outcome` then. */
void tool(const char *first, ...);
/* The same with the arguments of a line, separated by blanks; the first word, the tool's name, is left out. */
void tool_line(const char *line);

void tool_expect_exit(int exit_code);
void tool_expect_text(const char *text, const char *wanted);
/* Exit code 2, nothing on stdout, one line of error with `error` in it and one hint with `hint` in it. */
void tool_expect_usage_error(const char *error, const char *hint);
/* The line of `text` that starts with `label`, without its end. */
void tool_copy_line(const char *text, const char *label, char *line, size_t capacity);

/*
 * Artefacts for a2a3/trb/sim and vector_example with these two kernels instead of its own; `directory` is a template of
 * mkdtemp.
 */
void tool_make_artefacts(char *directory, const char *add_scalar, const char *mul);
/* Links `target` into the directory. */
void tool_link(const char *directory, const char *name, const char *target);
void tool_remove_artefacts(const char *directory);

#endif
