/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: two MIX tasks of 48 blocks, ready together, on half as many clusters (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_BATCH_DISPATCH_OOB_TASKS_H
#define ST_SCENES_SPMD_BATCH_DISPATCH_OOB_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_LANES, 48, false},
    {PTO_ACTIVE_LANES, 48, false},
};

#endif
