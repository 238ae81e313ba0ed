/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: blocks that start together: one, one scheduler's clusters, one more, all but one (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_SYNC_START_EDGE_TASKS_H
#define ST_SCENES_SPMD_SYNC_START_EDGE_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_LANES, 1, true},  {PTO_ACTIVE_LANES, 8, true},  {PTO_ACTIVE_LANES, 9, true},
    {PTO_ACTIVE_LANES, 23, true}, {PTO_ACTIVE_LANES, 1, false},
};

#endif
