/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bench/bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/console.h"
#include "harness/report/json.h"

#define LINE_FORMAT "%-58s %14s  %-33s %13s  "

struct bench_number *bench_number(struct bench *bench, enum bench_unit unit, enum bench_rule rule, double target,
                                  const char *format, ...)
{
    if (bench->count == BENCH_MAX_NUMBERS) {
        abort();
    }
    struct bench_number *number = &bench->numbers[bench->count++];
    memset(number, 0, sizeof(*number));
    number->unit = unit;
    number->rule = rule;
    number->target = target;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(number->name, sizeof(number->name), format, arguments);
    va_end(arguments);
    return number;
}

void bench_sample(struct bench_number *number, double value)
{
    if (number->sample_count < BENCH_MAX_SAMPLES) {
        number->samples[number->sample_count++] = value;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(struct bench_number *number)
{
    double sorted[BENCH_MAX_SAMPLES];
    unsigned count = number->sample_count;
    if (count == 0) {
        return;
    }
    memcpy(sorted, number->samples, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare);
    number->least = sorted[0];
    number->most = sorted[count - 1];
    number->median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0;
    number->reached =
        number->rule == BENCH_AT_MOST ? number->median <= number->target : number->median >= number->target;
}

static const char *figure(char *text, enum bench_unit unit, double value)
{
    switch (unit) {
    case BENCH_NS:
        return console_time(text, value);
    case BENCH_PER_SECOND:
        return console_rate(text, value);
    case BENCH_TIMES:
        (void)snprintf(text, CONSOLE_FIGURE_BYTES, "%.2f x", value);
        return text;
    case BENCH_PERCENT:
        (void)snprintf(text, CONSOLE_FIGURE_BYTES, "%.1f %%", value);
        return text;
    case BENCH_COUNT:
        (void)snprintf(text, CONSOLE_FIGURE_BYTES, "%.0f", value);
        return text;
    case BENCH_BYTES:
        (void)snprintf(text, CONSOLE_FIGURE_BYTES, fabs(value) < 100.0 && value != trunc(value) ? "%.2f B" : "%.0f B",
                       value);
        return text;
    }
    return "";
}

static void print_line(const struct bench_number *number)
{
    char median[CONSOLE_FIGURE_BYTES] = "not measured";
    char least[CONSOLE_FIGURE_BYTES];
    char most[CONSOLE_FIGURE_BYTES];
    char range[2 * CONSOLE_FIGURE_BYTES + 16] = "";
    char bound[CONSOLE_FIGURE_BYTES];
    char target[CONSOLE_FIGURE_BYTES + 4] = "";
    bool judged = number->rule != BENCH_INFORMATION;
    if (number->sample_count > 0) {
        (void)figure(median, number->unit, number->median);
    }
    if (number->sample_count > 1) {
        (void)snprintf(range, sizeof(range), "(%s .. %s, n=%u)", figure(least, number->unit, number->least),
                       figure(most, number->unit, number->most), number->sample_count);
    }
    if (judged) {
        (void)snprintf(target, sizeof(target), "%s %s",
                       number->rule == BENCH_AT_MOST ? "<=" : ">=", figure(bound, number->unit, number->target));
    }
    (void)printf(LINE_FORMAT, number->name, median, range, target);
    if (judged) {
        (void)printf("%s%s%s", console_colour(stdout, number->reached ? CONSOLE_GREEN : CONSOLE_RED),
                     number->reached ? "ok    " : "MISSED", console_colour(stdout, CONSOLE_PLAIN));
    } else {
        (void)printf("%6s", "");
    }
    (void)printf("  %s\n", number->note);
    (void)fflush(stdout);
}

void bench_print_head(void)
{
    (void)printf(LINE_FORMAT "%-6s  %s\n", "number", "median", "(least .. most, samples)", "target", "", "");
}

void bench_finish(struct bench *bench, struct bench_number *number, const char *note)
{
    if (note != NULL) {
        (void)snprintf(number->note, sizeof(number->note), "%s", note);
    }
    summarise(number);
    number->finished = true;
    bench->missed += number->rule != BENCH_INFORMATION && !number->reached;
    print_line(number);
}

void bench_finish_rest(struct bench *bench, const char *note)
{
    for (size_t i = 0; i < bench->count; i++) {
        if (!bench->numbers[i].finished) {
            bench->numbers[i].sample_count = 0;
            bench_finish(bench, &bench->numbers[i], note);
        }
    }
}

static const char *const unit_names[] = {"ns", "per second", "times", "percent", "count", "bytes"};
static const char *const rule_names[] = {"information", "at most", "at least"};

static void write_number(struct json *json, const struct bench_number *number)
{
    json_object(json, NULL);
    json_text(json, "name", number->name);
    json_text(json, "unit", unit_names[number->unit]);
    json_text(json, "rule", rule_names[number->rule]);
    if (number->rule != BENCH_INFORMATION) {
        json_number(json, "target", number->target);
        json_bool(json, "reached", number->reached);
    }
    if (number->sample_count > 0) {
        json_number(json, "median", number->median);
        json_number(json, "least", number->least);
        json_number(json, "most", number->most);
    }
    json_array(json, "samples");
    for (unsigned i = 0; i < number->sample_count; i++) {
        json_number(json, NULL, number->samples[i]);
    }
    json_end(json);
    json_text(json, "note", number->note);
    json_end(json);
}

int bench_write_json(const struct bench *bench, const char *path)
{
    struct json json;
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return -1;
    }
    json_begin(&json, file);
    json_object(&json, NULL);
    json_bool(&json, "quick", bench->quick);
    json_count(&json, "missed", bench->missed);
    json_count(&json, "groups_broken", bench->broken);
    json_array(&json, "numbers");
    for (size_t i = 0; i < bench->count; i++) {
        write_number(&json, &bench->numbers[i]);
    }
    json_end(&json);
    json_end(&json);
    bool written = ferror(file) == 0;
    return fclose(file) == 0 && written ? 0 : -1;
}
