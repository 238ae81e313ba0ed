/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handshake: which scheduler owns which cores, and what trb adds to core_link when it takes them and lets them go.
 */
#ifndef AICPU_TRB_HANDSHAKE_H
#define AICPU_TRB_HANDSHAKE_H

#include "aicpu/trb/context.h"

/*
 * First thread: meets every core of the run, gives each to a scheduler (cluster c to scheduler c modulo their number)
 * and rings that scheduler's bell from then on. `table` holds the register base of each physical core. On failure (a
 * core that reports an impossible id or does not answer; -ECANCELED) every core has been told to leave, and the error
 * is latched. Returns 0 or negative.
 */
int trb_handshake(struct aicpu_runtime *context, const uint64_t *table);

/* Before any handshake: tells every core that the run does not take place. */
void trb_dismiss_cores(struct trb_runtime *image);

/*
 * A scheduler's last act: tells its cores to leave, and waits until they have. A core that is still in a kernel leaves
 * after it; how long that may take is R33's business. A core that is gone for good fails the run after the sync limit.
 * Returns 0; -ECANCELED, -ETIMEDOUT, with the error latched.
 */
int trb_release_cores(struct trb_scheduler *scheduler);

#endif
