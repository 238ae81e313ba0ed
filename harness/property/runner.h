/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner: runs a property over many seeds, and over files.
 *
 * The cases of a check run in one forked child (child.h). The first that fails, crashes, hangs or leaks is shrunk, one
 * child per candidate, written to build/failures/, and told with the one command that replays it.
 *
 * Environment: PROPERTY_RUNS multiplies the number of cases ("0.1", "20"); PROPERTY_SEED is the seed where none is
 * given; PROPERTY_FORK=0 runs everything in this process, for a debugger; PROPERTY_FAILURES, PROPERTY_HANG_SECONDS,
 * PROPERTY_ENGINE (engine_choice.h).
 */
#ifndef HARNESS_PROPERTY_RUNNER_H
#define HARNESS_PROPERTY_RUNNER_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/property/child.h"
#include "harness/property/property.h"

#define PROPERTY_DEFAULT_SEED 1u

struct property_options {
    uint64_t seed;         /* 0: PROPERTY_SEED, otherwise 1 */
    uint64_t runs;         /* 0: the property's default; PROPERTY_RUNS multiplies it either way */
    uint32_t shrink_tries; /* 0: 2000 */
    bool quiet;            /* print nothing, and drop the output of the cases */
    const char *failures;  /* directory of reproducers; NULL: reproducer_directory() */
};

struct property_failure {
    enum child_verdict verdict;
    uint64_t runs; /* how many cases were asked for */
    uint64_t seed;
    uint64_t index;                       /* of the case that failed */
    size_t original_size;                 /* bytes that it chose */
    size_t size;                          /* after shrinking */
    uint32_t tries;                       /* candidates that shrinking tried */
    char message[PROPERTY_MESSAGE_BYTES]; /* of the shrunk case */
    char path[PATH_MAX];    /* the reproducer; empty when it could not be written or fails only after earlier cases */
    char command[PATH_MAX]; /* that replays it */
};

/*
 * Checks `property` over its cases. Returns 0, or 1 after a failure, which is printed to stderr and described in
 * `failure` (NULL allowed).
 */
int property_check_with(const struct property *property, const struct property_options *options,
                        struct property_failure *failure);

/* The same with a seed and a number of cases, 0 for the defaults: what a cmocka case calls. */
int property_check(const struct property *property, uint64_t seed, uint64_t runs);

/*
 * Replays one file in this process, telling to `trace` (NULL allowed) what the case does and how it ended. Returns 0
 * when it held, 1 when not, negative when there is no such property or file.
 */
int property_replay_file(const char *name, const char *path, FILE *trace);

/*
 * Replays every file of DIRECTORY/<property>/ for every property, each file apart from the others' crashes. Returns how
 * many files fail, and gives how many were read (`files`, NULL allowed); negative when the directory cannot be read or
 * has a folder that no property is named after. Failures are printed to stderr.
 */
int property_replay_corpus(const char *directory, uint64_t *files);

/* Writes `count` made-up cases of the property as seed inputs into DIRECTORY. Returns 0 or -errno. */
int property_write_seeds(const struct property *property, uint64_t seed, uint64_t count, const char *directory);

#endif
