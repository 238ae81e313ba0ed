/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare: what registering vector_example costs, next to the bare cost of writing and dlopening the same shared
 * objects.
 *
 * Under trb prepare loads the kernels and the first run opens the orchestration, so the bare cost of prepare is that of
 * the kernels alone, and the first run is told apart, next to a later one.
 */
#include "harness/bench/bench.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/program/artefacts.h"
#include "harness/report/console.h"

#define FIRST_ID 0
#define SECOND_ID 1
#define ROUNDS 40u
#define SECOND_ID_NS 40e3

struct shared_object {
    void *bytes;
    size_t size;
};

struct subject {
    const struct scene *scene;
    struct shared_object kernels[SCENE_MAX_KERNELS];
    size_t kernel_bytes;
    size_t orchestration_bytes;
    struct scene_data data;
    void *image;
    size_t image_bytes;
};

static void subject_free(struct subject *subject)
{
    for (size_t i = 0; i < SCENE_MAX_KERNELS; i++) {
        free(subject->kernels[i].bytes);
    }
    scene_data_free(&subject->data);
    free(subject->image);
}

static int subject_make(struct bench *bench, struct subject *subject)
{
    char path[4096];
    struct stat orchestration;
    subject->scene = scene_find("vector_example");
    if (subject->scene == NULL || subject->scene->make(&subject->data, NULL) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "scene vector_example cannot be made");
        return -1;
    }
    for (uint32_t i = 0; i < subject->scene->kernel_count; i++) {
        struct shared_object *kernel = &subject->kernels[i];
        if (artefacts_path(path, sizeof(path), bench->session.artefacts, "scenes/%s/kernels/%s.so",
                           subject->scene->name, subject->scene->kernels[i].file) != 0 ||
            bench_read_file(path, &kernel->bytes, &kernel->size, bench->error, sizeof(bench->error)) != 0) {
            return -1;
        }
        subject->kernel_bytes += kernel->size;
    }
    if (artefacts_path(path, sizeof(path), bench->session.artefacts, "scenes/%s/orchestration.so",
                       subject->scene->name) != 0 ||
        stat(path, &orchestration) != 0 ||
        session_pack_scene(&bench->session, subject->scene, &subject->image, &subject->image_bytes) != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", bench->session.error);
        return -1;
    }
    subject->orchestration_bytes = (size_t)orchestration.st_size;
    return 0;
}

/* Writes and opens one shared object as anybody has to who is handed its bytes. */
static void *bare_load(const struct shared_object *object)
{
    char path[4096];
    const char *directory = getenv("TMPDIR");
    (void)snprintf(path, sizeof(path), "%s/touchstone_bench_XXXXXX.so", directory != NULL ? directory : "/tmp");
    int file = mkstemps(path, 3);
    if (file < 0) {
        return NULL;
    }
    bool written = write(file, object->bytes, object->size) == (ssize_t)object->size && fchmod(file, 0755) == 0;
    (void)close(file);
    void *handle = written ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    (void)unlink(path);
    return handle;
}

/* Mean ns of loading all kernels; negative when one cannot be loaded. */
static double bare_ns(const struct subject *subject, unsigned rounds)
{
    void *handles[SCENE_MAX_KERNELS];
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; round++) {
        bool loaded = true;
        uint64_t start = console_clock_ns();
        for (uint32_t i = 0; i < subject->scene->kernel_count; i++) {
            handles[i] = bare_load(&subject->kernels[i]);
            loaded = loaded && handles[i] != NULL;
        }
        total += console_clock_ns() - start;
        for (uint32_t i = 0; i < subject->scene->kernel_count; i++) {
            if (handles[i] != NULL) {
                (void)dlclose(handles[i]);
            }
        }
        if (!loaded) {
            return -1.0;
        }
    }
    return (double)total / rounds;
}

/* Mean ns of prepare_callable; negative when it fails. */
static double prepare_ns(struct bench *bench, const struct subject *subject, int32_t callable_id, unsigned rounds)
{
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t start = console_clock_ns();
        int result = session_prepare(&bench->session, callable_id, subject->image);
        total += console_clock_ns() - start;
        if (result != 0 || session_unregister(&bench->session, callable_id) != 0) {
            return -1.0;
        }
    }
    return (double)total / rounds;
}

static double compare_ns(const struct subject *subject, unsigned rounds)
{
    void *copy = malloc(subject->image_bytes);
    if (copy == NULL) {
        return -1.0;
    }
    memcpy(copy, subject->image, subject->image_bytes);
    bool equal = true;
    uint64_t start = console_clock_ns();
    for (unsigned round = 0; round < rounds; round++) {
        equal = memcmp(copy, subject->image, subject->image_bytes) == 0 && equal;
        __asm__ volatile("" : : "r"(copy) : "memory");
    }
    uint64_t total = console_clock_ns() - start;
    free(copy);
    return equal ? (double)total / rounds : -1.0;
}

