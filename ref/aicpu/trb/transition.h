/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transition: the orchestrator becomes a scheduler once the orchestration has ended (PTO2_ORCH_TO_SCHED; device.md 2.5;
 * invariant 32).
 *
 * The orchestrator asks; every scheduler parks between two passes, where its cores' records are complete; the
 * orchestrator then gives each cluster, whole and with whatever its cores are doing, to scheduler (cluster modulo the
 * new number), moves the bells, and lets everybody go on. Cores notice nothing. When the run fails first, a scheduler
 * may have left already: then nothing is moved.
 */
#ifndef AICPU_TRB_TRANSITION_H
#define AICPU_TRB_TRANSITION_H

#include "aicpu/trb/context.h"

/* Orchestrator, before the number of tasks is told, so that no scheduler can be done: one more scheduler, unless the
 * image does not ask for it or the only thread schedules anyway. The caller then runs that scheduler's loop. */
void trb_transition(struct aicpu_runtime *context);

#endif
