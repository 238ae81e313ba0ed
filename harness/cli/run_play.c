/* SPDX-License-Identifier: Apache-2.0 */
/* run_play: one scene on one variant, compared with the golden result run by run, and what it cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/run_request.h"
#include "harness/report/console.h"
#include "npu/arch.h"

#define CALLABLE_ID 0

const char *const run_engines[] = {"fibers", "threads", NULL};
const char *const run_policies[] = {"round-robin", "random", "pct", NULL};

bool run_fits(const struct run_request *request, const struct variant *variant, char wrong[RUN_HINT_BYTES],
              char hint[RUN_HINT_BYTES])
{
    const struct npu_arch *arch = npu_arch_find(variant->arch);
    (void)snprintf(hint, RUN_HINT_BYTES, "%s has %u blocks (0: all) and %u AICPU threads", arch->name, arch->max_blocks,
                   arch->max_aicpu_threads);
    if (request->blocks != RUN_UNSET && request->blocks > arch->max_blocks) {
        (void)snprintf(wrong, RUN_HINT_BYTES, "--blocks %llu is too many", (unsigned long long)request->blocks);
        return false;
    }
    if (request->threads != RUN_UNSET && request->threads > arch->max_aicpu_threads) {
        (void)snprintf(wrong, RUN_HINT_BYTES, "--threads %llu is too many", (unsigned long long)request->threads);
        return false;
    }
    return true;
}

static struct pto_engine_options engine_options(const struct run_request *request, uint64_t run)
{
    return (struct pto_engine_options){.size = sizeof(struct pto_engine_options),
                                       .kind = (int32_t)options_index(request->engine, run_engines),
                                       .policy = (int32_t)options_index(request->policy, run_policies),
                                       .seed = request->seed + run};
}

static uint32_t case_of(const struct run_request *request, uint64_t run)
{
    return (uint32_t)((request->first_case + run) % scene_case_count(request->scene));
}

/* One run on fresh inputs. 0 when it was right; 1 when it was wrong and 2 when it could not be made, with
 * report->message. */
static int run_once(struct session *session, const struct run_request *request, struct run_report *report, uint64_t run)
{
    struct scene_data data = {.case_number = case_of(request, run)};
    struct pto_run_timing timing = {0};
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
    bool right = session_judge(session, request->scene, &data, report->result) == 0;
    if (!right) {
        (void)snprintf(report->message, sizeof(report->message), "run %llu: %s", (unsigned long long)run,
                       session->error);
    }
    report->correct += right;
    scene_data_free(&data);
    return right ? CLI_OK : CLI_WRONG;
}

const char *run_variant_options(const struct variant *variant, char text[RUN_HINT_BYTES])
{
    text[0] = 0;
    if (variant != &variant_all[0]) {
        (void)snprintf(text, RUN_HINT_BYTES, " --arch %s --runtime %s --platform %s", variant->arch, variant->runtime,
                       variant->platform);
    }
    return text;
}

static void add_replay_hint(const struct run_request *request, struct run_report *report)
{
    char text[RUN_HINT_BYTES];
    char first[24] = "";
    size_t used = strlen(report->message);
    if (!report->seeded) {
        return;
    }
    if (scene_case_count(request->scene) > 1) {
        (void)snprintf(first, sizeof(first), " --case %u", case_of(request, report->runs - 1));
    }
    const char *variant =
        run_variant_options(variant_of_parts(report->arch, report->runtime, report->platform, NULL), text);
    (void)snprintf(report->message + used, sizeof(report->message) - used,
                   "; again: touchstone run %s --policy %s --seed %llu --blocks %d --threads %d%s%s",
                   request->scene->name, request->policy, (unsigned long long)(request->seed + report->runs - 1),
                   report->blocks, report->threads, first, variant);
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
static int play(struct session *session, const struct run_request *request, struct run_report *report,
                char hint[RUN_HINT_BYTES])
{
    void *image = NULL;
    size_t bytes = 0;
    report->has_statistics = session_statistics(session, &report->before) == 0;
    if (session_pack_scene(session, request->scene, &image, &bytes) != 0) {
        (void)snprintf(report->message, sizeof(report->message), "%s", session->error);
        (void)snprintf(hint, RUN_HINT_BYTES, "`make build` makes the scene's files");
        return CLI_USAGE;
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
    bool poisoned = variant_expected_result(session->variant, request->scene) > 0; /* the device then refuses it */
    if (session_unregister(session, CALLABLE_ID) != 0 && exit_code == CLI_OK && !poisoned) {
        (void)snprintf(report->message, sizeof(report->message), "unregister_callable: %s", session->error);
        exit_code = CLI_WRONG;
    }
    (void)session_statistics(session, &report->after_unregister);
    return exit_code;
}

static void begin_report(const struct run_request *request, const struct variant *variant, struct run_report *report)
{
    const struct scene *scene = request->scene;
    *report = (struct run_report){
        .scene = scene,
        .arch = variant->arch,
        .runtime = variant->runtime,
        .platform = variant->platform,
        .engine = request->engine,
        .policy = strcmp(request->engine, "fibers") == 0 ? request->policy : "",
        .seed = request->seed,
        .seeded = strcmp(request->policy, "round-robin") != 0,
        .blocks = (int)(request->blocks != RUN_UNSET ? request->blocks : scene->default_blocks),
        .threads = (int)(request->threads != RUN_UNSET ? request->threads : scene->default_threads),
        .wanted = request->repeat,
        .host_ns = calloc(request->repeat, sizeof(uint64_t)),
        .device_ns = calloc(request->repeat, sizeof(uint64_t)),
    };
}

void run_report_free(struct run_report *report)
{
    free(report->host_ns);
    free(report->device_ns);
    report->host_ns = NULL;
    report->device_ns = NULL;
}

int run_play(const struct run_request *request, const struct variant *variant, struct run_report *report,
             char hint[RUN_HINT_BYTES])
{
    static struct session session;
    struct session_options options = request->session;
    options.arch = variant->arch;
    options.runtime = variant->runtime;
    options.platform = variant->platform;
    options.engine = engine_options(request, 0);
    (void)snprintf(hint, RUN_HINT_BYTES, "touchstone run --help");
    begin_report(request, variant, report);
    if (report->host_ns == NULL || report->device_ns == NULL) {
        (void)snprintf(hint, RUN_HINT_BYTES, "a smaller --repeat");
        (void)snprintf(report->message, sizeof(report->message), "no memory for %llu times",
                       (unsigned long long)request->repeat);
        return CLI_USAGE;
    }
    if (session_open(&session, &options) != 0) {
        (void)snprintf(hint, RUN_HINT_BYTES, "%s", session.hint);
        (void)snprintf(report->message, sizeof(report->message), "%s", session.error);
        return CLI_USAGE;
    }
    int exit_code = play(&session, request, report, hint);
    session_close(&session);
    return exit_code;
}
