/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/property/feed.h"
#include "harness/property/reproducer.h"
#include "harness/property/shrink.h"

#define SHRINK_TRIES 2000u
#define SHRINK_TRIES_HANG 20u /* each costs the whole patience */

struct check {
    struct child_job job;
    uint64_t seed;
    uint8_t *bytes; /* the failing case */
    size_t size;
    struct child_report report;
};

static uint64_t runner_seed(uint64_t asked)
{
    const char *text = getenv("PROPERTY_SEED");
    uint64_t seed = asked != 0 || text == NULL ? asked : strtoull(text, NULL, 0);
    return seed != 0 ? seed : PROPERTY_DEFAULT_SEED;
}

static uint64_t runner_runs(uint64_t asked, uint32_t usual)
{
    const char *text = getenv("PROPERTY_RUNS");
    double factor = text != NULL ? strtod(text, NULL) : 1.0;
    double runs = (double)(asked != 0 ? asked : usual) * (factor > 0.0 ? factor : 1.0);
    return runs < 1.0 ? 1 : runs > 1e15 ? (uint64_t)1e15 : (uint64_t)runs;
}

static bool runner_isolated(void)
{
    const char *text = getenv("PROPERTY_FORK");
    return text == NULL || strcmp(text, "0") != 0;
}

static bool check_still_fails(void *context, const uint8_t *bytes, size_t size)
{
    struct check *check = context;
    struct feed_bytes feed = {.bytes = bytes, .size = size};
    struct child_job job = check->job;
    job.feed = feed_from_bytes;
    job.feed_context = &feed;
    job.first = 0;
    job.end = 1;
    job.quiet = true;
    struct child_report report;
    child_run(&job, &report, NULL);
    if (report.verdict != check->report.verdict || report.signal != check->report.signal) {
        return false;
    }
    memcpy(check->report.message, report.message, sizeof(report.message));
    return true;
}

/* Which of the cases leaks: halves the range until one case is left. False when no single case leaks by itself. */
static bool check_find_leak(struct check *check)
{
    struct child_job job = check->job;
    struct child_report report;
    job.quiet = true;
    while (job.end - job.first > 1) {
        uint64_t end = job.end;
        job.end = job.first + (end - job.first) / 2;
        child_run(&job, &report, NULL);
        if (report.verdict != CHILD_LEAKED) {
            job.first = job.end;
            job.end = end;
        }
    }
    child_run(&job, &report, check->bytes);
    check->report.index = job.first;
    check->size = report.size;
    return report.verdict == CHILD_LEAKED;
}

static const char *verdict_word(enum child_verdict verdict)
{
    static const char *const words[] = {"passed", "failed", "crashed", "hung", "leaked", "could not run"};
    return words[verdict];
}

static void check_print(const struct check *check, const struct property_failure *failure)
{
    (void)fprintf(stderr, "property %s: case %lu of %lu (seed %lu) %s: %s\n", check->job.property->name, failure->index,
                  failure->runs, failure->seed, verdict_word(failure->verdict), failure->message);
    if (failure->path[0] != '\0') {
        (void)fprintf(stderr, "  shrunk from %zu to %zu bytes in %u tries\n  replay: %s\n", failure->original_size,
                      failure->size, failure->tries, failure->command);
    } else {
        (void)fprintf(stderr, "  it does not fail alone; all cases again: PROPERTY_SEED=%lu, %lu cases\n",
                      failure->seed, failure->runs);
    }
}

/* Shrinks and saves the case that failed. */
static void check_settle(struct check *check, const struct property_options *options, struct property_failure *failure)
{
    bool alone = check->report.verdict != CHILD_BROKEN &&
                 (check->report.verdict != CHILD_LEAKED || check_find_leak(check)) &&
                 check_still_fails(check, check->bytes, check->size);
    uint32_t tries = options->shrink_tries != 0 ? options->shrink_tries : SHRINK_TRIES;
    if (check->report.verdict == CHILD_HUNG && tries > SHRINK_TRIES_HANG) {
        tries = SHRINK_TRIES_HANG;
    }
    struct shrink shrink = {.still_fails = check_still_fails, .context = check, .budget = tries};
    failure->original_size = check->size;
    if (alone) {
        check->size = shrink_bytes(&shrink, check->bytes, check->size);
        const char *directory = options->failures != NULL ? options->failures : reproducer_directory();
        int result = reproducer_write(directory, check->job.property->name, check->bytes, check->size, failure->path,
                                      sizeof(failure->path));
        if (result != 0 && !options->quiet) {
            (void)fprintf(stderr, "property %s: cannot write a reproducer to %s: %s\n", check->job.property->name,
                          directory, strerror(-result));
        }
        failure->path[0] = result == 0 ? failure->path[0] : '\0';
        reproducer_command(check->job.property->name, failure->path, failure->command, sizeof(failure->command));
    }
    failure->verdict = check->report.verdict;
    failure->seed = check->seed;
    failure->index = check->report.index;
    failure->size = check->size;
    failure->tries = shrink.tries;
    memcpy(failure->message, check->report.message, sizeof(failure->message));
}

static int check_start(struct check *check, const struct property *property, const struct property_options *options,
                       struct property_context *context)
{
    check->seed = runner_seed(options->seed);
    check->bytes = malloc(property->max_bytes + 1);
    if (check->bytes == NULL || (property->setup != NULL && property->setup(context) != 0)) {
        if (!options->quiet) {
            (void)fprintf(stderr, "property %s: setup: %s\n", property->name,
                          check->bytes == NULL ? "no memory" : context->message);
        }
        free(check->bytes);
        return -1;
    }
    check->job = (struct child_job){.property = property,
                                    .state = context->state,
                                    .capacity = property->max_bytes,
                                    .feed = feed_from_seed,
                                    .feed_context = &check->seed,
                                    .end = runner_runs(options->runs, property->default_runs),
                                    .quiet = options->quiet,
                                    .isolated = runner_isolated()};
    return 0;
}

int property_check_with(const struct property *property, const struct property_options *options,
                        struct property_failure *failure)
{
    struct property_context context = {0};
    struct check check = {0};
    struct property_failure local;
    struct property_failure *out = failure != NULL ? failure : &local;
    memset(out, 0, sizeof(*out));
    if (check_start(&check, property, options, &context) != 0) {
        out->verdict = CHILD_BROKEN;
        return 1;
    }
    out->runs = check.job.end;
    child_run(&check.job, &check.report, check.bytes);
    check.size = check.report.size;
    int result = check.report.verdict != CHILD_PASSED;
    if (result != 0) {
        check_settle(&check, options, out);
        if (!options->quiet) {
            check_print(&check, out);
        }
    }
    if (property->teardown != NULL) {
        property->teardown(&context);
    }
    free(check.bytes);
    return result;
}

int property_check(const struct property *property, uint64_t seed, uint64_t runs)
{
    struct property_options options = {.seed = seed, .runs = runs};
    return property_check_with(property, &options, NULL);
}
