/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/cli/explore_report.h"

#include "harness/report/json.h"
#include "harness/report/table.h"

#define ROW_BYTES (3 * CONSOLE_FIGURE_BYTES + 64)

static const char *const verdict_names[] = {
    [EXPLORER_HELD] = "held", [EXPLORER_WRONG] = "wrong",     [EXPLORER_CRASHED] = "crashed", [EXPLORER_HUNG] = "hangs",
    [EXPLORER_LEFT] = "left", [EXPLORER_STRAYED] = "strayed", [EXPLORER_BROKEN] = "not known"};

static bool is_tree(const struct explore_heading *heading)
{
    return heading->options->policy == EXPLORER_EXHAUSTIVE;
}

static double rate(const struct explorer_report *report)
{
    return report->elapsed_ns == 0 ? 0 : (double)report->plays * 1e9 / (double)report->elapsed_ns;
}

static void add_row(struct table *table, const char *what, const char *value)
{
    (void)table_row(table, (const char *const[]){what, value});
}

static void describe_policy(const struct explore_heading *heading, char text[ROW_BYTES])
{
    const struct explorer_options *options = heading->options;
    unsigned long long seed = (unsigned long long)options->seed;
    if (options->policy == EXPLORER_RANDOM) {
        (void)snprintf(text, ROW_BYTES, "random, seeds from %llu", seed);
    } else if (options->policy == EXPLORER_PCT) {
        (void)snprintf(text, ROW_BYTES, "pct, seeds from %llu, depth %u, %u steps", seed, options->pct_depth,
                       options->pct_steps);
    } else {
        (void)snprintf(text, ROW_BYTES, "%s", heading->policy);
    }
}

/* How much of the tree was seen. */
static void describe_tree(const struct explorer_report *report, char text[ROW_BYTES])
{
    char count[CONSOLE_FIGURE_BYTES];
    bool preemptions = report->finished_preemptions >= 0;
    int64_t most = preemptions ? report->finished_preemptions : report->finished_departures;
    (void)console_count(count, report->at_least);
    if (report->whole) {
        (void)snprintf(text, ROW_BYTES, "the whole tree");
    } else if (most >= 0) {
        (void)snprintf(text, ROW_BYTES, "all with at most %lld %s%s; the whole tree has at least %s", (long long)most,
                       preemptions ? "preemption" : "departure", most == 1 ? "" : "s", count);
    } else {
        (void)snprintf(text, ROW_BYTES, "the first; the whole tree has at least %s", count);
    }
}

static void add_schedules(const struct explore_heading *heading, const struct explorer_report *report,
                          struct table *table)
{
    char text[ROW_BYTES];
    char first[CONSOLE_FIGURE_BYTES];
    char second[CONSOLE_FIGURE_BYTES];
    add_row(table, "schedules", console_count(text, report->schedules));
    if (is_tree(heading)) {
        describe_tree(report, text);
        add_row(table, "  of these", text);
        add_row(table, "runs", console_count(text, report->plays));
    }
    (void)snprintf(text, sizeof(text), "%s%s", console_count(first, report->outcomes),
                   report->more_outcomes ? " and more" : "");
    add_row(table, "distinct outcomes", text);
    (void)snprintf(text, sizeof(text), "%s .. %s", console_count(first, report->fewest_points),
                   console_count(second, report->most_points));
    add_row(table, "choices per run", text);
    (void)snprintf(text, sizeof(text), "%s in %s", console_rate(first, rate(report)),
                   console_time(second, (double)report->elapsed_ns));
    add_row(table, "rate", text);
}

static void print_failure(const struct explore_heading *heading, const struct explorer_report *report, FILE *stream)
{
    const char *red = console_colour(stream, CONSOLE_RED);
    const char *plain = console_colour(stream, CONSOLE_PLAIN);
    (void)fprintf(stream, "\n%s%s:%s %s\n", red, verdict_names[report->verdict], plain, report->message);
    if (report->schedule[0] != 0) {
        (void)fprintf(stream, "schedule: %llu preemption%s, %llu departure%s from the default, %s\n",
                      (unsigned long long)report->preemptions, report->preemptions == 1 ? "" : "s",
                      (unsigned long long)report->departures, report->departures == 1 ? "" : "s",
                      report->minimised ? "minimised" : "as it was found");
        (void)fprintf(stream, "again: %s --schedule %s\n", heading->again, report->schedule);
    }
    if (heading->options->policy == EXPLORER_RANDOM || heading->options->policy == EXPLORER_PCT) {
        (void)fprintf(stream, "as it was found: %s --policy %s --seed %llu --runs 1", heading->again, heading->policy,
                      (unsigned long long)report->seed);
        if (heading->options->policy == EXPLORER_PCT) {
            (void)fprintf(stream, " --depth %u --steps %u", heading->options->pct_depth, heading->options->pct_steps);
        }
        (void)fputc('\n', stream);
    }
}

void explore_report_print(const struct explore_heading *heading, const struct explorer_report *report, FILE *stream)
{
    static struct table table;
    char text[ROW_BYTES];
    table_begin(&table, 2, false);
    add_row(&table, heading->program, heading->where);
    describe_policy(heading, text);
    add_row(&table, "policy", text);
    add_schedules(heading, report, &table);
    add_row(&table, "verdict", verdict_names[report->verdict]);
    table_colour(&table, 1, report->verdict == EXPLORER_HELD ? CONSOLE_GREEN : CONSOLE_RED);
    table_print(&table, stream);
    if (report->verdict != EXPLORER_HELD) {
        print_failure(heading, report, stream);
    }
}

void explore_report_print_json(const struct explore_heading *heading, const struct explorer_report *report,
                               FILE *stream)
{
    struct json json;
    bool held = report->verdict == EXPLORER_HELD;
    json_begin(&json, stream);
    json_object(&json, NULL);
    json_text(&json, "program", heading->program);
    json_text(&json, "where", heading->where);
    json_text(&json, "policy", heading->policy);
    json_count(&json, "seed", held ? heading->options->seed : report->seed);
    json_text(&json, "verdict", verdict_names[report->verdict]);
    json_count(&json, "schedules", report->schedules);
    json_count(&json, "runs", report->plays);
    json_count(&json, "outcomes", report->outcomes);
    json_count(&json, "fewest_choices", report->fewest_points);
    json_count(&json, "most_choices", report->most_points);
    json_count(&json, "elapsed_ns", report->elapsed_ns);
    json_number(&json, "per_second", rate(report));
    if (is_tree(heading)) {
        json_bool(&json, "whole_tree", report->whole);
        json_integer(&json, "all_with_preemptions", report->finished_preemptions);
        json_integer(&json, "all_with_departures", report->finished_departures);
        json_count(&json, "tree_at_least", report->at_least);
    }
    json_text(&json, "wrong", held ? NULL : report->message);
    json_text(&json, "schedule", report->schedule[0] != 0 ? report->schedule : NULL);
    json_count(&json, "preemptions", report->preemptions);
    json_bool(&json, "minimised", report->minimised);
    json_count(&json, "minimising_runs", report->tries);
    json_end(&json);
}
