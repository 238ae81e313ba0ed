/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor: a strided window on a device buffer, as orchestrations, the runtime and kernels share it (device.md 1.2, 1.3;
 * R4, R21).
 *
 * A tensor owns nothing: `buffer_addr` is the base of a buffer that somebody else keeps alive. Strides and offsets
 * count elements, are never zero or negative, and all arithmetic is 64-bit and checked: a tensor that these functions
 * return without error lies inside its buffer.
 *
 * Errors. Each function returns 0 or one of enum pto_tensor_error. A failed function also makes its result an *invalid
 * tensor*, rank 0, which carries the code, the dimension and the numbers asked and allowed: a caller that ignores the
 * return value cannot go on with garbage, every further operation on it and every submit refuses it, and
 * pto_tensor_error_text (tensor_view.h) tells what went wrong where it did.
 */
#ifndef ABI_TENSOR_H
#define ABI_TENSOR_H

#include <string.h>

#include "abi/data_type.h"
#include "abi/layout.h"
#include "abi/limits.h"
#include "abi/task_args.h"
#include "abi/task_id.h"

PTO_BEGIN_DECLS

/* Two cache lines: what says where the data is, and what is derived from it. */
struct pto_tensor {
    uint64_t buffer_addr;   /* device byte address of the whole buffer */
    uint64_t buffer_bytes;  /* its size; may be more than the tensor needs */
    uint64_t owner_task_id; /* the task that created the buffer; PTO_TASK_ID_INVALID: external */
    uint64_t start_offset;  /* elements from buffer_addr to element 0 */
    int32_t version;        /* a newer version depends on every older one */
    uint32_t ndims;         /* 1 .. 5; 0: invalid */
    uint8_t dtype;          /* enum pto_data_type */
    uint8_t manual_dep;     /* depends on its creator only: no lookup, no publication */
    uint8_t is_contiguous;  /* strides are the row-major strides of shapes */
    uint8_t reserved0;
    uint32_t shapes[PTO_MAX_DIMS]; /* elements; entries from ndims on mean nothing */
    uint64_t extent_elements;      /* 1 + sum of (shape - 1) * stride: elements from first to last, inclusive */
    uint32_t strides[PTO_MAX_DIMS];
    uint8_t reserved1[36];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_tensor, 128);
PTO_ASSERT_ALIGN(struct pto_tensor, 64);
PTO_ASSERT_FIELD(struct pto_tensor, buffer_addr, 0);
PTO_ASSERT_FIELD(struct pto_tensor, buffer_bytes, 8);
PTO_ASSERT_FIELD(struct pto_tensor, owner_task_id, 16);
PTO_ASSERT_FIELD(struct pto_tensor, start_offset, 24);
PTO_ASSERT_FIELD(struct pto_tensor, version, 32);
PTO_ASSERT_FIELD(struct pto_tensor, ndims, 36);
PTO_ASSERT_FIELD(struct pto_tensor, dtype, 40);
PTO_ASSERT_FIELD(struct pto_tensor, manual_dep, 41);
PTO_ASSERT_FIELD(struct pto_tensor, is_contiguous, 42);
PTO_ASSERT_FIELD(struct pto_tensor, shapes, 44);
PTO_ASSERT_FIELD(struct pto_tensor, extent_elements, 64);
PTO_ASSERT_FIELD(struct pto_tensor, strides, 72);

/*
 * What the runtime shall allocate for an output. Lies like the first line of struct pto_tensor, address and size apart.
 */
struct pto_tensor_create_info {
    uint64_t initial_value;    /* bit pattern of one element, in the low bytes */
    uint8_t has_initial_value; /* the whole padded buffer is filled with it at submit */
    uint8_t reserved0[7];
    uint64_t reserved_owner;
    uint64_t start_offset; /* 0 */
    int32_t version;       /* 0 */
    uint32_t ndims;        /* 1 .. 5; 0: invalid */
    uint8_t dtype;
    uint8_t manual_dep;
    uint8_t is_contiguous; /* 1 */
    uint8_t reserved1;
    uint32_t shapes[PTO_MAX_DIMS];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_tensor_create_info, 64);
