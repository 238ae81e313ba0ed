/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stall: what a run that cannot get on is waiting for, in words (device.md 3.10). Called when nobody can run, so that
 * whatever it looks at stands still.
 */
#ifndef AICPU_TRB_STALL_H
#define AICPU_TRB_STALL_H

#include "aicpu/trb/scheduler.h"

/*
 * Names the scheduler's cores that owe an answer, with their task, kernel and block; tasks that wait, with the
 * producers that they wait for; and tasks that are ready and find no core: as many as there is room for. Everything is
 * logged too.
 */
void trb_stall_describe(const struct trb_scheduler *scheduler, char *text, size_t capacity);

/* Tasks that were submitted so far. */
uint64_t trb_stall_submitted(const struct trb_run *run);

#endif
