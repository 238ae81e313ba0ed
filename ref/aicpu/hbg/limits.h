/* SPDX-License-Identifier: Apache-2.0 */
/* limits: fixed sizes of the hbg device program that are no part of the ABI (device.md 6). */
#ifndef AICPU_HBG_LIMITS_H
#define AICPU_HBG_LIMITS_H

#include "exec/exec.h"

#define HBG_MAX_THREADS 8u                       /* AICPU threads of the larger architecture, rounded up */
#define HBG_CORE_TYPES 2u                        /* enum pto_core_type */
#define HBG_LOCAL_READY 64u                      /* per thread and core type */
#define HBG_TAKE 64u                             /* ready tasks taken from a shared queue at once */
#define HBG_LOOK_NS 100u                         /* modelled duration of a scheduler's look at its cores */
#define HBG_BUSY_LIMIT_NS (2 * EXEC_OP_LIMIT_NS) /* a busy core excuses a stall no longer; R33 ends it before */
#define HBG_REPORTED_TASKS 10u                   /* stuck tasks that a deadlock names */

#endif
