/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench: the numbers of the product, each next to its target; `make bench` builds it for release and runs it.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/bench.h"

#define SAMPLES 7u
#define QUICK_SAMPLES 5u
#define JSON_NAME "bench.json"

enum exit_code { EXIT_FINE = 0, EXIT_MISSED = 1, EXIT_USAGE = 2 };

struct request {
    const struct bench_group *only;
    const char *json;
    bool quick;
    bool gate;
};

#define GROUP_POINTER(name) &bench_group_##name,
static const struct bench_group *const groups[] = {BENCH_GROUPS(GROUP_POINTER)};
#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

static void print_help(FILE *stream)
{
    (void)fputs("usage: bench [options]\n\noptions:\n"
                "  --only NAME  one group of numbers\n"
                "  --quick      fewer repetitions, for a first look\n"
                "  --gate       exit with 1 when a number misses its target\n"
                "  --json FILE  where the numbers go (default: bench.json next to the build's directory)\n"
                "\ngroups:\n",
                stream);
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        (void)fprintf(stream, "  %-16s %s\n", groups[i]->name, groups[i]->summary);
    }
}

static const struct bench_group *find_group(const char *name)
{
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(groups[i]->name, name) == 0) {
            return groups[i];
        }
    }
    (void)fprintf(stderr, "bench: unknown group \"%s\"\nhint: bench --help lists them\n", name);
    return NULL;
}

/* Returns true to go on; otherwise *exit_code says how to end. */
static bool parse(int argc, char **argv, struct request *request, int *exit_code)
{
    static const struct option options[] = {
        {"only", required_argument, NULL, 'o'}, {"quick", no_argument, NULL, 'q'}, {"gate", no_argument, NULL, 'g'},
        {"json", required_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},  {NULL, 0, NULL, 0}};
    int found;
    while ((found = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        request->quick = request->quick || found == 'q';
        request->gate = request->gate || found == 'g';
        request->json = found == 'j' ? optarg : request->json;
        request->only = found == 'o' ? find_group(optarg) : request->only;
        *exit_code = found == 'h' ? EXIT_FINE : EXIT_USAGE;
        if (found == 'h') {
            print_help(stdout);
        }
        if (found == 'h' || found == '?' || (found == 'o' && request->only == NULL)) {
            return false;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "bench: one argument too many: \"%s\"\nhint: bench --help\n", argv[optind]);
        *exit_code = EXIT_USAGE;
        return false;
    }
    return true;
}

/* A session of its own for each group, so that none inherits what another warmed up or grew. */
static void run_group(struct bench *bench, const struct bench_group *group)
{
    const struct session_options options = {
        .engine = {.size = sizeof(options.engine), .kind = PTO_ENGINE_FIBERS, .policy = PTO_POLICY_ROUND_ROBIN}};
    int result = session_open(&bench->session, &options);
    if (result != 0) {
        (void)snprintf(bench->error, sizeof(bench->error), "%s", bench->session.error);
    } else {
        result = group->run(bench);
        session_close(&bench->session);
    }
    if (result != 0) {
        bench_finish_rest(bench, "see the error below");
        (void)fprintf(stderr, "bench: %s: %s\n", group->name, bench->error);
        bench->broken++;
    }
}

static int write_numbers(const struct bench *bench, const struct request *request, const char *artefacts)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/../" JSON_NAME, artefacts);
    const char *target = request->json != NULL ? request->json : path;
    if (bench_write_json(bench, target) != 0) {
        (void)fprintf(stderr, "bench: cannot write %s\n", target);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct request request = {0};
    int exit_code = EXIT_FINE;
    if (!parse(argc, argv, &request, &exit_code)) {
        return exit_code;
    }
    bench.quick = request.quick;
    bench.samples = request.quick ? QUICK_SAMPLES : SAMPLES;
    bench_print_head();
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (request.only == NULL || request.only == groups[i]) {
            run_group(&bench, groups[i]);
        }
    }
    (void)printf("%zu numbers, %zu missed their target, %zu groups could not be measured\n", bench.count, bench.missed,
                 bench.broken);
    bool written = write_numbers(&bench, &request, bench.session.artefacts) == 0;
    return bench.broken > 0 || !written || (request.gate && bench.missed > 0) ? EXIT_MISSED : EXIT_FINE;
}
