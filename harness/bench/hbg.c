/* SPDX-License-Identifier: Apache-2.0 */
/* hbg: host_build_graph's own numbers: a small graph must not pay for the size of the table, a large one must be fast.
 */
#include "harness/bench/bench.h"

#include <stdlib.h>

#include "harness/program/artefacts.h"
#include "harness/report/console.h"
#include "st/fixtures/bench_graphs_hbg/pattern.h"

#define CALLABLE_ID 0
#define WARM_UP_RUNS 3
#define LARGE_TASKS 100000u
#define SMALL_RUNS 2000u

struct measurement {
    const char *what;
    enum graph_pattern pattern;
    uint64_t tasks;
    int blocks;
    int threads;
    unsigned runs; /* per sample */
};

static int run_many(struct bench *bench, struct session *session, const struct measurement *measurement, unsigned runs)
{
    struct pto_chip_args args;
    pto_chip_args_clear(&args);
    (void)pto_chip_args_add_scalar(&args, measurement->pattern);
    (void)pto_chip_args_add_scalar(&args, measurement->tasks);
    for (unsigned i = 0; i < runs; i++) {
        int result = session_run(session, CALLABLE_ID, &args, measurement->blocks, measurement->threads, NULL);
        if (result != 0) {
            (void)snprintf(bench->error, sizeof(bench->error), "%s: run %u returned %d: %s", measurement->what, i,
                           result, session->error);
            return -1;
        }
    }
    return 0;
}

/* `number` takes ns per run, or tasks per second. */
static int measure(struct bench *bench, struct session *session, const struct measurement *measurement,
                   struct bench_number *number)
{
    unsigned runs = bench->quick && measurement->runs > 10 ? measurement->runs / 10 : measurement->runs;
    if (run_many(bench, session, measurement, WARM_UP_RUNS) != 0) {
        return -1;
    }
    for (unsigned i = 0; i < bench->samples; i++) {
        uint64_t start = console_clock_ns();
        if (run_many(bench, session, measurement, runs) != 0) {
            return -1;
        }
        double ns = (double)(console_clock_ns() - start) / runs;
        bench_sample(number, number->unit == BENCH_NS ? ns : (double)measurement->tasks * 1e9 / ns);
    }
    char note[BENCH_NOTE_BYTES];
    (void)snprintf(note, sizeof(note), "%llu tasks, %d block%s, %d thread%s, %u run%s per sample",
                   (unsigned long long)measurement->tasks, measurement->blocks, measurement->blocks == 1 ? "" : "s",
                   measurement->threads, measurement->threads == 1 ? "" : "s", runs, runs == 1 ? "" : "s");
    bench_finish(bench, number, note);
    return 0;
}

static int measure_all(struct bench *bench, struct session *session)
{
    static const struct measurement small = {"a graph of 4 tasks", GRAPH_DIAMOND, 4, 1, 3, SMALL_RUNS};
    static const struct measurement large[] = {
        {"independent", GRAPH_INDEPENDENT, LARGE_TASKS, 8, 4, 1},
        {"in a chain", GRAPH_CHAIN, LARGE_TASKS, 8, 4, 1},
        {"in diamonds of four", GRAPH_DIAMOND, LARGE_TASKS, 8, 4, 1},
    };
    struct bench_number *number = bench_number(bench, BENCH_NS, BENCH_AT_MOST, 60e3, "hbg: run of %s", small.what);
    if (measure(bench, session, &small, number) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        bool required = large[i].pattern == GRAPH_INDEPENDENT;
        number = bench_number(bench, BENCH_PER_SECOND, required ? BENCH_AT_LEAST : BENCH_INFORMATION,
                              required ? 1e6 : 0, "hbg: no-op tasks, %s", large[i].what);
        if (measure(bench, session, &large[i], number) != 0) {
            return -1;
        }
    }
    return 0;
}

static int prepare(struct bench *bench, struct session *session)
{
    int result = session_prepare_graph(session, CALLABLE_ID, "fixtures/bench_graphs_hbg/orchestration.so",
                                       "fixtures/bench_graphs/noop.so");
    if (result != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", session->error);
    }
    return result;
}

static int run_hbg(struct bench *bench)
{
    static struct session session;
    const struct session_options options = {
        .runtime = "hbg",
        .engine = {.size = sizeof(options.engine), .kind = PTO_ENGINE_FIBERS, .policy = PTO_POLICY_ROUND_ROBIN}};
    if (session_open(&session, &options) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", session.error);
        return -1;
    }
    int result = prepare(bench, &session);
    if (result == 0) {
        result = measure_all(bench, &session);
    }
    session_close(&session);
    return result;
}

const struct bench_group bench_group_hbg = {"hbg", "host_build_graph: a small graph, and 100,000 tasks", run_hbg};
