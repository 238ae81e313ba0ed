/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: six rounds of MIX and AIV tasks that start together or not, all contending (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_SYNC_START_STRESS_TASKS_H
#define ST_SCENES_SPMD_SYNC_START_STRESS_TASKS_H

#include "st/scenes/spmd_common/layout.h"

#define ROUND                                                                                   \
    {PTO_ACTIVE_LANES, 4, false}, {PTO_ACTIVE_LANES, 12, true}, {PTO_ACTIVE_LANES, 4, false},   \
        {PTO_ACTIVE_AIV0, 8, true}, {PTO_ACTIVE_LANES, 4, false}, {PTO_ACTIVE_LANES, 12, true}, \
        {PTO_ACTIVE_LANES, 4, false}, {PTO_ACTIVE_AIV0, 8, true},                               \
    {                                                                                           \
        PTO_ACTIVE_AIV0, 4, false                                                               \
    }

static const struct spmd_task scene_tasks[] = {ROUND, ROUND, ROUND, ROUND, ROUND, ROUND};

#undef ROUND

#endif
