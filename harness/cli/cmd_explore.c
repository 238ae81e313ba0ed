/* SPDX-License-Identifier: Apache-2.0 */
/* touchstone explore: runs a scene, or one recorded case of a property, under many schedules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "harness/cli/explore_report.h"
#include "harness/cli/lookup.h"
#include "harness/cli/run_request.h"
#include "harness/explorer/subjects.h"
#include "harness/program/artefacts.h"

#define AGAIN_BYTES 2048u
#define SEEDED_RUNS 1000u
#define MOST_RUNS 1000000000u

static const char *const runtimes[] = {"trb", "hbg", NULL};
static const char *const policies[] = {"random", "pct", "exhaustive", NULL}; /* in the order of enum explorer_policy */
static const char *const inputs[] = {"default", "small", NULL};

struct explore_request {
    const char *program; /* a scene's name or a path */
    const char *policy;
    const char *inputs;
    const char *property;
    uint64_t runs;  /* RUN_UNSET: the policy's */
    uint64_t bound; /* RUN_UNSET: automatic */
    uint64_t depth;
    uint64_t steps;
    struct explorer_options options;
    struct run_request run; /* the parts that both commands have */
};

/* What needs more than its own option to be judged. */
static int check(const struct explore_request *request)
{
    bool tree = strcmp(request->policy, "exhaustive") == 0;
    if (request->bound != RUN_UNSET && !tree) {
        return options_error(&command_explore, "--policy exhaustive", "--bound is for exhaustive exploration");
    }
    if (request->options.schedule != NULL && (request->runs != RUN_UNSET || request->bound != RUN_UNSET)) {
        return options_error(&command_explore, "leave --runs and --bound out", "--schedule is one run");
    }
    return CLI_OK;
}

static void finish(struct explore_request *request)
{
    struct explorer_options *options = &request->options;
    options->policy = (enum explorer_policy)options_index(request->policy, policies);
    options->runs = options->policy == EXPLORER_EXHAUSTIVE ? EXPLORER_WHOLE_TREE : SEEDED_RUNS;
    if (request->runs != RUN_UNSET) {
        options->runs = request->runs;
    }
    if (options->schedule != NULL) {
        options->policy = EXPLORER_SCHEDULE;
        options->runs = 1;
        request->policy = "schedule";
    }
    options->bound = request->bound == RUN_UNSET ? EXPLORER_AUTO_BOUND : (uint32_t)request->bound;
    options->pct_depth = (uint32_t)request->depth;
    options->pct_steps = (uint32_t)request->steps;
    options->isolated = true;
}

/* True to go on; otherwise *exit_code says how to end. */
static bool parse(struct explore_request *request, int argc, char **argv, int *exit_code)
{
    struct session_options *session = &request->run.session;
    const struct option_spec options[] = {
        {"policy", "P", "how schedules are chosen (default random)", OPTION_CHOICE, &request->policy, 0, 0, policies},
        {"runs", "N", "most runs (default 1000; exhaustive: 1000000)", OPTION_NUMBER, &request->runs, 1, MOST_RUNS,
         NULL},
        {"seed", "N", "of the first run; run k uses N + k (default 1)", OPTION_NUMBER, &request->options.seed, 0,
         UINT64_MAX - MOST_RUNS, NULL},
        {"depth", "N", "pct: places that a bug needs in order (default 3)", OPTION_NUMBER, &request->depth, 1, 64,
         NULL},
        {"steps", "N", "pct: choices of a run, about (default 500)", OPTION_NUMBER, &request->steps, 1, UINT32_MAX,
         NULL},
        {"bound", "N", "exhaustive: most preemptions (default 3, or none for trees below a million schedules)",
         OPTION_NUMBER, &request->bound, 0, UINT32_MAX - 1, NULL},
        {"schedule", "S", "play this one schedule, as a failure tells it", OPTION_TEXT, &request->options.schedule, 0,
         0, NULL},
        {"arch", "A", "architecture (default a2a3)", OPTION_CHOICE, &session->arch, 0, 0, artefacts_archs},
        {"runtime", "R", "device runtime (default trb)", OPTION_CHOICE, &session->runtime, 0, 0, runtimes},
        {"platform", "P", "platform (default sim)", OPTION_CHOICE, &session->platform, 0, 0, artefacts_platforms},
        {"blocks", "N", "clusters, 0 for all (default: the scene's)", OPTION_NUMBER, &request->run.blocks, 0, INT32_MAX,
         NULL},
        {"threads", "N", "AICPU threads (default: the scene's)", OPTION_NUMBER, &request->run.threads, 1, INT32_MAX,
         NULL},
        {"inputs", "I", "of the scene (default: default)", OPTION_CHOICE, &request->inputs, 0, 0, inputs},
        {"property", "NAME", "what FILE is a case of (default: its name or its folder's says so)", OPTION_TEXT,
         &request->property, 0, 0, NULL},
        {"artefacts", "DIR", "where the build's products are", OPTION_TEXT, &session->artefacts, 0, 0, NULL},
        {"json", NULL, "print one JSON object instead of the table", OPTION_FLAG, &request->run.json, 0, 0, NULL},
    };
    if (!options_parse(&command_explore, options, sizeof(options) / sizeof(options[0]), argc, argv, &request->program,
                       1, 1, exit_code)) {
        return false;
    }
    *exit_code = check(request);
    finish(request);
    return *exit_code == CLI_OK;
}

