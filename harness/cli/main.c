/* SPDX-License-Identifier: Apache-2.0 */
/*
 * touchstone: the command-line tool. `touchstone --help` lists what it can do.
 */
#include <stdio.h>
#include <string.h>

#include "harness/cli/commands.h"

#define TOUCHSTONE_VERSION "0.1.0"

#define COMMAND_POINTER(name) &command_##name,
static const struct cli_command *const commands[] = {COMMAND_LIST(COMMAND_POINTER)};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *stream)
{
    (void)fputs("usage: touchstone COMMAND [arguments]\n\ncommands:\n", stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void)fputs("\n`touchstone COMMAND --help` tells the rest; --version prints the version.\n"
                "exit codes: 0 all is well, 1 a result was wrong, 2 the command could not be carried out as given.\n",
                stream);
}

static int unknown_command(const char *given)
{
    const char *names[COMMAND_COUNT + 1] = {0};
    char hint[256];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i]->name;
    }
    options_hint(hint, sizeof(hint), given, names);
    return options_error(NULL, hint, "unknown command \"%s\"", given);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    const char *given = argv[1];
    if (strcmp(given, "--help") == 0 || strcmp(given, "-h") == 0 || strcmp(given, "help") == 0) {
        print_help(stdout);
        return CLI_OK;
    }
    if (strcmp(given, "--version") == 0) {
        (void)puts("touchstone " TOUCHSTONE_VERSION);
        return CLI_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(given, commands[i]->name) == 0) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    return unknown_command(given);
}
