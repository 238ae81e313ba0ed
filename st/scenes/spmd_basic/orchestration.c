/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_basic: one MIX task: what a kernel is told about its place. */
#include "st/scenes/spmd_common/orchestration.h"
#include "st/scenes/spmd_basic/tasks.h"

SPMD_ORCHESTRATION(scene_tasks)
