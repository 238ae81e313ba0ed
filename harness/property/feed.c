/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/feed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

int feed_from_seed(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice)
{
    uint64_t state = *(const uint64_t *)context ^ (index * 0xd1342543de82ef95ull);
    choice_from_seed(choice, choice_next_random(&state), buffer, capacity);
    return 0;
}

int feed_from_bytes(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice)
{
    (void)index;
    const struct feed_bytes *feed = context;
    if (feed->size > capacity) {
        return -EMSGSIZE;
    }
    if (feed->size != 0) {
        memcpy(buffer, feed->bytes, feed->size);
    }
    choice_from_bytes(choice, buffer, feed->size);
    return 0;
}

int feed_from_files(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice)
{
    const struct feed_files *feed = context;
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/%s", feed->directory, feed->names[index]) >= (int)sizeof(path)) {
        return -ENAMETOOLONG;
    }
    struct feed_bytes bytes;
    void *content = NULL;
    int result = os_read_file("feed", path, &content, &bytes.size);
    if (result == 0) {
        bytes.bytes = content;
        result = feed_from_bytes(&bytes, 0, buffer, capacity, choice);
    }
    free(content);
    return result;
}
