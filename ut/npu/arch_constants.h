/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch_constants: what a program compiled for one architecture sees of npu/arch.h and npu/registers.h. One architecture
 * fits into a translation unit, so each has one of its own: it chooses the architecture, includes this header, and ends
 * with ARCH_CONSTANTS.
 */
#ifndef UT_NPU_ARCH_CONSTANTS_H
#define UT_NPU_ARCH_CONSTANTS_H

#include <stddef.h>
#include <stdint.h>

#include "npu/arch.h"
#include "npu/registers.h"

struct arch_constants {
    const struct npu_arch *table;
    const char *name;
    uint32_t max_blocks;
    uint32_t max_workers;
    uint32_t max_aicpu_threads;
    uint32_t launched_aicpu_threads;
    uint32_t max_physical_cores;
    uint32_t data_main_base_offset;
    uint32_t cond_offset;
    uint32_t fast_path_offset;
    uint32_t register_bytes;
    uint32_t uses_acl;
    uint32_t has_sdma;
    size_t kernel_args_bytes;
    size_t kernel_args_regs;
    size_t kernel_args_dump;
    size_t kernel_args_log_level;
    size_t kernel_args_device_wall;
    uint32_t (*slot)(uint32_t offset);
    uint32_t (*read)(const struct npu_register_block *block, uint32_t offset);
    void (*write)(struct npu_register_block *block, uint32_t offset, uint32_t value);
    void (*cond)(struct npu_register_block *block, uint32_t offset, uint32_t value);
};

extern const struct arch_constants arch_constants_a2a3;
extern const struct arch_constants arch_constants_a5;

#define ARCH_CONSTANTS(tag)                                                                 \
    static uint32_t arch_slot(uint32_t offset)                                              \
    {                                                                                       \
        return NPU_REGISTER_SLOT(offset);                                                   \
    }                                                                                       \
    const struct arch_constants arch_constants_##tag = {                                    \
        .table = &NPU_ARCH_TABLE,                                                           \
        .name = NPU_ARCH_NAME,                                                              \
        .max_blocks = NPU_MAX_BLOCKS,                                                       \
        .max_workers = NPU_MAX_WORKERS,                                                     \
        .max_aicpu_threads = NPU_MAX_AICPU_THREADS,                                         \
        .launched_aicpu_threads = NPU_LAUNCHED_AICPU_THREADS,                               \
        .max_physical_cores = NPU_MAX_PHYSICAL_CORES,                                       \
        .data_main_base_offset = NPU_DATA_MAIN_BASE_OFFSET,                                 \
        .cond_offset = NPU_COND_OFFSET,                                                     \
        .fast_path_offset = NPU_FAST_PATH_OFFSET,                                           \
        .register_bytes = NPU_REGISTER_BYTES,                                               \
        .uses_acl = NPU_USES_ACL,                                                           \
        .has_sdma = NPU_HAS_SDMA,                                                           \
        .kernel_args_bytes = sizeof(struct NPU_KERNEL_ARGS),                                \
        .kernel_args_regs = offsetof(struct NPU_KERNEL_ARGS, regs),                         \
        .kernel_args_dump = offsetof(struct NPU_KERNEL_ARGS, dump_data_base),               \
        .kernel_args_log_level = offsetof(struct NPU_KERNEL_ARGS, log_level),               \
        .kernel_args_device_wall = offsetof(struct NPU_KERNEL_ARGS, device_wall_data_base), \
        .slot = arch_slot,                                                                  \
        .read = npu_register_read,                                                          \
        .write = npu_register_write,                                                        \
        .cond = npu_cond_write,                                                             \
    }

#endif
