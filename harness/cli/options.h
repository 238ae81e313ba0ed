/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: the command line of one subcommand, described by a table that parses it and writes its help.
 *
 * Exit codes of the tool: 0 all is well, 1 a result was wrong, 2 the command could not be carried out as given. Every
 * error is one line that names the command, followed by one line that begins with "hint:".
 */
#ifndef HARNESS_CLI_OPTIONS_H
#define HARNESS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit { CLI_OK = 0, CLI_WRONG = 1, CLI_USAGE = 2 };

struct cli_command {
    const char *name;
    const char *synopsis;              /* what follows the name: "SCENE [options]" */
    const char *summary;               /* one line */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

enum option_kind {
    OPTION_FLAG,   /* target: bool */
    OPTION_TEXT,   /* target: const char * */
    OPTION_NUMBER, /* target: uint64_t; low .. high */
    OPTION_CHOICE, /* target: const char *, set to one of `choices` (NULL-ended) */
};

struct option_spec {
    const char *name;  /* without the dashes */
    const char *value; /* how help names the value, NULL for a flag */
    const char *help;
    enum option_kind kind;
    void *target;
    uint64_t low;
    uint64_t high;
    const char *const *choices;
};

/*
 * Parses argv; the targets hold the defaults beforehand. Positional arguments are moved to `positional` (capacity
 * `most`); fewer than `least` or more than `most` is an error. --help prints the help text.
 * Returns true when the command should go on; otherwise *exit_code says how it ends.
 */
bool options_parse(const struct cli_command *command, const struct option_spec *options, size_t count, int argc,
                   char **argv, const char **positional, size_t least, size_t most, int *exit_code);

/* Prints "touchstone COMMAND: text" and "hint: HINT" to stderr; returns CLI_USAGE. */
int options_error(const struct cli_command *command, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Which of the NULL-ended names it is; how many there are when it is none. */
size_t options_index(const char *name, const char *const *names);

/* Writes a hint for an unknown name: the nearest one, or all of them. */
void options_hint(char *hint, size_t capacity, const char *given, const char *const *names);

#endif
