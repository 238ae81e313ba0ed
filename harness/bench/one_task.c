/* SPDX-License-Identifier: Apache-2.0 */
/* one_task: what one run of a one-task callable costs, from the call of run_prepared to its return. */
#include "harness/bench/bench.h"

#include <stdlib.h>

#include "abi/call_config.h"
#include "harness/report/console.h"

#define CALLABLE_ID 0
#define WARM_UP_RUNS 50u

static int run_many(struct bench *bench, const struct scene_data *data, int blocks, int threads, unsigned runs)
{
    for (unsigned i = 0; i < runs; i++) {
        int result = session_run(&bench->session, CALLABLE_ID, &data->args, blocks, threads, NULL);
        if (result != 0) {
            (void)snprintf(bench->error, sizeof(bench->error), "run %u at %d blocks, %d threads returned %d: %s", i,
                           blocks, threads, result, bench->session.error);
            return -1;
        }
    }
    return 0;
}

static int measure(struct bench *bench, const struct scene_data *data, int blocks, int threads, double target_ns)
{
    unsigned runs = (blocks == 1 ? 2000u : 500u) / (bench->quick ? 10u : 1u);
    char note[BENCH_NOTE_BYTES];
    struct bench_number *number =
        bench_number(bench, BENCH_NS, BENCH_AT_MOST, target_ns, "run_prepared, one task, %d block%s, %d thread%s",
                     blocks, blocks == 1 ? "" : "s", threads, threads == 1 ? "" : "s");
    if (run_many(bench, data, blocks, threads, WARM_UP_RUNS) != 0) {
        return -1;
    }
    for (unsigned i = 0; i < bench->samples; i++) {
        uint64_t start = console_clock_ns();
        if (run_many(bench, data, blocks, threads, runs) != 0) {
            return -1;
        }
        bench_sample(number, (double)(console_clock_ns() - start) / runs);
    }
    (void)snprintf(note, sizeof(note), "%u runs per sample", runs);
    bench_finish(bench, number, note);
    return 0;
}

static int run_one_task(struct bench *bench)
{
    const struct scene *scene = scene_find("add_one");
    struct scene_data data = {0};
    char message[SCENE_MESSAGE_BYTES];
    void *image = NULL;
    size_t bytes = 0;
    int result = -1;
    if (scene == NULL || scene->make(&data, NULL) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "scene add_one cannot be made");
        return -1;
    }
    if (session_pack_scene(&bench->session, scene, &image, &bytes) != 0 ||
        session_prepare(&bench->session, CALLABLE_ID, image) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", bench->session.error);
        goto done;
    }
    if (measure(bench, &data, 1, 1, 20e3) == 0 && measure(bench, &data, 24, PTO_DEFAULT_AICPU_THREADS, 250e3) == 0) {
        result = scene->check(&data, message);
        if (result != 0) {
            (void)snprintf(bench->error, sizeof(bench->error), "wrong result: %s", message);
        }
    }
    (void)session_unregister(&bench->session, CALLABLE_ID);
done:
    free(image);
    scene_data_free(&data);
    return result;
}

const struct bench_group bench_group_one_task = {"one_task", "one run of one task, at 1 and 24 blocks", run_one_task};