PTO_ASSERT_ALIGN(struct pto_tensor_create_info, 64);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, initial_value, 0);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, has_initial_value, 8);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, reserved_owner, 16);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, start_offset, 24);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, version, 32);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, ndims, 36);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, dtype, 40);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, manual_dep, 41);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, is_contiguous, 42);
PTO_ASSERT_FIELD(struct pto_tensor_create_info, shapes, 44);

enum pto_tensor_error {
    PTO_TENSOR_NULL = -1,            /* no tensor, or an invalid one, was given */
    PTO_TENSOR_NDIMS = -2,           /* rank not in 1..5 */
    PTO_TENSOR_DTYPE = -3,           /* unknown element type */
    PTO_TENSOR_ZERO_DIM = -4,        /* a dimension without elements */
    PTO_TENSOR_STRIDE = -5,          /* a stride that is 0 or does not fit in 32 bits */
    PTO_TENSOR_OVERFLOW = -6,        /* a size or an address that does not fit in 64 bits */
    PTO_TENSOR_BOUNDS = -7,          /* an offset, length or end beyond the parent's dimension */
    PTO_TENSOR_STORAGE = -8,         /* the last element lies beyond the buffer */
    PTO_TENSOR_DIM = -9,             /* a dimension number not below the rank, or used twice */
    PTO_TENSOR_STEP = -10,           /* a step of 0 */
    PTO_TENSOR_NOT_CONTIGUOUS = -11, /* only contiguous tensors can be reshaped */
    PTO_TENSOR_NUMEL = -12,          /* a reshape to another number of elements */
};

/* False for NULL and for invalid tensors. Says nothing about bounds: that is pto_tensor_refresh. */
static inline bool pto_tensor_is_valid(const struct pto_tensor *tensor)
{
    return tensor != NULL && tensor->ndims >= 1 && tensor->ndims <= PTO_MAX_DIMS && tensor->dtype < PTO_DATA_TYPE_COUNT;
}

/* Makes `out` the invalid tensor that carries an error and returns its code. For the functions of this interface. */
static inline int pto_tensor_fail(struct pto_tensor *out, int code, uint32_t dim, uint64_t asked, uint64_t allowed)
{
    memset(out, 0, sizeof(*out));
    out->owner_task_id = PTO_TASK_ID_INVALID;
    out->version = code;
    out->shapes[0] = dim;
    out->start_offset = asked;
    out->extent_elements = allowed;
    return code;
}

/* Number of elements of a valid tensor; UINT64_MAX when it does not fit. */
static inline uint64_t pto_tensor_numel(const struct pto_tensor *tensor)
{
    uint64_t product = 1;
    for (uint32_t i = 0; i < tensor->ndims && i < PTO_MAX_DIMS; i++) {
        if (__builtin_mul_overflow(product, (uint64_t)tensor->shapes[i], &product)) {
            return UINT64_MAX;
        }
    }
    return product;
}

/*
 * Writes the row-major strides of the first ndims shapes. On a stride beyond 32 bits returns false, `dim` says which.
 */
static inline bool pto_tensor_row_major(const uint32_t *shapes, uint32_t ndims, uint32_t *strides, uint32_t *dim)
{
    uint64_t stride = 1;
    for (uint32_t i = ndims; i-- > 0;) {
        if (stride > UINT32_MAX) {
            *dim = i;
            return false;
        }
        strides[i] = (uint32_t)stride;
        stride *= shapes[i]; /* both factors are below 2^32 */
    }
    return true;
}

/*
 * Checks rank, type, shapes and strides, recomputes is_contiguous and extent_elements from them, and checks that the
 * last element lies inside the buffer. Nothing derived is believed, so this is also the check for a tensor that came
 * from elsewhere. Errors: NULL, NDIMS, DTYPE, ZERO_DIM, STRIDE, OVERFLOW, STORAGE.
 */
