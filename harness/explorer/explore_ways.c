/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to explore: one seed after the other, one schedule after the other, a given schedule. */
#include <string.h>

#include "harness/explorer/exploration.h"

/* After a play: what is counted, and whether it was the last. */
static bool goes_on(struct exploration *exploration, int result)
{
    struct explorer_report *report = &exploration->report;
    const struct player *player = &exploration->player;
    uint64_t points = player->path.count;
    report->plays++;
    report->fewest_points = report->plays == 1 || points < report->fewest_points ? points : report->fewest_points;
    report->most_points = points > report->most_points ? points : report->most_points;
    outcomes_add(&exploration->outcomes, exploration->outcome.hash);
    console_progress_step(&exploration->progress, report->plays);
    if (result < 0) {
        exploration_verdict(exploration, EXPLORER_BROKEN, "%s", exploration->outcome.message);
    } else if (result > 0) {
        exploration_verdict(exploration, EXPLORER_WRONG, "%s", exploration->outcome.message);
    } else if (player->strayed != 0) {
        exploration_verdict(exploration, EXPLORER_STRAYED,
                            "the schedule could not be followed: at point %zu index %u was to go on, of %u that could",
                            player->strayed - 1, player->asked, player->found);
    }
    return report->verdict == EXPLORER_HELD;
}

static void explore_seeds(struct exploration *exploration)
{
    const struct explorer_options *options = exploration->options;
    struct pto_engine_options engine = {
        .size = sizeof(engine),
        .policy = options->policy == EXPLORER_PCT ? PTO_POLICY_PCT : PTO_POLICY_RANDOM,
        .pct_depth = options->pct_depth,
        .pct_steps = options->pct_steps,
        .picked = player_picked,
        .picked_context = &exploration->player,
    };
    bool more = true;
    for (uint64_t run = 0; more && run < options->runs; run++) {
        engine.seed = options->seed + run;
        exploration->report.seed = engine.seed;
        exploration->report.schedules = run + 1;
        exploration->player.fixed = 0;
        more = goes_on(exploration, exploration_play(exploration, &engine));
    }
}

/* True when the leaf that was just seen keeps within what earlier steps finished. */
static bool is_known(const struct exploration *exploration, uint32_t most)
{
    const struct explorer_report *report = &exploration->report;
    const struct tree *tree = &exploration->tree;
    struct tree_bound departures = {.preemptions = most, .departures = (uint32_t)report->finished_departures};
    struct tree_bound preemptions = {.preemptions = (uint32_t)report->finished_preemptions, .departures = UINT32_MAX};
    return (report->finished_departures >= 0 && tree_within(tree, departures)) ||
           (report->finished_preemptions >= 0 && tree_within(tree, preemptions));
}

/* One step: every schedule within `bound`; `most` is the bound of the steps before. True when there are no more. */
static bool explore_step(struct exploration *exploration, struct tree_bound bound, uint32_t most, uint64_t limit)
{
    struct explorer_report *report = &exploration->report;
    struct tree *tree = &exploration->tree;
    bool more = report->plays < exploration->options->runs;
    bool finished = false;
    tree_begin(tree, &exploration->player, bound);
    while (more && !finished) {
        more = goes_on(exploration, exploration_follow(exploration)) && !exploration->player.full;
        tree_note(tree);
        report->schedules += is_known(exploration, most) ? 0u : 1u;
        uint64_t seen = tree->leaves + tree->pending + tree->skipped;
        report->at_least = seen > report->at_least ? seen : report->at_least;
        finished = more && !tree_next(tree);
        more = more && report->plays < exploration->options->runs && seen < limit;
    }
    report->whole = finished && tree->skipped == 0;
    return finished;
}

/* Step after step, each with one more departure, or with one more preemption; `finished` is the last that was. */
static bool explore_steps(struct exploration *exploration, bool departures, uint32_t most, int64_t *finished)
{
    uint32_t last = departures ? EXPLORER_DEPARTURES : most;
    for (uint32_t step = 0; step <= last && !exploration->report.whole; step++) {
        struct tree_bound bound = {.preemptions = departures ? most : step,
                                   .departures = departures ? step : TREE_NO_BOUND};
        if (!explore_step(exploration, bound, most, UINT64_MAX)) {
            return false;
        }
        *finished = step;
    }
    return true;
}

static void explore_tree(struct exploration *exploration)
{
    const struct explorer_options *options = exploration->options;
    struct explorer_report *report = &exploration->report;
    const struct tree_bound none = {.preemptions = TREE_NO_BOUND, .departures = TREE_NO_BOUND};
    bool automatic = options->bound == EXPLORER_AUTO_BOUND;
    uint64_t limit = options->whole_tree != 0 ? options->whole_tree : EXPLORER_WHOLE_TREE;
    uint32_t most = automatic ? EXPLORER_DEFAULT_BOUND : options->bound;
    report->finished_departures = -1;
    report->finished_preemptions = -1;
    if (explore_steps(exploration, true, most, &report->finished_departures) &&
        explore_steps(exploration, false, most, &report->finished_preemptions) && automatic && !report->whole &&
        report->at_least < limit) {
        (void)explore_step(exploration, none, most, limit);
    }
}

static void explore_one(struct exploration *exploration)
{
    struct player *player = &exploration->player;
    if (schedule_parse(&player->path, exploration->options->schedule) != 0) {
        exploration_verdict(exploration, EXPLORER_BROKEN, "\"%.100s\" is no schedule", exploration->options->schedule);
        return;
    }
    player->fixed = player->path.count;
    exploration->report.schedules = 1;
    (void)goes_on(exploration, exploration_follow(exploration));
}

void exploration_run(struct exploration *exploration)
{
    const struct explorer_options *options = exploration->options;
    uint64_t start = console_clock_ns();
    if (options->progress != NULL) {
        console_progress_begin(&exploration->progress, options->progress, options->runs);
    }
    switch (options->policy) {
    case EXPLORER_EXHAUSTIVE:
        explore_tree(exploration);
        break;
    case EXPLORER_SCHEDULE:
        explore_one(exploration);
        break;
    default:
        explore_seeds(exploration);
        break;
    }
    console_progress_end(&exploration->progress);
    exploration->report.elapsed_ns = console_clock_ns() - start;
    exploration->report.outcomes = exploration->outcomes.count;
    exploration->report.more_outcomes = exploration->outcomes.full;
}
