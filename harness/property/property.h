/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property: a statement that must hold for every string of choices (design section 4).
 *
 * A property is one function that draws a case from a struct choice, does it, and says whether the statement held. It
 * is written once and used everywhere: N seeds in a cmocka case (runner.h), a libFuzzer or AFL++ target (fuzz.h),
 * corpus replay. It must be deterministic in its choices: no clock, no other randomness, nothing remembered between
 * cases except what `setup` made and every case leaves as it found it.
 */
#ifndef HARNESS_PROPERTY_PROPERTY_H
#define HARNESS_PROPERTY_PROPERTY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/choice/choice.h"

#define PROPERTY_MESSAGE_BYTES 512u

struct property_context {
    void *state;                          /* what `setup` made; belongs to the property */
    FILE *trace;                          /* not NULL in a replay: tell what the case does */
    char message[PROPERTY_MESSAGE_BYTES]; /* why the case failed */
};

struct property {
    const char *name;    /* also names the fuzz target and the corpus folder */
    const char *summary; /* one line: what is claimed */
    /* 0: it held. Otherwise property_fail's value; whatever the case made is released either way. */
    int (*run)(struct choice *choice, struct property_context *context);
    uint32_t default_runs; /* cases of a normal test run; about a second's worth */
    size_t max_bytes;      /* the longest string of choices worth making up */
    /* Optional: what all cases share (loaded libraries, buffers). 0, or negative with the reason in context->message.
     */
    int (*setup)(struct property_context *context);
    void (*teardown)(struct property_context *context);
};

/* Notes why the case failed (place, then the formatted text) and returns 1. The first note of a case stays. */
int property_fail_at(struct property_context *context, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells a step of the case when somebody is looking; costs one test otherwise. */
void property_trace(struct property_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define property_fail(context, ...) property_fail_at(context, __FILE__, __LINE__, __VA_ARGS__)

/* The text carries the numbers: what was found, what was expected. */
#define PROPERTY_REQUIRE(context, condition, ...)       \
    do {                                                \
        if (!(condition)) {                             \
            return property_fail(context, __VA_ARGS__); \
        }                                               \
    } while (0)

#endif
