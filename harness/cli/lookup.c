/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/cli/lookup.h"

#include <stdio.h>

#include "harness/property/registry.h"

#define MAX_NAMES 128u
#define HINT_BYTES 1024u

const struct scene *lookup_scene(const struct cli_command *command, const char *name)
{
    const struct scene *scene = scene_find(name);
    if (scene == NULL) {
        const char *names[MAX_NAMES + 1] = {0};
        char hint[HINT_BYTES];
        for (size_t i = 0; i < scene_count && i < MAX_NAMES; i++) {
            names[i] = scenes[i]->name;
        }
        options_hint(hint, sizeof(hint), name, names);
        (void)options_error(command, hint, "unknown scene \"%s\"", name);
    }
    return scene;
}

const struct property *lookup_property(const struct cli_command *command, const char *name)
{
    const struct property *property = property_find(name);
    if (property == NULL) {
        const char *names[MAX_NAMES + 1] = {0};
        char hint[HINT_BYTES];
        for (size_t i = 0; property_registry[i] != NULL && i < MAX_NAMES; i++) {
            names[i] = property_registry[i]->name;
        }
        options_hint(hint, sizeof(hint), name, names);
        (void)options_error(command, hint, "unknown property \"%s\"", name);
    }
    return property;
}
