/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/fault/fault_loop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "exec/sanitizer.h"
#include "harness/fault/fault_kinds.h"
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
    bool full;      /* every call */
    uint64_t limit; /* calls of a site */
};

/* One point: this call of this site. */
struct fault_point {
    const char *site;
    const struct fault_kind *kind;
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
    int head = snprintf(report->text + used, sizeof(report->text) - used,
                        "%s: %s %s, call %" PRIu64 "%s: ", loop->scenario->name, point->site, point->kind->name,
                        point->nth, point->sticky ? " and later" : "");
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
    struct fault_rule rule = {.nth = point->nth,
                              .sticky = point->sticky,
                              .error = point->kind->silent ? 0 : FAULT_LOOP_ERROR,
                              .values = {point->kind->values[0], point->kind->values[1]}};
    (void)snprintf(rule.site, sizeof(rule.site), "%s", point->site);
    return fault_plan_install(&rule, 1);
}

/* ---- judging ---- */

static void fault_loop_judge_text(struct fault_loop *loop, const struct fault_point *point, int result,
                                  const char *text)
{
    if (strlen(text) < FAULT_LOOP_LEAST_TEXT) {
        fault_loop_fail(loop, point, "failed with %d and the text '%s'", result, text);
    } else if (point->kind->names_itself && !fault_text_names(text, point->site)) {
        fault_loop_fail(loop, point, "failed with %d, and '%s' is not named in '%s'", result,
                        fault_words_of(point->site), text);
    }
}

/* The play in which the fault fired. */
static void fault_loop_judge_play(struct fault_loop *loop, const struct fault_point *point, int result,
                                  const char *text)
{
    const struct fault_kind *kind = point->kind;
    loop->report->points++;
    loop->report->silent += kind->silent;
    if (result == FAULT_SCENARIO_EXCUSED && kind->excuses) {
        loop->report->excused++;
    } else if (result > 0) {
        fault_loop_fail(loop, point, "broken: %s", text);
    } else if (result == 0) {
        loop->report->tolerated++;
        if (kind->demand == FAULT_MUST_FAIL) {
            fault_loop_fail(loop, point, "went unnoticed");
        }
    } else if (kind->demand == FAULT_MUST_BE_TOLERATED) {
        fault_loop_fail(loop, point, "does no harm, and the play failed with %d: %s", result, text);
    } else {
        fault_loop_judge_text(loop, point, result, text);
    }
}

/* A play without a fault that failed: is the device to blame, and does the next one succeed once it is recovered? */
static int fault_loop_recover(struct fault_loop *loop, const struct fault_point *point, int failed,
                              char text[FAULT_SCENARIO_TEXT_BYTES])
{
    const struct fault_scenario *scenario = loop->scenario;
    char why[FAULT_SCENARIO_TEXT_BYTES] = "";
    int result = 1;
    if (scenario->recover != NULL) {
        result = scenario->recover(scenario->state, point->kind->silent || fault_site_gives_back(point->site), why);
    } else if (point->kind->silent) {
        result = 0; /* the play recovers by itself */
    }
    if (result == 0) {
        loop->report->recovered++;
        return fault_loop_play(loop, text);
    }
    if (result < 0) {
        fault_loop_fail(loop, point, "finalize and init returned %d: %s", result, why);
    }
    return failed;
}

static void fault_loop_judge_next(struct fault_loop *loop, const struct fault_point *point)
{
    char text[FAULT_SCENARIO_TEXT_BYTES];
    int result = fault_loop_play(loop, text);
    if (result < 0 || fault_site_gives_back(point->site)) {
        result = fault_loop_recover(loop, point, result, text);
    }
    if (result != 0) {
        fault_loop_fail(loop, point, "the next play without a fault returned %d: %s", result, text);
    }
    if (leak_gate_end(&loop->gate) != 0) {
        fault_loop_fail(loop, point, "leaked: %s", loop->gate.text);
        leak_gate_begin(&loop->gate, loop->scenario->debug,
                        loop->scenario->context); /* the next points are judged anew */
    }
}

/* ---- sweeping ---- */

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
    log_message(LOG_LEVEL_INFO, "faults", "%s: %s %s, call %" PRIu64 "%s: %d: %s", loop->scenario->name, point->site,
                point->kind->name, point->nth, point->sticky ? " and later" : "", fired ? result : INT32_MAX, text);
    if (fired) {
        fault_loop_judge_play(loop, point, result, text);
        fault_loop_judge_next(loop, point);
    } else if (result != 0) {
        fault_loop_fail(loop, point, "no fault fired, and the play returned %d: %s", result, text);
    }
    return fired;
}

static uint64_t fault_loop_step(const struct fault_loop *loop, uint64_t nth)
{
    return loop->full || nth < FAULT_LOOP_DENSE ? 1 : nth;
}

/* Returns how many calls were made to fail. */
static uint64_t fault_loop_calls(struct fault_loop *loop, struct fault_point *point)
{
    uint64_t points = 0;
    point->nth = 1;
    uint64_t limit = loop->scenario->real_time && point->kind->waits ? 1 : loop->limit;
    if (point->sticky && !loop->full && limit > FAULT_LOOP_STICKY) {
        limit = FAULT_LOOP_STICKY; /* from there on they differ by what went well before, which the others have */
    }
    while (point->nth <= limit && fault_loop_point(loop, point)) {
        points++;
        point->nth += fault_loop_step(loop, point->nth);
    }
    if (point->nth > FAULT_LOOP_CALLS) {
        fault_loop_fail(loop, point, "there is no end to the calls of this site");
    }
    if (points == 0) {
        fault_loop_fail(loop, point, "reached by the clean play, but its first call did not do so");
    }
    return points;
}

