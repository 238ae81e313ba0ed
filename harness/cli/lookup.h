/* SPDX-License-Identifier: Apache-2.0 */
/* lookup: scenes and properties by the names that users type. */
#ifndef HARNESS_CLI_LOOKUP_H
#define HARNESS_CLI_LOOKUP_H

#include "harness/cli/options.h"
#include "harness/program/scene.h"
#include "harness/property/property.h"

/* NULL after an error with a hint was printed on behalf of `command`: the exit code is then CLI_USAGE. */
const struct scene *lookup_scene(const struct cli_command *command, const char *name);
const struct property *lookup_property(const struct cli_command *command, const char *name);

#endif
