/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob: the argument block as it travels through a mailbox (host.md 1.7, R4), and the checks of the fixed block.
 *
 *   i32 T @0, i32 S @4, T tensors of 40 bytes @8, S scalars of 8 bytes @8 + 40 T
 *
 * This is the one decoder of the layout. It trusts no byte, reads nothing beyond the capacity it is given, and assumes
 * no alignment. Tensors travel whole: child_memory and the reserved bytes arrive as they were sent. Functions are pure
 * and thread safe, allocate nothing, and return 0 or a negative code with the numbers in `error` (NULL allowed):
 *   -EMSGSIZE  the bytes do not fit the capacity
 *   -E2BIG     more than 128 tensors or 128 scalars
 *   -EINVAL    a negative count, or a tensor with an impossible rank, type or size
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "abi/task_args.h"
#include "base/error_text.h"

#define BLOB_HEADER_BYTES 8u
#define BLOB_TENSOR_BYTES 40u
#define BLOB_SCALAR_BYTES 8u
/* The largest legal blob. */
#define BLOB_MAX_BYTES \
    (BLOB_HEADER_BYTES + BLOB_TENSOR_BYTES * PTO_CHIP_MAX_TENSOR_ARGS + BLOB_SCALAR_BYTES * PTO_CHIP_MAX_SCALAR_ARGS)

/* A blob that passed blob_read. Borrows the bytes; the arrays may be unaligned, so read them with the accessors. */
struct blob_view {
    const uint8_t *tensors;
    const uint8_t *scalars;
    int32_t tensor_count; /* 0 .. 128 */
    int32_t scalar_count; /* 0 .. 128 */
    size_t size;          /* bytes of the whole blob */
};

/* Bytes of a blob with these counts, which are 0 .. 128 each. */
size_t blob_size(int32_t tensor_count, int32_t scalar_count);

/* Writes `args` as a blob into `bytes` and gives its size. What blob_read would reject is not written; then nothing is.
 */
int blob_write(const struct pto_task_args_view *args, void *bytes, size_t capacity, size_t *size,
               struct error_text *error);

/* Checks the blob at `bytes` and describes it. On failure `view` is untouched. */
int blob_read(const void *bytes, size_t capacity, struct blob_view *view, struct error_text *error);

/* Element `index` of a view, which must be below the count. */
void blob_tensor(const struct blob_view *view, int32_t index, struct pto_continuous_tensor *tensor);
uint64_t blob_scalar(const struct blob_view *view, int32_t index);

/* Copies a view into the fixed block that run_prepared takes. Entries beyond the counts are left alone. */
void blob_to_chip_args(const struct blob_view *view, struct pto_chip_args *args);

/* The same checks for a fixed block: both counts in range, every tensor possible. -E2BIG or -EINVAL. */
int chip_args_check(const struct pto_chip_args *args, struct error_text *error);

#endif
