/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone replay: runs a property once on the choices of a file, telling what the case does. */
#include <stdio.h>
#include <unistd.h>

#include "harness/cli/commands.h"
#include "harness/cli/lookup.h"
#include "harness/property/runner.h"

static int run_replay(int argc, char **argv)
{
    const char *arguments[2] = {NULL, NULL};
    int exit_code = CLI_OK;
    if (!options_parse(&command_replay, NULL, 0, argc, argv, arguments, 2, 2, &exit_code)) {
        return exit_code;
    }
    if (lookup_property(&command_replay, arguments[0]) == NULL) {
        return CLI_USAGE;
    }
    if (access(arguments[1], R_OK) != 0) {
        return options_error(&command_replay, "a file of corpus/ or build/failures/", "cannot read \"%s\"",
                             arguments[1]);
    }
    int result = property_replay_file(arguments[0], arguments[1], stdout);
    return result == 0 ? CLI_OK : result > 0 ? CLI_WRONG : CLI_USAGE;
}

const struct cli_command command_replay = {"replay", "PROPERTY FILE [options]",
                                           "runs one recorded case of a property again", run_replay};
