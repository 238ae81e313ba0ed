/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone property: checks one property, or all of them, over N random cases. */
#include <stdio.h>

#include "harness/cli/commands.h"
#include "harness/cli/lookup.h"
#include "harness/property/registry.h"
#include "harness/property/runner.h"
#include "harness/report/console.h"

static int check_one(const struct property *property, uint64_t seed, uint64_t runs)
{
    const struct property_options options = {.seed = seed, .runs = runs};
    struct property_failure failure = {0};
    char seconds[CONSOLE_FIGURE_BYTES];
    uint64_t start = console_clock_ns();
    console_busy(property->name);
    int result = property_check_with(property, &options, &failure);
    console_busy(NULL);
    (void)printf("%-16s %s%s%s  %-8s  %s\n", property->name,
                 console_colour(stdout, result == 0 ? CONSOLE_GREEN : CONSOLE_RED), result == 0 ? "held  " : "FAILED",
                 console_colour(stdout, CONSOLE_PLAIN), console_time(seconds, (double)(console_clock_ns() - start)),
                 result == 0 || failure.message[0] == 0 ? property->summary : failure.message);
    (void)fflush(stdout);
    return result;
}

static int run_property(int argc, char **argv)
{
    uint64_t seed = 0;
    uint64_t runs = 0;
    const char *name = NULL;
    const struct option_spec options[] = {
        {"runs", "N", "cases per property (default: the property's own)", OPTION_NUMBER, &runs, 1, UINT32_MAX, NULL},
        {"seed", "S", "where the random cases start (default: PROPERTY_SEED, or 1)", OPTION_NUMBER, &seed, 1,
         UINT64_MAX, NULL},
    };
    int exit_code = CLI_OK;
    if (!options_parse(&command_property, options, sizeof(options) / sizeof(options[0]), argc, argv, &name, 0, 1,
                       &exit_code)) {
        return exit_code;
    }
    if (name != NULL) {
        const struct property *property = lookup_property(&command_property, name);
        if (property == NULL) {
            return CLI_USAGE;
        }
        return check_one(property, seed, runs) == 0 ? CLI_OK : CLI_WRONG;
    }
    for (size_t i = 0; property_registry[i] != NULL; i++) {
        exit_code = check_one(property_registry[i], seed, runs) != 0 ? CLI_WRONG : exit_code;
    }
    return exit_code;
}

const struct cli_command command_property = {"property", "[NAME] [options]",
                                             "checks one property, or all, over many random cases", run_property};
