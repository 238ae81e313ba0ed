/* SPDX-License-Identifier: Apache-2.0 */
/* suggest: the nearest of several names to a mistyped one, by edit distance. */
#ifndef HARNESS_CLI_SUGGEST_H
#define HARNESS_CLI_SUGGEST_H

#include <stddef.h>

#define SUGGEST_MAX_NAME 64u

/* Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; SIZE_MAX when one is too long. */
size_t suggest_distance(const char *a, const char *b);

/*
 * The nearest name to `given`, or NULL when none is near (more than a third of its letters, and more than two, differ).
 * The first of equals wins. `names` may hold NULLs only at its end.
 */
const char *suggest_nearest(const char *given, const char *const *names);

#endif
