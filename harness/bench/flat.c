/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flat: the cost of a task must not depend on how many tasks a run has.
 *
 * A run has a cost of its own, which one_task measures; here the run without tasks is measured in turn with the others
 * and taken off, so that what remains belongs to the tasks. Both figures are printed.
 */
#include "harness/bench/bench.h"

#include <math.h>

#include "harness/bench/graphs.h"
#include "st/fixtures/bench_graphs/pattern.h"

#define CALLABLE_ID 0
#define WARM_UP_RUNS 3
#define SIZES 3u
#define MIDDLE 1u
#define SPREAD_PERCENT 20.0

static const uint64_t sizes[SIZES] = {1000, 5000, 50000};

/* Mean ns of a run; as many runs as make up the largest size. Negative on failure. */
static double mean_ns(struct graphs *graphs, int mode, uint64_t tasks)
{
    uint64_t runs = sizes[SIZES - 1] / (tasks > sizes[0] ? tasks : sizes[0]);
    double total = 0;
    for (uint64_t i = 0; i < runs; i++) {
        double ns = graphs_run_ns(graphs, mode, tasks);
        if (ns < 0) {
            return ns;
        }
        total += ns;
    }
    return total / (double)runs;
}

static int measure(struct graphs *graphs, int mode, const char *what)
{
    struct bench *bench = graphs->bench;
    struct bench_number *numbers[SIZES];
    double whole[SIZES] = {0};
    for (unsigned k = 0; k < SIZES; k++) {
        numbers[k] = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "cost per task, %s, %llu tasks", what,
                                  (unsigned long long)sizes[k]);
    }
    struct bench_number *spread =
        bench_number(bench, BENCH_PERCENT, BENCH_AT_MOST, SPREAD_PERCENT, "furthest from the middle, %s", what);
    for (int i = -WARM_UP_RUNS; i < (int)bench->samples; i++) {
        double empty = mean_ns(graphs, mode, 0);
        for (unsigned k = 0; k < SIZES && empty >= 0; k++) {
            double ns = mean_ns(graphs, mode, sizes[k]);
            if (ns < 0) {
                return -1;
            }
            if (i >= 0) {
                bench_sample(numbers[k], (ns - empty) / (double)sizes[k]);
                whole[k] += ns / (double)sizes[k] / bench->samples;
            }
        }
        if (empty < 0) {
            return -1;
        }
    }
    double furthest = 0;
    for (unsigned k = 0; k < SIZES; k++) {
        char note[BENCH_NOTE_BYTES];
        (void)snprintf(note, sizeof(note), "with its share of the run's own cost: %.0f ns", whole[k]);
        bench_finish(bench, numbers[k], note);
    }
    for (unsigned k = 0; k < SIZES; k++) {
        furthest = fmax(furthest, 100.0 * fabs(numbers[k]->median / numbers[MIDDLE]->median - 1.0));
    }
    bench_sample(spread, furthest);
    bench_finish(bench, spread, "of the medians");
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

const struct bench_group bench_group_flat = {"flat", "cost per task at 1,000, 5,000 and 50,000 tasks", run_flat};
