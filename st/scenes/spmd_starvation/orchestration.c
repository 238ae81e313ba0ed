/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_starvation: tasks that start together between waves of ordinary ones that fill the device. */
#include "st/scenes/spmd_common/orchestration.h"
#include "st/scenes/spmd_starvation/tasks.h"

SPMD_ORCHESTRATION(scene_tasks)
