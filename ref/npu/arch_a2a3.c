/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "npu/arch.h"
#include "npu/arch_a2a3.h"

const struct npu_arch npu_arch_a2a3 = {
    .name = NPU_ARCH_NAME,
    .max_blocks = NPU_MAX_BLOCKS,
    .max_aicpu_threads = NPU_MAX_AICPU_THREADS,
    .launched_aicpu_threads = NPU_LAUNCHED_AICPU_THREADS,
    .max_physical_cores = NPU_MAX_PHYSICAL_CORES,
    .counter_hz = 50000000,
    .data_main_base_offset = NPU_DATA_MAIN_BASE_OFFSET,
    .cond_offset = NPU_COND_OFFSET,
    .fast_path_offset = NPU_FAST_PATH_OFFSET,
    .register_bytes = NPU_REGISTER_BYTES,
    .kernel_ns = 1000,
    .submit_ns = 200,
};
