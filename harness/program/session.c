/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/artefacts.h"

struct variant_paths {
    char host[1024];
    char aicpu[1024];
    char aicore[1024];
    char dispatcher[1024]; /* "": the platform needs none */
};

static int session_fail(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int session_fail(struct session *session, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(session->error, sizeof(session->error), format, arguments);
    va_end(arguments);
    return -1;
}

static int fail_worker(struct session *session, int code)
{
    (void)snprintf(session->error, sizeof(session->error), "%s", chip_worker_error(session->worker));
    return code;
}

static int find_artefacts(struct session *session, const struct session_options *options)
{
    int result;
    if (options->artefacts != NULL) {
        int length = snprintf(session->artefacts, sizeof(session->artefacts), "%s", options->artefacts);
        result = length < 0 || (size_t)length >= sizeof(session->artefacts) ? -1 : 0;
    } else {
        result = artefacts_find(session->artefacts, sizeof(session->artefacts));
    }
    if (result != 0) {
        (void)snprintf(session->hint, sizeof(session->hint),
                       "`make build` makes them; TOUCHSTONE_ARTEFACTS names their directory");
        return session_fail(session, "cannot find the build's products");
    }
    return 0;
}

static int refuse_variant(struct session *session, const char *wrong)
{
    (void)snprintf(session->hint, sizeof(session->hint), "there is: a2a3 a5; trb hbg; sim onboard");
    return session_fail(session, "no variant has a part named \"%.40s\"", wrong);
}

static int find_variant(struct session *session, const struct session_options *options, struct variant_paths *paths)
{
    const char *wrong = "";
    const struct variant *variant = variant_of_parts(options->arch, options->runtime, options->platform, &wrong);
    if (variant == NULL) {
        return refuse_variant(session, wrong);
    }
    session->variant = variant;
    const char *directory = session->artefacts;
    if (artefacts_host_runtime(paths->host, sizeof(paths->host), directory, variant->arch, variant->runtime,
                               variant->platform) != 0 ||
        artefacts_path(paths->aicpu, sizeof(paths->aicpu), directory, "libaicpu_%s_%s.so", variant->arch,
                       variant->runtime) != 0 ||
        artefacts_path(paths->aicore, sizeof(paths->aicore), directory, "libaicore_%s_%s.so", variant->arch,
                       variant->runtime) != 0 ||
        artefacts_path(paths->dispatcher, sizeof(paths->dispatcher), directory, ARTEFACTS_DISPATCHER) != 0) {
        return session_fail(session, "the path of the build's products is too long: %s", directory);
    }
    if (strcmp(variant->platform, "onboard") != 0) {
        paths->dispatcher[0] = 0;
    }
    if (access(paths->host, R_OK) != 0) {
        char built[VARIANT_LIST_BYTES];
        char name[VARIANT_NAME_BYTES];
        variant_list(directory, true, built);
        (void)snprintf(session->hint, sizeof(session->hint), "built variants: %s", built);
        return session_fail(session, "no host runtime for %s in %s", variant_name(variant, name), directory);
    }
    return 0;
}

static int set_engine(struct session *session, const struct pto_engine_options *engine)
{
    if (engine->size == 0) {
        return 0;
    }
    if (session->debug == NULL) {
        (void)snprintf(session->hint, sizeof(session->hint), "leave the engine options out");
        return session_fail(session, "this runtime has no %s, its engine cannot be chosen", PTO_DEBUG_API_SYMBOL);
    }
    if (session->debug->set_engine(session->context, engine) != 0) {
        (void)snprintf(session->hint, sizeof(session->hint), "leave the engine options out");
        return session_fail(session, "the runtime refuses engine %d with policy %d: %s", engine->kind, engine->policy,
                            session->debug->last_error(session->context));
    }
    return 0;
}

int session_open(struct session *session, const struct session_options *options)
{
    struct variant_paths paths;
    memset(session, 0, sizeof(*session));
    if (find_artefacts(session, options) != 0 || find_variant(session, options, &paths) != 0) {
        return -1;
    }
    session->worker = chip_worker_create();
    if (session->worker == NULL) {
        return session_fail(session, "no memory for a ChipWorker");
    }
    const struct chip_worker_options worker = {.host_library = paths.host,
                                               .device_id = options->device_id,
                                               .aicpu_path = paths.aicpu,
                                               .aicore_path = paths.aicore,
                                               .dispatcher_path = paths.dispatcher};
    int result = chip_worker_init(session->worker, &worker);
    if (result != 0) {
        (void)fail_worker(session, result);
        (void)snprintf(session->hint, sizeof(session->hint), "`make build` makes the files of a variant");
        goto fail;
    }
    session->context = chip_worker_context(session->worker);
    session->debug = chip_worker_debug(session->worker);
    result = set_engine(session, &options->engine);
    if (result != 0) {
        goto fail;
    }
    return 0;

fail:
    session_close(session);
    return result;
}

void session_close(struct session *session)
{
    chip_worker_destroy(session->worker);
    session->worker = NULL;
    session->debug = NULL;
    session->context = NULL;
}

int session_prepare(struct session *session, int32_t callable_id, const void *image)
{
    int result = chip_worker_prepare(session->worker, callable_id, image);
    return result != 0 ? fail_worker(session, result) : 0;
}

int session_run(struct session *session, int32_t callable_id, const struct pto_chip_args *args, int blocks, int threads,
                struct pto_run_timing *timing)
{
    struct pto_call_config config;
    pto_call_config_init(&config);
    config.block_dim = blocks;
    config.aicpu_thread_num = threads;
    int result = chip_worker_run(session->worker, callable_id, args, &config, timing);
    return result != 0 ? fail_worker(session, result) : 0;
}

int session_unregister(struct session *session, int32_t callable_id)
{
    int result = chip_worker_unregister(session->worker, callable_id);
    return result != 0 ? fail_worker(session, result) : 0;
}

int session_statistics(struct session *session, struct pto_statistics *statistics)
{
    memset(statistics, 0, sizeof(*statistics));
    statistics->size = sizeof(*statistics);
    if (session->debug == NULL) {
        return session_fail(session, "this runtime has no %s", PTO_DEBUG_API_SYMBOL);
    }
    return session->debug->get_statistics(session->context, statistics);
}

int session_judge(struct session *session, const struct scene *scene, const struct scene_data *data, int returned)
{
    char message[SCENE_MESSAGE_BYTES] = "";
    struct pto_statistics statistics;
    int expected = variant_expected_result(session->variant, scene);
    int64_t tasks = variant_expected_tasks(session->variant, scene, data);
    if (returned != expected) {
        char why[sizeof(session->error)];
        (void)snprintf(why, sizeof(why), "%s", returned != 0 ? session->error : "no error");
        return session_fail(session, "returned %d, expected %d: %.900s", returned, expected, why);
    }
    if (scene->check(data, message) != 0) {
        return session_fail(session, "%s", message);
    }
    if (tasks >= 0 && session->debug != NULL && session_statistics(session, &statistics) == 0 &&
        statistics.last_tasks != (uint64_t)tasks) {
        return session_fail(session, "ran %llu tasks, expected %lld", (unsigned long long)statistics.last_tasks,
                            (long long)tasks);
    }
    return 0;
}

/* run, judge and unregister with the inputs and the image that session_play made. */
static int play_prepared(struct session *session, const struct scene *scene, int32_t callable_id,
                         const struct scene_data *data, int blocks, int threads)
{
    int returned = session_run(session, callable_id, &data->args, blocks, threads, NULL);
    int result = session_judge(session, scene, data, returned);
    int unregistered = chip_worker_unregister(session->worker, callable_id);
    if (unregistered != 0 && result == 0 && variant_expected_result(session->variant, scene) <= 0) {
        result = fail_worker(session, unregistered);
    }
    return result;
}

int session_play(struct session *session, const struct scene *scene, int32_t callable_id, struct choice *choice,
                 int blocks, int threads)
{
    struct scene_data data = {.case_number = session->case_number % scene_case_count(scene)};
    void *image = NULL;
    size_t bytes = 0;
    if (scene->make(&data, choice) != 0) {
        return session_fail(session, "%s: no memory for the inputs", scene->name);
    }
    int result = session_pack_scene(session, scene, &image, &bytes);
    if (result == 0) {
        result = session_prepare(session, callable_id, image);
    }
    if (result == 0) {
        result = play_prepared(session, scene, callable_id, &data, blocks, threads);
    }
    free(image);
    scene_data_free(&data);
    return result;
}
