/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_multiblock_mix: MIX tasks of 2 to 48 blocks on contended clusters. */
#include "st/scenes/spmd_common/golden.h"
#include "st/scenes/spmd_multiblock_mix/tasks.h"

SPMD_SCENE(spmd_multiblock_mix, "MIX tasks of 2 to 48 blocks on contended clusters", scene_tasks, 0);
