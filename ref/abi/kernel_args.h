/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_args: the launch argument block from host to device programs (host.md 1.11, 4.3).
 *
 * All addresses are device addresses. The block is written by the host before a launch and only read by the device.
 */
#ifndef ABI_KERNEL_ARGS_H
#define ABI_KERNEL_ARGS_H

#include "abi/layout.h"

PTO_BEGIN_DECLS

enum pto_profiling_flag { /* bits of enable_profiling_flag */
                          PTO_PROFILING_DUMP_TENSOR = 1u << 0,
                          PTO_PROFILING_L2_SWIMLANE = 1u << 1,
                          PTO_PROFILING_PMU = 1u << 2,
                          PTO_PROFILING_DEP_GEN = 1u << 3, /* a2a3 only */
};

#define PTO_KERNEL_ARGS_DEFAULT_LOG_LEVEL 1u
#define PTO_KERNEL_ARGS_DEFAULT_LOG_INFO_V 5u

struct pto_kernel_args_a2a3 {
    uint64_t unused[5];
    uint64_t device_args;           /* struct pto_device_args; onboard only */
    uint64_t runtime_args;          /* the run's Runtime object */
    uint64_t regs;                  /* u64[cores]: register base of each core */
    uint64_t ffts_base_addr;        /* cross-core synchronisation block */
    uint64_t dump_data_base;        /* shared memory of the tensor dump, 0: off */
    uint64_t l2_perf_data_base;     /* swimlane records, 0: off */
    uint64_t pmu_data_base;         /* PMU records, 0: off */
    uint64_t pmu_reg_addrs;         /* u64[cores]: PMU register base of each core */
    uint64_t dep_gen_data_base;     /* dep_gen records, 0: off */
    uint64_t aicore_ring_addr;      /* u64[cores]: timing ring of each core */
    uint32_t log_level;             /* PTO_KERNEL_ARGS_DEFAULT_LOG_LEVEL */
    uint32_t log_info_v;            /* PTO_KERNEL_ARGS_DEFAULT_LOG_INFO_V */
    uint32_t enable_profiling_flag; /* enum pto_profiling_flag */
    uint32_t reserved;
    uint64_t device_wall_data_base; /* u64: ns of the run, written by the last AICPU thread */
};
PTO_ASSERT_SIZE(struct pto_kernel_args_a2a3, 144);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, device_args, 40);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, runtime_args, 48);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, regs, 56);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, ffts_base_addr, 64);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, dump_data_base, 72);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, l2_perf_data_base, 80);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, pmu_data_base, 88);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, pmu_reg_addrs, 96);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, dep_gen_data_base, 104);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, aicore_ring_addr, 112);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, log_level, 120);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, log_info_v, 124);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, enable_profiling_flag, 128);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, reserved, 132);
PTO_ASSERT_FIELD(struct pto_kernel_args_a2a3, device_wall_data_base, 136);

/* As above where the names agree. */
struct pto_kernel_args_a5 {
    uint64_t unused[5];
    uint64_t device_args;
    uint64_t runtime_args;
    uint64_t regs;
    uint64_t dump_data_base;
    uint64_t l2_perf_data_base;
    uint64_t pmu_data_base;
    uint64_t aicore_l2_perf_ring_addrs; /* u64[cores] */
    uint64_t aicore_pmu_ring_addrs;     /* u64[cores] */
    uint32_t log_level;
    uint32_t log_info_v;
    uint32_t enable_profiling_flag;
    uint32_t reserved;
    uint64_t device_wall_data_base;
};
PTO_ASSERT_SIZE(struct pto_kernel_args_a5, 128);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, device_args, 40);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, runtime_args, 48);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, regs, 56);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, dump_data_base, 64);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, l2_perf_data_base, 72);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, pmu_data_base, 80);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, aicore_l2_perf_ring_addrs, 88);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, aicore_pmu_ring_addrs, 96);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, log_level, 104);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, log_info_v, 108);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, enable_profiling_flag, 112);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, reserved, 116);
PTO_ASSERT_FIELD(struct pto_kernel_args_a5, device_wall_data_base, 120);

/* Where the AICPU program's bytes lie in device memory (onboard). */
struct pto_device_args {
    uint64_t unused[12];
    uint64_t aicpu_so_bin;
    uint64_t aicpu_so_len; /* bytes */
};
PTO_ASSERT_SIZE(struct pto_device_args, 112);
PTO_ASSERT_FIELD(struct pto_device_args, aicpu_so_bin, 96);
PTO_ASSERT_FIELD(struct pto_device_args, aicpu_so_len, 104);

/* The same block as the dispatcher bootstrap reads it: `base` names the dispatcher, `inner` the AICPU program. */
struct pto_bootstrap_args {
    struct pto_device_args base;
    uint64_t device_id;
    uint64_t inner_so_bin;
    uint64_t inner_so_len; /* bytes */
    uint64_t twin;         /* 0 unless another program has the same fingerprint (abi/bootstrap.h) */
    uint64_t installed;    /* the dispatcher sets it to 1 when the file is there */
    uint64_t reserved;
};
PTO_ASSERT_SIZE(struct pto_bootstrap_args, 160);
PTO_ASSERT_FIELD(struct pto_bootstrap_args, device_id, 112);
PTO_ASSERT_FIELD(struct pto_bootstrap_args, inner_so_bin, 120);
PTO_ASSERT_FIELD(struct pto_bootstrap_args, inner_so_len, 128);

PTO_END_DECLS

#endif
