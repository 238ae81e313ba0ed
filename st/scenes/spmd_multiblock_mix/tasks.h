/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: MIX tasks of 2 to 48 blocks on contended clusters (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_MULTIBLOCK_MIX_TASKS_H
#define ST_SCENES_SPMD_MULTIBLOCK_MIX_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_LANES, 2, false},  {PTO_ACTIVE_LANES, 8, false},  {PTO_ACTIVE_LANES, 12, false},
    {PTO_ACTIVE_LANES, 24, false}, {PTO_ACTIVE_LANES, 48, false},
};

#endif
