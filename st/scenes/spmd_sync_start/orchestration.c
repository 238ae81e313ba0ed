/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_sync_start: MIX tasks of 2 and 8 blocks that start together among ordinary ones. */
#include "st/scenes/spmd_common/orchestration.h"
#include "st/scenes/spmd_sync_start/tasks.h"

SPMD_ORCHESTRATION(scene_tasks)
