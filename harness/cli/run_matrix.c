/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/cli/run_request.h"
#include "harness/program/artefacts.h"
#include "harness/report/console.h"
#include "harness/report/json.h"
#include "harness/report/table.h"

enum verdict { VERDICT_OK = 0, VERDICT_FAILED, VERDICT_CANNOT, VERDICT_COUNT };

static const char *const verdict_names[VERDICT_COUNT] = {"ok", "FAIL", "cannot"};
static const enum console_colour verdict_colours[VERDICT_COUNT] = {CONSOLE_GREEN, CONSOLE_RED, CONSOLE_YELLOW};

/* What is known about one variant; filled by the child that ran it, in memory that both share. */
struct cell {
    char variant[VARIANT_NAME_BYTES];
    enum verdict verdict;
    bool finished;      /* the child got to its end */
    bool has_tasks;     /* the runtime tells how many */
    uint64_t runs;      /* right ones */
    uint64_t tasks;     /* of the last run */
    uint64_t host_ns;   /* median */
    uint64_t device_ns; /* median */
    char message[sizeof(((struct run_report *)0)->message)];
};

struct matrix {
    struct cell *cells; /* VARIANT_COUNT of them */
    size_t count;
    size_t verdicts[VERDICT_COUNT];
};

static void fill_cell(const struct run_request *request, const struct variant *variant, struct cell *cell)
{
    struct run_report report;
    char hint[RUN_HINT_BYTES];
    int exit_code = run_play(request, variant, &report, hint);
    cell->verdict = exit_code == CLI_OK ? VERDICT_OK : VERDICT_FAILED;
    cell->runs = report.correct;
    cell->has_tasks = report.has_statistics;
    cell->tasks = report.after_runs.last_tasks;
    run_report_medians(&report, &cell->host_ns, &cell->device_ns);
    (void)snprintf(cell->message, sizeof(cell->message), "%s", report.message);
    run_report_free(&report);
    cell->finished = true;
}

/* A child that did not get to its end, or ended otherwise than it should (a leak check), is a failure of the variant.
 */
static void judge_child(struct cell *cell, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && cell->finished) {
        return;
    }
    cell->verdict = VERDICT_FAILED;
    if (WIFSIGNALED(status)) {
        (void)snprintf(cell->message, sizeof(cell->message), "the process was killed by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(cell->message, sizeof(cell->message), "the process ended with code %d%s", WEXITSTATUS(status),
                       cell->finished ? " after the runs" : " in the middle of the runs");
    }
}

static void play_cell(const struct run_request *request, const struct variant *variant, struct cell *cell)
{
    (void)fflush(NULL); /* or the child would write it once more */
    pid_t child = fork();
    if (child == 0) {
        fill_cell(request, variant, cell);
        exit(0); /* not _exit: leak checks and coverage counters are part of it */
    }
    int status = 0;
    pid_t ended = -1;
    do {
        ended = child > 0 ? waitpid(child, &status, 0) : -1;
    } while (ended < 0 && child > 0 && errno == EINTR);
    if (ended < 0) {
        cell->verdict = VERDICT_FAILED;
        (void)snprintf(cell->message, sizeof(cell->message), "no process for it: %s", strerror(errno));
        return;
    }
    judge_child(cell, status);
}

static bool is_wanted(const struct session_options *session, const struct variant *variant)
{
    return (session->arch == NULL || strcmp(session->arch, variant->arch) == 0) &&
           (session->runtime == NULL || strcmp(artefacts_runtime(session->runtime), variant->runtime) == 0) &&
           (session->platform == NULL || strcmp(session->platform, variant->platform) == 0);
}

static void add_cell(const struct run_request *request, const struct variant *variant, struct matrix *matrix)
{
    char wrong[RUN_HINT_BYTES];
    char hint[RUN_HINT_BYTES];
    struct cell *cell = &matrix->cells[matrix->count++];
    const char *refusal = variant_refusal(request->scene, variant_name(variant, cell->variant));
    if (refusal == NULL && !run_fits(request, variant, wrong, hint)) {
        refusal = hint;
    }
    if (refusal != NULL) {
        cell->verdict = VERDICT_CANNOT;
        (void)snprintf(cell->message, sizeof(cell->message), "%s", refusal);
    } else {
        play_cell(request, variant, cell);
    }
    matrix->verdicts[cell->verdict]++;
}

