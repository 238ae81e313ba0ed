/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone run: registers a scene, runs it, compares every result with the golden one, and shows what it cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/commands.h"
#include "harness/cli/lookup.h"
#include "harness/cli/run_report.h"
#include "harness/program/artefacts.h"
#include "harness/program/session.h"
#include "harness/program/variant.h"
#include "harness/report/console.h"

#define CALLABLE_ID 0
#define MAX_REPEAT 1000000u
#define UNSET UINT64_MAX

struct run_request {
    const struct scene *scene;
    struct session_options session;
    const char *engine;
    const char *policy;
    uint64_t seed;
    uint64_t blocks;
    uint64_t threads;
    uint64_t repeat;
    bool json;
};

/* What a device of each architecture has, in the order of artefacts_archs. */
static const struct {
    uint64_t blocks;
    uint64_t threads;
} limits[] = {{24, 4}, {36, 7}};

static const char *const engines[] = {"fibers", "threads", NULL};
static const char *const policies[] = {"round-robin", "random", "pct", NULL};
static const char *const runtimes[] = {"trb", "hbg", "tensormap_and_ringbuffer", "host_build_graph", NULL};

static size_t index_of(const char *name, const char *const *names)
{
    size_t i = 0;
    while (names[i] != NULL && strcmp(name, names[i]) != 0) {
        i++;
    }
    return i;
}

static int check_variant(const struct run_request *request)
{
    char variant[64];
    char hint[256] = "it declares:";
    const struct session_options *session = &request->session;
    (void)snprintf(variant, sizeof(variant), "%s/%s/%s", session->arch, session->runtime, session->platform);
    if (!variant_of_scene(request->scene, variant)) {
        for (const char *const *pattern = request->scene->variants; *pattern != NULL; pattern++) {
            size_t used = strlen(hint);
            (void)snprintf(hint + used, sizeof(hint) - used, " %s", *pattern);
        }
        return options_error(&command_run, hint, "scene %s does not run on %s", request->scene->name, variant);
    }
    size_t arch = index_of(session->arch, artefacts_archs);
    (void)snprintf(hint, sizeof(hint), "%s has %llu blocks (0: all) and %llu AICPU threads", session->arch,
                   (unsigned long long)limits[arch].blocks, (unsigned long long)limits[arch].threads);
    if (request->blocks != UNSET && request->blocks > limits[arch].blocks) {
        return options_error(&command_run, hint, "--blocks %llu is too many", (unsigned long long)request->blocks);
    }
    if (request->threads != UNSET && request->threads > limits[arch].threads) {
        return options_error(&command_run, hint, "--threads %llu is too many", (unsigned long long)request->threads);
    }
    return CLI_OK;
}

/* True to go on; otherwise *exit_code says how to end. */
static bool parse(struct run_request *request, int argc, char **argv, int *exit_code)
{
    const char *name = NULL;
    const struct option_spec options[] = {
        {"arch", "A", "architecture", OPTION_CHOICE, &request->session.arch, 0, 0, artefacts_archs},
        {"runtime", "R", "device runtime", OPTION_CHOICE, &request->session.runtime, 0, 0, runtimes},
        {"platform", "P", "platform", OPTION_CHOICE, &request->session.platform, 0, 0, artefacts_platforms},
        {"engine", "E", "execution engine", OPTION_CHOICE, &request->engine, 0, 0, engines},
        {"policy", "P", "how the fibers engine picks the next processor", OPTION_CHOICE, &request->policy, 0, 0,
         policies},
        {"seed", "N", "of the policy; repetition k uses N + k", OPTION_NUMBER, &request->seed, 0,
         UINT64_MAX - MAX_REPEAT, NULL},
        {"blocks", "N", "clusters, 0 for all (default: the scene's)", OPTION_NUMBER, &request->blocks, 0, INT32_MAX,
         NULL},
        {"threads", "N", "AICPU threads (default: the scene's)", OPTION_NUMBER, &request->threads, 1, INT32_MAX, NULL},
        {"repeat", "N", "how often to run it", OPTION_NUMBER, &request->repeat, 1, MAX_REPEAT, NULL},
        {"artefacts", "DIR", "where the build's products are", OPTION_TEXT, &request->session.artefacts, 0, 0, NULL},
        {"json", NULL, "print one JSON object instead of the table", OPTION_FLAG, &request->json, 0, 0, NULL},
    };
    if (!options_parse(&command_run, options, sizeof(options) / sizeof(options[0]), argc, argv, &name, 1, 1,
                       exit_code)) {
        return false;
    }
    *exit_code = CLI_USAGE;
    request->session.runtime = artefacts_runtime(request->session.runtime);
    request->scene = lookup_scene(&command_run, name);
    if (request->scene == NULL) {
        return false;
    }
    if (strcmp(request->engine, "threads") == 0 && strcmp(request->policy, "round-robin") != 0) {
        *exit_code = options_error(&command_run, "leave --policy out, or use --engine fibers",
                                   "the threads engine has no policy");
        return false;
    }
    *exit_code = check_variant(request);
    return *exit_code == CLI_OK;
}

