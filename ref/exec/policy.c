/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/policy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/os.h"
#include "exec/policy_inline.h"

#define EXEC_SLOT_BITS 64u

EXEC_NO_TSAN int exec_policy_reserve(struct exec_policy_state *state, size_t processors)
{
    if (processors <= state->capacity) {
        return 0;
    }
    size_t room = state->capacity * 2u > processors ? state->capacity * 2u : processors;
    room = (room + EXEC_SLOT_BITS - 1u) / EXEC_SLOT_BITS * EXEC_SLOT_BITS;
    struct exec_processor **slots = os_zalloc("exec.slots_alloc", room * sizeof(struct exec_processor *));
    uint64_t *ready = os_zalloc("exec.slots_alloc", room / EXEC_SLOT_BITS * sizeof(uint64_t));
    if (slots == NULL || ready == NULL) {
        free(slots);
        free(ready);
        return -ENOMEM;
    }
    for (size_t i = 0; i < state->used; i++) {
        slots[i] = state->slots[i];
    }
    for (size_t i = 0; i < state->capacity / EXEC_SLOT_BITS; i++) {
        ready[i] = state->ready[i];
    }
    free(state->slots);
    free(state->ready);
    state->slots = slots;
    state->ready = ready;
    state->capacity = room;
    return 0;
}

void exec_policy_free(struct exec_policy_state *state)
{
    free(state->slots);
    free(state->ready);
    *state = (struct exec_policy_state){0};
}

EXEC_NO_TSAN void exec_policy_reset(struct exec_policy_state *state, const struct exec_options *options)
{
    state->options = options;
    state->exploring = options->policy != EXEC_ROUND_ROBIN;
    state->first = NULL;
    state->last = NULL;
    for (size_t i = 0; i < state->used; i++) {
        state->slots[i] = NULL;
        state->ready[i / EXEC_SLOT_BITS] = 0;
    }
    state->used = 0;
    state->lowest_free = 0;
    state->ready_count = 0;
    state->pct_step = 0;
    if (state->exploring) {
        exec_random_seed(&state->random, options->seed);
    }
    if (options->policy == EXEC_PCT) {
        for (uint32_t i = 0; i + 1u < options->pct_depth; i++) {
            state->pct_change[i] = 1u + exec_random_below(&state->random, options->pct_steps);
        }
        state->pct_floor = -(int64_t)options->pct_depth;
    }
}

EXEC_NO_TSAN void exec_policy_enrol(struct exec_policy_state *state, struct exec_processor *processor)
{
    if (!state->exploring) {
        return;
    }
    size_t slot = state->lowest_free; /* the lowest free one, whatever the capacity that earlier runs left behind */
    while (slot < state->used && state->slots[slot] != NULL) {
        slot++;
    }
    state->slots[slot] = processor;
    state->lowest_free = slot + 1u;
    state->used = slot == state->used ? slot + 1u : state->used;
    processor->slot = (uint32_t)slot;
    if (state->options->policy == EXEC_PCT) {
        processor->priority = (int64_t)(exec_random_next(&state->random) >> 2) + 1;
    }
}

EXEC_NO_TSAN void exec_policy_retire(struct exec_policy_state *state, struct exec_processor *processor)
{
    if (state->exploring) {
        state->slots[processor->slot] = NULL;
        state->lowest_free = processor->slot < state->lowest_free ? processor->slot : state->lowest_free;
    }
}

EXEC_NO_TSAN void exec_policy_add_explored(struct exec_policy_state *state, struct exec_processor *processor)
{
    state->ready[processor->slot / EXEC_SLOT_BITS] |= 1ull << (processor->slot % EXEC_SLOT_BITS);
    state->ready_count++;
}

EXEC_NO_TSAN void exec_policy_remove(struct exec_policy_state *state, struct exec_processor *processor)
{
    if (state->exploring) {
        state->ready[processor->slot / EXEC_SLOT_BITS] &= ~(1ull << (processor->slot % EXEC_SLOT_BITS));
        state->ready_count--;
        return;
    }
    struct exec_processor *before = NULL;
    for (struct exec_processor *at = state->first; at != processor; at = at->next) {
        before = at;
    }
    if (before == NULL) {
        state->first = processor->next;
    } else {
        before->next = processor->next;
    }
    if (state->last == processor) {
        state->last = before;
    }
}

EXEC_NO_TSAN static bool exec_policy_is_ready(const struct exec_policy_state *state, size_t slot)
{
    return (state->ready[slot / EXEC_SLOT_BITS] >> (slot % EXEC_SLOT_BITS) & 1u) != 0;
}

/* The first ready slot from `slot` on, in ascending order; `used` when there is none. Looks at 64 of them at once: most
 * processors of a device sleep. */
EXEC_NO_TSAN static inline size_t exec_policy_ready_from(const struct exec_policy_state *state, size_t slot)
{
    if (slot >= state->used) {
        return state->used;
    }
    size_t words = (state->used + EXEC_SLOT_BITS - 1u) / EXEC_SLOT_BITS;
    size_t word = slot / EXEC_SLOT_BITS;
    uint64_t bits = state->ready[word] & (UINT64_MAX << (slot % EXEC_SLOT_BITS));
    while (bits == 0) {
        if (++word == words) {
            return state->used;
        }
        bits = state->ready[word];
    }
    return word * EXEC_SLOT_BITS + (size_t)__builtin_ctzll(bits);
}

/* The same in cyclic order; somebody is ready. */
EXEC_NO_TSAN static inline size_t exec_policy_cyclic_from(const struct exec_policy_state *state, size_t slot)
{
    size_t found = exec_policy_ready_from(state, slot);
    return found != state->used ? found : exec_policy_ready_from(state, 0);
}

