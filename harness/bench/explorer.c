/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explorer: schedules per second of a program of five tasks, each a run_prepared whose outputs and counts are compared.
 *
 * The inputs are the scene's smallest: what is measured is scheduling and not the kernels' arithmetic.
 */
#include "harness/bench/bench.h"
#include "harness/explorer/subjects.h"

#define SCENE_NAME "vector_example"
#define SCHEDULES 20000u
#define SCHEDULES_PER_SECOND 30e3

struct way {
    enum explorer_policy policy;
    const char *name;
};

static int sample(struct bench *bench, const struct scene *scene, const struct way *way, struct bench_number *number)
{
    static struct explorer_report report;
    static struct scene_subject state;
    struct explorer_subject subject;
    const struct explorer_options options = {.policy = way->policy,
                                             .seed = 1,
                                             .pct_depth = 3,
                                             .pct_steps = 500,
                                             .bound = EXPLORER_AUTO_BOUND,
                                             .runs = SCHEDULES / (bench->quick ? 10u : 1u)};
    state = (struct scene_subject){
        .scene = scene, .blocks = (int)scene->default_blocks, .threads = (int)scene->default_threads, .small = true};
    scene_subject_make(&subject, &state);
    if (explorer_run(&subject, &options, &report) != EXPLORER_HELD) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s, seed %lu: %s", way->name, report.seed, report.message);
        return -1;
    }
    bench_sample(number, (double)report.schedules * 1e9 / (double)report.elapsed_ns);
    return 0;
}

static int run_explorer(struct bench *bench)
{
    static const struct way ways[] = {
        {EXPLORER_RANDOM, "random"}, {EXPLORER_PCT, "pct"}, {EXPLORER_EXHAUSTIVE, "exhaustive"}};
    const struct scene *scene = scene_find(SCENE_NAME);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct bench_number *number = bench_number(bench, BENCH_PER_SECOND, BENCH_AT_LEAST, SCHEDULES_PER_SECOND,
                                                   "explored schedules, 5 tasks, %s", ways[i].name);
        for (unsigned k = 0; k < bench->samples; k++) {
            if (sample(bench, scene, &ways[i], number) != 0) {
                return -1;
            }
        }
        bench_finish(bench, number, SCENE_NAME ", smallest inputs, a2a3/trb/sim");
    }
    return 0;
}

const struct bench_group bench_group_explorer = {"explorer", "schedules per second of a small program", run_explorer};