static int explore(const struct explore_request *request, const struct explorer_subject *subject, const char *where,
                   const char *again)
{
    static struct explorer_report report;
    const struct explore_heading heading = {.program = request->program,
                                            .where = where,
                                            .policy = request->policy,
                                            .again = again,
                                            .options = &request->options};
    enum explorer_verdict verdict = explorer_run(subject, &request->options, &report);
    if (verdict == EXPLORER_BROKEN || (verdict == EXPLORER_STRAYED && request->options.schedule != NULL)) {
        return options_error(&command_explore, "touchstone explore --help", "%s", report.message);
    }
    (request->run.json ? explore_report_print_json : explore_report_print)(&heading, &report, stdout);
    return verdict == EXPLORER_HELD ? CLI_OK : CLI_WRONG;
}

static int explore_scene(struct explore_request *request)
{
    static struct scene_subject state;
    struct explorer_subject subject;
    struct run_request *run = &request->run;
    const struct scene *scene = lookup_scene(&command_explore, request->program);
    char name[VARIANT_NAME_BYTES];
    char parts[RUN_HINT_BYTES];
    char again[AGAIN_BYTES];
    int exit_code = CLI_USAGE;
    if (scene == NULL) {
        return exit_code;
    }
    run->scene = scene;
    const struct variant *variant =
        variant_of_parts(run->session.arch, run->session.runtime, run->session.platform, NULL);
    if (!run_is_possible(&command_explore, run, variant, &exit_code)) {
        return exit_code;
    }
    state = (struct scene_subject){
        .scene = scene,
        .session_options = run->session,
        .blocks = (int)(run->blocks != RUN_UNSET ? run->blocks : scene->default_blocks),
        .threads = (int)(run->threads != RUN_UNSET ? run->threads : scene->default_threads),
        .small = strcmp(request->inputs, "small") == 0,
    };
    const char *artefacts = run->session.artefacts;
    (void)snprintf(again, sizeof(again), "touchstone explore %s --blocks %d --threads %d%s%s%s%.1000s", scene->name,
                   state.blocks, state.threads, state.small ? " --inputs small" : "",
                   run_variant_options(variant, parts), artefacts != NULL ? " --artefacts " : "",
                   artefacts != NULL ? artefacts : "");
    scene_subject_make(&subject, &state);
    return explore(request, &subject, variant_name(variant, name), again);
}

static int explore_file(struct explore_request *request)
{
    struct explorer_subject subject;
    struct property_subject state = {0};
    char again[AGAIN_BYTES];
    void *bytes = NULL;
    if (request->property != NULL) {
        state.property = lookup_property(&command_explore, request->property);
        if (state.property == NULL) {
            return CLI_USAGE;
        }
    } else {
        state.property = property_of_file(request->program);
    }
    if (state.property == NULL) {
        return options_error(&command_explore, "--property NAME", "no property is named after \"%s\"",
                             request->program);
    }
    if (os_read_file("explore", request->program, &bytes, &state.size) != 0) {
        return options_error(&command_explore, "a file of corpus/ or build/failures/", "cannot read \"%s\"",
                             request->program);
    }
    state.bytes = bytes;
    (void)snprintf(again, sizeof(again), "touchstone explore %s --property %s", request->program, state.property->name);
    property_subject_make(&subject, &state);
    int exit_code = explore(request, &subject, state.property->name, again);
    free(bytes);
    return exit_code;
}

static int run_explore(int argc, char **argv)
{
    struct explore_request request = {.policy = policies[0],
                                      .inputs = inputs[0],
                                      .runs = RUN_UNSET,
                                      .bound = RUN_UNSET,
                                      .depth = 3,
                                      .steps = 500,
                                      .options = {.seed = 1},
                                      .run = {.blocks = RUN_UNSET, .threads = RUN_UNSET}};
    int exit_code = CLI_OK;
    if (!parse(&request, argc, argv, &exit_code)) {
        return exit_code;
    }
    request.options.progress = request.program;
    bool is_file = strchr(request.program, '/') != NULL || access(request.program, F_OK) == 0;
    return is_file ? explore_file(&request) : explore_scene(&request);
}

const struct cli_command command_explore = {"explore", "SCENE|FILE [options]",
                                            "runs a scene, or a recorded case, under many schedules", run_explore};
