/* SPDX-License-Identifier: Apache-2.0 */
#include "base/image_cache.h"

#if defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION) || defined(TOUCHSTONE_FUZZ)

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct image_cache_entry {
    struct image_cache_entry *next;
    void *handle;
    uint64_t hash;
    size_t size;
    unsigned char bytes[];
};

/* Entries are added and never removed. */
static struct image_cache_entry *image_cache_entries;
static pthread_mutex_t image_cache_lock = PTHREAD_MUTEX_INITIALIZER;

static struct image_cache_entry *image_cache_lookup(const void *bytes, size_t size, uint64_t hash)
{
    struct image_cache_entry *entry = image_cache_entries;
    while (entry != NULL && (entry->hash != hash || entry->size != size || memcmp(entry->bytes, bytes, size) != 0)) {
        entry = entry->next;
    }
    return entry;
}

void *image_cache_find(const void *bytes, size_t size)
{
    uint64_t hash = hash_bytes(bytes, size);
    (void)pthread_mutex_lock(&image_cache_lock);
    const struct image_cache_entry *entry = image_cache_lookup(bytes, size, hash);
    (void)pthread_mutex_unlock(&image_cache_lock);
    return entry != NULL ? entry->handle : NULL;
}

void image_cache_keep(const void *bytes, size_t size, void *handle)
{
    uint64_t hash = hash_bytes(bytes, size);
    (void)pthread_mutex_lock(&image_cache_lock);
    if (image_cache_lookup(bytes, size, hash) == NULL) {
        struct image_cache_entry *entry = malloc(sizeof(*entry) + size);
        if (entry != NULL) {
            *entry =
                (struct image_cache_entry){.next = image_cache_entries, .handle = handle, .hash = hash, .size = size};
            memcpy(entry->bytes, bytes, size);
            image_cache_entries = entry;
        }
    }
    (void)pthread_mutex_unlock(&image_cache_lock);
}

bool image_cache_holds(const void *handle)
{
    (void)pthread_mutex_lock(&image_cache_lock);
    const struct image_cache_entry *entry = image_cache_entries;
    while (entry != NULL && entry->handle != handle) {
        entry = entry->next;
    }
    (void)pthread_mutex_unlock(&image_cache_lock);
    return entry != NULL;
}

#else

void *image_cache_find(const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return NULL;
}

void image_cache_keep(const void *bytes, size_t size, void *handle)
{
    (void)bytes;
    (void)size;
    (void)handle;
}

bool image_cache_holds(const void *handle)
{
    (void)handle;
    return false;
}

#endif
