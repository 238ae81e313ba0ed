/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steppers: a hand-made subject for the explorer: up to four processors 'a' .. 'd' of some steps each, with a point
 * after every step. Its schedules are the interleavings of the steps, so their number is known.
 */
#ifndef UT_EXPLORER_STEPPERS_H
#define UT_EXPLORER_STEPPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "harness/explorer/explorer.h"

#define STEPPERS_MOST 4u
#define STEPPERS_TRACE 32u

struct steppers {
    uint32_t processors;
    uint32_t steps;
    bool (*is_wrong)(const char *trace);       /* NULL: nothing is */
    void (*played)(struct steppers *steppers); /* NULL, or called after each play */
    void *shared;                              /* for `played`, memory that children share */
    uint64_t plays;
    uint64_t opened;
    uint64_t closed;
    char trace[STEPPERS_TRACE];
};

static inline uint32_t steppers_ask(const struct pto_engine_options *engine, uint32_t count, uint32_t point)
{
    uint32_t index = 0;
    if (count >= 2) {
        index = engine->choose(engine->choose_context, count) % count;
        engine->picked(engine->picked_context, count, index, point);
    }
    return index;
}

/* The index-th processor with steps left, in cyclic order from `from` on. */
static inline uint32_t steppers_cyclic(const uint32_t *left, uint32_t processors, uint32_t from, uint32_t index)
{
    for (uint32_t at = from % processors;; at = (at + 1) % processors) {
        if (left[at] != 0 && index-- == 0) {
            return at;
        }
    }
}

static inline int steppers_play(void *state, const struct pto_engine_options *engine, struct explorer_outcome *outcome)
{
    struct steppers *steppers = state;
    uint32_t left[STEPPERS_MOST] = {0};
    uint32_t ready = steppers->processors;
    uint32_t length = 0;
    for (uint32_t i = 0; i < steppers->processors; i++) {
        left[i] = steppers->steps;
    }
    assert_int_equal(engine->policy, PTO_POLICY_CHOICE);
    uint32_t now = steppers_cyclic(left, steppers->processors, 0, steppers_ask(engine, ready, PTO_POINT_BLOCKED));
    while (ready > 0) {
        steppers->trace[length++] = (char)('a' + now);
        left[now]--;
        ready -= left[now] == 0;
        bool keeps = left[now] != 0;
        uint32_t index = steppers_ask(engine, ready, keeps ? PTO_POINT_KEEP : PTO_POINT_BLOCKED);
        if (ready > 0 && (!keeps || index != 0)) {
            now = steppers_cyclic(left, steppers->processors, now + 1, keeps ? index - 1 : index);
        }
    }
    steppers->trace[length] = 0;
    steppers->plays++;
    outcome->hash = hash_bytes(steppers->trace, length);
    if (steppers->played != NULL) {
        steppers->played(steppers);
    }
    if (steppers->is_wrong != NULL && steppers->is_wrong(steppers->trace)) {
        (void)snprintf(outcome->message, sizeof(outcome->message), "trace %s", steppers->trace);
        return 1;
    }
    return 0;
}

/* A processor is overtaken that could have gone on. */
static inline uint32_t steppers_preemptions(const char *trace, uint32_t steps)
{
    uint32_t left[STEPPERS_MOST] = {steps, steps, steps, steps};
    uint32_t count = 0;
    for (size_t i = 0; trace[i] != 0; i++) {
        left[trace[i] - 'a']--;
        count += trace[i + 1] != 0 && trace[i + 1] != trace[i] && left[trace[i] - 'a'] != 0;
    }
    return count;
}

/* Interleavings with at most `most` preemptions, counted the plainest way. */
static inline uint64_t steppers_count(uint32_t *left, uint32_t processors, uint32_t last, uint32_t most)
{
    uint64_t count = 0;
    bool over = true;
    for (uint32_t i = 0; i < processors; i++) {
        uint32_t cost = last < processors && i != last && left[last] != 0;
        over = over && left[i] == 0;
        if (left[i] == 0 || cost > most) {
            continue;
        }
        left[i]--;
        count += steppers_count(left, processors, i, most - cost);
        left[i]++;
    }
    return over ? 1 : count;
}

static inline uint64_t steppers_expected(uint32_t processors, uint32_t steps, uint32_t most)
{
    uint32_t left[STEPPERS_MOST] = {steps, steps, steps, steps};
    return steppers_count(left, processors, processors, most);
}

#endif