static void print_cell(const struct run_request *request, const struct cell *cell, struct table *table)
{
    char runs[64] = "";
    char tasks[CONSOLE_FIGURE_BYTES] = "";
    char host[CONSOLE_FIGURE_BYTES] = "";
    char device[CONSOLE_FIGURE_BYTES] = "";
    char verdict[TABLE_CELL_BYTES];
    if (cell->verdict != VERDICT_CANNOT && cell->finished) {
        (void)snprintf(runs, sizeof(runs), "%llu of %llu", (unsigned long long)cell->runs,
                       (unsigned long long)request->repeat);
        (void)console_time(host, (double)cell->host_ns);
        (void)console_time(device, (double)cell->device_ns);
    }
    if (cell->verdict != VERDICT_CANNOT && cell->finished && cell->has_tasks) {
        (void)console_count(tasks, cell->tasks);
    }
    (void)snprintf(verdict, sizeof(verdict), "%s%s%.120s", verdict_names[cell->verdict],
                   cell->verdict == VERDICT_CANNOT ? ": " : "", cell->verdict == VERDICT_CANNOT ? cell->message : "");
    (void)table_row(table, (const char *const[]){cell->variant, runs, tasks, host, device, verdict});
    table_colour(table, 5, verdict_colours[cell->verdict]);
}

static void print_matrix(const struct run_request *request, const struct matrix *matrix, const char *directory)
{
    static struct table table;
    char missing[VARIANT_LIST_BYTES];
    (void)printf("%s%s%s: %s\n\n", console_colour(stdout, CONSOLE_BOLD), request->scene->name,
                 console_colour(stdout, CONSOLE_PLAIN), request->scene->summary);
    table_begin(&table, 6, true);
    (void)table_row(&table,
                    (const char *const[]){"variant", "correct", "tasks", "host time", "device time", "verdict"});
    for (size_t i = 0; i < matrix->count; i++) {
        print_cell(request, &matrix->cells[i], &table);
    }
    table_print(&table, stdout);
    (void)printf("\n%zu variant%s: %zu ok, %zu FAIL, %zu cannot\n", matrix->count, matrix->count == 1 ? "" : "s",
                 matrix->verdicts[VERDICT_OK], matrix->verdicts[VERDICT_FAILED], matrix->verdicts[VERDICT_CANNOT]);
    variant_list(directory, false, missing);
    if (strcmp(missing, "none") != 0) {
        (void)printf("not built: %s\n", missing);
    }
    for (size_t i = 0; i < matrix->count; i++) {
        if (matrix->cells[i].verdict == VERDICT_FAILED) {
            (void)printf("\n%s%s:%s %s\n", console_colour(stdout, CONSOLE_RED), matrix->cells[i].variant,
                         console_colour(stdout, CONSOLE_PLAIN), matrix->cells[i].message);
        }
    }
}

static void print_json(const struct run_request *request, const struct matrix *matrix)
{
    struct json json;
    json_begin(&json, stdout);
    json_object(&json, NULL);
    json_text(&json, "scene", request->scene->name);
    json_array(&json, "variants");
    for (size_t i = 0; i < matrix->count; i++) {
        const struct cell *cell = &matrix->cells[i];
        json_object(&json, NULL);
        json_text(&json, "variant", cell->variant);
        json_text(&json, "verdict", verdict_names[cell->verdict]);
        json_text(&json, "reason", cell->message[0] != 0 ? cell->message : NULL);
        json_count(&json, "correct", cell->runs);
        json_count(&json, "tasks", cell->tasks);
        json_count(&json, "host_ns", cell->host_ns);
        json_count(&json, "device_ns", cell->device_ns);
        json_end(&json);
    }
    json_end(&json);
    json_count(&json, "ok", matrix->verdicts[VERDICT_OK]);
    json_count(&json, "failed", matrix->verdicts[VERDICT_FAILED]);
    json_count(&json, "cannot", matrix->verdicts[VERDICT_CANNOT]);
    json_end(&json);
}

static int say_ran_nowhere(const struct matrix *matrix, const char *directory)
{
    char built[VARIANT_LIST_BYTES];
    char hint[sizeof(built) + 32];
    variant_list(directory, true, built);
    (void)snprintf(hint, sizeof(hint), "built variants: %s", built);
    if (matrix->count == 0) {
        return options_error(&command_run, hint, "no variant of these is built in %s", directory);
    }
    return options_error(&command_run, hint, "no built variant can run it as asked");
}

int run_matrix(const struct run_request *request, const char *directory)
{
    struct matrix matrix = {0};
    const size_t bytes = VARIANT_COUNT * sizeof(*matrix.cells);
    void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return options_error(&command_run, "free some memory", "no memory for %zu bytes: %s", bytes, strerror(errno));
    }
    matrix.cells = shared;
    for (size_t i = 0; i < VARIANT_COUNT; i++) {
        if (is_wanted(&request->session, &variant_all[i]) && variant_is_built(&variant_all[i], directory)) {
            add_cell(request, &variant_all[i], &matrix);
        }
    }
    int exit_code = matrix.verdicts[VERDICT_FAILED] != 0 ? CLI_WRONG : CLI_OK;
    if (matrix.count != 0 && request->json) {
        print_json(request, &matrix);
    } else if (matrix.count != 0) {
        print_matrix(request, &matrix, directory);
    }
    if (exit_code == CLI_OK && matrix.verdicts[VERDICT_OK] == 0) {
        exit_code = say_ran_nowhere(&matrix, directory);
    }
    (void)munmap(shared, bytes);
    return exit_code;
}
