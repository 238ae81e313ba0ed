/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_multiblock_aiv: AIV tasks of 4 to 96 blocks on contended cores. */
#include "st/scenes/spmd_common/golden.h"
#include "st/scenes/spmd_multiblock_aiv/tasks.h"

SPMD_SCENE(spmd_multiblock_aiv, "AIV tasks of 4 to 96 blocks on contended cores", scene_tasks, 0);
