/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/cli/suggest.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the usual table are enough, the oldest one for swaps. */
size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][SUGGEST_MAX_NAME + 1];
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > SUGGEST_MAX_NAME || b_length > SUGGEST_MAX_NAME) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *oldest = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(replaced, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = least(now[j], oldest[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *suggest_nearest(const char *given, const char *const *names)
{
    size_t limit = strlen(given) / 3 > 2 ? strlen(given) / 3 : 2;
    const char *nearest = NULL;
    for (; *names != NULL; names++) {
        size_t distance = suggest_distance(given, *names);
        /* A name that shares no letter is no suggestion, however short both are. */
        if (distance <= limit && distance < strlen(*names)) {
            nearest = *names;
            limit = distance - (distance > 0);
            if (distance == 0) {
                break;
            }
        }
    }
    return nearest;
}
