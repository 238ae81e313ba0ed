/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_starvation: tasks that start together between waves of ordinary ones that fill the device. */
#include "st/scenes/spmd_common/golden.h"
#include "st/scenes/spmd_starvation/tasks.h"

SPMD_SCENE(spmd_starvation, "tasks that start together between waves of ordinary ones that fill the device",
           scene_tasks, 6);
