/* SPDX-License-Identifier: Apache-2.0 */
/* random: the scheduler's own seeded generator (xoshiro256** seeded by splitmix64), the same on every machine. */
#ifndef EXEC_RANDOM_H
#define EXEC_RANDOM_H

#include <stdint.h>

#include "exec/sanitizer.h"

struct exec_random {
    uint64_t state[4];
};

EXEC_NO_TSAN static inline void exec_random_seed(struct exec_random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15ull;
        uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9ull;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
        random->state[i] = mixed ^ (mixed >> 31);
    }
}

EXEC_NO_TSAN static inline uint64_t exec_random_rotate(uint64_t value, unsigned by)
{
    return (value << by) | (value >> (64u - by));
}

EXEC_NO_TSAN static inline uint64_t exec_random_next(struct exec_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = exec_random_rotate(s[1] * 5u, 7) * 9u;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = exec_random_rotate(s[3], 45);
    return result;
}

/* Uniform in 0 .. bound - 1 up to a bias below bound / 2^64; bound > 0. */
EXEC_NO_TSAN static inline uint64_t exec_random_below(struct exec_random *random, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)exec_random_next(random) * bound) >> 64);
}

#endif
