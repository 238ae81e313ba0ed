/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_basic: one MIX task: what a kernel is told about its place. */
#include "st/scenes/spmd_basic/tasks.h"
#include "st/scenes/spmd_common/golden.h"

SPMD_SCENE(spmd_basic, "one MIX task: what a kernel is told about its place", scene_tasks, 0);
