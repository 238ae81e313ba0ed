/* SPDX-License-Identifier: Apache-2.0 */
/* arch_a5: the constants of a5 for code compiled for it (device.md section 0). */
#ifndef NPU_ARCH_A5_H
#define NPU_ARCH_A5_H

#include "abi/kernel_args.h"

#define NPU_ARCH_NAME "a5"
#define NPU_ARCH_TABLE npu_arch_a5
#define NPU_MAX_BLOCKS 36u
#define NPU_MAX_WORKERS (NPU_MAX_BLOCKS * NPU_CORES_PER_BLOCK)
#define NPU_MAX_AICPU_THREADS 7u
#define NPU_LAUNCHED_AICPU_THREADS 7u
#define NPU_MAX_PHYSICAL_CORES 108u
#define NPU_DATA_MAIN_BASE_OFFSET 0xD0u
#define NPU_COND_OFFSET 0x5108u
#define NPU_FAST_PATH_OFFSET 0u /* there is none */
#define NPU_REGISTER_BYTES 0x4000u
/* Three pages: 0x0 .. 0xFFF, 0x2400 .. 0x43FF (performance counters), 0x5000 .. 0x5FFF, kept one after the other. */
#define NPU_REGISTER_SLOT(offset)                          \
    ((offset) < 0x1000u   ? (offset)                       \
     : (offset) < 0x4400u ? (offset) - (0x2400u - 0x1000u) \
                          : (offset) - (0x5000u - 0x3000u))
#define NPU_USES_ACL 0
#define NPU_HAS_SDMA 0

#define NPU_KERNEL_ARGS pto_kernel_args_a5            /* struct tag */
#define NPU_KERNEL_ARGS_FFTS(args) ((uint64_t *)NULL) /* there is none */

#endif
