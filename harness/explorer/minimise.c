/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minimise: picks of a failing schedule that are not 0 are taken out, in chunks from large to small, then lowered. What
 * is left may be a long way round to a failure that has a short one, since whatever is taken out shifts the points
 * behind it: last come all schedules with fewer departures, as far as the limit of plays goes.
 */
#include "harness/explorer/exploration.h"

struct minimising {
    struct exploration *exploration;
    bool (*fails)(struct exploration *exploration);
    struct schedule_size size; /* of the best */
};

/* The best one's first `length` points, nothing about them being known but the picks. */
static void minimise_propose(struct exploration *exploration, size_t length)
{
    struct player *player = &exploration->player;
    schedule_copy(&player->path, &exploration->best, length);
    for (size_t i = 0; i < length; i++) {
        player->path.points[i].count = 0;
    }
    player->fixed = length;
}

static bool minimise_is_over(const struct minimising *minimising)
{
    const struct explorer_options *options = minimising->exploration->options;
    uint64_t most = options->minimise_plays != 0 ? options->minimise_plays : (uint64_t)EXPLORER_MINIMISE_PLAYS;
    return minimising->exploration->report.tries >= most ||
           minimising->exploration->hung_seconds >= EXPLORER_MINIMISE_HUNG_SECONDS;
}

/* Tries what was proposed; true when it fails too and is simpler, and then it is the best. */
static bool minimise_try(struct minimising *minimising)
{
    struct exploration *exploration = minimising->exploration;
    if (minimise_is_over(minimising)) {
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
    minimise_propose(minimising->exploration, minimising->size.length);
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
        while (skip < minimising->size.departures && !minimise_is_over(minimising)) {
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
    for (size_t i = 0; i < minimising->size.length && !minimise_is_over(minimising); i++) {
        uint32_t pick = minimising->exploration->best.points[i].pick;
        for (uint32_t lower = 1; lower < pick; lower++) {
            minimise_propose(minimising->exploration, minimising->size.length);
            minimising->exploration->player.path.points[i].pick = lower;
            if (minimise_try(minimising)) {
                better = true;
                break;
            }
        }
    }
    return better;
}

/* All schedules with so many departures and no more preemptions than the best one has. */
static bool minimise_walk(struct minimising *minimising, uint32_t departures)
{
    struct tree *tree = &minimising->exploration->tree;
    struct tree_bound bound = {.preemptions = (uint32_t)minimising->size.preemptions, .departures = departures};
    bool better = false;
    bool more = true;
    tree_begin(tree, &minimising->exploration->player, bound);
    while (more && !better && !minimise_is_over(minimising)) {
        better = minimise_try(minimising);
        tree_note(tree);
        more = !minimising->exploration->player.full && minimising->exploration->player.strayed == 0 && tree_next(tree);
    }
    return better;
}

bool minimise_again(struct exploration *exploration, bool (*fails)(struct exploration *exploration))
{
    minimise_propose(exploration, schedule_size(&exploration->best).length);
    exploration->report.tries++;
    return fails(exploration);
}

void minimise(struct exploration *exploration, bool (*fails)(struct exploration *exploration))
{
    struct minimising minimising = {
        .exploration = exploration, .fails = fails, .size = schedule_size(&exploration->best)};
    /* As it is, once: where that does not fail any more nothing is known to be simpler. */
    if (!minimise_again(exploration, fails)) {
        return;
    }
    exploration->report.minimised = true;
    while (minimise_chunks(&minimising) || minimise_picks(&minimising)) {
    }
    bool better = false;
    for (uint32_t departures = 0; !better && departures < minimising.size.departures; departures++) {
        better = minimise_walk(&minimising, departures);
    }
}
