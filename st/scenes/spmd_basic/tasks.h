/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: one MIX task: what a kernel is told about its place (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_BASIC_TASKS_H
#define ST_SCENES_SPMD_BASIC_TASKS_H

#include "st/scenes/spmd_common/layout.h"

static const struct spmd_task scene_tasks[] = {
    {PTO_ACTIVE_LANES, 1, false},
};

#endif
