/* SPDX-License-Identifier: Apache-2.0 */
/* run_report: what `touchstone run` found out, and how it is shown. */
#ifndef HARNESS_CLI_RUN_REPORT_H
#define HARNESS_CLI_RUN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/debug_api.h"
#include "harness/program/scene.h"

struct run_report {
    const struct scene *scene;
    const char *arch;
    const char *runtime;
    const char *platform;
    const char *engine;
    const char *policy;
    uint64_t seed;
    bool seeded; /* the policy uses the seed */
    int blocks;
    int threads;
    uint64_t wanted;              /* runs asked for */
    uint64_t runs;                /* runs done; the first wrong one is the last */
    uint64_t correct;             /* of these */
    int result;                   /* of the last run */
    uint64_t *host_ns;            /* of each run, in order; owned by who fills the report */
    uint64_t *device_ns;          /* the same */
    bool has_statistics;          /* false for a runtime without pto_debug_api: the figures below are then unknown */
    struct pto_statistics before; /* the registration */
    struct pto_statistics after_register;
    struct pto_statistics after_runs;
    struct pto_statistics after_unregister;
    uint64_t host_dlopens;
    uint64_t aicpu_dlopens;
    char message[SCENE_MESSAGE_BYTES + 1024]; /* what was wrong, "" when nothing was */
};

/* Median of the times of its runs, ns, rounded down; 0 without runs. */
void run_report_medians(struct run_report *report, uint64_t *host_ns, uint64_t *device_ns);
void run_report_print(struct run_report *report, FILE *stream);
void run_report_print_json(struct run_report *report, FILE *stream);

#endif
