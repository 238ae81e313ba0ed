/* SPDX-License-Identifier: Apache-2.0 */
/* variant: which "arch/runtime/platform" a scene declares. */
#ifndef HARNESS_PROGRAM_VARIANT_H
#define HARNESS_PROGRAM_VARIANT_H

#include <stdbool.h>

#include "harness/program/scene.h"

/* Does `pattern` ("a2a3/trb/sim", "*" allowed per part) cover the variant "ARCH/RUNTIME/PLATFORM"? */
bool variant_matches(const char *pattern, const char *variant);

/* True when one of the scene's patterns covers the variant. */
bool variant_of_scene(const struct scene *scene, const char *variant);

#endif
