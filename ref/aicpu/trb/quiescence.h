/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quiescence: what must be true of every structure once a run has ended well (device.md 7.1: 1, 12, 14-18, 20, 21, 30).
 *
 * Costs what the run used. Checked after every run of a debug build; a violation fails the run with -1 and names the
 * invariant.
 */
#ifndef AICPU_TRB_QUIESCENCE_H
#define AICPU_TRB_QUIESCENCE_H

#include "aicpu/trb/context.h"

/*
 * Returns 0, or -1 with a text. All threads of the run have left, all scopes are closed, and the device block says how
 * many dispatches there were.
 */
int trb_quiescence_check(struct aicpu_runtime *context, char *text, size_t capacity);

#endif
