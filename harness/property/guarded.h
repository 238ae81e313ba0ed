/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guarded: memory that ends at an unreadable page, so that any build sees the first byte read or written beyond the
 * end. One owner, one thread.
 */
#ifndef HARNESS_PROPERTY_GUARDED_H
#define HARNESS_PROPERTY_GUARDED_H

#include <stddef.h>
#include <stdint.h>

struct guarded {
    uint8_t *map;
    size_t usable; /* bytes before the guard page */
    size_t mapped;
};

/* At least `capacity` bytes. 0 or -errno. */
int guarded_open(struct guarded *guarded, size_t capacity);
void guarded_close(struct guarded *guarded);

/* The last `size` bytes before the guard page; at most the capacity. Their content is what was last there. */
uint8_t *guarded_place(const struct guarded *guarded, size_t size);

#endif
