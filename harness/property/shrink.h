/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink: makes a failing string of choices shorter and smaller while it still fails. Deterministic: deletes chunks
 * from large to small, zeroes chunks, then lowers single bytes, and starts again until nothing helps or the budget is
 * used up.
 */
#ifndef HARNESS_PROPERTY_SHRINK_H
#define HARNESS_PROPERTY_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shrink {
    bool (*still_fails)(void *context, const uint8_t *bytes, size_t size);
    void *context;
    uint32_t budget; /* how many candidates may be tried */
    uint32_t tries;  /* out: how many were */
};

/*
 * Shrinks `bytes` in place and returns the new size. The result always failed when it was tried last, or is the
 * original. Without memory for a candidate the original is returned.
 */
size_t shrink_bytes(struct shrink *shrink, uint8_t *bytes, size_t size);

#endif
