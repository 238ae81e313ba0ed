/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch: the numbers in which the two architectures differ (device.md section 0, host.md section 6).
 *
 * Outside npu/arch* nobody branches on the architecture: programs are compiled once per architecture and take constants
 * from the header chosen here; code that serves both at run time (libnpu.so, the harness) reads the table. Both hold
 * the same values, since each table is made of its header's constants.
 */
#ifndef NPU_ARCH_H
#define NPU_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#define NPU_CORES_PER_BLOCK 3u /* one AIC, two AIV */
#define NPU_AIV_PER_BLOCK 2u
#define NPU_MAX_REGISTER_PAGES 3u
#define NPU_MAX_PMU_COUNTERS 10u
#define NPU_NO_SLOT UINT32_MAX /* the offset lies on no page */

/* A run of mapped register offsets, and where the simulated register space keeps it. */
struct npu_register_page {
    uint32_t base;  /* offset of its first byte, as programs name it */
    uint32_t bytes; /* a multiple of 4 */
    uint32_t slot;  /* byte of the register block at which it starts */
};

/* Register offsets of the performance counters. */
struct npu_pmu_map {
    uint32_t counters;
    uint32_t control;        /* CTRL_0: NPU_PMU_ENABLE switches the counters on */
    uint32_t second_control; /* CTRL_1: takes 1; 0: there is none */
    uint32_t counter[NPU_MAX_PMU_COUNTERS];
    uint32_t total[2]; /* cycles: low, high word */
    uint32_t start[2];
    uint32_t stop[2];
    uint32_t selector; /* of counter 0; the others follow in steps of 4 */
};

/* How the driver maps the registers of the cores into the host's sight (R18). */
struct npu_register_mapping {
    bool per_core;        /* one mapping per block of cores (halResMap), not one for the device (halMemCtl) */
    uint32_t core_stride; /* bytes from one AIC to the next */
    uint32_t sub_stride;  /* bytes from an AIC to its first AIV, and from there to its second */
    uint32_t core_bytes;  /* length of one mapping, 0 when it is one for the device */
};

struct npu_arch {
    const char *name;
    const char *chip;
    uint32_t max_blocks;
    uint32_t max_aicpu_threads;
    uint32_t launched_aicpu_threads; /* threads that a launch starts; surplus ones leave at the affinity gate */
    uint32_t max_physical_cores;     /* exclusive bound of physical core ids that handshakes may report */
    uint32_t dies;                   /* the blocks are spread evenly over them, and listed die by die */
    uint64_t counter_hz;
    uint32_t data_main_base_offset;
    uint32_t cond_offset;
    uint32_t control_offset;
    uint32_t fast_path_offset; /* 0: the architecture has no fast-path register */
    uint32_t register_ids;     /* registers that have a number */
    uint32_t register_bytes;   /* simulated register space of one core: the sum of its pages */
    uint32_t page_count;
    struct npu_register_page pages[NPU_MAX_REGISTER_PAGES];
    struct npu_register_mapping mapping;
    struct npu_pmu_map pmu;
    uint32_t kernel_args_bytes;
    bool has_dep_gen; /* the diagnostic of that name; elsewhere its parameter is ignored */
    bool has_ffts;    /* kernel arguments carry the base address of the cross-core synchronisation block */
    bool has_sdma;    /* SDMA event records may be waited for (deferred completion); elsewhere counters only */
    bool uses_acl; /* finalize resets the device through ACL once ACL was made ready; otherwise always by rtDeviceReset
                    */
    uint32_t kernel_ns; /* modelled duration of a kernel launch on a core, virtual time */
    uint32_t submit_ns; /* modelled duration of one task submission on the AICPU */
};

extern const struct npu_arch npu_arch_a2a3;
extern const struct npu_arch npu_arch_a5;

/* NULL when there is none of this name; `name` may be any text. */
const struct npu_arch *npu_arch_find(const char *name);

/* Byte of a core's register block at which the register `offset` lies; NPU_NO_SLOT when no page has it. */
uint32_t npu_arch_register_slot(const struct npu_arch *arch, uint32_t offset);

#define NPU_PMU_ENABLE 7u
#define NPU_FAST_PATH_OPEN 0xEu
#define NPU_FAST_PATH_CLOSE 0xFu

/*
 * An architecture's header also defines NPU_REGISTER_SLOT(offset): npu_arch_register_slot for offsets that are known to
 * lie on a page, an expression that costs nothing for a constant offset.
 */
#if defined(NPU_ARCH_A2A3)
#include "npu/arch_a2a3.h"
#elif defined(NPU_ARCH_A5)
#include "npu/arch_a5.h"
#endif

#endif
