/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/cli/run_report.h"

#include <stdlib.h>

#include "abi/error_codes.h"
#include "harness/report/json.h"
#include "harness/report/table.h"

#define FIGURES_BYTES (3 * CONSOLE_FIGURE_BYTES + 32)

static const char *const kind_names[PTO_MEMORY_KIND_COUNT] = {
    "client", "chip_buffer", "staging", "ring_heap", "ring_shared", "runtime", "registers", "program", "graph", "comm"};

struct summary {
    double median;
    uint64_t least;
    uint64_t most;
};

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts the samples in place. */
static struct summary summarise(uint64_t *samples, uint64_t count)
{
    if (count == 0) {
        return (struct summary){0};
    }
    qsort(samples, count, sizeof(samples[0]), compare);
    uint64_t lower = samples[(count - 1) / 2];
    uint64_t upper = samples[count / 2];
    return (struct summary){
        .median = ((double)lower + (double)upper) / 2.0, .least = samples[0], .most = samples[count - 1]};
}

void run_report_medians(struct run_report *report, uint64_t *host_ns, uint64_t *device_ns)
{
    *host_ns = (uint64_t)summarise(report->host_ns, report->runs).median;
    *device_ns = (uint64_t)summarise(report->device_ns, report->runs).median;
}

static void add_row(struct table *table, const char *what, const char *value)
{
    (void)table_row(table, (const char *const[]){what, value});
}

static void add_times(struct table *table, const char *what, uint64_t *samples, uint64_t count)
{
    char median[CONSOLE_FIGURE_BYTES];
    char least[CONSOLE_FIGURE_BYTES];
    char most[CONSOLE_FIGURE_BYTES];
    char text[FIGURES_BYTES];
    struct summary summary = summarise(samples, count);
    if (count == 1) {
        add_row(table, what, console_time(median, summary.median));
        return;
    }
    (void)snprintf(text, sizeof(text), "%s median, %s .. %s", console_time(median, summary.median),
                   console_time(least, (double)summary.least), console_time(most, (double)summary.most));
    add_row(table, what, text);
}

static void add_bytes(struct table *table, const char *what, const struct pto_statistics *statistics)
{
    const uint64_t *kinds = statistics->device_bytes_by_kind;
    char live[CONSOLE_FIGURE_BYTES];
    char callables[CONSOLE_FIGURE_BYTES];
    char rings[CONSOLE_FIGURE_BYTES];
    char text[FIGURES_BYTES];
    (void)snprintf(text, sizeof(text), "%s (callables %s, rings %s)", console_bytes(live, statistics->device_bytes),
                   console_bytes(callables, kinds[PTO_MEMORY_CHIP_BUFFER]),
                   console_bytes(rings, kinds[PTO_MEMORY_RING_HEAP] + kinds[PTO_MEMORY_RING_SHARED]));
    add_row(table, what, text);
}

static void add_statistics(struct table *table, const struct run_report *report)
{
    char text[FIGURES_BYTES];
    if (!report->has_statistics) {
        add_row(table, "tasks, device bytes", "unknown: this runtime has no " PTO_DEBUG_API_SYMBOL);
        return;
    }
    add_row(table, "tasks", console_count(text, report->after_runs.last_tasks));
    (void)snprintf(text, sizeof(text), "host %llu, AICPU %llu", (unsigned long long)report->host_dlopens,
                   (unsigned long long)report->aicpu_dlopens);
    add_row(table, "dlopens of orchestrations", text);
    add_bytes(table, "device bytes before", &report->before);
    add_bytes(table, "  after register", &report->after_register);
    add_bytes(table, "  after unregister", &report->after_unregister);
    (void)snprintf(text, sizeof(text), "%llu, leased %llu times",
                   (unsigned long long)report->after_register.chip_buffers,
                   (unsigned long long)report->after_register.chip_leases);
    add_row(table, "chip buffers", text);
    if (report->after_runs.driver_contexts != 0) {
        (void)snprintf(text, sizeof(text), "%llu streams, %llu images, %llu binaries, %llu kernels",
                       (unsigned long long)report->after_runs.driver_streams,
                       (unsigned long long)report->after_runs.driver_images,
                       (unsigned long long)report->after_runs.driver_binaries,
                       (unsigned long long)report->after_runs.driver_kernels);
        add_row(table, "driver objects", text);
    }
}

