/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exploration: one call of explorer_run under way. It lies in memory that parent and child share, so that what a child
 * was doing when it died is known.
 */
#ifndef HARNESS_EXPLORER_EXPLORATION_H
#define HARNESS_EXPLORER_EXPLORATION_H

#include "harness/explorer/explorer.h"
#include "harness/explorer/outcomes.h"
#include "harness/explorer/tree.h"
#include "harness/report/console.h"

struct exploration {
    const struct explorer_subject *subject;
    const struct explorer_options *options;
    struct explorer_report report;
    struct player player;
    struct tree tree;
    struct schedule best; /* the simplest failing one so far */
    struct outcomes outcomes;
    struct explorer_outcome outcome; /* of the play under way or the last one */
    struct console_progress progress;
    uint64_t alarm_ns; /* when the alarm clock was set last */
    bool open;
    bool failed;   /* the last play did: the subject may be the worse for it */
    bool playing;  /* a play is under way */
    bool finished; /* the child got to its end */
    unsigned hang_seconds;
    unsigned patience;     /* seconds that take its place; 0: none do */
    uint64_t slowest_ns;   /* play that came to an end */
    uint64_t hung_seconds; /* of minimising, spent on what hangs */
};

/* One play under the engine's options; the player is begun and ended around it. Returns what the subject returned. */
int exploration_play(struct exploration *exploration, const struct pto_engine_options *engine);
/* The same along the player's fixed points. */
int exploration_follow(struct exploration *exploration);
/* Opens the subject if need be; 0, or -1 with the verdict and the message in the report. */
int exploration_open(struct exploration *exploration);
/* Closes it; what it left behind becomes the verdict when there is none yet. */
void exploration_close(struct exploration *exploration);
/* Notes a verdict with its message. */
void exploration_verdict(struct exploration *exploration, enum explorer_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The four ways to explore; each ends with the verdict in the report. */
void exploration_run(struct exploration *exploration);

/*
 * Makes exploration->best simpler as long as `fails` says that a schedule still fails; that is given the schedule as
 * the player's fixed points and leaves what it did on the path.
 */
void minimise(struct exploration *exploration, bool (*fails)(struct exploration *exploration));
/* Whether exploration->best fails, played once more. */
bool minimise_again(struct exploration *exploration, bool (*fails)(struct exploration *exploration));

#endif
