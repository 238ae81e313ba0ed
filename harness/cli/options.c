/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/suggest.h"

#define MAX_OPTIONS 32u
#define HINT_BYTES 512u
#define ERROR_BYTES 2048u
#define HELP_COLUMN 26

int options_error(const struct cli_command *command, const char *hint, const char *format, ...)
{
    va_list arguments;
    char text[ERROR_BYTES];
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* It quotes what was typed: a control character there must not reach the terminal or break the line. */
    for (char *c = text; *c != 0; c++) {
        *c = iscntrl((unsigned char)*c) ? '?' : *c;
    }
    (void)fprintf(stderr, "touchstone%s%s: %s\nhint: %s\n", command == NULL ? "" : " ",
                  command == NULL ? "" : command->name, text, hint);
    return CLI_USAGE;
}

void options_hint(char *hint, size_t capacity, const char *given, const char *const *names)
{
    const char *nearest = suggest_nearest(given, names);
    if (nearest != NULL) {
        (void)snprintf(hint, capacity, "did you mean \"%s\"?", nearest);
        return;
    }
    int used = snprintf(hint, capacity, "there is:");
    for (; *names != NULL && used >= 0 && (size_t)used < capacity; names++) {
        int more = snprintf(hint + used, capacity - (size_t)used, " %s", *names);
        used = more < 0 ? more : used + more;
    }
}

size_t options_index(const char *name, const char *const *names)
{
    size_t i = 0;
    while (names[i] != NULL && strcmp(name, names[i]) != 0) {
        i++;
    }
    return i;
}

static void print_help(const struct cli_command *command, const struct option_spec *options, size_t count)
{
    (void)printf("usage: touchstone %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
    (void)printf("\noptions:\n");
    for (size_t i = 0; i < count; i++) {
        const struct option_spec *option = &options[i];
        int width = printf("  --%s%s%s", option->name, option->value == NULL ? "" : " ",
                           option->value == NULL ? "" : option->value);
        (void)printf("%*s%s", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", option->help);
        for (size_t k = 0; option->kind == OPTION_CHOICE && option->choices[k] != NULL; k++) {
            (void)printf("%s%s", k == 0 ? ": " : ", ", option->choices[k]);
        }
        (void)putchar('\n');
    }
    (void)printf("  --help%*sthis text\n", HELP_COLUMN - 8, "");
}

static int store_number(const struct cli_command *command, const struct option_spec *option, const char *text)
{
    char hint[HINT_BYTES];
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull(text, &end, 0);
    if (errno == 0 && end != text && *end == 0 && text[0] != '-' && number >= option->low && number <= option->high) {
        *(uint64_t *)option->target = number;
        return 0;
    }
    (void)snprintf(hint, sizeof(hint), "a number from %llu to %llu", (unsigned long long)option->low,
                   (unsigned long long)option->high);
    return options_error(command, hint, "--%s does not take \"%s\"", option->name, text);
}

static int store_choice(const struct cli_command *command, const struct option_spec *option, const char *text)
{
    char hint[HINT_BYTES];
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        if (strcmp(text, *choice) == 0) {
            *(const char **)option->target = *choice;
            return 0;
        }
    }
    options_hint(hint, sizeof(hint), text, option->choices);
    return options_error(command, hint, "--%s does not take \"%s\"", option->name, text);
}

static int store(const struct cli_command *command, const struct option_spec *option, const char *text)
{
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->target = true;
        return 0;
    case OPTION_TEXT:
        *(const char **)option->target = text;
        return 0;
    case OPTION_NUMBER:
        return store_number(command, option, text);
    case OPTION_CHOICE:
        return store_choice(command, option, text);
    }
    return CLI_USAGE;
}

/* What getopt_long refused: `given` is the argument as typed. */
static int refuse(const struct cli_command *command, const struct option_spec *options, size_t count, const char *given,
                  bool value_missing)
{
    char hint[HINT_BYTES];
    if (value_missing) {
        (void)snprintf(hint, sizeof(hint), "touchstone %s --help", command->name);
        return options_error(command, hint, "%s needs a value", given);
    }
    const char *names[MAX_OPTIONS + 2] = {0};
    char name[SUGGEST_MAX_NAME + 1];
    size_t dashes = strspn(given, "-");
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(given + dashes, "="), given + dashes);
    for (size_t i = 0; i < count; i++) {
        names[i] = options[i].name;
    }
    names[count] = "help";
    const char *nearest = suggest_nearest(name, names);
    if (nearest != NULL && strcmp(nearest, name) != 0) {
        (void)snprintf(hint, sizeof(hint), "did you mean --%s?", nearest);
    } else {
        (void)snprintf(hint, sizeof(hint), "touchstone %s --help lists the options", command->name);
    }
    return options_error(command, hint, "unknown option %s", given);
}

static void make_table(const struct option_spec *options, size_t count, struct option *table)
{
    for (size_t i = 0; i < count; i++) {
        table[i] = (struct option){.name = options[i].name,
                                   .has_arg = options[i].kind == OPTION_FLAG ? no_argument : required_argument,
                                   .val = (int)(i + 256)};
    }
    table[count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
    table[count + 1] = (struct option){0};
}

static bool take_positional(const struct cli_command *command, int argc, char **argv, const char **positional,
                            size_t least, size_t most, int *exit_code)
{
    char hint[HINT_BYTES];
    size_t given = (size_t)(argc - optind);
    (void)snprintf(hint, sizeof(hint), "usage: touchstone %s %s", command->name, command->synopsis);
    if (given < least) {
        *exit_code =
            options_error(command, hint, "%zu argument%s given, %zu needed", given, given == 1 ? "" : "s", least);
        return false;
    }
    if (given > most) {
        *exit_code = options_error(command, hint, "one argument too many: \"%s\"", argv[optind + (int)most]);
        return false;
    }
    for (size_t i = 0; i < given; i++) {
        positional[i] = argv[optind + (int)i];
    }
    return true;
}

bool options_parse(const struct cli_command *command, const struct option_spec *options, size_t count, int argc,
                   char **argv, const char **positional, size_t least, size_t most, int *exit_code)
{
    struct option table[MAX_OPTIONS + 2];
    make_table(options, count, table);
    optind = 0; /* glibc: start over, also its permutation state */
    opterr = 0;
    for (;;) {
        int before = optind == 0 ? 1 : optind;
        int found = getopt_long(argc, argv, ":h", table, NULL);
        if (found == -1) {
            return take_positional(command, argc, argv, positional, least, most, exit_code);
        }
        if (found == 'h') {
            print_help(command, options, count);
            *exit_code = CLI_OK;
            return false;
        }
        if (found == '?' || found == ':') {
            const char *given = argv[optind > before ? optind - 1 : optind];
            *exit_code = refuse(command, options, count, given, found == ':');
            return false;
        }
        *exit_code = store(command, &options[found - 256], optarg);
        if (*exit_code != 0) {
            return false;
        }
    }
}
