/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_sync_start_aiv: AIV tasks of up to 24 blocks that start together among ordinary ones. */
#include "st/scenes/spmd_common/golden.h"
#include "st/scenes/spmd_sync_start_aiv/tasks.h"

SPMD_SCENE(spmd_sync_start_aiv, "AIV tasks of up to 24 blocks that start together among ordinary ones", scene_tasks,
           12);
