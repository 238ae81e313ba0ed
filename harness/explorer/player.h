/* SPDX-License-Identifier: Apache-2.0 */
/*
 * player: follows a schedule through a run and records the run's own.
 *
 * One path serves both: its first `fixed` points say what to pick, and every point is overwritten with what happened.
 * What was known of a fixed point (how many could go on, and why it was reached) is compared with what is found there:
 * a run that is not the same again is no schedule's fault, and `strayed` tells it.
 */
#ifndef HARNESS_EXPLORER_PLAYER_H
#define HARNESS_EXPLORER_PLAYER_H

#include "abi/debug_api.h"
#include "harness/explorer/schedule.h"

struct player {
    struct schedule path;
    size_t fixed;
    size_t strayed; /* 1 + the first fixed point that was not met as known; 0: none */
    uint32_t asked; /* the pick that strayed */
    uint32_t found; /* how many could go on there */
    bool full;      /* the run has more points than the path has room */
};

/* To be called before each run, with path.points and `fixed` set. */
void player_begin(struct player *player);
/* To be called after it: a fixed point that was never reached strays too. */
void player_end(struct player *player);

/* For pto_engine_options: `context` is a struct player. */
uint32_t player_choose(void *context, uint32_t count);
void player_picked(void *context, uint32_t count, uint32_t index, uint32_t point);

#endif
