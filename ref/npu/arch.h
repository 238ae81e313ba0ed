/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch: the numbers in which the two architectures differ (device.md section 0, host.md section 6).
 *
 * Outside npu/arch* nobody branches on the architecture: programs are compiled once per architecture and take constants
 * from the header chosen here; code that serves both at run time (libnpu.so) reads the table.
 */
#ifndef NPU_ARCH_H
#define NPU_ARCH_H

#include <stdint.h>

#define NPU_CORES_PER_BLOCK 3u /* one AIC, two AIV */
#define NPU_AIV_PER_BLOCK 2u

struct npu_arch {
    const char *name;
    uint32_t max_blocks;
    uint32_t max_aicpu_threads;
    uint32_t launched_aicpu_threads; /* threads that a launch starts; surplus ones leave at the affinity gate */
    uint32_t max_physical_cores;     /* exclusive bound of physical core ids that handshakes may report */
    uint64_t counter_hz;
    uint32_t data_main_base_offset;
    uint32_t cond_offset;
    uint32_t fast_path_offset; /* 0: the architecture has no fast-path register */
    uint32_t register_bytes;   /* simulated register space of one core */
    uint32_t kernel_ns;        /* modelled duration of a kernel launch on a core, virtual time */
    uint32_t submit_ns;        /* modelled duration of one task submission on the AICPU */
};

extern const struct npu_arch npu_arch_a2a3;

#define NPU_FAST_PATH_OPEN 0xEu
#define NPU_FAST_PATH_CLOSE 0xFu

#if defined(NPU_ARCH_A2A3)
#include "npu/arch_a2a3.h"
#endif

#endif
