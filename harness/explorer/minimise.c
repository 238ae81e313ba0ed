/* SPDX-License-Identifier: Apache-2.0 */
/* minimise: picks of a failing schedule that are not 0 are taken out, in chunks from large to small, then lowered. */
#include "harness/explorer/exploration.h"

struct minimising {
    struct exploration *exploration;
    bool (*fails)(struct exploration *exploration);
    struct schedule_size size; /* of the best */
};

/* The best one's first `length` points, nothing about them being known but the picks. */
static void minimise_propose(struct minimising *minimising, size_t length)
{
    struct player *player = &minimising->exploration->player;
    schedule_copy(&player->path, &minimising->exploration->best, length);
    for (size_t i = 0; i < length; i++) {
        player->path.points[i].count = 0;
    }
    player->fixed = length;
}

/* Tries what was proposed; true when it fails too and is simpler, and then it is the best. */
static bool minimise_try(struct minimising *minimising)
{
    struct exploration *exploration = minimising->exploration;
    uint64_t most = exploration->options->minimise_plays != 0 ? exploration->options->minimise_plays
                                                              : (uint64_t)EXPLORER_MINIMISE_PLAYS;
    if (exploration->report.tries >= most) {
        return false;
    }
    exploration->report.tries++;
    if (!minimising->fails(exploration)) {
        return false;
    }
    struct schedule_size size = schedule_size(&exploration->player.path);
    if (!schedule_is_simpler(&size, &minimising->size)) {
        return false;
    }
    schedule_copy(&exploration->best, &exploration->player.path, exploration->player.path.count);
    minimising->size = size;
    return true;
}

/* Takes `count` picks out, behind the first `skip` ones. */
static bool minimise_without(struct minimising *minimising, uint64_t skip, uint64_t count)
{
    struct schedule_point *points = minimising->exploration->player.path.points;
    minimise_propose(minimising, minimising->size.length);
    uint64_t seen = 0;
    for (size_t i = 0; i < minimising->size.length; i++) {
        if (points[i].pick != 0) {
            points[i].pick = seen >= skip && seen < skip + count ? 0 : points[i].pick;
            seen++;
        }
    }
    return minimise_try(minimising);
}

static bool minimise_chunks(struct minimising *minimising)
{
    bool better = false;
    for (uint64_t chunk = minimising->size.departures; chunk > 0; chunk /= 2) {
        uint64_t skip = 0;
        while (skip < minimising->size.departures) {
            bool out = minimise_without(minimising, skip, chunk);
            better = better || out;
            skip += out ? 0 : chunk;
        }
    }
    return better;
}

static bool minimise_picks(struct minimising *minimising)
{
    bool better = false;
    for (size_t i = 0; i < minimising->size.length; i++) {
        uint32_t pick = minimising->exploration->best.points[i].pick;
        for (uint32_t lower = 1; lower < pick; lower++) {
            minimise_propose(minimising, minimising->size.length);
            minimising->exploration->player.path.points[i].pick = lower;
            if (minimise_try(minimising)) {
                better = true;
                break;
            }
        }
    }
    return better;
}

void minimise(struct exploration *exploration, bool (*fails)(struct exploration *exploration))
{
    struct minimising minimising = {
        .exploration = exploration, .fails = fails, .size = schedule_size(&exploration->best)};
    /* As it is, once: where that does not fail any more nothing is known to be simpler. */
    minimise_propose(&minimising, minimising.size.length);
    exploration->report.tries++;
    if (!fails(exploration)) {
        return;
    }
    exploration->report.minimised = true;
    while (minimise_chunks(&minimising) || minimise_picks(&minimising)) {
    }
}
