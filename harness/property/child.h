/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: runs cases of a property in a forked child, so that a crash, a hang or a leak is a result like any other.
 *
 * The child leaves through exit(), not _exit(): coverage counters of every library are written, and the leak check of
 * the sanitizer or of valgrind runs over what the cases left behind. What the cases choose and say lies in memory that
 * both share, so nothing is lost with the child. The caller has one thread.
 */
#ifndef HARNESS_PROPERTY_CHILD_H
#define HARNESS_PROPERTY_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/property/property.h"

enum child_verdict {
    CHILD_PASSED = 0,
    CHILD_FAILED,  /* a case returned non-zero */
    CHILD_CRASHED, /* killed by a signal, or ended by itself in the middle of a case */
    CHILD_HUNG,    /* one case took longer than the limit */
    CHILD_LEAKED,  /* every case held, and the process then ended with a code of its own: a leak check */
    CHILD_BROKEN,  /* no memory, no fork: nothing is known */
};

/* Feeds case `index`: makes a choice over `buffer` (seed) or fills the buffer and reads from it (bytes, file). 0 or
 * negative. */
typedef int child_feed(void *context, uint64_t index, uint8_t *buffer, size_t capacity, struct choice *choice);

struct child_job {
    const struct property *property;
    void *state;     /* what the property's setup made */
    size_t capacity; /* bytes of the buffer */
    child_feed *feed;
    void *feed_context;
    uint64_t first; /* cases first .. end - 1 */
    uint64_t end;
    bool quiet;    /* output of the child is dropped */
    bool isolated; /* false: no fork, the cases run right here */
};

struct child_report {
    enum child_verdict verdict;
    uint64_t index; /* the case under way when it ended */
    int signal;     /* CRASHED: which, or 0 */
    int exit_code;  /* CRASHED without signal, LEAKED */
    size_t size;    /* bytes of that case in the caller's buffer */
    char message[PROPERTY_MESSAGE_BYTES];
};

/* The parts of it, for those who fork by themselves: */

/*
 * In the child: signals of a crash end it (the handlers of a test runner would jump back into its copy of the runner),
 * no core is written, and output may be dropped.
 */
void child_prepare(bool quiet);
/* In the parent: the child's status, or -1. */
int child_wait(int child);
/* How long one case may take before it counts as hung (PROPERTY_HANG_SECONDS). */
unsigned child_hang_seconds(void);

/* Runs the job; `bytes` (capacity as in the job, or NULL) receives the choices of the case under way. */
void child_run(const struct child_job *job, struct child_report *report, uint8_t *bytes);

#endif
