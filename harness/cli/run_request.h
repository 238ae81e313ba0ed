/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_request: what `touchstone run` was asked for, and the two ways to do it: on one variant (run_play), or on every
 * built one (run_matrix).
 */
#ifndef HARNESS_CLI_RUN_REQUEST_H
#define HARNESS_CLI_RUN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/cli/commands.h"
#include "harness/cli/run_report.h"
#include "harness/program/session.h"

#define RUN_UNSET UINT64_MAX
#define RUN_HINT_BYTES 512u

struct run_request {
    const struct scene *scene;
    struct session_options session; /* with all_variants a part that is NULL stands for every name */
    const char *engine;
    const char *policy;
    uint64_t seed;
    uint64_t blocks;  /* RUN_UNSET: the scene's */
    uint64_t threads; /* RUN_UNSET: the scene's */
    uint64_t repeat;  /* 0 while it is unset */
    uint64_t first_case;
    bool all_variants;
    bool json;
};

extern const char *const run_engines[];  /* in the order of enum pto_engine_kind, NULL-ended */
extern const char *const run_policies[]; /* in the order of enum pto_engine_policy, NULL-ended */

/* True when the architecture has the blocks and threads that were asked for; otherwise what is wrong and what there is.
 */
bool run_fits(const struct run_request *request, const struct variant *variant, char wrong[RUN_HINT_BYTES],
              char hint[RUN_HINT_BYTES]);

/* Writes the options that name the variant, " --arch ...", nothing for the one that is taken when none is named. */
const char *run_variant_options(const struct variant *variant, char text[RUN_HINT_BYTES]);

/* True when the scene runs on the variant and run_fits; otherwise *exit_code, and an error of `command` was printed. */
bool run_is_possible(const struct cli_command *command, const struct run_request *request,
                     const struct variant *variant, int *exit_code);

/*
 * Registers the scene on the variant, runs it, unregisters, and fills the report on the way. CLI_OK; CLI_WRONG or
 * CLI_USAGE (it could not be carried out) with report->message, and with a hint after CLI_USAGE. The samples of the
 * report belong to the caller: run_report_free.
 */
int run_play(const struct run_request *request, const struct variant *variant, struct run_report *report,
             char hint[RUN_HINT_BYTES]);
void run_report_free(struct run_report *report);

/*
 * Every built variant that the request does not rule out, each in a process of its own, so that one that crashes is a
 * result like any other. Prints the matrix. CLI_OK: it ran right wherever it can run; CLI_WRONG: not so somewhere;
 * CLI_USAGE: it ran nowhere.
 */
int run_matrix(const struct run_request *request, const char *directory);

#endif