static inline int pto_tensor_refresh(struct pto_tensor *tensor)
{
    uint32_t ndims = tensor->ndims;
    uint32_t bytes = pto_data_type_bytes(tensor->dtype);
    if (ndims < 1 || ndims > PTO_MAX_DIMS) {
        return pto_tensor_fail(tensor, PTO_TENSOR_NDIMS, 0, ndims, PTO_MAX_DIMS);
    }
    if (bytes == 0) {
        return pto_tensor_fail(tensor, PTO_TENSOR_DTYPE, 0, tensor->dtype, PTO_DATA_TYPE_COUNT - 1);
    }
    uint64_t extent = 1;
    uint64_t row_major = 1; /* stride that dimension i has in a contiguous tensor; saturates above 32 bits */
    bool contiguous = true;
    for (uint32_t i = ndims; i-- > 0;) {
        uint64_t shape = tensor->shapes[i];
        uint64_t stride = tensor->strides[i];
        if (shape == 0) {
            return pto_tensor_fail(tensor, PTO_TENSOR_ZERO_DIM, i, 0, UINT32_MAX);
        }
        if (stride == 0) {
            return pto_tensor_fail(tensor, PTO_TENSOR_STRIDE, i, 0, UINT32_MAX);
        }
        if (__builtin_add_overflow(extent, (shape - 1) * stride, &extent)) {
            return pto_tensor_fail(tensor, PTO_TENSOR_OVERFLOW, i, shape, UINT64_MAX);
        }
        contiguous = contiguous && stride == row_major;
        row_major = row_major <= UINT32_MAX ? row_major * shape : row_major;
    }
    uint64_t end;
    if (__builtin_add_overflow(tensor->start_offset, extent, &end) ||
        tensor->buffer_addr > UINT64_MAX - tensor->buffer_bytes) {
        return pto_tensor_fail(tensor, PTO_TENSOR_OVERFLOW, 0, tensor->start_offset, UINT64_MAX);
    }
    if (end > tensor->buffer_bytes / bytes) {
        return pto_tensor_fail(tensor, PTO_TENSOR_STORAGE, 0, end, tensor->buffer_bytes / bytes);
    }
    tensor->extent_elements = extent;
    tensor->is_contiguous = contiguous;
    return 0;
}

/*
 * Checks shape and type of a contiguous tensor to be made at `out` and writes what can be known without an address:
 * rank, shapes, strides, extent, flags. Gives the byte size. Errors: NDIMS, DTYPE, ZERO_DIM, STRIDE, OVERFLOW.
 */
static inline int pto_tensor_shape(struct pto_tensor *out, const uint32_t *shapes, uint32_t ndims, uint32_t dtype,
                                   uint64_t *bytes)
{
    uint32_t element = pto_data_type_bytes(dtype);
    uint32_t dim = 0;
    uint64_t numel = 1;
    if (ndims < 1 || ndims > PTO_MAX_DIMS) {
        return pto_tensor_fail(out, PTO_TENSOR_NDIMS, 0, ndims, PTO_MAX_DIMS);
    }
    if (element == 0) {
        return pto_tensor_fail(out, PTO_TENSOR_DTYPE, 0, dtype, PTO_DATA_TYPE_COUNT - 1);
    }
    struct pto_tensor shaped; /* `shapes` may lie inside `out` */
    memset(&shaped, 0, sizeof(shaped));
    for (uint32_t i = 0; i < ndims; i++) {
        if (shapes[i] == 0) {
            return pto_tensor_fail(out, PTO_TENSOR_ZERO_DIM, i, 0, UINT32_MAX);
        }
        if (__builtin_mul_overflow(numel, (uint64_t)shapes[i], &numel)) {
            return pto_tensor_fail(out, PTO_TENSOR_OVERFLOW, i, shapes[i], UINT64_MAX);
        }
        shaped.shapes[i] = shapes[i];
    }
    if (__builtin_mul_overflow(numel, (uint64_t)element, bytes)) {
        return pto_tensor_fail(out, PTO_TENSOR_OVERFLOW, 0, numel, UINT64_MAX / element);
    }
    if (!pto_tensor_row_major(shaped.shapes, ndims, shaped.strides, &dim)) {
        return pto_tensor_fail(out, PTO_TENSOR_STRIDE, dim, numel, UINT32_MAX);
    }
    shaped.owner_task_id = PTO_TASK_ID_INVALID;
    shaped.extent_elements = numel;
    shaped.ndims = ndims;
    shaped.dtype = (uint8_t)dtype;
    shaped.is_contiguous = 1;
    *out = shaped;
    return 0;
}

