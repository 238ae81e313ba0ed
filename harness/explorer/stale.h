/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stale: makes what earlier runs left in the task-output heaps worthless.
 *
 * Every run of a scene computes the same, at the same place: a task that reads its input too early, or one that never
 * writes its output, would go unnoticed, since what it finds there is the right result of the run before. So the
 * heaps are overwritten before every run, as far up as the first run used them (at most STALE_MOST_BYTES of each).
 * Host memory and graph buffers need nothing: staging is copied in or zeroed by every run, graph buffers go with it.
 */
#ifndef HARNESS_EXPLORER_STALE_H
#define HARNESS_EXPLORER_STALE_H

#include "abi/shared_memory.h"
#include "harness/program/session.h"

#define STALE_MOST_BYTES (1u << 20)

struct stale {
    uint8_t *pattern;               /* STALE_MOST_BYTES of it */
    uint8_t *heaps[PTO_RING_COUNT]; /* device addresses, NULL: none */
    uint64_t bytes[PTO_RING_COUNT]; /* what is overwritten of each */
};

/* After a run, when the heaps exist: overwrites them. -1: no memory, or a copy failed. */
int stale_begin(struct stale *stale, struct session *session);
/* After the next run: what it used is what will be overwritten. */
int stale_measure(struct stale *stale, struct session *session);
/* Before each further run. */
int stale_overwrite(const struct stale *stale, struct session *session);
void stale_end(struct stale *stale);

#endif
