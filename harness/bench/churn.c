/* SPDX-License-Identifier: Apache-2.0 */
/*
 * churn: what stays behind after many registrations, and after many runs of one.
 *
 * Everything is looked at after a warm-up and again after N more cycles. Counted things must not grow at all; resident
 * memory may grow by less than one smallest malloc chunk per cycle, and by less than a hundredth of one per run.
 */
#include "harness/bench/bench.h"

#include <stdlib.h>

#include "harness/bench/graphs.h"
#include "harness/leak/ledger.h"
#include "harness/report/console.h"
#include "st/fixtures/bench_graphs/pattern.h"

#define CALLABLE_ID 0
#define TASKS_PER_RUN 1u
#define FIRST_RUN_TASKS 100000u /* the runtime's queues are rings: the first run goes once around each of them */
#define CYCLES 1000u
#define CYCLES_WARM_UP 100u
#define RUNS 100000u
#define RUNS_WARM_UP 2000u
#define MALLOC_CHUNK_BYTES 32.0

struct churn {
    struct bench *bench;
    struct graphs graphs;
    const char *what;
    const char *unit;
    int (*cycle)(struct churn *churn, uint64_t index);
    uint64_t warm_up;
    uint64_t cycles;
    double resident_target; /* bytes per cycle */
};

static double device_bytes(const struct ledger *ledger)
{
    int64_t sum = 0;
    for (int kind = 0; kind < PTO_MEMORY_KIND_COUNT; kind++) {
        sum += ledger->values[LEDGER_DEVICE_KIND_FIRST + kind];
    }
    return (double)sum;
}

static void report_growth(struct churn *churn, const char *what, double growth)
{
    struct bench_number *number = bench_number(churn->bench, BENCH_COUNT, BENCH_AT_MOST, 0, "growth over %llu %s: %s",
                                               (unsigned long long)churn->cycles, churn->unit, what);
    bench_sample(number, growth);
    bench_finish(churn->bench, number, NULL);
}

static void report(struct churn *churn, const struct ledger *before, const struct ledger *after, double ns)
{
    static const struct {
        enum ledger_item item;
        const char *what;
    } counted[] = {{LEDGER_FDS, "file descriptors"},
                   {LEDGER_FILE_MAPPINGS, "file mappings"},
                   {LEDGER_ANONYMOUS_BYTES, "anonymous mapped bytes"},
                   {LEDGER_THREAD_KEYS, "thread keys"}};
    struct bench *bench = churn->bench;
    char note[BENCH_NOTE_BYTES];
    struct bench_number *cost = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "%s", churn->what);
    bench_sample(cost, ns / (double)churn->cycles);
    (void)snprintf(note, sizeof(note), "mean of %llu %s after %llu to warm up, the first with 100,000 tasks",
                   (unsigned long long)churn->cycles, churn->unit, (unsigned long long)churn->warm_up);
    bench_finish(bench, cost, note);
    report_growth(churn, "device bytes", device_bytes(after) - device_bytes(before));
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        report_growth(churn, counted[i].what,
                      (double)(after->values[counted[i].item] - before->values[counted[i].item]));
    }
    struct bench_number *resident =
        bench_number(bench, BENCH_BYTES, BENCH_AT_MOST, churn->resident_target,
                     "growth over %llu %s: resident memory, each", (unsigned long long)churn->cycles, churn->unit);
    double grown = (double)(after->values[LEDGER_RESIDENT_BYTES] - before->values[LEDGER_RESIDENT_BYTES]);
    bench_sample(resident, grown / (double)churn->cycles);
    (void)snprintf(note, sizeof(note), "%.0f bytes in all", grown);
    bench_finish(bench, resident, note);
}

static int repeat(struct churn *churn)
{
    struct session *session = &churn->bench->session;
    struct console_progress progress;
    struct ledger before = {{0}};
    struct ledger after = {{0}};
    uint64_t start = 0;
    int result = 0;
    console_progress_begin(&progress, churn->what, churn->warm_up + churn->cycles);
    for (uint64_t i = 0; i < churn->warm_up + churn->cycles && result == 0; i++) {
        if (i == churn->warm_up) {
            ledger_take(&before, session->debug, session->context);
            start = console_clock_ns();
        }
        result = churn->cycle(churn, i);
        console_progress_step(&progress, i);
    }
    uint64_t end = console_clock_ns();
    console_progress_end(&progress);
    if (result == 0) {
        ledger_take(&after, session->debug, session->context);
        report(churn, &before, &after, (double)(end - start));
    }
    return result;
}

static int run_tasks(struct churn *churn, uint64_t index)
{
    return graphs_run_ns(&churn->graphs, PATTERN_INDEPENDENT, index == 0 ? FIRST_RUN_TASKS : TASKS_PER_RUN) < 0 ? -1
                                                                                                                : 0;
}

static int register_run_unregister(struct churn *churn, uint64_t index)
{
    if (graphs_register(&churn->graphs, index + 1) != 0) {
        return -1;
    }
    int result = run_tasks(churn, index);
    return graphs_unregister(&churn->graphs) == 0 ? result : -1;
}

/* Not `registered`: the cycles register for themselves. */
static int run_churn(struct churn *churn, bool registered)
{
    if (graphs_open(&churn->graphs, churn->bench, CALLABLE_ID) != 0) {
        return -1;
    }
    int result = registered ? graphs_register(&churn->graphs, 0) : 0;
    if (result == 0) {
        result = repeat(churn);
    }
    graphs_close(&churn->graphs);
    return result;
}

static int run_cycles(struct bench *bench)
{
    struct churn churn = {.bench = bench,
                          .what = "register, run, unregister a callable of its own",
                          .unit = "cycles",
                          .cycle = register_run_unregister,
                          .warm_up = CYCLES_WARM_UP,
                          .cycles = bench->quick ? CYCLES / 10 : CYCLES,
                          .resident_target = MALLOC_CHUNK_BYTES};
    return run_churn(&churn, false);
}

static int run_runs(struct bench *bench)
{
    struct churn churn = {.bench = bench,
                          .what = "run one callable again",
                          .unit = "runs",
                          .cycle = run_tasks,
                          .warm_up = RUNS_WARM_UP,
                          .cycles = bench->quick ? RUNS / 10 : RUNS,
                          .resident_target = MALLOC_CHUNK_BYTES / 100.0};
    return run_churn(&churn, true);
}

const struct bench_group bench_group_cycles = {"cycles", "1,000 distinct callables registered, run and unregistered",
                                               run_cycles};
const struct bench_group bench_group_runs = {"runs", "100,000 runs of one callable", run_runs};
