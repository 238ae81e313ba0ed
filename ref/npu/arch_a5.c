/* SPDX-License-Identifier: Apache-2.0 */
/* This table is of a5, whatever the rest is compiled for. */
#undef NPU_ARCH_A2A3
#undef NPU_ARCH_A5
#define NPU_ARCH_A5
#include "npu/arch.h"

const struct npu_arch npu_arch_a5 = {
    .name = NPU_ARCH_NAME,
    .chip = "DAV_3510",
    .max_blocks = NPU_MAX_BLOCKS,
    .max_aicpu_threads = NPU_MAX_AICPU_THREADS,
    .launched_aicpu_threads = NPU_LAUNCHED_AICPU_THREADS,
    .max_physical_cores = NPU_MAX_PHYSICAL_CORES,
    .dies = 2,
    .counter_hz = 1000000000,
    .data_main_base_offset = NPU_DATA_MAIN_BASE_OFFSET,
    .cond_offset = NPU_COND_OFFSET,
    .control_offset = 0,
    .fast_path_offset = NPU_FAST_PATH_OFFSET,
    .register_ids = 31,
    .register_bytes = NPU_REGISTER_BYTES,
    .page_count = 3,
    .pages = {{0, 0x1000, 0}, {0x2400, 0x2000, 0x1000}, {0x5000, 0x1000, 0x3000}},
    .mapping = {.per_core = true, .core_stride = 3u << 20, .sub_stride = 1u << 20, .core_bytes = 3u << 20},
    .pmu = {.counters = 10,
            .control = 0x4200,
            .second_control = 0x2400,
            .counter = {0x4210, 0x4218, 0x4220, 0x4228, 0x4230, 0x4238, 0x4240, 0x4248, 0x4250, 0x4254},
            .total = {0x4260, 0x4264},
            .start = {0x42A0, 0x42A4},
            .stop = {0x42A8, 0x42AC},
            .selector = 0x2500},
    .kernel_args_bytes = sizeof(struct NPU_KERNEL_ARGS),
    .has_dep_gen = false,
    .has_ffts = false,
    .has_sdma = NPU_HAS_SDMA,
    .uses_acl = NPU_USES_ACL,
    .kernel_ns = 1000,
    .submit_ns = 200,
};
