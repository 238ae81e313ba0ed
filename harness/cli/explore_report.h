/* SPDX-License-Identifier: Apache-2.0 */
/* explore_report: how `touchstone explore` shows what was found out. */
#ifndef HARNESS_CLI_EXPLORE_REPORT_H
#define HARNESS_CLI_EXPLORE_REPORT_H

#include <stdio.h>

#include "harness/explorer/explorer.h"

struct explore_heading {
    const char *program; /* scene or file */
    const char *where;   /* variant, or property */
    const char *policy;
    const char *again; /* the command that plays the failing schedule again but for the schedule; "" for none */
    const struct explorer_options *options;
};

void explore_report_print(const struct explore_heading *heading, const struct explorer_report *report, FILE *stream);
void explore_report_print_json(const struct explore_heading *heading, const struct explorer_report *report,
                               FILE *stream);

#endif
