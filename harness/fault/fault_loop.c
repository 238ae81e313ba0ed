/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault/fault_loop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "harness/leak/leak_gate.h"

#define FAULT_LOOP_SITES 512u
#define FAULT_LOOP_CALLS 10000u /* of one site: more than any scenario makes */
#define FAULT_LOOP_SCALE 100u
#define FAULT_LOOP_ERROR EIO
#define FAULT_LOOP_LEAST_TEXT 12u /* shorter texts say nothing to anybody */

struct fault_loop {
    const struct fault_scenario *scenario;
    struct fault_loop_report *report;
    struct leak_gate gate;
};

/* One point: this call of this site. */
struct fault_point {
    const char *site;
    uint64_t nth;
    bool sticky;
};

static void fault_loop_fail(struct fault_loop *loop, const struct fault_point *point, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fault_loop_fail(struct fault_loop *loop, const struct fault_point *point, const char *format, ...)
{
    struct fault_loop_report *report = loop->report;
    size_t used = strlen(report->text);
    report->failures++;
    int head =
        snprintf(report->text + used, sizeof(report->text) - used, "%s: %s, call %" PRIu64 "%s: ", loop->scenario->name,
                 point->site, point->nth, point->sticky ? " and later" : "");
    used += head > 0 ? (size_t)head : 0;
    if (used + 1 < sizeof(report->text)) {
        va_list arguments;
        va_start(arguments, format);
        int body = vsnprintf(report->text + used, sizeof(report->text) - used, format, arguments);
        va_end(arguments);
        used += body > 0 ? (size_t)body : 0;
    }
    if (used + 1 < sizeof(report->text)) {
        (void)strcat(report->text, "\n");
    }
}

static int fault_loop_play(struct fault_loop *loop, char text[FAULT_SCENARIO_TEXT_BYTES])
{
    text[0] = '\0';
    loop->report->plays++;
    return loop->scenario->play(loop->scenario->state, text);
}

/* How often the fault of the installed plan fired. */
static uint64_t fault_loop_fired(const char *site)
{
    static struct fault_site_count sites[FAULT_LOOP_SITES];
    size_t count = fault_sites(sites, FAULT_LOOP_SITES);
    for (size_t i = 0; i < count && i < FAULT_LOOP_SITES; i++) {
        if (strcmp(sites[i].site, site) == 0) {
            return sites[i].fired;
        }
    }
    return 0;
}

static int fault_loop_install(const struct fault_point *point)
{
    struct fault_rule rule = {.nth = point->nth, .sticky = point->sticky, .error = FAULT_LOOP_ERROR};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", point->site);
    return fault_plan_install(&rule, 1);
}

static void fault_loop_judge(struct fault_loop *loop, const struct fault_point *point, int result, const char *text)
{
    char clean[FAULT_SCENARIO_TEXT_BYTES];
    loop->report->points++;
    if (result == 0) {
        loop->report->tolerated++;
    } else if (result > 0) {
        fault_loop_fail(loop, point, "broken: %s", text);
    } else if (strlen(text) < FAULT_LOOP_LEAST_TEXT) {
        fault_loop_fail(loop, point, "failed with %d and the text '%s'", result, text);
    }
    int again = fault_loop_play(loop, clean);
    if (again != 0) {
        fault_loop_fail(loop, point, "the next play without a fault returned %d: %s", again, clean);
    }
    if (leak_gate_end(&loop->gate) != 0) {
        fault_loop_fail(loop, point, "leaked: %s", loop->gate.text);
        leak_gate_begin(&loop->gate, loop->scenario->debug,
                        loop->scenario->context); /* the next points are judged anew */
    }
}

/* Returns whether the fault fired. */
static bool fault_loop_point(struct fault_loop *loop, const struct fault_point *point)
{
    char text[FAULT_SCENARIO_TEXT_BYTES];
    if (fault_loop_install(point) != 0) {
        fault_loop_fail(loop, point, "the plan cannot be installed");
        return false;
    }
    int result = fault_loop_play(loop, text);
    bool fired = fault_loop_fired(point->site) != 0;
    fault_plan_clear();
    if (fired) {
        fault_loop_judge(loop, point, result, text);
    } else if (result != 0) {
        fault_loop_fail(loop, point, "no fault fired, and the play returned %d: %s", result, text);
    }
    return fired;
}

static void fault_loop_site(struct fault_loop *loop, const char *site)
{
    uint64_t percent = leak_churn_count(FAULT_LOOP_SCALE, 1);
    uint64_t limit = percent < FAULT_LOOP_SCALE ? percent : FAULT_LOOP_CALLS;
    for (int sticky = 0; sticky <= 1; sticky++) {
        struct fault_point point = {.site = site, .nth = 1, .sticky = sticky != 0};
        while (point.nth <= limit && fault_loop_point(loop, &point)) {
            point.nth++;
        }
        if (point.nth > FAULT_LOOP_CALLS) {
            fault_loop_fail(loop, &point, "there is no end to the calls of this site");
        }
        if (point.nth == 1) {
            fault_loop_fail(loop, &point, "reached by the clean play, but its first call did not fail");
        }
    }
}

/* The sites of a clean play; the second play, since the first may do things that are done once per process. */
static int fault_loop_collect(struct fault_loop *loop, struct fault_site_count *sites, size_t *count)
{
    char text[FAULT_SCENARIO_TEXT_BYTES];
    struct fault_point nothing = {.site = "no fault"};
    for (int i = 0; i < 2; i++) {
        int installed = fault_plan_install(NULL, 0);
        int result = installed == 0 ? fault_loop_play(loop, text) : installed;
        *count = fault_sites(sites, FAULT_LOOP_SITES);
        fault_plan_clear();
        if (result != 0) {
            fault_loop_fail(loop, &nothing, "the play returned %d: %s", result, installed == 0 ? text : "no plan");
            return -1;
        }
    }
    *count = *count < FAULT_LOOP_SITES ? *count : FAULT_LOOP_SITES;
    return 0;
}

int fault_loop_run(const struct fault_scenario *scenario, struct fault_loop_report *report)
{
    struct fault_loop loop = {.scenario = scenario, .report = report};
    struct fault_site_count *sites = calloc(FAULT_LOOP_SITES, sizeof(*sites));
    size_t count = 0;
    memset(report, 0, sizeof(*report));
    if (sites == NULL || fault_loop_collect(&loop, sites, &count) != 0) {
        free(sites);
        return -1;
    }
    report->sites = count;
    leak_gate_begin(&loop.gate, scenario->debug, scenario->context);
    for (size_t i = 0; i < count; i++) {
        fault_loop_site(&loop, sites[i].site);
    }
    free(sites);
    if (report->points == 0) {
        struct fault_point nothing = {.site = "no site"};
        fault_loop_fail(&loop, &nothing, "%zu sites were reached and no fault fired", count);
    }
    return report->failures == 0 ? 0 : -1;
}
