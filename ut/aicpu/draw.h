/* SPDX-License-Identifier: Apache-2.0 */
/* draw: numbers that look random and follow from `random_state` alone, set from the seed that a failure prints. */
#ifndef UT_AICPU_DRAW_H
#define UT_AICPU_DRAW_H

#include <stdint.h>

static uint64_t random_state = 88172645463325252ull;

/* 0 .. below - 1 */
static inline uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 11) % below;
}

#endif
