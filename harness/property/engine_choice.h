/* SPDX-License-Identifier: Apache-2.0 */
/* engine_choice: draws the engine, the policy and the schedule of a run. */
#ifndef HARNESS_PROPERTY_ENGINE_CHOICE_H
#define HARNESS_PROPERTY_ENGINE_CHOICE_H

#include "abi/debug_api.h"
#include "harness/choice/choice.h"

/* Mostly the reproducible engine, under every policy; 0 is fibers, round robin. The choice must outlive the run. */
void engine_choice_draw(struct choice *choice, struct pto_engine_options *options);

#endif
