/* SPDX-License-Identifier: Apache-2.0 */
/*
 * async_condition: one condition of deferred completion (device.md 5.1).
 *
 * Its addresses come from a kernel. What can be known of them beforehand is checked; an address that turns out to be no
 * memory ends the run as a fault of user code does (R33), and never the process.
 */
#ifndef AICPU_TRB_ASYNC_CONDITION_H
#define AICPU_TRB_ASYNC_CONDITION_H

#include "aicpu/trb/async_list.h"

/* False with `failure` set when type, engine and address make no condition on this architecture. */
bool trb_async_check_condition(uint64_t task_id, const struct pto_completion_entry *condition,
                               struct trb_async_failure *failure);

/* Looks once. An event record that holds is retired, so it holds once only. May set `failure`. */
bool trb_async_condition_holds(uint64_t task_id, const struct pto_completion_entry *condition,
                               struct trb_async_failure *failure);

/* "the counter at 0x... to reach 3; it is 2" */
void trb_async_describe_condition(const struct pto_completion_entry *condition, char *text, size_t capacity);

#endif
