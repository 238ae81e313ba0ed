/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits: the counts that bound every structure of the ABI (host.md 1.1, device.md 0).
 *
 * They hold on every architecture. What differs between a2a3 and a5 is in the architecture tables of ref/npu.
 */
#ifndef ABI_LIMITS_H
#define ABI_LIMITS_H

#define PTO_CORE_MAX_TENSOR_ARGS 16  /* tensors of one task, and signature entries of one kernel */
#define PTO_CORE_MAX_SCALAR_ARGS 32  /* 64-bit scalars of one task */
#define PTO_CHIP_MAX_TENSOR_ARGS 128 /* tensors handed to an orchestration, and its signature entries */
#define PTO_CHIP_MAX_SCALAR_ARGS 128
#define PTO_CALLABLE_ALIGN 64            /* children of a ChipCallable start at multiples of this within its storage */
#define PTO_CALLABLE_NAME_MAX 64         /* symbol names: at most 63 bytes and a NUL */
#define PTO_MAX_CHILDREN 1024            /* kernels in one ChipCallable */
#define PTO_MAX_CALLABLE_IDS 64          /* valid callable ids are 0 .. 63 */
#define PTO_MAX_DIMS 5                   /* valid ranks are 1 .. 5 */
#define PTO_MAX_FUNC_IDS 1024            /* valid func_ids are 0 .. 1023 */
#define PTO_MAX_RANKS 64                 /* ranks of one communicator */
#define PTO_MAX_IMAGE_BYTES (256u << 20) /* cap on a ChipCallable whose length is not given (R4) */

#endif