static struct pto_engine_options engine_options(const struct run_request *request, uint64_t run)
{
    return (struct pto_engine_options){.size = sizeof(struct pto_engine_options),
                                       .kind = (int32_t)index_of(request->engine, engines),
                                       .policy = (int32_t)index_of(request->policy, policies),
                                       .seed = request->seed + run};
}

/* One run on fresh inputs. 0 when it was right; 1 when it was wrong and 2 when it could not be made, with
 * report->message. */
static int run_once(struct session *session, const struct run_request *request, struct run_report *report, uint64_t run)
{
    struct scene_data data = {0};
    struct pto_run_timing timing = {0};
    char message[SCENE_MESSAGE_BYTES] = "";
    struct pto_engine_options engine = engine_options(request, run);
    if (report->seeded && session->debug->set_engine(session->context, &engine) != 0) {
        (void)snprintf(report->message, sizeof(report->message), "the runtime refuses seed %llu",
                       (unsigned long long)engine.seed);
        return CLI_USAGE;
    }
    if (request->scene->make(&data, NULL) != 0) {
        (void)snprintf(report->message, sizeof(report->message), "no memory for the scene's inputs");
        return CLI_USAGE;
    }
    report->result = session_run(session, CALLABLE_ID, &data.args, report->blocks, report->threads, &timing);
    report->host_ns[run] = timing.host_wall_ns;
    report->device_ns[run] = timing.device_wall_ns;
    report->runs = run + 1;
    bool right = report->result == request->scene->expected_result;
    if (!right) {
        (void)snprintf(report->message, sizeof(report->message), "run %llu returned %d, expected %d: %s",
                       (unsigned long long)run, report->result, request->scene->expected_result, session->error);
    } else if (request->scene->check(&data, message) != 0) {
        (void)snprintf(report->message, sizeof(report->message), "run %llu: %s", (unsigned long long)run, message);
        right = false;
    }
    report->correct += right;
    scene_data_free(&data);
    return right ? CLI_OK : CLI_WRONG;
}

static void add_replay_hint(const struct run_request *request, struct run_report *report)
{
    size_t used = strlen(report->message);
    if (report->seeded) {
        (void)snprintf(report->message + used, sizeof(report->message) - used,
                       "; again: touchstone run %s --policy %s --seed %llu --blocks %d --threads %d",
                       request->scene->name, request->policy, (unsigned long long)(request->seed + report->runs - 1),
                       report->blocks, report->threads);
    }
}

