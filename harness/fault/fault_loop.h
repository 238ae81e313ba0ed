/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_loop: makes every fallible call of a scenario fail, one after the other (design section 4 "Faults").
 *
 * A clean play under a counting plan says which sites the scenario reaches. Then for each site the 1st, 2nd, 3rd ...
 * call fails, once and from then on, until the fault does not fire any more. After each of these points the loop
 * asserts:
 *   - the play failed with an error text, or tolerated the fault and still got everything right;
 *   - the three ledgers are where they were before the first point;
 *   - a play without a fault succeeds.
 * With a CHURN_SCALE of n below 100 (leak_gate.h) only the first n calls of a site fail: slow configurations take a
 * sample. A loop in which nothing fired proves nothing and counts as a failure.
 *
 * The fault plan is process-wide: nothing else may run meanwhile.
 */
#ifndef HARNESS_FAULT_FAULT_LOOP_H
#define HARNESS_FAULT_FAULT_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"

struct scene;

#define FAULT_LOOP_TEXT_BYTES 4096u
#define FAULT_SCENARIO_TEXT_BYTES 1024u
#define FAULT_SCENARIO_BROKEN 1 /* a wrong result, or something else that no fault excuses */

struct fault_scenario {
    const char *name;
    /*
     * Does everything once. Returns 0; negative with the product's own error text in `text`; FAULT_SCENARIO_BROKEN with
     * what is wrong in `text`. Whatever it returns, it gives back what it took.
     */
    int (*play)(void *state, char text[FAULT_SCENARIO_TEXT_BYTES]);
    void *state;
    /* The context that outlives the plays, for the device ledger; NULL when each play makes its own. */
    const struct pto_debug_api *debug;
    void *context;
};

struct fault_loop_report {
    uint64_t sites;                   /* that the clean play reached */
    uint64_t points;                  /* faults that fired */
    uint64_t tolerated;               /* ... and did not make the play fail */
    uint64_t plays;                   /* altogether */
    uint64_t failures;                /* points at which an assertion did not hold */
    char text[FAULT_LOOP_TEXT_BYTES]; /* the first of them: scenario, site, call, what happened */
};

/* Returns 0 when every point held and at least one fault fired, otherwise -1 with the report's text filled. */
int fault_loop_run(const struct fault_scenario *scenario, struct fault_loop_report *report);

/* The loop over a scene, each play a session of its own: open, pack, prepare, run, check, unregister, close. */
int fault_loop_scene(const struct scene *scene, struct fault_loop_report *report);

#endif
