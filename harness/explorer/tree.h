/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: the schedules of a program as a tree, walked depth first.
 *
 * A leaf is a schedule, an inner node a point where two or more could go on. The walk keeps one path; what it has not
 * seen yet is known from the points on it. Schedules beyond the bound are left out, and the subtrees that were left out
 * so are counted: each of them has a leaf at least, which gives a lower limit of the whole tree.
 */
#ifndef HARNESS_EXPLORER_TREE_H
#define HARNESS_EXPLORER_TREE_H

#include "harness/explorer/player.h"

#define TREE_NO_BOUND UINT32_MAX

struct tree_bound {
    uint32_t preemptions;
    uint32_t departures; /* picks that are not 0, preemptions included */
};

struct tree {
    struct player *player; /* its path is the walk's */
    struct tree_bound bound;
    uint64_t leaves;  /* seen in this walk */
    uint64_t pending; /* subtrees within the bound that hang off the path and were not entered yet */
    uint64_t skipped; /* subtrees beyond the bound */
};

/* Starts a walk: the next run follows nothing. */
void tree_begin(struct tree *tree, struct player *player, struct tree_bound bound);
/* After a run: counts the leaf and what its new points lead to. */
void tree_note(struct tree *tree);
/* Prepares the player for the next leaf; false when there is none. */
bool tree_next(struct tree *tree);
/* Does the leaf that was just seen keep within `bound`? */
bool tree_within(const struct tree *tree, struct tree_bound bound);

#endif
