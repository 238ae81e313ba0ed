/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explorer: runs one program under many schedules, finds one under which it goes wrong, and makes that one simple.
 *
 * What is explored is a subject: something that can be played once under given engine options. It must be the same
 * every time but for the schedule. The explorer knows nothing else about it.
 *
 *   random, pct   one play per seed, the engine choosing; what it chose is recorded
 *   exhaustive    depth first over the tree of choices, with at most `bound` preemptions; 3 when it is left open,
 * unless the whole tree turns out to have less than EXPLORER_WHOLE_TREE schedules: then it is walked to its end. So
 * that a limit of runs leaves no corner alone, the walk is made in steps that grow: at most 0, 1, 2, 3 departures from
 * the default order; then any number of them with at most 0, 1, ... preemptions. schedule      one play of a given
 * schedule
 *
 * The first failure ends the exploration. It is then minimised: fewest preemptions, then fewest choices of any kind,
 * then the shortest prefix. With `isolated` everything happens in a forked child and a crash, a hang or a leak is a
 * failure like any other (every candidate gets a child of its own then).
 */
#ifndef HARNESS_EXPLORER_EXPLORER_H
#define HARNESS_EXPLORER_EXPLORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"

#define EXPLORER_MESSAGE_BYTES 1024u
#define EXPLORER_TEXT_BYTES 32768u
#define EXPLORER_WHOLE_TREE 1000000u
#define EXPLORER_DEFAULT_BOUND 3u
#define EXPLORER_DEPARTURES 3u /* the steps that are bounded by them */
#define EXPLORER_AUTO_BOUND UINT32_MAX
#define EXPLORER_MINIMISE_PLAYS 2000u
#define EXPLORER_MINIMISE_HUNG_SECONDS 120u /* most time for plays that hang */

enum explorer_policy { EXPLORER_RANDOM = 0, EXPLORER_PCT, EXPLORER_EXHAUSTIVE, EXPLORER_SCHEDULE };

enum explorer_verdict {
    EXPLORER_HELD = 0,
    EXPLORER_WRONG,   /* a play said so */
    EXPLORER_CRASHED, /* killed by a signal, or ended in the middle of a play */
    EXPLORER_HUNG,    /* one play took longer than child_hang_seconds() */
    EXPLORER_LEFT,    /* every play held, and something was left behind after the last */
    EXPLORER_STRAYED, /* a schedule could not be followed: the subject is not the same every time, or another one */
    EXPLORER_BROKEN,  /* nothing is known: it could not be opened or played, no memory, no process */
};

struct explorer_outcome {
    uint64_t hash; /* of everything that the subject can tell plays apart by */
    char message[EXPLORER_MESSAGE_BYTES];
};

struct explorer_subject {
    /*
     * Before the first play and after every one that failed. 0; negative with the reason, or positive when it went
     * wrong already. NULL: nothing to do.
     */
    int (*open)(void *state, char message[EXPLORER_MESSAGE_BYTES]);
    /* 0: it held; positive: it went wrong, outcome->message says how; negative: it could not be played. */
    int (*play)(void *state, const struct pto_engine_options *engine, struct explorer_outcome *outcome);
    /* 0, or positive with what was left behind. NULL: nothing to do. */
    int (*close)(void *state, char message[EXPLORER_MESSAGE_BYTES]);
    void *state;
};

struct explorer_options {
    enum explorer_policy policy;
    uint64_t seed; /* of the first play; play k uses seed + k */
    uint32_t pct_depth;
    uint32_t pct_steps;
    uint64_t runs;           /* most plays, at least 1 */
    uint32_t bound;          /* EXPLORER_AUTO_BOUND, or the bound to keep to */
    uint64_t whole_tree;     /* 0: EXPLORER_WHOLE_TREE */
    uint32_t minimise_plays; /* most plays of minimising; 0: EXPLORER_MINIMISE_PLAYS */
    const char *schedule;    /* EXPLORER_SCHEDULE: its text */
    const char *progress;    /* what a terminal is told to be under way; NULL: nothing */
    bool isolated;
};

struct explorer_report {
    enum explorer_verdict verdict;
    uint64_t plays;     /* exhaustive: some schedules are played again on the way to others */
    uint64_t schedules; /* exhaustive: different ones; otherwise the plays */
    uint64_t outcomes;  /* different ones */
    bool more_outcomes; /* there were too many to count */
    uint64_t fewest_points;
    uint64_t most_points;
    uint64_t elapsed_ns; /* of all plays before minimising */
    /* exhaustive: */
    bool whole;                   /* every schedule was played */
    int64_t finished_preemptions; /* every one with at most so many; -1: not even those with none */
    int64_t finished_departures;  /* the same, of those that also keep to the bound */
    uint64_t at_least;            /* schedules that the whole tree has, or more */
    /* After a failure: */
    uint64_t seed;  /* random, pct: of the play that failed */
    bool minimised; /* `schedule` was tried and fails; otherwise it is the one that failed first */
    uint64_t tries; /* plays of minimising */
    uint64_t preemptions;
    uint64_t departures;                  /* picks of `schedule` that are not 0 */
    char schedule[EXPLORER_TEXT_BYTES];   /* "" when it is too long to be given */
    char message[EXPLORER_MESSAGE_BYTES]; /* of the schedule that is given */
};

/* Fills the report and returns its verdict. */
enum explorer_verdict explorer_run(const struct explorer_subject *subject, const struct explorer_options *options,
                                   struct explorer_report *report);

#endif
