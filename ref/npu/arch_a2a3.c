/* SPDX-License-Identifier: Apache-2.0 */
/* This table is of a2a3, whatever the rest is compiled for. */
#undef NPU_ARCH_A2A3
#undef NPU_ARCH_A5
#define NPU_ARCH_A2A3
#include "npu/arch.h"

const struct npu_arch npu_arch_a2a3 = {
    .name = NPU_ARCH_NAME,
    .chip = "DAV_2201",
    .max_blocks = NPU_MAX_BLOCKS,
    .max_aicpu_threads = NPU_MAX_AICPU_THREADS,
    .launched_aicpu_threads = NPU_LAUNCHED_AICPU_THREADS,
    .max_physical_cores = NPU_MAX_PHYSICAL_CORES,
    .dies = 1,
    .counter_hz = 50000000,
    .data_main_base_offset = NPU_DATA_MAIN_BASE_OFFSET,
    .cond_offset = NPU_COND_OFFSET,
    .control_offset = 0,
    .fast_path_offset = NPU_FAST_PATH_OFFSET,
    .register_ids = 27,
    .register_bytes = NPU_REGISTER_BYTES,
    .page_count = 1,
    .pages = {{0, NPU_REGISTER_BYTES, 0}},
    .mapping = {.per_core = false, .core_stride = 8u << 20, .sub_stride = 1u << 20, .core_bytes = 0},
    .pmu = {.counters = 8,
            .control = 0x200,
            .second_control = 0,
            .counter = {0x210, 0x218, 0x220, 0x228, 0x230, 0x238, 0x240, 0x248},
            .total = {0x250, 0x254},
            .start = {0x2A0, 0x2A4},
            .stop = {0x2A8, 0x2AC},
            .selector = 0x1280},
    .kernel_args_bytes = sizeof(struct NPU_KERNEL_ARGS),
    .has_dep_gen = true,
    .has_ffts = true,
    .has_sdma = NPU_HAS_SDMA,
    .uses_acl = NPU_USES_ACL,
    .kernel_ns = 1000,
    .submit_ns = 200,
};
