/* SPDX-License-Identifier: Apache-2.0 */
/* spmd_batch_dispatch_oob: two MIX tasks of 48 blocks, ready together, on half as many clusters. */
#include "st/scenes/spmd_batch_dispatch_oob/tasks.h"
#include "st/scenes/spmd_common/golden.h"

SPMD_SCENE(spmd_batch_dispatch_oob, "two MIX tasks of 48 blocks, ready together, on half as many clusters", scene_tasks,
           0);