static void add_verdict(struct table *table, const struct run_report *report)
{
    char text[TABLE_CELL_BYTES];
    bool fine = report->correct == report->wanted;
    (void)snprintf(text, sizeof(text), "%llu of %llu correct", (unsigned long long)report->correct,
                   (unsigned long long)report->wanted);
    add_row(table, "runs", text);
    table_colour(table, 1, fine ? CONSOLE_GREEN : CONSOLE_RED);
    if (report->scene->expected_result != 0 && fine) {
        (void)snprintf(text, sizeof(text), "%d (%s), as expected", report->result, pto_error_name(report->result));
        add_row(table, "result", text);
    }
}

void run_report_print(struct run_report *report, FILE *stream)
{
    static struct table table;
    char text[TABLE_CELL_BYTES];
    table_begin(&table, 2, false);
    (void)snprintf(text, sizeof(text), "%s/%s/%s", report->arch, report->runtime, report->platform);
    add_row(&table, "variant", text);
    if (report->seeded) {
        (void)snprintf(text, sizeof(text), "%s, %s, seed %llu", report->engine, report->policy,
                       (unsigned long long)report->seed);
    } else {
        (void)snprintf(text, sizeof(text), "%s%s%s", report->engine, report->policy[0] != 0 ? ", " : "",
                       report->policy);
    }
    add_row(&table, "engine", text);
    (void)snprintf(text, sizeof(text), "%d, threads %d", report->blocks, report->threads);
    add_row(&table, "blocks", text);
    add_verdict(&table, report);
    add_times(&table, "host time", report->host_ns, report->runs);
    add_times(&table, "device time", report->device_ns, report->runs);
    add_statistics(&table, report);
    (void)fprintf(stream, "%s%s%s: %s\n\n", console_colour(stream, CONSOLE_BOLD), report->scene->name,
                  console_colour(stream, CONSOLE_PLAIN), report->scene->summary);
    table_print(&table, stream);
    if (report->message[0] != 0) {
        (void)fprintf(stream, "\n%swrong:%s %s\n", console_colour(stream, CONSOLE_RED),
                      console_colour(stream, CONSOLE_PLAIN), report->message);
    }
}

static void json_times(struct json *json, const char *key, uint64_t *samples, uint64_t count)
{
    struct summary summary = summarise(samples, count);
    json_object(json, key);
    json_number(json, "median", summary.median);
    json_count(json, "least", summary.least);
    json_count(json, "most", summary.most);
    json_end(json);
}

static void json_bytes(struct json *json, const char *key, const struct pto_statistics *statistics)
{
    json_object(json, key);
    json_count(json, "total", statistics->device_bytes);
    for (int kind = 0; kind < PTO_MEMORY_KIND_COUNT; kind++) {
        json_count(json, kind_names[kind], statistics->device_bytes_by_kind[kind]);
    }
    json_end(json);
}

static void json_statistics(struct json *json, const struct run_report *report)
{
    json_count(json, "tasks", report->after_runs.last_tasks);
    json_count(json, "kernel_launches", report->after_runs.last_dispatches);
    json_count(json, "switches", report->after_runs.last_switches);
    json_bool(json, "reproducible", report->after_runs.last_reproducible != 0);
    json_object(json, "device_bytes");
    json_bytes(json, "before", &report->before);
    json_bytes(json, "after_register", &report->after_register);
    json_bytes(json, "after_runs", &report->after_runs);
    json_bytes(json, "after_unregister", &report->after_unregister);
    json_end(json);
}

void run_report_print_json(struct run_report *report, FILE *stream)
{
    struct json json;
    json_begin(&json, stream);
    json_object(&json, NULL);
    json_text(&json, "scene", report->scene->name);
    json_text(&json, "arch", report->arch);
    json_text(&json, "runtime", report->runtime);
    json_text(&json, "platform", report->platform);
    json_text(&json, "engine", report->engine);
    json_text(&json, "policy", report->policy[0] != 0 ? report->policy : NULL);
    json_count(&json, "seed", report->seed);
    json_integer(&json, "blocks", report->blocks);
    json_integer(&json, "threads", report->threads);
    json_count(&json, "runs", report->runs);
    json_count(&json, "correct", report->correct);
    json_integer(&json, "result", report->result);
    json_text(&json, "wrong", report->message[0] != 0 ? report->message : NULL);
    json_times(&json, "host_ns", report->host_ns, report->runs);
    json_times(&json, "device_ns", report->device_ns, report->runs);
    json_count(&json, "host_dlopens", report->host_dlopens);
    json_count(&json, "aicpu_dlopens", report->aicpu_dlopens);
    if (report->has_statistics) {
        json_statistics(&json, report);
    }
    json_end(&json);
}
