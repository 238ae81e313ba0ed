/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/shrink.h"

#include <stdlib.h>
#include <string.h>

struct shrink_work {
    struct shrink *shrink;
    uint8_t *best;
    size_t size;
    uint8_t *candidate; /* as large as the original */
};

/* Tries the first `size` bytes of the candidate and takes them over when they still fail. */
static bool shrink_try(struct shrink_work *work, size_t size)
{
    struct shrink *shrink = work->shrink;
    if (shrink->tries >= shrink->budget) {
        return false;
    }
    shrink->tries++;
    if (!shrink->still_fails(shrink->context, work->candidate, size)) {
        return false;
    }
    memcpy(work->best, work->candidate, size);
    work->size = size;
    return true;
}

static bool shrink_try_without(struct shrink_work *work, size_t start, size_t length)
{
    size_t tail = work->size - start - length;
    memcpy(work->candidate, work->best, start);
    memcpy(work->candidate + start, work->best + start + length, tail);
    return shrink_try(work, start + tail);
}

static bool shrink_try_zeroed(struct shrink_work *work, size_t start, size_t length)
{
    static const uint8_t zeros[64];
    size_t left = length;
    while (left != 0 && memcmp(work->best + start + length - left, zeros, left < 64 ? left : 64) == 0) {
        left -= left < 64 ? left : 64;
    }
    if (left == 0) {
        return false;
    }
    memcpy(work->candidate, work->best, work->size);
    memset(work->candidate + start, 0, length);
    return shrink_try(work, work->size);
}

static bool shrink_try_byte(struct shrink_work *work, size_t index, uint8_t value)
{
    memcpy(work->candidate, work->best, work->size);
    work->candidate[index] = value;
    return shrink_try(work, work->size);
}

/* Runs `attempt` over chunks of every power-of-two length, from the back, where removing disturbs least. */
static bool shrink_chunks(struct shrink_work *work, bool (*attempt)(struct shrink_work *, size_t, size_t))
{
    bool better = false;
    size_t length = 1;
    while (length < work->size) {
        length *= 2;
    }
    for (; length != 0; length /= 2) {
        for (size_t end = work->size; end != 0;) {
            size_t start = end > length ? end - length : 0;
            if (end > work->size) {
                end = work->size;
                continue;
            }
            better |= attempt(work, start, end - start);
            end = start;
        }
    }
    return better;
}

static bool shrink_lower_bytes(struct shrink_work *work)
{
    bool better = false;
    for (size_t i = 0; i < work->size; i++) {
        uint8_t passing = 0; /* 0 was tried by the zeroing pass */
        while (work->best[i] > passing + 1) {
            uint8_t middle = (uint8_t)(passing + (work->best[i] - passing) / 2);
            if (shrink_try_byte(work, i, middle)) {
                better = true;
            } else {
                passing = middle;
            }
        }
    }
    return better;
}

size_t shrink_bytes(struct shrink *shrink, uint8_t *bytes, size_t size)
{
    shrink->tries = 0;
    struct shrink_work work = {.shrink = shrink, .best = bytes, .size = size, .candidate = malloc(size + 1)};
    if (work.candidate == NULL) {
        return size;
    }
    bool better = true;
    while (better && work.size != 0 && shrink->tries < shrink->budget) {
        better = shrink_chunks(&work, shrink_try_without);
        better |= shrink_chunks(&work, shrink_try_zeroed);
        better |= shrink_lower_bytes(&work);
    }
    free(work.candidate);
    return work.size;
}