/* One kind of fault of one site, once and from then on. */
static void fault_loop_kind(struct fault_loop *loop, const struct fault_site_count *site, const struct fault_kind *kind)
{
    bool smallest = loop->limit < FAULT_LOOP_SCALE;
    bool endless = smallest && kind->waits && loop->scenario->real_time; /* the deadlines of slow tools are minutes */
    /* A program that reads what an earlier run left does race with its own. */
    bool racy = EXEC_TSAN && kind->excuses && !loop->scenario->host_only;
    if (endless || racy) {
        loop->report->left_out += site->calls;
        return;
    }
    bool once = kind->once || (kind->silent && smallest) || (kind->waits && loop->scenario->real_time);
    for (int sticky = 0; sticky <= (once ? 0 : 1); sticky++) {
        struct fault_point point = {.site = site->site, .kind = kind, .sticky = sticky != 0};
        uint64_t points = fault_loop_calls(loop, &point);
        loop->report->left_out += site->calls > points && sticky == 0 ? site->calls - points : 0;
    }
}

/* Every site fails with an error if it only has errors to offer; to a silent one the first silent fault that fits. */
static void fault_loop_site(struct fault_loop *loop, const struct fault_site_count *site, bool silent)
{
    const char *names[8] = {NULL};
    size_t named = 0;
    if (fault_site_has_errors(site->site)) {
        fault_loop_kind(loop, site, &fault_kinds[0]);
    }
    for (size_t i = 1; i < fault_kind_count && silent; i++) {
        bool known = !fault_kind_is_for(&fault_kinds[i], site->site);
        for (size_t j = 0; j < named && !known; j++) {
            known = strcmp(names[j], fault_kinds[i].name) == 0;
        }
        if (!known) {
            names[named++ % 8] = fault_kinds[i].name;
            fault_loop_kind(loop, site, &fault_kinds[i]);
        }
    }
    if (silent && named == 0) {
        struct fault_point point = {.site = site->site, .kind = &fault_kinds[0]};
        fault_loop_fail(loop, &point, "it obeys silent faults, and the loop knows none for it");
    }
}

/* The sites of a clean play; the second play, since the first may do things that are done once per process. */
static int fault_loop_collect(struct fault_loop *loop, struct fault_site_count *sites, bool *silent, size_t *count)
{
    char text[FAULT_SCENARIO_TEXT_BYTES];
    struct fault_point nothing = {.site = "no fault", .kind = &fault_kinds[0]};
    for (int i = 0; i < 2; i++) {
        int installed = fault_plan_install(NULL, 0);
        int result = installed == 0 ? fault_loop_play(loop, text) : installed;
        *count = fault_sites(sites, FAULT_LOOP_SITES);
        *count = *count < FAULT_LOOP_SITES ? *count : FAULT_LOOP_SITES;
        for (size_t j = 0; j < *count; j++) {
            silent[j] = fault_site_is_silent(sites[j].site);
        }
        fault_plan_clear();
        if (result != 0) {
            fault_loop_fail(loop, &nothing, "the play returned %d: %s", result, installed == 0 ? text : "no plan");
            return -1;
        }
    }
    return 0;
}

static void fault_loop_choose_sample(struct fault_loop *loop)
{
    const char *sweep = getenv("FAULT_SWEEP");
    uint64_t percent = leak_churn_count(FAULT_LOOP_SCALE, 1);
    loop->full = sweep != NULL && strcmp(sweep, "full") == 0;
    loop->limit = percent < FAULT_LOOP_SCALE ? percent : FAULT_LOOP_CALLS;
}

int fault_loop_run(const struct fault_scenario *scenario, struct fault_loop_report *report)
{
    struct fault_loop loop = {.scenario = scenario, .report = report};
    struct fault_site_count *sites = calloc(FAULT_LOOP_SITES, sizeof(*sites));
    bool silent[FAULT_LOOP_SITES];
    size_t count = 0;
    memset(report, 0, sizeof(*report));
    fault_loop_choose_sample(&loop);
    if (sites == NULL || fault_loop_collect(&loop, sites, silent, &count) != 0) {
        free(sites);
        return -1;
    }
    report->sites = count;
    leak_gate_begin(&loop.gate, scenario->debug, scenario->context);
    for (size_t i = 0; i < count; i++) {
        fault_loop_site(&loop, &sites[i], silent[i]);
    }
    free(sites);
    if (report->points == 0) {
        struct fault_point nothing = {.site = "no site", .kind = &fault_kinds[0]};
        fault_loop_fail(&loop, &nothing, "%zu sites were reached and no fault fired", count);
    }
    return report->failures == 0 ? 0 : -1;
}

void fault_loop_tell(const struct fault_loop_report *report, char *line, size_t capacity)
{
    (void)snprintf(line, capacity,
                   "%" PRIu64 " sites, %" PRIu64 " faults fired (%" PRIu64 " silent), %" PRIu64 " tolerated, %" PRIu64
                   " excused, %" PRIu64 " with finalize and init, %" PRIu64 " plays, %" PRIu64
                   " calls left out by the sample",
                   report->sites, report->points, report->silent, report->tolerated, report->excused, report->recovered,
                   report->plays, report->left_out);
}
