/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/fuzz.h"

#include <stdlib.h>

#include "harness/property/engine_choice.h"

/* A fuzz target is a program with one property and one thread; the context outlives every case. */
static struct property_context fuzz_context;

void property_fuzz_start(const struct property *property)
{
    /* What threads reach is new each time, and inputs that choose them would soon be nearly all. */
    (void)setenv(ENGINE_CHOICE_FORCED, "fibers", 0);
    if (property->setup != NULL && property->setup(&fuzz_context) != 0) {
        (void)fprintf(stderr, "property %s: setup: %s\n", property->name, fuzz_context.message);
        exit(2);
    }
}

int property_fuzz_one(const struct property *property, const uint8_t *data, size_t size)
{
    struct choice choice;
    choice_from_bytes(&choice, data, size);
    fuzz_context.message[0] = '\0';
    if (property->run(&choice, &fuzz_context) != 0) {
        (void)fprintf(stderr, "property %s failed: %s\n", property->name, fuzz_context.message);
        abort();
    }
    return 0;
}
