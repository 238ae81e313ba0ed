/* SPDX-License-Identifier: Apache-2.0 */
/* arch_a2a3: the constants of a2a3 for code compiled for it (device.md section 0). */
#ifndef NPU_ARCH_A2A3_H
#define NPU_ARCH_A2A3_H

#include "abi/kernel_args.h"

#define NPU_ARCH_NAME "a2a3"
#define NPU_ARCH_TABLE npu_arch_a2a3
#define NPU_MAX_BLOCKS 24u
#define NPU_MAX_WORKERS (NPU_MAX_BLOCKS * NPU_CORES_PER_BLOCK)
#define NPU_MAX_AICPU_THREADS 4u
#define NPU_LAUNCHED_AICPU_THREADS 6u
#define NPU_MAX_PHYSICAL_CORES 75u
#define NPU_DATA_MAIN_BASE_OFFSET 0xA0u
#define NPU_COND_OFFSET 0x4C8u
#define NPU_FAST_PATH_OFFSET 0x18u
#define NPU_REGISTER_BYTES 0x1400u
#define NPU_REGISTER_SLOT(offset) (offset) /* one flat page */
#define NPU_USES_ACL 1
#define NPU_HAS_SDMA 1

#define NPU_KERNEL_ARGS pto_kernel_args_a2a3                 /* struct tag */
#define NPU_KERNEL_ARGS_FFTS(args) (&(args)->ffts_base_addr) /* NULL where there is none */

#endif
