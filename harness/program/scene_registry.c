/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from scene.c, so that programs without the generated registry can link the rest. */
#include "harness/program/scene.h"

#include <string.h>

const struct scene *scene_find(const char *name)
{
    for (size_t i = 0; i < scene_count; i++) {
        if (strcmp(scenes[i]->name, name) == 0) {
            return scenes[i];
        }
    }
    return NULL;
}
