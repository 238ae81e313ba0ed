/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_sync_start_edge: blocks that start together: one, one scheduler's clusters, one more, all but one. */
#include "st/scenes/spmd_common/orchestration.h"
#include "st/scenes/spmd_sync_start_edge/tasks.h"

SPMD_ORCHESTRATION(scene_tasks)
