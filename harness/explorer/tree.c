/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/tree.h"

#include "abi/debug_api.h"

void tree_begin(struct tree *tree, struct player *player, struct tree_bound bound)
{
    *tree = (struct tree){.player = player, .bound = bound};
    player->fixed = 0;
}

/* Another pick than 0 at `position` keeps within the bound. */
static bool tree_affords(const struct tree *tree, size_t position)
{
    const struct schedule_point *points = tree->player->path.points;
    uint32_t preemptions = position == 0 ? 0 : points[position - 1].preemptions;
    uint32_t departures = position == 0 ? 0 : points[position - 1].departures;
    return departures < tree->bound.departures &&
           (points[position].point == PTO_POINT_BLOCKED || preemptions < tree->bound.preemptions);
}

void tree_note(struct tree *tree)
{
    const struct schedule *path = &tree->player->path;
    tree->leaves++;
    for (size_t i = tree->player->fixed; i < path->count; i++) {
        uint64_t others = path->points[i].count - 1u;
        if (tree_affords(tree, i)) {
            tree->pending += others;
        } else {
            tree->skipped += others;
        }
    }
}

bool tree_next(struct tree *tree)
{
    struct schedule *path = &tree->player->path;
    while (path->count > 0) {
        size_t last = path->count - 1;
        struct schedule_point *point = &path->points[last];
        if (point->pick + 1u < point->count && tree_affords(tree, last)) {
            point->pick++;
            tree->player->fixed = path->count;
            tree->pending--;
            return true;
        }
        path->count--;
    }
    return false;
}

bool tree_within(const struct tree *tree, struct tree_bound bound)
{
    const struct schedule *path = &tree->player->path;
    const struct schedule_point *last = path->count == 0 ? NULL : &path->points[path->count - 1];
    return last == NULL || (last->preemptions <= bound.preemptions && last->departures <= bound.departures);
}