/* The index-th ready slot in cyclic order from `start` on; more than `index` are ready. */
EXEC_NO_TSAN static struct exec_processor *exec_policy_cyclic(const struct exec_policy_state *state, size_t start,
                                                              uint64_t index)
{
    size_t slot = exec_policy_cyclic_from(state, start);
    for (;;) {
        uint64_t bits = state->ready[slot / EXEC_SLOT_BITS] >> (slot % EXEC_SLOT_BITS);
        for (; bits != 0 && index > 0; index--) {
            bits &= bits - 1u;
        }
        if (bits != 0) {
            return state->slots[slot + (size_t)__builtin_ctzll(bits)];
        }
        slot = exec_policy_cyclic_from(state, (slot / EXEC_SLOT_BITS + 1u) * EXEC_SLOT_BITS);
    }
}

EXEC_NO_TSAN static bool exec_policy_keeps(const struct exec_policy_state *state, const struct exec_processor *caller,
                                           enum exec_point point)
{
    return caller != NULL && point == EXEC_POINT_KEEP && exec_policy_is_ready(state, caller->slot);
}

/* Index 0 is the caller when it could go on; the others follow in cyclic order after it. */
EXEC_NO_TSAN static struct exec_processor *exec_policy_indexed(const struct exec_policy_state *state,
                                                               struct exec_processor *caller, enum exec_point point,
                                                               uint64_t index)
{
    size_t start = caller != NULL ? caller->slot + 1u : 0;
    bool caller_first = exec_policy_keeps(state, caller, point);
    if (caller_first && index == 0) {
        return caller;
    }
    return exec_policy_cyclic(state, start, caller_first ? index - 1u : index);
}

/* The other way round: which index `next` has. */
EXEC_NO_TSAN static uint64_t exec_policy_index(const struct exec_policy_state *state,
                                               const struct exec_processor *caller, enum exec_point point,
                                               const struct exec_processor *next)
{
    bool caller_first = exec_policy_keeps(state, caller, point);
    if (caller_first && next == caller) {
        return 0;
    }
    uint64_t index = caller_first ? 1u : 0u;
    size_t slot = exec_policy_cyclic_from(state, caller != NULL ? caller->slot + 1u : 0);
    while (slot != next->slot) {
        index++;
        slot = exec_policy_cyclic_from(state, slot + 1u);
    }
    return index;
}

EXEC_NO_TSAN static void exec_policy_tell(const struct exec_policy_state *state, uint64_t index, enum exec_point point)
{
    if (state->options->picked != NULL && state->ready_count != 1) {
        exec_tsan_ignore_begin(); /* as for the chooser */
        state->options->picked(state->options->picked_context, (uint32_t)state->ready_count, (uint32_t)index, point);
        exec_tsan_ignore_end();
    }
}

/* The ready one with the highest priority, the lowest slot among equals. */
EXEC_NO_TSAN static struct exec_processor *exec_policy_most_urgent(const struct exec_policy_state *state)
{
    struct exec_processor *best = NULL;
    for (size_t first = 0; first < state->used; first += EXEC_SLOT_BITS) {
        for (uint64_t bits = state->ready[first / EXEC_SLOT_BITS]; bits != 0; bits &= bits - 1u) {
            struct exec_processor *candidate = state->slots[first + (size_t)__builtin_ctzll(bits)];
            if (best == NULL || candidate->priority > best->priority) {
                best = candidate;
            }
        }
    }
    return best;
}

EXEC_NO_TSAN static struct exec_processor *exec_policy_pct(struct exec_policy_state *state,
                                                           struct exec_processor *caller, enum exec_point point)
{
    state->pct_step++;
    for (uint32_t i = 0; caller != NULL && i + 1u < state->options->pct_depth; i++) {
        if (state->pct_change[i] == state->pct_step) {
            caller->priority = -(int64_t)i - 1;
        }
    }
    if (caller != NULL && point == EXEC_POINT_YIELD) {
        caller->priority = --state->pct_floor; /* who pauses waits for others: keeping its rank would starve them */
    }
    return exec_policy_most_urgent(state);
}

EXEC_NO_TSAN static struct exec_processor *exec_policy_explore(struct exec_policy_state *state,
                                                               struct exec_processor *caller, enum exec_point point)
{
    if (state->options->policy == EXEC_PCT) {
        struct exec_processor *best = exec_policy_pct(state, caller, point);
        if (state->options->picked != NULL) {
            exec_policy_tell(state, exec_policy_index(state, caller, point, best), point);
        }
        return best;
    }
    if (state->ready_count == 1) {
        return exec_policy_cyclic(state, 0, 0);
    }
    uint64_t index = 0;
    if (state->options->policy == EXEC_RANDOM) {
        index = exec_random_below(&state->random, state->ready_count);
    } else {
        uint32_t count = (uint32_t)state->ready_count;
        exec_tsan_ignore_begin(); /* the chooser belongs to the engine, whichever processor happens to call it */
        index = state->options->choose(state->options->choose_context, count) % count;
        exec_tsan_ignore_end();
    }
    exec_policy_tell(state, index, point);
    return exec_policy_indexed(state, caller, point, index);
}

EXEC_NO_TSAN struct exec_processor *exec_policy_next_explored(struct exec_policy_state *state,
                                                              struct exec_processor *caller, enum exec_point point)
{
    if (state->ready_count == 0) {
        return NULL;
    }
    struct exec_processor *next = exec_policy_explore(state, caller, point);
    exec_policy_remove(state, next);
    return next;
}
