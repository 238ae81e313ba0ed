/* SPDX-License-Identifier: Apache-2.0 */
/* orchestration: submits the tasks of a scene (layout.h), all ready at once. */
#ifndef ST_SCENES_SPMD_COMMON_ORCHESTRATION_H
#define ST_SCENES_SPMD_COMMON_ORCHESTRATION_H

#define PTO_ORCHESTRATION_UNIT
#include "abi/orchestration.h"
#include "st/scenes/spmd_common/layout.h"

static inline struct pto_mixed_kernels spmd_kernels(uint32_t lanes)
{
    struct pto_mixed_kernels kernels = {.aic = (lanes & PTO_ACTIVE_AIC) != 0 ? SPMD_AIC : PTO_KERNEL_NONE,
                                        .aiv0 = (lanes & PTO_ACTIVE_AIV0) != 0 ? SPMD_AIV0 : PTO_KERNEL_NONE,
                                        .aiv1 = (lanes & PTO_ACTIVE_AIV1) != 0 ? SPMD_AIV1 : PTO_KERNEL_NONE};
    if (pto_task_shape_of(lanes) == PTO_SHAPE_AIV) {
        kernels.aiv0 = SPMD_VECTOR;
        kernels.aiv1 = PTO_KERNEL_NONE;
    }
    return kernels;
}

static inline void spmd_submit_all(const struct pto_chip_args *args, const struct spmd_task *tasks, uint32_t count)
{
    struct pto_tensor lines;
    struct pto_tensor meetings;
    uint64_t first = 0;
    (void)pto_tensor_from_continuous(&lines, pto_chip_args_tensor(args, 0), false, 0);
    (void)pto_tensor_from_continuous(&meetings, pto_chip_args_tensor(args, 1), false, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct pto_mixed_kernels kernels = spmd_kernels(tasks[i].lanes);
        struct pto_arg arg;
        pto_arg_init(&arg);
        (void)pto_add_no_dep(&arg, &lines);
        (void)pto_add_no_dep(&arg, &meetings);
        (void)pto_add_scalar(&arg, first);
        (void)pto_add_scalar(&arg, i);
        (void)pto_add_scalar(&arg, tasks[i].together ? spmd_parts(&tasks[i]) : 0);
        pto_set_block_num(&arg, tasks[i].blocks);
        pto_set_require_sync_start(&arg, tasks[i].together);
        (void)pto_submit(&kernels, &arg);
        first += spmd_lines(&tasks[i]);
    }
}

#define SPMD_ORCHESTRATION(tasks)                                           \
    PTO_ORCHESTRATION_CONFIG(args)                                          \
    {                                                                       \
        (void)args;                                                         \
        return (struct pto_orchestration_config){.expected_arg_count = 2};  \
    }                                                                       \
    PTO_ORCHESTRATION_ENTRY(args)                                           \
    {                                                                       \
        spmd_submit_all(args, (tasks), sizeof(tasks) / sizeof((tasks)[0])); \
    }

#endif
