/* SPDX-License-Identifier: Apache-2.0 */
/* engine_choice: draws the engine, the policy and the schedule of a run. */
#ifndef HARNESS_PROPERTY_ENGINE_CHOICE_H
#define HARNESS_PROPERTY_ENGINE_CHOICE_H

#include "abi/debug_api.h"
#include "harness/choice/choice.h"

/* Who explores schedules sets choice.engine to one of these after the choice was fed. */
struct choice_engine {
    struct pto_engine_options options;
    uint64_t draws; /* out: how often it was asked for */
};

#define ENGINE_CHOICE_FORCED \
    "PROPERTY_ENGINE" /* environment: "fibers" or "threads" takes the place of what was drawn */

/* Mostly the reproducible engine, under every policy; 0 is fibers, round robin. The choice must outlive the run.
 * With choice->engine set the same bytes are read, so that the rest of the case stays the same, and its options given;
 * else ENGINE_CHOICE_FORCED decides where it is set, in the same way. Anything else in it ends the process: exit
 * code 2.
 */
void engine_choice_draw(struct choice *choice, struct pto_engine_options *options);

#endif
