/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone run: registers a scene, runs it, compares every result with the golden one, and shows what it cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/lookup.h"
#include "harness/cli/run_request.h"
#include "harness/program/artefacts.h"

#define MAX_REPEAT 1000000u

static const char *const runtimes[] = {"trb", "hbg", "tensormap_and_ringbuffer", "host_build_graph", NULL};

/* True to go on; otherwise *exit_code says how to end. */
static bool parse(struct run_request *request, int argc, char **argv, int *exit_code)
{
    const char *name = NULL;
    const struct option_spec options[] = {
        {"arch", "A", "architecture (default a2a3)", OPTION_CHOICE, &request->session.arch, 0, 0, artefacts_archs},
        {"runtime", "R", "device runtime (default trb)", OPTION_CHOICE, &request->session.runtime, 0, 0, runtimes},
        {"platform", "P", "platform (default sim)", OPTION_CHOICE, &request->session.platform, 0, 0,
         artefacts_platforms},
        {"engine", "E", "execution engine", OPTION_CHOICE, &request->engine, 0, 0, run_engines},
        {"policy", "P", "how the fibers engine picks the next processor", OPTION_CHOICE, &request->policy, 0, 0,
         run_policies},
        {"seed", "N", "of the policy; repetition k uses N + k", OPTION_NUMBER, &request->seed, 0,
         UINT64_MAX - MAX_REPEAT, NULL},
        {"blocks", "N", "clusters, 0 for all (default: the scene's)", OPTION_NUMBER, &request->blocks, 0, INT32_MAX,
         NULL},
        {"threads", "N", "AICPU threads (default: the scene's)", OPTION_NUMBER, &request->threads, 1, INT32_MAX, NULL},
        {"repeat", "N", "how often to run it (default: once with each of the scene's inputs)", OPTION_NUMBER,
         &request->repeat, 1, MAX_REPEAT, NULL},
        {"case", "N", "which of the scene's inputs come first; repetition k uses N + k", OPTION_NUMBER,
         &request->first_case, 0, MAX_REPEAT, NULL},
        {"artefacts", "DIR", "where the build's products are", OPTION_TEXT, &request->session.artefacts, 0, 0, NULL},
        {"all-variants", NULL, "run it on every built variant (of --arch, --runtime, --platform) and print a matrix",
         OPTION_FLAG, &request->all_variants, 0, 0, NULL},
        {"json", NULL, "print one JSON object instead of the table", OPTION_FLAG, &request->json, 0, 0, NULL},
    };
    if (!options_parse(&command_run, options, sizeof(options) / sizeof(options[0]), argc, argv, &name, 1, 1,
                       exit_code)) {
        return false;
    }
    *exit_code = CLI_USAGE;
    request->scene = lookup_scene(&command_run, name);
    if (request->scene == NULL) {
        return false;
    }
    if (request->repeat == 0) {
        request->repeat = scene_case_count(request->scene);
    }
    if (strcmp(request->engine, "threads") == 0 && strcmp(request->policy, "round-robin") != 0) {
        *exit_code = options_error(&command_run, "leave --policy out, or use --engine fibers",
                                   "the threads engine has no policy");
        return false;
    }
    return true;
}

bool run_is_possible(const struct cli_command *command, const struct run_request *request,
                     const struct variant *variant, int *exit_code)
{
    char name[VARIANT_NAME_BYTES];
    char wrong[RUN_HINT_BYTES];
    char hint[RUN_HINT_BYTES] = "it declares:";
    const char *refusal = variant_refusal(request->scene, variant_name(variant, name));
    if (refusal != NULL) {
        for (const char *const *pattern = request->scene->variants; *pattern != NULL; pattern++) {
            size_t used = strlen(hint);
            (void)snprintf(hint + used, sizeof(hint) - used, " %s", *pattern);
        }
        *exit_code =
            options_error(command, hint, "scene %s does not run on %s: %s", request->scene->name, name, refusal);
    } else if (!run_fits(request, variant, wrong, hint)) {
        *exit_code = options_error(command, hint, "%s", wrong);
    } else {
        return true;
    }
    return false;
}

static int run_one(const struct run_request *request)
{
    struct run_report report;
    char hint[RUN_HINT_BYTES];
    const struct session_options *session = &request->session;
    /* The parts were chosen from lists, so the variant exists. */
    const struct variant *variant = variant_of_parts(session->arch, session->runtime, session->platform, NULL);
    int exit_code = CLI_OK;
    if (!run_is_possible(&command_run, request, variant, &exit_code)) {
        return exit_code;
    }
    exit_code = run_play(request, variant, &report, hint);
    if (exit_code == CLI_USAGE) {
        (void)options_error(&command_run, hint, "%s", report.message);
    } else {
        (request->json ? run_report_print_json : run_report_print)(&report, stdout);
    }
    run_report_free(&report);
    return exit_code;
}

static int run_everywhere(const struct run_request *request)
{
    char found[sizeof(((struct session *)0)->artefacts)];
    const char *directory = request->session.artefacts;
    if (directory == NULL) {
        if (artefacts_find(found, sizeof(found)) != 0) {
            return options_error(&command_run, "`make build` makes them; TOUCHSTONE_ARTEFACTS names their directory",
                                 "cannot find the build's products");
        }
        directory = found;
    }
    return run_matrix(request, directory);
}

static int run_run(int argc, char **argv)
{
    struct run_request request = {
        .engine = run_engines[0], .policy = run_policies[0], .seed = 1, .blocks = RUN_UNSET, .threads = RUN_UNSET};
    int exit_code = CLI_OK;
    if (!parse(&request, argc, argv, &exit_code)) {
        return exit_code;
    }
    return request.all_variants ? run_everywhere(&request) : run_one(&request);
}

const struct cli_command command_run = {"run", "SCENE [options]",
                                        "runs a scene and compares the result with the golden one", run_run};