/*
 * A row-major tensor over a buffer that the run did not create. `shapes` has ndims entries. Errors: as
 * pto_tensor_shape.
 */
static inline int pto_tensor_external(struct pto_tensor *out, uint64_t addr, const uint32_t *shapes, uint32_t ndims,
                                      uint32_t dtype, bool manual_dep, int32_t version)
{
    uint64_t bytes = 0;
    if (shapes == NULL) {
        return pto_tensor_fail(out, PTO_TENSOR_NULL, 0, 0, 0);
    }
    int rc = pto_tensor_shape(out, shapes, ndims, dtype, &bytes);
    if (rc != 0) {
        return rc;
    }
    if (addr > UINT64_MAX - bytes) {
        return pto_tensor_fail(out, PTO_TENSOR_OVERFLOW, 0, bytes, UINT64_MAX - addr);
    }
    out->buffer_addr = addr;
    out->buffer_bytes = bytes;
    out->manual_dep = manual_dep;
    out->version = version;
    return 0;
}

/* The same from an argument of the orchestration. A zero dimension, legal there, is an error here (R4). */
static inline int pto_tensor_from_continuous(struct pto_tensor *out, const struct pto_continuous_tensor *argument,
                                             bool manual_dep, int32_t version)
{
    if (argument == NULL) {
        return pto_tensor_fail(out, PTO_TENSOR_NULL, 0, 0, 0);
    }
    return pto_tensor_external(out, argument->data, argument->shapes, argument->ndims, argument->dtype, manual_dep,
                               version);
}

/*
 * Describes an output that the runtime allocates at submit. The object must live until the submit has returned. Errors
 * as pto_tensor_shape; a failed description has rank 0 and a submit refuses it.
 */
static inline int pto_create_info(struct pto_tensor_create_info *out, const uint32_t *shapes, uint32_t ndims,
                                  uint32_t dtype, bool manual_dep)
{
    struct pto_tensor checked;
    uint64_t bytes = 0;
    int rc = shapes == NULL ? PTO_TENSOR_NULL : pto_tensor_shape(&checked, shapes, ndims, dtype, &bytes);
    memset(out, 0, sizeof(*out));
    if (rc != 0) {
        return rc;
    }
    out->ndims = ndims;
    out->dtype = (uint8_t)dtype;
    out->manual_dep = manual_dep;
    out->is_contiguous = 1;
    memcpy(out->shapes, checked.shapes, sizeof(out->shapes));
    return 0;
}

/* Lets the runtime fill the new buffer with an element whose bits are the low bytes of `value`. */
static inline void pto_create_info_set_initial(struct pto_tensor_create_info *info, uint64_t value)
{
    info->initial_value = value;
    info->has_initial_value = 1;
}

/* Bytes of the described tensor. Errors as pto_tensor_shape: a description from elsewhere is checked again. */
static inline int pto_create_info_bytes(const struct pto_tensor_create_info *info, uint64_t *bytes)
{
    struct pto_tensor checked;
    return pto_tensor_shape(&checked, info->shapes, info->ndims, info->dtype, bytes);
}

/* The tensor that an output becomes once `buffer_bytes` at `addr` are its own. Errors: as pto_tensor_shape, STORAGE. */
static inline int pto_tensor_from_create_info(struct pto_tensor *out, const struct pto_tensor_create_info *info,
                                              uint64_t addr, uint64_t buffer_bytes, uint64_t owner_task_id)
{
    uint64_t bytes = 0;
    int rc = pto_tensor_shape(out, info->shapes, info->ndims, info->dtype, &bytes);
    if (rc != 0) {
        return rc;
    }
    if (bytes > buffer_bytes) {
        return pto_tensor_fail(out, PTO_TENSOR_STORAGE, 0, bytes, buffer_bytes);
    }
    out->buffer_addr = addr;
    out->buffer_bytes = buffer_bytes;
    out->owner_task_id = owner_task_id;
    out->manual_dep = info->manual_dep;
    return 0;
}

PTO_END_DECLS

#endif