static int run_all(struct session *session, const struct run_request *request, struct run_report *report)
{
    struct console_progress progress;
    int exit_code = CLI_OK;
    console_progress_begin(&progress, request->scene->name, request->repeat);
    for (uint64_t run = 0; run < request->repeat && exit_code == CLI_OK; run++) {
        exit_code = run_once(session, request, report, run);
        console_progress_step(&progress, run + 1);
    }
    console_progress_end(&progress);
    if (exit_code == CLI_WRONG) {
        add_replay_hint(request, report);
    }
    return exit_code;
}

/* Registers, runs, unregisters, and fills the report on the way. */
static int play(struct session *session, const struct run_request *request, struct run_report *report)
{
    void *image = NULL;
    size_t bytes = 0;
    report->has_statistics = session_statistics(session, &report->before) == 0;
    if (session_pack_scene(session, request->scene, &image, &bytes) != 0) {
        return options_error(&command_run, "`make build` makes the scene's files", "%s", session->error);
    }
    int prepared = session_prepare(session, CALLABLE_ID, image);
    free(image);
    if (prepared != 0) {
        (void)snprintf(report->message, sizeof(report->message), "prepare_callable: %s", session->error);
        return CLI_WRONG;
    }
    (void)session_statistics(session, &report->after_register);
    int exit_code = run_all(session, request, report);
    (void)session_statistics(session, &report->after_runs);
    report->host_dlopens = chip_worker_host_dlopen_count(session->worker);
    report->aicpu_dlopens = chip_worker_aicpu_dlopen_count(session->worker);
    if (session_unregister(session, CALLABLE_ID) != 0 && exit_code == CLI_OK) {
        (void)snprintf(report->message, sizeof(report->message), "unregister_callable: %s", session->error);
        exit_code = CLI_WRONG;
    }
    (void)session_statistics(session, &report->after_unregister);
    return exit_code;
}

static int run_scene(const struct run_request *request)
{
    static struct session session;
    struct run_report report = {
        .scene = request->scene,
        .arch = request->session.arch,
        .runtime = request->session.runtime,
        .platform = request->session.platform,
        .engine = request->engine,
        .policy = strcmp(request->engine, "fibers") == 0 ? request->policy : "",
        .seed = request->seed,
        .seeded = strcmp(request->policy, "round-robin") != 0,
        .blocks = (int)(request->blocks != UNSET ? request->blocks : request->scene->default_blocks),
        .threads = (int)(request->threads != UNSET ? request->threads : request->scene->default_threads),
        .wanted = request->repeat,
        .host_ns = calloc(request->repeat, sizeof(uint64_t)),
        .device_ns = calloc(request->repeat, sizeof(uint64_t)),
    };
    int exit_code = CLI_USAGE;
    if (report.host_ns == NULL || report.device_ns == NULL) {
        exit_code = options_error(&command_run, "a smaller --repeat", "no memory for %llu times",
                                  (unsigned long long)request->repeat);
    } else if (session_open(&session, &request->session) != 0) {
        exit_code = options_error(&command_run, session.hint, "%s", session.error);
    } else {
        exit_code = play(&session, request, &report);
        session_close(&session);
        if (exit_code != CLI_USAGE) {
            (request->json ? run_report_print_json : run_report_print)(&report, stdout);
        } else if (report.message[0] != 0) {
            (void)options_error(&command_run, "touchstone run --help", "%s", report.message);
        }
    }
    free(report.host_ns);
    free(report.device_ns);
    return exit_code;
}

static int run_run(int argc, char **argv)
{
    struct run_request request = {.engine = engines[0],
                                  .policy = policies[0],
                                  .seed = 1,
                                  .blocks = UNSET,
                                  .threads = UNSET,
                                  .repeat = 1,
                                  .session = {.arch = "a2a3", .runtime = "trb", .platform = "sim"}};
    int exit_code = CLI_OK;
    if (!parse(&request, argc, argv, &exit_code)) {
        return exit_code;
    }
    request.session.engine = engine_options(&request, 0);
    return run_scene(&request);
}

const struct cli_command command_run = {"run", "SCENE [options]",
                                        "runs a scene and compares the result with the golden one", run_run};
