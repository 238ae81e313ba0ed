/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_sync_start_edge: blocks that start together: one, one scheduler's clusters, one more, all but one. */
#include "st/scenes/spmd_common/golden.h"
#include "st/scenes/spmd_sync_start_edge/tasks.h"

SPMD_SCENE(spmd_sync_start_edge, "blocks that start together: one, one scheduler's clusters, one more, all but one",
           scene_tasks, 23);
