/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench: measures the product's numbers and puts each next to its target.
 *
 * A number is a median over samples, with the smallest and the largest; a sample is a mean over enough repetitions to
 * be longer than the clock's noise. Peers (OpenMP, bare dlopen) are measured in the same run, sample by sample in turn.
 * What could not be measured is told with its reason and counts as missed.
 */
#ifndef HARNESS_BENCH_BENCH_H
#define HARNESS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/program/session.h"

#define BENCH_MAX_SAMPLES 16u
#define BENCH_MAX_NUMBERS 100u
#define BENCH_NAME_BYTES 96u
#define BENCH_NOTE_BYTES 160u

enum bench_unit { BENCH_NS, BENCH_PER_SECOND, BENCH_TIMES, BENCH_PERCENT, BENCH_COUNT, BENCH_BYTES };
enum bench_rule { BENCH_INFORMATION, BENCH_AT_MOST, BENCH_AT_LEAST };

struct bench_number {
    char name[BENCH_NAME_BYTES];
    char note[BENCH_NOTE_BYTES]; /* what is not obvious: sizes, counts, why there is no value */
    enum bench_unit unit;
    enum bench_rule rule;
    double target;
    double samples[BENCH_MAX_SAMPLES];
    unsigned sample_count; /* 0: could not be measured */
    double median;
    double least;
    double most;
    bool finished;
    bool reached; /* of BENCH_AT_MOST and BENCH_AT_LEAST */
};

struct bench {
    bool quick;
    unsigned samples; /* per number */
    struct session session;
    struct bench_number numbers[BENCH_MAX_NUMBERS];
    size_t count;
    size_t missed;
    size_t broken;    /* groups that could not go on */
    char error[1200]; /* why a group could not go on */
};

/* One subject: measures and records. 0, or negative with bench->error. */
struct bench_group {
    const char *name;
    const char *summary;
    int (*run)(struct bench *bench);
};

#define BENCH_GROUPS(X) \
    X(one_task)         \
    X(prepare)          \
    X(independent)      \
    X(chain)            \
    X(two_in_one_out) X(spmd) X(flat) X(hbg) X(onboard) X(cycles) X(runs) X(explorer) X(fuzz)

#define BENCH_DECLARE(name) extern const struct bench_group bench_group_##name;
BENCH_GROUPS(BENCH_DECLARE)
#undef BENCH_DECLARE

/* ---- numbers.c --------------------------------------------------------------------------------------------------- */

/* Starts a new number; the caller adds samples and ends it. NULL when there are too many (an error of the program). */
struct bench_number *bench_number(struct bench *bench, enum bench_unit unit, enum bench_rule rule, double target,
                                  const char *format, ...) __attribute__((format(printf, 5, 6)));
void bench_sample(struct bench_number *number, double value);
/* Computes median, range and verdict, and prints the line. `note` may be NULL. */
void bench_finish(struct bench *bench, struct bench_number *number, const char *note);
/* Finishes what a group left unfinished, as not measured. */
void bench_finish_rest(struct bench *bench, const char *note);
void bench_print_head(void);
/* Writes every number to `path`. 0 or -1. */
int bench_write_json(const struct bench *bench, const char *path);

/* ---- callable.c -------------------------------------------------------------------------------------------------- */

/* A file's bytes (free() them). 0, or -1 with `error`. */
int bench_read_file(const char *path, void **bytes, size_t *size, char *error, size_t error_capacity);
/* Packs st/fixtures/bench_graphs; `serial` > 0 makes an image of the same meaning with other bytes in each SO. 0 or -1.
 */
int bench_pack_graphs(struct bench *bench, uint64_t serial, void **image, size_t *bytes);

#endif
