/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_args: what a caller hands to an orchestration: tensors and scalars, in order (host.md 1.5, 1.6; R4, R11).
 *
 * The structs are plain bytes with no owner: `data` is an address that the caller keeps alive until the run has ended.
 * Nothing here trusts a count, a rank or a type that it reads.
 */
#ifndef ABI_TASK_ARGS_H
#define ABI_TASK_ARGS_H

#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"
#include "abi/layout.h"
#include "abi/limits.h"

PTO_BEGIN_DECLS

/* A row-major tensor in host memory, or in device memory of the child that runs it. */
struct pto_continuous_tensor {
    uint64_t data;                 /* host address, or device address when child_memory is set */
    uint32_t shapes[PTO_MAX_DIMS]; /* elements per dimension; entries from ndims on mean nothing */
    uint32_t ndims;                /* 1 .. 5 */
    uint8_t dtype;                 /* enum pto_data_type */
    uint8_t child_memory;          /* any non-zero byte means true and is carried as it is */
    uint8_t reserved[6];
};
PTO_ASSERT_SIZE(struct pto_continuous_tensor, 40);
PTO_ASSERT_ALIGN(struct pto_continuous_tensor, 8);
PTO_ASSERT_FIELD(struct pto_continuous_tensor, data, 0);
PTO_ASSERT_FIELD(struct pto_continuous_tensor, shapes, 8);
PTO_ASSERT_FIELD(struct pto_continuous_tensor, ndims, 28);
PTO_ASSERT_FIELD(struct pto_continuous_tensor, dtype, 32);
PTO_ASSERT_FIELD(struct pto_continuous_tensor, child_memory, 33);
PTO_ASSERT_FIELD(struct pto_continuous_tensor, reserved, 34);

/* The argument block of run_prepared and of every orchestration entry (ChipStorageTaskArgs). */
struct pto_chip_args {
    struct pto_continuous_tensor tensors[PTO_CHIP_MAX_TENSOR_ARGS];
    uint64_t scalars[PTO_CHIP_MAX_SCALAR_ARGS];
    int32_t tensor_count;
    int32_t scalar_count;
};
PTO_ASSERT_SIZE(struct pto_chip_args, 6152);
PTO_ASSERT_ALIGN(struct pto_chip_args, 8);
PTO_ASSERT_FIELD(struct pto_chip_args, tensors, 0);
PTO_ASSERT_FIELD(struct pto_chip_args, scalars, 5120);
PTO_ASSERT_FIELD(struct pto_chip_args, tensor_count, 6144);
PTO_ASSERT_FIELD(struct pto_chip_args, scalar_count, 6148);

/* Arguments that live elsewhere, for instance inside a blob. Borrowed pointers. */
struct pto_task_args_view {
    int32_t tensor_count;
    int32_t scalar_count;
    const struct pto_continuous_tensor *tensors;
    const uint64_t *scalars;
};
PTO_ASSERT_SIZE(struct pto_task_args_view, 24);
PTO_ASSERT_FIELD(struct pto_task_args_view, tensor_count, 0);
PTO_ASSERT_FIELD(struct pto_task_args_view, scalar_count, 4);
PTO_ASSERT_FIELD(struct pto_task_args_view, tensors, 8);
PTO_ASSERT_FIELD(struct pto_task_args_view, scalars, 16);

enum pto_args_error {
    PTO_ARGS_TENSOR_AFTER_SCALAR = -1, /* "cannot add tensor after scalar" */
    PTO_ARGS_TENSOR_CAPACITY = -2,     /* "tensor capacity exceeded" */
    PTO_ARGS_SCALAR_CAPACITY = -3,     /* "scalar capacity exceeded" */
    PTO_ARGS_NULL = -4,
    PTO_ARGS_NDIMS = -5,
    PTO_ARGS_DTYPE = -6,
    PTO_ARGS_BYTES = -7, /* shape product or byte size does not fit in 64 bits */
};

/* Static text of one of the codes above. */
static inline const char *pto_args_error_text(int code)
{
    switch (code) {
    case PTO_ARGS_TENSOR_AFTER_SCALAR:
        return "cannot add tensor after scalar";
    case PTO_ARGS_TENSOR_CAPACITY:
        return "tensor capacity exceeded";
    case PTO_ARGS_SCALAR_CAPACITY:
        return "scalar capacity exceeded";
    case PTO_ARGS_NULL:
        return "null pointer";
    case PTO_ARGS_NDIMS:
        return "rank out of range";
    case PTO_ARGS_DTYPE:
        return "unknown data type";
    case PTO_ARGS_BYTES:
        return "byte size exceeds 64 bits";
    default:
        return "unknown error";
    }
}

/*
 * Checks rank, type and size of a tensor as R4 asks and gives its byte size (`bytes` may be NULL). A zero dimension is
 * a zero-byte tensor, whatever the other dimensions are. On failure returns PTO_ARGS_NDIMS, _DTYPE or _BYTES, writes a
 * text with the offending numbers into `message` (NULL or `capacity` 0: no text), and leaves `bytes` alone.
 */
