/* SPDX-License-Identifier: Apache-2.0 */
/* throughput: no-op tasks per second through trb, next to OpenMP where its runtime does the same work. */
#include "harness/bench/bench.h"

#include "harness/bench/graphs.h"
#include "harness/bench/graphs_openmp.h"
#include "st/fixtures/bench_graphs/pattern.h"

#define CALLABLE_ID 0
#define TASKS 50000u
#define WARM_UP_RUNS 3

struct throughput {
    const char *what;
    int mode;
    uint32_t blocks; /* of each task; what is counted when there are more than one */
    enum bench_rule rule;
    double per_second;
    double times_openmp; /* 0: not compared */
};

static int measure(struct graphs *graphs, const struct throughput *throughput)
{
    struct bench *bench = graphs->bench;
    bool compared = throughput->times_openmp > 0;
    struct bench_number *rate =
        bench_number(bench, BENCH_PER_SECOND, throughput->rule, throughput->per_second, "no-op %s, %s",
                     throughput->blocks > 1 ? "blocks" : "tasks", throughput->what);
    struct bench_number *peer = NULL;
    struct bench_number *ratio = NULL;
    if (compared) {
        peer = bench_number(bench, BENCH_PER_SECOND, BENCH_INFORMATION, 0, "the same graph through OpenMP, 2 threads");
        ratio = bench_number(bench, BENCH_TIMES, BENCH_AT_LEAST, throughput->times_openmp, "trb / OpenMP, %s",
                             throughput->what);
    }
    double cpu_ns = 0;
    for (int i = -WARM_UP_RUNS; i < (int)bench->samples; i++) {
        double ns = graphs_run_ns(graphs, throughput->mode, TASKS);
        double run_cpu_ns = graphs->cpu_ns;
        double peer_ns = compared ? openmp_graph_ns(throughput->mode, TASKS) : 0;
        if (ns < 0) {
            return -1;
        }
        if (i >= 0) {
            bench_sample(rate, TASKS * 1e9 / ns * throughput->blocks);
            cpu_ns += run_cpu_ns / bench->samples;
        }
        if (i >= 0 && compared) {
            bench_sample(peer, TASKS * 1e9 / peer_ns);
            bench_sample(ratio, peer_ns / ns);
        }
    }
    char note[BENCH_NOTE_BYTES];
    (void)snprintf(note, sizeof(note), "%u tasks per sample, %d blocks, %d threads, %.0f ns of CPU time each", TASKS,
                   GRAPHS_BLOCKS, GRAPHS_THREADS, cpu_ns / TASKS);
    bench_finish(bench, rate, note);
    if (compared) {
        bench_finish(bench, peer, NULL);
        bench_finish(bench, ratio, NULL);
    }
    return 0;
}

static int measure_all(struct bench *bench, const struct throughput *throughputs, size_t count)
{
    struct graphs graphs;
    if (graphs_open(&graphs, bench, CALLABLE_ID) != 0) {
        return -1;
    }
    int result = graphs_register(&graphs, 0);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = measure(&graphs, &throughputs[i]);
    }
    graphs_close(&graphs);
    return result;
}

static int run_independent(struct bench *bench)
{
    static const struct throughput throughputs[] = {
        {"independent", PATTERN_INDEPENDENT, 1, BENCH_AT_LEAST, 2.5e6, 0},
        {"independent, each reads one buffer", PATTERN_SHARED_INPUT, 1, BENCH_INFORMATION, 0, 0},
    };
    return measure_all(bench, throughputs, 2);
}

static int run_chain(struct bench *bench)
{
    static const struct throughput chain = {"in a chain", PATTERN_CHAIN, 1, BENCH_AT_LEAST, 1.8e6, 1.0};
    return measure_all(bench, &chain, 1);
}

static int run_two_in_one_out(struct bench *bench)
{
    static const struct throughput two = {
        "two in, one out, 4,096 buffers", PATTERN_TWO_IN_ONE_OUT, 1, BENCH_AT_LEAST, 1.3e6, 1.5};
    return measure_all(bench, &two, 1);
}

static int run_spmd(struct bench *bench)
{
    static const struct throughput spmd = {"tasks of 24 blocks", PATTERN_SPMD, PATTERN_SPMD_BLOCKS,
                                           BENCH_AT_LEAST,       1e6,          0};
    return measure_all(bench, &spmd, 1);
}

const struct bench_group bench_group_independent = {"independent", "independent no-op tasks per second",
                                                    run_independent};
const struct bench_group bench_group_chain = {"chain", "chained no-op tasks per second, next to OpenMP", run_chain};
const struct bench_group bench_group_spmd = {"spmd", "blocks of SPMD tasks per second", run_spmd};
const struct bench_group bench_group_two_in_one_out = {"two_in_one_out", "two-inputs-one-output tasks, next to OpenMP",
                                                       run_two_in_one_out};
