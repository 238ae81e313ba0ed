/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choice: the one source of every decision that a property makes (design section 4).
 *
 * A choice is a string of bytes that is read from the front. Fed by a seed, the string is made up as it is read; fed by
 * bytes or a file, it is given. Either way the bytes that were read are there afterwards, so a random case can be
 * saved, shrunk and replayed. Past the end every byte is 0, and 0 is always the simplest value of a draw, so shorter
 * strings and smaller bytes are simpler cases. A draw below 256 uses one byte: changing one byte changes one decision.
 *
 * The caller owns the buffer and the struct; nothing is allocated. One thread at a time.
 */
#ifndef HARNESS_CHOICE_CHOICE_H
#define HARNESS_CHOICE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choice_engine; /* harness/property/engine_choice.h */

struct choice {
    uint8_t *random;              /* where made-up bytes go (choice_from_seed); NULL when the bytes were given */
    const uint8_t *bytes;         /* the string */
    size_t size;                  /* how much of it exists now */
    size_t capacity;              /* how long it may get */
    size_t position;              /* how much of it was asked for; may pass `capacity`, then zeros were given */
    uint64_t state;               /* of the generator (SplitMix64) */
    struct choice_engine *engine; /* NULL; or what engine_choice_draw gives instead of what it draws */
};

/* Makes bytes up from `seed` into `buffer`, at most `capacity`. The same seed gives the same bytes for ever. */
void choice_from_seed(struct choice *choice, uint64_t seed, uint8_t *buffer, size_t capacity);
/* Reads `bytes`, which must outlive the choice. */
void choice_from_bytes(struct choice *choice, const uint8_t *bytes, size_t size);

/* How many bytes of the string were read so far. */
size_t choice_used(const struct choice *choice);
/* How many bytes of the string can still be read; payload properties use it to take "the rest". */
size_t choice_left(const struct choice *choice);

/* 0 .. count - 1; count 0 and 1 give 0 and read nothing. One byte up to 256, two up to 65,536, then four, then eight.
 */
uint64_t choice_below(struct choice *choice, uint64_t count);
/* low .. high, both included. */
uint64_t choice_range(struct choice *choice, uint64_t low, uint64_t high);
bool choice_bool(struct choice *choice);
uint64_t choice_u64(struct choice *choice);
/* A number that a limit check may get wrong: small ones, powers of two and their neighbours, negative ones, any. */
uint64_t choice_edge(struct choice *choice);
void choice_bytes(struct choice *choice, void *bytes, size_t size);
/* An index with probability weights[i] / sum; the sum is at least 1. The first index is the simplest. */
size_t choice_pick_weighted(struct choice *choice, const uint32_t *weights, size_t count);

/* For exec_options.choose: `context` is a struct choice. */
uint32_t choice_for_policy(void *context, uint32_t count);

/* One step of SplitMix64; also a good way to make independent seeds from (seed, index). */
uint64_t choice_next_random(uint64_t *state);

#endif
