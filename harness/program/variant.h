/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant: the eight variants of a host runtime, "arch/runtime/platform": their names, which of them were built, and
 * which of them a scene runs on.
 *
 * Names come from command lines and the environment: every function that takes a name accepts any text, compares it
 * whole, and makes no path of one that is not in the list.
 */
#ifndef HARNESS_PROGRAM_VARIANT_H
#define HARNESS_PROGRAM_VARIANT_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/scene.h"

#define VARIANT_COUNT 8u
#define VARIANT_NAME_BYTES 24u
#define VARIANT_LIST_BYTES (VARIANT_COUNT * VARIANT_NAME_BYTES)

struct variant {
    const char *arch;     /* "a2a3", "a5" */
    const char *runtime;  /* "trb", "hbg" */
    const char *platform; /* "sim", "onboard" */
};

/* All of them, sim before onboard, trb before hbg, a2a3 before a5. The first is what a tool takes when none is named.
 */
extern const struct variant variant_all[VARIANT_COUNT];

/* Writes "arch/runtime/platform" and returns it. */
const char *variant_name(const struct variant *variant, char text[VARIANT_NAME_BYTES]);

/*
 * The variant of these parts; NULL stands for the part of the first variant. The long names of the runtimes are
 * accepted. Returns NULL when a part is unknown; *wrong (may be NULL) is then that part.
 */
const struct variant *variant_of_parts(const char *arch, const char *runtime, const char *platform, const char **wrong);

/* Does `pattern` ("a2a3/trb/sim", "*" allowed per part) cover the variant "ARCH/RUNTIME/PLATFORM"? Any texts. */
bool variant_matches(const char *pattern, const char *variant);
/* Does it cover at least one of the eight? */
bool variant_pattern_is_known(const char *pattern);

/* The host runtime, both device programs and, onboard, the dispatcher are in the directory. */
bool variant_is_built(const struct variant *variant, const char *directory);
/* Writes the names of the built ones, or of the others, "a2a3/trb/sim ..."; "none". */
void variant_list(const char *directory, bool built, char text[VARIANT_LIST_BYTES]);

/* True when one of the scene's patterns covers the variant and nothing hinders it. */
bool variant_of_scene(const struct scene *scene, const char *variant);
/* Why the scene does not run on the variant, in words; NULL: it does. */
const char *variant_refusal(const struct scene *scene, const char *variant);

/* What a run of it returns there, and how many tasks it then has run (-1: not looked at). */
int32_t variant_expected_result(const struct variant *variant, const struct scene *scene);
int64_t variant_expected_tasks(const struct variant *variant, const struct scene *scene, const struct scene_data *data);

#endif
