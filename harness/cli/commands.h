/* SPDX-License-Identifier: Apache-2.0 */
/* commands: the subcommands of the tool, one file each. A new one is a line here and a file harness/cli/cmd_NAME.c. */
#ifndef HARNESS_CLI_COMMANDS_H
#define HARNESS_CLI_COMMANDS_H

#include "harness/cli/options.h"

#define COMMAND_LIST(X) \
    X(run)              \
    X(list)             \
    X(property)         \
    X(replay)           \
    X(explain)          \
    X(faults)           \
    X(explore)

#define COMMAND_DECLARE(name) extern const struct cli_command command_##name;
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

#endif
