/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: MIX tasks of 2 and 8 blocks that start together among ordinary ones (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_SYNC_START_TASKS_H
#define ST_SCENES_SPMD_SYNC_START_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_LANES, 2, true},
    {PTO_ACTIVE_LANES, 8, true},
    {PTO_ACTIVE_LANES, 2, false},
    {PTO_ACTIVE_LANES, 12, true},
};

#endif
