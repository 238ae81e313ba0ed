/* SPDX-License-Identifier: Apache-2.0 */
/* feed: where the cases of a child_job come from. Each function is a child_feed. */
#ifndef HARNESS_PROPERTY_FEED_H
#define HARNESS_PROPERTY_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "harness/choice/choice.h"

/* `context` is the uint64_t seed of the whole check; every index gets a seed of its own. */
int feed_from_seed(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice);

/* One case; `context` is a struct feed_bytes. */
struct feed_bytes {
    const uint8_t *bytes;
    size_t size;
};
int feed_from_bytes(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice);

/* One case per file; `context` is a struct feed_files. Negative when the file cannot be read whole. */
struct feed_files {
    const char *directory;
    char **names;
};
int feed_from_files(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice);

#endif
