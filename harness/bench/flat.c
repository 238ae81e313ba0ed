/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flat: the cost of a task must not depend on how many tasks a run has.
 *
 * A run has a cost of its own, which one_task measures; here the run without tasks is measured in turn with the others
 * and taken off, so that what remains belongs to the tasks. Both figures are printed. The fibers engine has one thread,
 * so processor time is the time of a quiet machine; it is taken here because a comparison of sizes must not measure the
 * neighbours. Flat within P % means: there is a cost that all sizes are within P % of.
 */
#include "harness/bench/bench.h"

#include <math.h>

#include "harness/bench/graphs.h"
#include "st/fixtures/bench_graphs/pattern.h"

#define CALLABLE_ID 0
#define WARM_UP_RUNS 3
#define SIZES 4u
#define SPREAD_PERCENT 20.0

static const uint64_t sizes[SIZES] = {1000, 10000, 100000, 1000000};

/* Mean processor time of a run in ns; as many runs as make up the largest size. Negative on failure. */
static double mean_ns(struct graphs *graphs, int mode, uint64_t tasks)
{
    uint64_t runs = sizes[SIZES - 1] / (tasks > sizes[0] ? tasks : sizes[0]);
    double total = 0;
    for (uint64_t i = 0; i < runs; i++) {
        double ns = graphs_run_ns(graphs, mode, tasks);
        if (ns < 0) {
            return ns;
        }
        total += graphs->cpu_ns;
    }
    return total / (double)runs;
}

struct sizes_cost {
    struct bench_number *without_run[SIZES];
    double with_run[SIZES]; /* mean ns per task */
};

/* One sample of each size, next to a run without tasks. `keep` false: to warm up. */
static int sample_sizes(struct graphs *graphs, int mode, struct sizes_cost *cost, bool keep)
{
    double empty = mean_ns(graphs, mode, 0);
    for (unsigned k = 0; k < SIZES; k++) {
        double ns = mean_ns(graphs, mode, sizes[k]);
        if (empty < 0 || ns < 0) {
            return -1;
        }
        if (keep) {
            bench_sample(cost->without_run[k], (ns - empty) / (double)sizes[k]);
            cost->with_run[k] += ns / (double)sizes[k] / graphs->bench->samples;
        }
    }
    return 0;
}

static void finish_sizes(struct bench *bench, const struct sizes_cost *cost, struct bench_number *spread)
{
    double least = INFINITY;
    double most = 0;
    for (unsigned k = 0; k < SIZES; k++) {
        char note[BENCH_NOTE_BYTES];
        (void)snprintf(note, sizeof(note), "with its share of the run's own cost: %.0f ns", cost->with_run[k]);
        bench_finish(bench, cost->without_run[k], note);
        least = fmin(least, cost->without_run[k]->median);
        most = fmax(most, cost->without_run[k]->median);
    }
    bench_sample(spread, 100.0 * (most - least) / (most + least));
    bench_finish(bench, spread, "of the medians");
}

static int measure(struct graphs *graphs, int mode, const char *what)
{
    struct bench *bench = graphs->bench;
    struct sizes_cost cost = {0};
    for (unsigned k = 0; k < SIZES; k++) {
        cost.without_run[k] = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "cost per task, %s, %llu tasks", what,
                                           (unsigned long long)sizes[k]);
    }
    struct bench_number *spread =
        bench_number(bench, BENCH_PERCENT, BENCH_AT_MOST, SPREAD_PERCENT, "spread of the cost per task, +-, %s", what);
    for (int i = -WARM_UP_RUNS; i < (int)bench->samples; i++) {
        if (sample_sizes(graphs, mode, &cost, i >= 0) != 0) {
            return -1;
        }
    }
    finish_sizes(bench, &cost, spread);
    return 0;
}

static int run_flat(struct bench *bench)
{
    struct graphs graphs;
    if (graphs_open(&graphs, bench, CALLABLE_ID) != 0) {
        return -1;
    }
    int result = graphs_register(&graphs, 0);
    if (result == 0) {
        result = measure(&graphs, PATTERN_INDEPENDENT, "independent");
    }
    if (result == 0) {
        result = measure(&graphs, PATTERN_CHAIN, "chain");
    }
    if (result == 0) {
        result = measure(&graphs, PATTERN_TWO_IN_ONE_OUT, "two in, one out");
    }
    graphs_close(&graphs);
    return result;
}

const struct bench_group bench_group_flat = {"flat", "cost per task from 1,000 to 1,000,000 tasks", run_flat};
