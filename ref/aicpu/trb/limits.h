/* SPDX-License-Identifier: Apache-2.0 */
/* limits: fixed sizes of the trb device program that are no part of the ABI (device.md 1.11, 1.12, 1.14). */
#ifndef AICPU_TRB_LIMITS_H
#define AICPU_TRB_LIMITS_H

#include "exec/exec.h"

#define TRB_MAX_SCOPE_DEPTH 64u
#define TRB_SCOPE_TASKS 65536u   /* tasks in all open scopes together */
#define TRB_MAP_ENTRIES 65536u   /* accesses of live tasks that the tensor map remembers */
#define TRB_MAP_REGIONS 65536u   /* distinct buffers that it remembers; every entry belongs to one */
#define TRB_WIRING_SLOTS 1024u   /* one stays empty */
#define TRB_READY_SLOTS 65536u   /* per shape; more when the task windows ask for it */
#define TRB_LOCAL_READY 64u      /* per thread and shape */
#define TRB_RELEASE_BATCH 256u   /* deferred releases per thread */
#define TRB_DUMMIES_PER_PASS 16u /* dummy tasks completed in one pass */
#define TRB_SUBMITS_PER_BELL 32u
#define TRB_ADVISED_LEAD 256u                    /* submitted - completed at which the orchestrator offers its turn */
#define TRB_PREFETCH_TASKS 8u                    /* how far ahead a submit touches the next slots */
#define TRB_MAX_CLUSTERS 64u                     /* of one scheduler: one bit each in a word */
#define TRB_MAX_SCHEDULERS 8u                    /* AICPU threads of the larger architecture, rounded up */
#define TRB_LOOK_NS 100u                         /* modelled duration of a scheduler's look at its cores */
#define TRB_BUSY_LIMIT_NS (2 * EXEC_OP_LIMIT_NS) /* a busy core excuses a stall no longer; R33 ends it long before */
#define TRB_ASYNC_TASKS 64u                      /* deferred tasks: one bit each in a word */
#define TRB_ASYNC_CONDITIONS 64u                 /* of one task: one bit each in a word */
#define TRB_ASYNC_PENDING 128u                   /* mailbox messages whose tasks are not deferred yet */
#define TRB_ASYNC_LOOK_NS 10000u                 /* between looks at open conditions, at first ... */
#define TRB_ASYNC_LOOK_MAX_NS 640000u            /* ... and at last: it doubles while nothing gets on */
#define TRB_ASYNC_LIMIT_NS TRB_BUSY_LIMIT_NS     /* a peer that notifies is granted what a core is */
#define TRB_MAX_BLOCKS_LANES 32767               /* blocks * lanes of one task: counted in 16 bits */

#endif
