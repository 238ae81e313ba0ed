/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_sync_start_stress: six rounds of MIX and AIV tasks that start together or not, all contending. */
#include "st/scenes/spmd_common/orchestration.h"
#include "st/scenes/spmd_sync_start_stress/tasks.h"

SPMD_ORCHESTRATION(scene_tasks)
