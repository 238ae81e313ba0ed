/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone faults: makes every fallible call of a scene fail, one after the other, and checks what that does. */
#include <stdio.h>

#include "harness/cli/commands.h"
#include "harness/cli/lookup.h"
#include "harness/fault/fault_loop.h"
#include "harness/program/artefacts.h"
#include "harness/program/session.h"
#include "harness/program/variant.h"
#include "harness/report/table.h"

static const char *const runtimes[] = {"trb", "hbg", NULL};

static void add_count(struct table *table, const char *what, uint64_t count)
{
    char text[CONSOLE_FIGURE_BYTES];
    (void)table_row(table, (const char *const[]){what, console_count(text, count)});
}

static int run_faults(int argc, char **argv)
{
    static struct fault_loop_report report;
    static struct table table;
    const char *name = NULL;
    int exit_code = CLI_OK;
    struct session_options session = {.device_id = 0};
    const struct option_spec options[] = {
        {"arch", "A", "architecture (default a2a3)", OPTION_CHOICE, &session.arch, 0, 0, artefacts_archs},
        {"runtime", "R", "device runtime (default trb)", OPTION_CHOICE, &session.runtime, 0, 0, runtimes},
        {"platform", "P", "platform (default sim)", OPTION_CHOICE, &session.platform, 0, 0, artefacts_platforms},
    };
    if (!options_parse(&command_faults, options, sizeof(options) / sizeof(options[0]), argc, argv, &name, 1, 1,
                       &exit_code)) {
        return exit_code;
    }
    const struct scene *scene = lookup_scene(&command_faults, name);
    if (scene == NULL) {
        return CLI_USAGE;
    }
    char variant[VARIANT_NAME_BYTES];
    const char *refusal = variant_refusal(
        scene, variant_name(variant_of_parts(session.arch, session.runtime, session.platform, NULL), variant));
    if (refusal != NULL) {
        return options_error(&command_faults, "`touchstone list` says where scenes run",
                             "scene %s does not run on %s: %s", scene->name, variant, refusal);
    }
    console_busy(name);
    int result = fault_loop_scene(scene, &session, &report);
    console_busy(NULL);
    table_begin(&table, 2, false);
    add_count(&table, "sites reached", report.sites);
    add_count(&table, "faults that fired", report.points);
    add_count(&table, "  of these silent", report.silent);
    add_count(&table, "  of these tolerated", report.tolerated);
    add_count(&table, "  lies nobody could see", report.excused);
    add_count(&table, "calls not tried (FAULT_SWEEP=full tries all)", report.left_out);
    add_count(&table, "plays", report.plays);
    add_count(&table, "failures", report.failures);
    table_colour(&table, 1, result == 0 ? CONSOLE_GREEN : CONSOLE_RED);
    table_print(&table, stdout);
    if (result != 0) {
        (void)printf("\n%swrong:%s %s\n", console_colour(stdout, CONSOLE_RED), console_colour(stdout, CONSOLE_PLAIN),
                     report.text);
    }
    return result == 0 ? CLI_OK : CLI_WRONG;
}

const struct cli_command command_faults = {
    "faults", "SCENE [options]", "makes every fallible call of a scene fail, one after the other", run_faults};
