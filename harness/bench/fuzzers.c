/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzzers: executions per second of the fuzz targets, with ASan and UBSan, from their corpus.
 *
 * The rate is that of the executions alone: the time of the same process with only its seeds is taken off. The targets
 * are those of build/fuzz, next to the build that this program belongs to; a target that is not built is told as not
 * measured.
 */
#include "harness/bench/bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/program/artefacts.h"
#include "harness/report/console.h"

struct fuzzer {
    const char *name;
    unsigned executions; /* per sample, about a second's worth */
    double per_second;   /* the target */
};

static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    (void)rmdir(path);
}

/* The child: never returns. New inputs go to `scratch`, the corpus is only read. Options as in harness/house/fuzz. */
static void exec_fuzzer(const char *program, unsigned executions, const char *scratch, const char *corpus)
{
    char runs[32];
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
    }
    (void)snprintf(runs, sizeof(runs), "-runs=%u", executions);
    (void)execl(program, program, runs, "-seed=1", "-verbosity=0", "-entropic=0", scratch, corpus, (char *)NULL);
    _exit(127);
}

/* ns that the process took; negative when it failed. */
static double fuzz_ns(const char *program, unsigned executions, const char *corpus)
{
    char scratch[] = "/tmp/touchstone_bench_XXXXXX";
    int status = -1;
    if (mkdtemp(scratch) == NULL) {
        return -1.0;
    }
    (void)fflush(stdout);
    uint64_t start = console_clock_ns();
    pid_t child = fork();
    if (child == 0) {
        exec_fuzzer(program, executions, scratch, access(corpus, R_OK) == 0 ? corpus : NULL);
    }
    bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    uint64_t end = console_clock_ns();
    remove_directory(scratch);
    return ended ? (double)(end - start) : -1.0;
}

static void measure(struct bench *bench, const struct fuzzer *fuzzer)
{
    char program[4096];
    char corpus[4096];
    const char *note = "not built: make build CONFIG=fuzz";
    unsigned executions = fuzzer->executions / (bench->quick ? 5u : 1u);
    struct bench_number *number =
        bench_number(bench, BENCH_PER_SECOND, BENCH_AT_LEAST, fuzzer->per_second, "fuzz executions, %s", fuzzer->name);
    if (artefacts_path(program, sizeof(program), bench->session.artefacts, "../fuzz/fuzz_%s", fuzzer->name) == 0 &&
        artefacts_path(corpus, sizeof(corpus), TOP_DIR, "corpus/%s", fuzzer->name) == 0 && access(program, X_OK) == 0) {
        note = "ASan + UBSan, from its corpus";
        for (unsigned i = 0; i < bench->samples; i++) {
            double start_up = fuzz_ns(program, 0, corpus);
            double whole = fuzz_ns(program, executions, corpus);
            if (start_up < 0 || whole <= start_up) {
                note = "the fuzz target failed";
                number->sample_count = 0;
                break;
            }
            bench_sample(number, executions * 1e9 / (whole - start_up));
        }
    }
    bench_finish(bench, number, note);
}

static int run_fuzz(struct bench *bench)
{
    static const struct fuzzer fuzzers[] = {{"blob", 100000, 50e3},
                                            {"chip_image", 100000, 50e3},
                                            {"callable_table", 500, 300},
                                            {"build_id", 100000, 50e3},
                                            {"task_program", 2000, 1000}};
    for (size_t i = 0; i < sizeof(fuzzers) / sizeof(fuzzers[0]); i++) {
        measure(bench, &fuzzers[i]);
    }
    return 0;
}

const struct bench_group bench_group_fuzz = {"fuzz", "executions per second of the fuzz targets", run_fuzz};
