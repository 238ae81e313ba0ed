/* SPDX-License-Identifier: Apache-2.0 */
/* onboard: what the way through the driver adds to a steady run, each variant against its twin on sim, in turn. */
#include "harness/bench/bench.h"

#include <stdlib.h>

#include "harness/report/console.h"

#define CALLABLE_ID 0
#define WARM_UP_RUNS 50u
#define RUNS 1000u
#define BLOCKS 1

enum { ON_SIM, ON_BOARD, PLATFORMS };
static const char *const platforms[PLATFORMS] = {"sim", "onboard"};

/* One variant on both platforms, with the scene's data. */
struct twins {
    struct session sessions[PLATFORMS];
    struct scene_data data;
    const struct scene *scene;
};

static int fail(struct bench *bench, const char *what, const char *why)
{
    (void)snprintf(bench->error, sizeof(bench->error), "%s: %s", what, why);
    return -1;
}

static int run_many(struct bench *bench, struct twins *twins, int platform, unsigned runs)
{
    struct session *session = &twins->sessions[platform];
    for (unsigned i = 0; i < runs; i++) {
        if (session_run(session, CALLABLE_ID, &twins->data.args, BLOCKS, PTO_DEFAULT_AICPU_THREADS, NULL) != 0) {
            return fail(bench, twins->scene->name, session->error);
        }
    }
    char message[SCENE_MESSAGE_BYTES];
    return twins->scene->check(&twins->data, message) == 0 ? 0 : fail(bench, "wrong result", message);
}

static int measure(struct bench *bench, struct twins *twins, const char *variant)
{
    struct bench_number *each[PLATFORMS];
    unsigned runs = RUNS / (bench->quick ? 10u : 1u);
    char note[BENCH_NOTE_BYTES];
    for (int p = 0; p < PLATFORMS; p++) {
        each[p] = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "run_prepared, %s, %s/%s", twins->scene->name,
                               variant, platforms[p]);
        if (run_many(bench, twins, p, WARM_UP_RUNS) != 0) {
            return -1;
        }
    }
    struct bench_number *ratio =
        bench_number(bench, BENCH_TIMES, BENCH_AT_MOST, 1.5, "onboard / sim, %s, %s", twins->scene->name, variant);
    for (unsigned i = 0; i < bench->samples; i++) {
        double ns[PLATFORMS];
        for (int p = 0; p < PLATFORMS; p++) {
            uint64_t start = console_clock_ns();
            if (run_many(bench, twins, p, runs) != 0) {
                return -1;
            }
            ns[p] = (double)(console_clock_ns() - start) / runs;
            bench_sample(each[p], ns[p]);
        }
        bench_sample(ratio, ns[ON_BOARD] / ns[ON_SIM]);
    }
    (void)snprintf(note, sizeof(note), "%u runs per sample, %d block, %d threads", runs, BLOCKS,
                   PTO_DEFAULT_AICPU_THREADS);
    bench_finish(bench, each[ON_SIM], note);
    bench_finish(bench, each[ON_BOARD], NULL);
    bench_finish(bench, ratio, NULL);
    return 0;
}

static int open_one(struct bench *bench, struct twins *twins, int platform, const char *arch, const char *runtime)
{
    const struct session_options options = {
        .arch = arch,
        .runtime = runtime,
        .platform = platforms[platform],
        .engine = {.size = sizeof(options.engine), .kind = PTO_ENGINE_FIBERS, .policy = PTO_POLICY_ROUND_ROBIN}};
    struct session *session = &twins->sessions[platform];
    void *image = NULL;
    size_t bytes = 0;
    int result = session_open(session, &options);
    result = result == 0 ? session_pack_scene(session, twins->scene, &image, &bytes) : result;
    result = result == 0 ? session_prepare(session, CALLABLE_ID, image) : result;
    free(image);
    return result == 0 ? 0 : fail(bench, platforms[platform], session->error);
}

static int run_twins(struct bench *bench, const char *scene, const char *arch, const char *runtime)
{
    static struct twins twins;
    char variant[VARIANT_NAME_BYTES];
    twins = (struct twins){.scene = scene_find(scene)};
    if (twins.scene == NULL || twins.scene->make(&twins.data, NULL) != 0) {
        return fail(bench, scene, "cannot be made");
    }
    (void)snprintf(variant, sizeof(variant), "%s/%s", arch, runtime);
    int result = open_one(bench, &twins, ON_SIM, arch, runtime);
    result = result == 0 ? open_one(bench, &twins, ON_BOARD, arch, runtime) : result;
    result = result == 0 ? measure(bench, &twins, variant) : result;
    for (int p = 0; p < PLATFORMS; p++) {
        session_close(&twins.sessions[p]);
    }
    scene_data_free(&twins.data);
    return result;
}

static int run_onboard(struct bench *bench)
{
    static const char *const arches[] = {"a2a3", "a5"};
    static const char *const runtimes[] = {"trb", "hbg"};
    static const char *const names[] = {"add_one", "vector_example"};
    int result = 0;
    for (size_t i = 0; i < 8 && result == 0; i++) {
        result = run_twins(bench, names[i & 1], arches[i >> 2], runtimes[i >> 1 & 1]);
    }
    return result;
}

const struct bench_group bench_group_onboard = {"onboard", "a steady run through the driver, against sim", run_onboard};
