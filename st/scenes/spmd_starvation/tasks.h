/* SPDX-License-Identifier: Apache-2.0 */
/* tasks: tasks that start together between waves of ordinary ones that fill the device (spmd_common/layout.h). */
#ifndef ST_SCENES_SPMD_STARVATION_TASKS_H
#define ST_SCENES_SPMD_STARVATION_TASKS_H

#include "st/scenes/spmd_common/layout.h"

/* 6 * 4 blocks: every cluster of the default device. */
#define WAVE                                                                                  \
    {PTO_ACTIVE_LANES, 4, false}, {PTO_ACTIVE_LANES, 4, false}, {PTO_ACTIVE_LANES, 4, false}, \
        {PTO_ACTIVE_LANES, 4, false}, {PTO_ACTIVE_LANES, 4, false},                           \
    {                                                                                         \
        PTO_ACTIVE_LANES, 4, false                                                            \
    }

static const struct spmd_task scene_tasks[] = {
    WAVE, {PTO_ACTIVE_LANES, 6, true}, WAVE, {PTO_ACTIVE_LANES, 6, true}, WAVE};

#undef WAVE

#endif
