/* SPDX-License-Identifier: Apache-2.0 */
/* traces: planted ordering bugs: which orders of the steps of processors 'a', 'b', 'c' are wrong. */
#ifndef UT_EXPLORER_TRACES_H
#define UT_EXPLORER_TRACES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* One schedule of the 34,650 of three processors with four steps; it has two preemptions. */
static inline bool traces_is_the_one(const char *trace)
{
    return strcmp(trace, "aabccccaabbb") == 0;
}

/* b runs between the second and the third step of a: one preemption shows it, nothing else matters. */
static inline bool traces_is_torn(const char *trace)
{
    const char *second = strchr(strchr(trace, 'a') + 1, 'a');
    const char *third = strchr(second + 1, 'a');
    const char *between = strchr(second, 'b');
    return between != NULL && between < third;
}

#endif
