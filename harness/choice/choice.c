/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/choice/choice.h"

#include <string.h>

#include "harness/choice/unwatched.h"

UNWATCHED_BEGIN

uint64_t choice_next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ull;
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return mixed ^ (mixed >> 31);
}

void choice_from_seed(struct choice *choice, uint64_t seed, uint8_t *buffer, size_t capacity)
{
    *choice = (struct choice){.random = buffer, .bytes = buffer, .capacity = capacity, .state = seed};
}

void choice_from_bytes(struct choice *choice, const uint8_t *bytes, size_t size)
{
    *choice = (struct choice){.bytes = bytes, .size = size, .capacity = size};
}

size_t choice_used(const struct choice *choice)
{
    return choice->position < choice->capacity ? choice->position : choice->capacity;
}

size_t choice_left(const struct choice *choice)
{
    return choice->capacity - choice_used(choice);
}

/* Makes sure that the first `size` bytes of the string exist, as far as it may get that long. */
static void choice_extend(struct choice *choice, size_t size)
{
    size_t wanted = size < choice->capacity ? size : choice->capacity;
    while (choice->size < wanted) {
        uint64_t random = choice_next_random(&choice->state);
        size_t room = choice->capacity - choice->size;
        size_t count = room < sizeof(random) ? room : sizeof(random);
        memcpy(choice->random + choice->size, &random, count);
        choice->size += count;
    }
}

void choice_bytes(struct choice *choice, void *bytes, size_t size)
{
    size_t start = choice_used(choice);
    size_t left = choice->capacity - start;
    size_t given = size < left ? size : left;
    if (given != 0) {
        choice_extend(choice, start + given);
        memcpy(bytes, choice->bytes + start, given);
    }
    if (given < size) {
        memset((uint8_t *)bytes + given, 0, size - given);
    }
    choice->position += size;
}

static uint64_t choice_number(struct choice *choice, size_t size)
{
    uint8_t bytes[8];
    choice_bytes(choice, bytes, size);
    uint64_t number = 0;
    for (size_t i = size; i-- > 0;) {
        number = number << 8 | bytes[i];
    }
    return number;
}

uint64_t choice_below(struct choice *choice, uint64_t count)
{
    if (count <= 1) {
        return 0;
    }
    size_t size = count <= 1u << 8 ? 1 : count <= 1u << 16 ? 2 : count <= 1ull << 32 ? 4 : 8;
    return choice_number(choice, size) % count;
}

uint64_t choice_range(struct choice *choice, uint64_t low, uint64_t high)
{
    uint64_t span = high - low;
    return span == UINT64_MAX ? choice_u64(choice) : low + choice_below(choice, span + 1);
}

bool choice_bool(struct choice *choice)
{
    return choice_below(choice, 2) != 0;
}

uint64_t choice_u64(struct choice *choice)
{
    return choice_number(choice, 8);
}

uint64_t choice_edge(struct choice *choice)
{
    enum { SMALL, POWER, BELOW_POWER, ABOVE_POWER, NEGATIVE, ANY, KINDS };
    switch (choice_below(choice, KINDS)) {
    case SMALL:
        return choice_below(choice, 256);
    case POWER:
        return 1ull << choice_below(choice, 64);
    case BELOW_POWER:
        return (1ull << choice_below(choice, 64)) - 1;
    case ABOVE_POWER:
        return (1ull << choice_below(choice, 64)) + 1;
    case NEGATIVE:
        return 0 - choice_below(choice, 256);
    default:
        return choice_u64(choice);
    }
}

size_t choice_pick_weighted(struct choice *choice, const uint32_t *weights, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    uint64_t point = choice_below(choice, sum);
    size_t index = 0;
    while (index + 1 < count && point >= weights[index]) {
        point -= weights[index];
        index++;
    }
    return index;
}

uint32_t choice_for_policy(void *context, uint32_t count)
{
    return (uint32_t)choice_below(context, count);
}

UNWATCHED_END
