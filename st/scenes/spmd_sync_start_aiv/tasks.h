/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: AIV tasks of up to 24 blocks that start together among ordinary ones (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_SYNC_START_AIV_TASKS_H
#define ST_SCENES_SPMD_SYNC_START_AIV_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_AIV0, 4, true},
    {PTO_ACTIVE_AIV0, 16, true},
    {PTO_ACTIVE_AIV0, 4, false},
    {PTO_ACTIVE_AIV0, 24, true},
};

#endif