static inline int pto_continuous_tensor_check(const struct pto_continuous_tensor *tensor, uint64_t *bytes,
                                              char *message, size_t capacity)
{
    if (tensor->ndims < 1 || tensor->ndims > PTO_MAX_DIMS) {
        if (message != NULL) {
            (void)snprintf(message, capacity, "ndims %u is not in 1..%d", tensor->ndims, PTO_MAX_DIMS);
        }
        return PTO_ARGS_NDIMS;
    }
    uint64_t product = pto_data_type_bytes(tensor->dtype);
    if (product == 0) {
        if (message != NULL) {
            (void)snprintf(message, capacity, "dtype %u is not in 0..%d", tensor->dtype, PTO_DATA_TYPE_COUNT - 1);
        }
        return PTO_ARGS_DTYPE;
    }
    bool empty = false;
    for (uint32_t i = 0; i < tensor->ndims; i++) {
        empty = empty || tensor->shapes[i] == 0;
    }
    for (uint32_t i = 0; i < tensor->ndims && !empty; i++) {
        if (__builtin_mul_overflow(product, (uint64_t)tensor->shapes[i], &product)) {
            if (message != NULL) {
                (void)snprintf(message, capacity, "byte size exceeds 64 bits at dimension %u of %u elements", i,
                               tensor->shapes[i]);
            }
            return PTO_ARGS_BYTES;
        }
    }
    if (bytes != NULL) {
        *bytes = empty ? 0 : product;
    }
    return 0;
}

/*
 * Fills a tensor from its parts without checking them; shapes beyond ndims are zero, ranks above 5 keep their number.
 */
static inline void pto_continuous_tensor_make(struct pto_continuous_tensor *out, uint64_t data, const uint32_t *shapes,
                                              uint32_t ndims, uint8_t dtype, uint8_t child_memory)
{
    memset(out, 0, sizeof(*out));
    out->data = data;
    for (uint32_t i = 0; i < ndims && i < PTO_MAX_DIMS; i++) {
        out->shapes[i] = shapes[i];
    }
    out->ndims = ndims;
    out->dtype = dtype;
    out->child_memory = child_memory;
}

/* Zeroes the counts only; the rest is never read beyond them. */
static inline void pto_chip_args_clear(struct pto_chip_args *args)
{
    args->tensor_count = 0;
    args->scalar_count = 0;
}

/*
 * Appends a copy of `tensor`. Returns 0, PTO_ARGS_TENSOR_AFTER_SCALAR (checked first), PTO_ARGS_TENSOR_CAPACITY (128
 * there already, or a count that is no count). On failure nothing changes.
 */
static inline int pto_chip_args_add_tensor(struct pto_chip_args *args, const struct pto_continuous_tensor *tensor)
{
    if (args->scalar_count != 0) {
        return PTO_ARGS_TENSOR_AFTER_SCALAR;
    }
    if (args->tensor_count < 0 || args->tensor_count >= PTO_CHIP_MAX_TENSOR_ARGS) {
        return PTO_ARGS_TENSOR_CAPACITY;
    }
    args->tensors[args->tensor_count++] = *tensor;
    return 0;
}

/* Appends a scalar. Returns 0 or PTO_ARGS_SCALAR_CAPACITY; on failure nothing changes. */
static inline int pto_chip_args_add_scalar(struct pto_chip_args *args, uint64_t scalar)
{
    if (args->scalar_count < 0 || args->scalar_count >= PTO_CHIP_MAX_SCALAR_ARGS) {
        return PTO_ARGS_SCALAR_CAPACITY;
    }
    args->scalars[args->scalar_count++] = scalar;
    return 0;
}

/*
 * Copies a view into the fixed block. The tensor count is judged before the scalar count, negative counts are too
 * large. Returns 0, PTO_ARGS_TENSOR_CAPACITY, PTO_ARGS_SCALAR_CAPACITY, PTO_ARGS_NULL (a count without its array); on
 * failure `out` is untouched.
 */
static inline int pto_chip_args_from_view(struct pto_chip_args *out, const struct pto_task_args_view *view)
{
    if ((uint32_t)view->tensor_count > PTO_CHIP_MAX_TENSOR_ARGS) {
        return PTO_ARGS_TENSOR_CAPACITY;
    }
    if ((uint32_t)view->scalar_count > PTO_CHIP_MAX_SCALAR_ARGS) {
        return PTO_ARGS_SCALAR_CAPACITY;
    }
    if ((view->tensor_count > 0 && view->tensors == NULL) || (view->scalar_count > 0 && view->scalars == NULL)) {
        return PTO_ARGS_NULL;
    }
    if (view->tensor_count > 0) {
        memcpy(out->tensors, view->tensors, (size_t)view->tensor_count * sizeof(out->tensors[0]));
    }
    if (view->scalar_count > 0) {
        memcpy(out->scalars, view->scalars, (size_t)view->scalar_count * sizeof(out->scalars[0]));
    }
    out->tensor_count = view->tensor_count;
    out->scalar_count = view->scalar_count;
    return 0;
}

/* Tensor i of the block, NULL when there is none. Borrowed. */
static inline const struct pto_continuous_tensor *pto_chip_args_tensor(const struct pto_chip_args *args, uint32_t i)
{
    return i < PTO_CHIP_MAX_TENSOR_ARGS && (int32_t)i < args->tensor_count ? &args->tensors[i] : NULL;
}

/* Scalar i of the block, 0 when there is none. */
static inline uint64_t pto_chip_args_scalar(const struct pto_chip_args *args, uint32_t i)
{
    return i < PTO_CHIP_MAX_SCALAR_ARGS && (int32_t)i < args->scalar_count ? args->scalars[i] : 0;
}

PTO_END_DECLS

#endif
