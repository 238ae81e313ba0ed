/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callable: the two envelopes in which code travels (host.md 1.9, 1.10; R4, R7, R35).
 *
 * A CoreCallable is one kernel. A ChipCallable is an orchestration SO followed by its kernels. Both are one contiguous
 * buffer that carries no length of its own: only the checked parser of ref/base may walk them. A ChipCallable's
 * children are 4-aligned in absolute terms (8852 = 4 mod 64), so they are read with memcpy, never through a struct
 * pointer.
 */
#ifndef ABI_CALLABLE_H
#define ABI_CALLABLE_H

#include "abi/layout.h"
#include "abi/limits.h"

PTO_BEGIN_DECLS

/* One kernel: this header, zero bytes up to 128, then binary_size bytes of the kernel SO. */
struct pto_core_callable {
    int32_t signature[PTO_CORE_MAX_TENSOR_ARGS]; /* enum pto_arg_direction */
    int32_t sig_count;                           /* 0 .. 16 */
    uint32_t binary_size;                        /* bytes */
    uint64_t resolved_addr; /* 0 when built; the platform fills in the code's address, in its own copy only */
};
PTO_ASSERT_SIZE(struct pto_core_callable, 80);
PTO_ASSERT_ALIGN(struct pto_core_callable, 8);
PTO_ASSERT_FIELD(struct pto_core_callable, signature, 0);
PTO_ASSERT_FIELD(struct pto_core_callable, sig_count, 64);
PTO_ASSERT_FIELD(struct pto_core_callable, binary_size, 68);
PTO_ASSERT_FIELD(struct pto_core_callable, resolved_addr, 72);

#define PTO_CORE_CALLABLE_BINARY_OFFSET 128u /* the header rounded up to PTO_CALLABLE_ALIGN */
PTO_STATIC_ASSERT(PTO_CORE_CALLABLE_BINARY_OFFSET % PTO_CALLABLE_ALIGN == 0 &&
                      PTO_CORE_CALLABLE_BINARY_OFFSET - sizeof(struct pto_core_callable) < PTO_CALLABLE_ALIGN,
                  "kernel bytes start at the next multiple of 64");

/*
 * The header of a ChipCallable. Storage follows at byte 8852: first the orchestration SO, then each child CoreCallable
 * at child_offsets[i], counted from the start of storage, a multiple of 64.
 */
struct pto_chip_callable {
    int32_t signature[PTO_CHIP_MAX_TENSOR_ARGS]; /* enum pto_arg_direction; the index is the tensor index (R11) */
    int32_t sig_count;                           /* 0 .. 128 */
    uint32_t binary_size;                        /* bytes of the orchestration SO */
    char func_name[PTO_CALLABLE_NAME_MAX];       /* entry symbol; empty: the runtime's default */
    uint32_t func_name_len;
    int32_t child_func_ids[PTO_MAX_CHILDREN]; /* 0 .. 1023, all different */
    uint32_t child_offsets[PTO_MAX_CHILDREN]; /* bytes from the start of storage */
    int32_t child_count;                      /* 0 .. 1024 */
    char config_name[PTO_CALLABLE_NAME_MAX];  /* config symbol; empty: the runtime's default */
    uint32_t config_name_len;
};
PTO_ASSERT_SIZE(struct pto_chip_callable, 8852);
PTO_ASSERT_ALIGN(struct pto_chip_callable, 4);
PTO_ASSERT_FIELD(struct pto_chip_callable, signature, 0);
PTO_ASSERT_FIELD(struct pto_chip_callable, sig_count, 512);
PTO_ASSERT_FIELD(struct pto_chip_callable, binary_size, 516);
PTO_ASSERT_FIELD(struct pto_chip_callable, func_name, 520);
PTO_ASSERT_FIELD(struct pto_chip_callable, func_name_len, 584);
PTO_ASSERT_FIELD(struct pto_chip_callable, child_func_ids, 588);
PTO_ASSERT_FIELD(struct pto_chip_callable, child_offsets, 4684);
PTO_ASSERT_FIELD(struct pto_chip_callable, child_count, 8780);
PTO_ASSERT_FIELD(struct pto_chip_callable, config_name, 8784);
PTO_ASSERT_FIELD(struct pto_chip_callable, config_name_len, 8848);

#define PTO_CHIP_CALLABLE_STORAGE_OFFSET 8852u

PTO_END_DECLS

#endif
