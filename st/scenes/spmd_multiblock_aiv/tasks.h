/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: AIV tasks of 4 to 96 blocks on contended cores (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_MULTIBLOCK_AIV_TASKS_H
#define ST_SCENES_SPMD_MULTIBLOCK_AIV_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_AIV0, 4, false},  {PTO_ACTIVE_AIV0, 16, false}, {PTO_ACTIVE_AIV0, 24, false},
    {PTO_ACTIVE_AIV0, 48, false}, {PTO_ACTIVE_AIV0, 96, false},
};

#endif
