/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_loop: makes every fallible call of a scenario fail, one after the other (design section 4 "Faults").
 *
 * A clean play under a counting plan says which sites the scenario reaches. Then for each site the 1st, 2nd, 3rd ...
 * call fails, once and from then on, until the fault does not fire any more. A site that obeys silent faults gets all
 * of those that fault_kinds.h has for it too: it reports success and does nothing, or never answers, or a completion is
 * lost, doubled or late. After each of these points the loop asserts:
 *   - the play failed with an error text that names what failed (fault_words_of), or tolerated the fault and still got
 *     everything right. A silent fault excuses a wrong result only where nobody but the truth can tell (fault_truths);
 *     then the scenario's oracle says so, element by element;
 *   - a play without a fault succeeds: at once after an error, unless it poisoned the device (R17) and the scenario's
 *     `recover` says so; after a silent fault the state of the device is anybody's guess, so that a first play may say
 *     that it fails, but after finalize and init all is well;
 *   - the three ledgers are where they were before the first point.
 * A site at which nothing fired, a silent site that the loop has no fault for, and a loop in which nothing fired at all
 * prove nothing and count as failures.
 *
 * Samples. A loop takes every call of a site with FAULT_SWEEP=full in the environment (`make faults`); otherwise the
 * first FAULT_LOOP_DENSE calls and from there on in growing steps; "from then on" the first FAULT_LOOP_STICKY. How many
 * were left out is counted. With a CHURN_SCALE of n below 100 (leak_gate.h) only the first n calls of a site fail, and
 * silent faults come once only.
 *
 * The fault plan is process-wide: nothing else may run meanwhile.
 */
#ifndef HARNESS_FAULT_FAULT_LOOP_H
#define HARNESS_FAULT_FAULT_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"

struct scene;
struct session_options;

#define FAULT_LOOP_TEXT_BYTES 4096u
#define FAULT_LOOP_DENSE 2u
#define FAULT_LOOP_STICKY 1u
#define FAULT_SCENARIO_TEXT_BYTES 1024u
#define FAULT_SCENARIO_BROKEN 1  /* a wrong result, or something else that no fault excuses */
#define FAULT_SCENARIO_EXCUSED 2 /* a wrong result, but exactly where the truth says that a lie made it so */

struct fault_scenario {
    const char *name;
    /*
     * Does everything once. Returns 0; negative with the product's own error text in `text`; FAULT_SCENARIO_BROKEN or
     * FAULT_SCENARIO_EXCUSED with what is wrong in `text`. Whatever it returns, it gives back what it took.
     */
    int (*play)(void *state, char text[FAULT_SCENARIO_TEXT_BYTES]);
    void *state;
    /* The context that outlives the plays, for the device ledger; NULL when each play makes its own. */
    const struct pto_debug_api *debug;
    void *context;
    bool host_only; /* plays no device program, which would race with its own past when a copy to it lied */
    /* Deadlines pass in real time (threads engine): of faults that nothing but a deadline ends, one call is enough, and
     * slow configurations leave them out. */
    bool real_time;
    /*
     * Finalize and init of that context (R17); NULL when each play does that itself. Unless `forced`, only when the
     * device is poisoned. Returns 0 when it has, 1 when there was nothing to recover from, negative with `text`.
     */
    int (*recover)(void *state, bool forced, char text[FAULT_SCENARIO_TEXT_BYTES]);
};

struct fault_loop_report {
    uint64_t sites;                   /* that the clean play reached */
    uint64_t points;                  /* faults that fired */
    uint64_t silent;                  /* ... of these silent ones */
    uint64_t tolerated;               /* ... that did not make the play fail */
    uint64_t excused;                 /* ... lies that nobody could see */
    uint64_t recovered;               /* ... after which finalize and init were needed */
    uint64_t left_out;                /* calls of the clean play that the sample left out */
    uint64_t plays;                   /* altogether */
    uint64_t failures;                /* points at which an assertion did not hold */
    char text[FAULT_LOOP_TEXT_BYTES]; /* the first of them: scenario, site, call, what happened */
};

/* Returns 0 when every point held and at least one fault fired, otherwise -1 with the report's text filled. */
int fault_loop_run(const struct fault_scenario *scenario, struct fault_loop_report *report);

/* The loop over a scene, each play a session of its own: open, pack, prepare, run, check, unregister, close. */
int fault_loop_scene(const struct scene *scene, const struct session_options *options,
                     struct fault_loop_report *report);

/* One line: what the loop did, samples and all. */
void fault_loop_tell(const struct fault_loop_report *report, char *line, size_t capacity);

#endif