static int first_run_ns(struct bench *bench, struct subject *subject, double *first, double *later)
{
    double *const times[] = {first, later};
    int result = session_prepare(&bench->session, FIRST_ID, subject->image);
    for (size_t i = 0; i < 2 && result == 0; i++) {
        uint64_t start = console_clock_ns();
        result = session_run(&bench->session, FIRST_ID, &subject->data.args, 1, 1, NULL);
        *times[i] = (double)(console_clock_ns() - start);
    }
    return session_unregister(&bench->session, FIRST_ID) == 0 && result == 0 ? 0 : -1;
}

static int fail(struct bench *bench, const char *what)
{
    (void)snprintf(bench->error, sizeof(bench->error), "%s failed: %s", what, bench->session.error);
    return -1;
}

static int measure_first(struct bench *bench, struct subject *subject, unsigned rounds)
{
    char note[BENCH_NOTE_BYTES];
    struct bench_number *bare =
        bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "bare write + dlopen of the kernels");
    struct bench_number *prepare = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "prepare_callable");
    struct bench_number *ratio = bench_number(bench, BENCH_TIMES, BENCH_AT_MOST, 3.0, "prepare / bare");
    for (unsigned i = 0; i < bench->samples; i++) {
        double bare_value = bare_ns(subject, rounds);
        double prepare_value = prepare_ns(bench, subject, FIRST_ID, rounds);
        if (bare_value <= 0 || prepare_value < 0) {
            return fail(bench, bare_value <= 0 ? "bare dlopen" : "prepare");
        }
        bench_sample(bare, bare_value);
        bench_sample(prepare, prepare_value);
        bench_sample(ratio, prepare_value / bare_value);
    }
    (void)snprintf(note, sizeof(note), "%u kernel SOs, %zu bytes together", subject->scene->kernel_count,
                   subject->kernel_bytes);
    bench_finish(bench, bare, note);
    (void)snprintf(note, sizeof(note), "image of %zu bytes, orchestration SO %zu of them", subject->image_bytes,
                   subject->orchestration_bytes);
    bench_finish(bench, prepare, note);
    bench_finish(bench, ratio, NULL);
    return 0;
}

static int measure_second(struct bench *bench, struct subject *subject, unsigned rounds)
{
    char note[BENCH_NOTE_BYTES];
    double comparison = compare_ns(subject, rounds);
    struct bench_number *second = bench_number(bench, BENCH_NS, BENCH_AT_MOST, SECOND_ID_NS + comparison,
                                               "prepare_callable, second id, same bytes");
    if (comparison < 0 || session_prepare(&bench->session, FIRST_ID, subject->image) != 0) {
        return fail(bench, "prepare of the first id");
    }
    for (unsigned i = 0; i < bench->samples; i++) {
        double value = prepare_ns(bench, subject, SECOND_ID, rounds);
        if (value < 0) {
            return fail(bench, "prepare of the second id");
        }
        bench_sample(second, value);
    }
    (void)snprintf(note, sizeof(note), "40 us + one comparison of the image's bytes (%.1f us)", comparison / 1e3);
    bench_finish(bench, second, note);
    return session_unregister(&bench->session, FIRST_ID);
}

static int measure_first_run(struct bench *bench, struct subject *subject)
{
    struct bench_number *first = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "first run after prepare");
    struct bench_number *later = bench_number(bench, BENCH_NS, BENCH_INFORMATION, 0, "second run");
    for (unsigned i = 0; i < bench->samples; i++) {
        double first_value = 0;
        double later_value = 0;
        if (first_run_ns(bench, subject, &first_value, &later_value) != 0) {
            return fail(bench, "the first run");
        }
        bench_sample(first, first_value);
        bench_sample(later, later_value);
    }
    bench_finish(bench, first, "writes and opens the orchestration SO; 5 tasks, 1 block, 1 thread");
    bench_finish(bench, later, NULL);
    return 0;
}

static int run_prepare(struct bench *bench)
{
    struct subject subject = {0};
    unsigned rounds = bench->quick ? ROUNDS / 10 : ROUNDS;
    int result = subject_make(bench, &subject);
    if (result == 0) {
        result = measure_first(bench, &subject, rounds);
    }
    if (result == 0) {
        result = measure_second(bench, &subject, rounds);
    }
    if (result == 0) {
        result = measure_first_run(bench, &subject);
    }
    subject_free(&subject);
    return result;
}

const struct bench_group bench_group_prepare = {"prepare", "prepare_callable next to bare dlopen", run_prepare};
