/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_view: new windows on the buffer of a tensor (device.md 1.2).
 *
 * Views are metadata only: same buffer, owner, version and type; contiguity and extent are recomputed. `manual_dep`
 * replaces the parent's flag. No broadcast and no negative step. `out` may be the same object as `in`. Errors as
 * tensor.h says; a view never reaches beyond its parent's dimensions, nor beyond the buffer.
 */
#ifndef ABI_TENSOR_VIEW_H
#define ABI_TENSOR_VIEW_H

#include <stdio.h>

#include "abi/tensor.h"

PTO_BEGIN_DECLS

/* Ends every operation: recompute, check, and hand over. */
static inline int pto_tensor_finish_view(struct pto_tensor *out, struct pto_tensor *view, bool manual_dep)
{
    view->manual_dep = manual_dep;
    int rc = pto_tensor_refresh(view);
    *out = *view;
    return rc;
}

/* Hands an invalid parent on, so that its error is told and not the consequence. */
static inline int pto_tensor_no_parent(struct pto_tensor *out, const struct pto_tensor *in)
{
    if (in == NULL || in->ndims != 0 || in->version >= 0) {
        return pto_tensor_fail(out, PTO_TENSOR_NULL, 0, in != NULL ? in->ndims : 0, PTO_MAX_DIMS);
    }
    struct pto_tensor error = *in;
    *out = error;
    return PTO_TENSOR_NULL;
}

/*
 * The box of shapes[i] elements from offsets[i] in every dimension; both arrays have the parent's rank. start_offset
 * moves by the sum of offsets[i] * stride[i]; strides stay. Errors: NULL, ZERO_DIM, BOUNDS, STORAGE.
 */
static inline int pto_tensor_view(struct pto_tensor *out, const struct pto_tensor *in, const uint32_t *shapes,
                                  const uint32_t *offsets, bool manual_dep)
{
    if (!pto_tensor_is_valid(in) || shapes == NULL || offsets == NULL) {
        return pto_tensor_no_parent(out, in);
    }
    struct pto_tensor view = *in;
    for (uint32_t i = 0; i < in->ndims; i++) {
        uint64_t end = (uint64_t)offsets[i] + shapes[i];
        if (end > in->shapes[i]) {
            return pto_tensor_fail(out, PTO_TENSOR_BOUNDS, i, end, in->shapes[i]);
        }
        uint64_t skip = (uint64_t)offsets[i] * in->strides[i];
        if (__builtin_add_overflow(view.start_offset, skip, &view.start_offset)) {
            return pto_tensor_fail(out, PTO_TENSOR_OVERFLOW, i, offsets[i], UINT64_MAX);
        }
        view.shapes[i] = shapes[i];
    }
    return pto_tensor_finish_view(out, &view, manual_dep);
}

/*
 * Dimension i of the result is dimension order[i] of the parent; `order` names each dimension once. Errors: NULL, DIM.
 */
static inline int pto_tensor_permute(struct pto_tensor *out, const struct pto_tensor *in, const uint32_t *order,
                                     bool manual_dep)
{
    if (!pto_tensor_is_valid(in) || order == NULL) {
        return pto_tensor_no_parent(out, in);
    }
    struct pto_tensor view = *in;
    uint32_t used = 0;
    for (uint32_t i = 0; i < in->ndims; i++) {
        uint32_t from = order[i];
        if (from >= in->ndims || (used & (1u << from)) != 0) {
            return pto_tensor_fail(out, PTO_TENSOR_DIM, i, from, in->ndims - 1);
        }
        used |= 1u << from;
        view.shapes[i] = in->shapes[from];
        view.strides[i] = in->strides[from];
    }
    return pto_tensor_finish_view(out, &view, manual_dep);
}

/* Swaps dimensions x and y (which may be the same). Errors: NULL, DIM. */
static inline int pto_tensor_transpose(struct pto_tensor *out, const struct pto_tensor *in, uint32_t x, uint32_t y,
                                       bool manual_dep)
{
    if (!pto_tensor_is_valid(in)) {
        return pto_tensor_no_parent(out, in);
    }
    if (x >= in->ndims || y >= in->ndims) {
        return pto_tensor_fail(out, PTO_TENSOR_DIM, 0, x >= in->ndims ? x : y, in->ndims - 1);
    }
    struct pto_tensor view = *in;
    view.shapes[x] = in->shapes[y];
    view.strides[x] = in->strides[y];
    view.shapes[y] = in->shapes[x];
    view.strides[y] = in->strides[x];
    return pto_tensor_finish_view(out, &view, manual_dep);
}

/*
 * Elements start, start + step, ... below end of one dimension: ceil((end - start) / step) of them. Errors: NULL, DIM,
 * STEP, BOUNDS (end beyond the dimension), ZERO_DIM (start not below end), STRIDE.
 */
static inline int pto_tensor_slice(struct pto_tensor *out, const struct pto_tensor *in, uint32_t dim, uint32_t start,
                                   uint32_t end, uint32_t step, bool manual_dep)
{
    if (!pto_tensor_is_valid(in)) {
        return pto_tensor_no_parent(out, in);
    }
    if (dim >= in->ndims) {
        return pto_tensor_fail(out, PTO_TENSOR_DIM, dim, dim, in->ndims - 1);
    }
    if (step == 0) {
        return pto_tensor_fail(out, PTO_TENSOR_STEP, dim, step, UINT32_MAX);
    }
    if (end > in->shapes[dim]) {
        return pto_tensor_fail(out, PTO_TENSOR_BOUNDS, dim, end, in->shapes[dim]);
    }
    if (start >= end) {
        return pto_tensor_fail(out, PTO_TENSOR_ZERO_DIM, dim, start, end);
    }
    uint64_t stride = (uint64_t)in->strides[dim] * step;
    if (stride > UINT32_MAX) {
        return pto_tensor_fail(out, PTO_TENSOR_STRIDE, dim, stride, UINT32_MAX);
    }
    struct pto_tensor view = *in;
    if (__builtin_add_overflow(view.start_offset, (uint64_t)start * in->strides[dim], &view.start_offset)) {
        return pto_tensor_fail(out, PTO_TENSOR_OVERFLOW, dim, start, UINT64_MAX);
    }
    view.shapes[dim] = (end - start - 1) / step + 1;
    view.strides[dim] = (uint32_t)stride;
    return pto_tensor_finish_view(out, &view, manual_dep);
}

/*
 * The same elements in the same order under other dimensions. Only for contiguous parents; keeps start_offset. Errors:
 * NULL, NDIMS, ZERO_DIM, NOT_CONTIGUOUS, NUMEL, STRIDE.
 */
static inline int pto_tensor_reshape(struct pto_tensor *out, const struct pto_tensor *in, const uint32_t *shapes,
                                     uint32_t ndims, bool manual_dep)
{
    if (!pto_tensor_is_valid(in) || shapes == NULL) {
        return pto_tensor_no_parent(out, in);
    }
    struct pto_tensor view = *in;
    struct pto_tensor shaped;
    uint64_t bytes = 0;
    if (pto_tensor_refresh(&view) != 0) {
        *out = view;
        return view.version;
    }
    if (!view.is_contiguous) {
        return pto_tensor_fail(out, PTO_TENSOR_NOT_CONTIGUOUS, 0, ndims, in->ndims);
    }
    int rc = pto_tensor_shape(&shaped, shapes, ndims, in->dtype, &bytes);
    if (rc != 0) {
        *out = shaped;
        return rc;
    }
    if (shaped.extent_elements != view.extent_elements) {
        return pto_tensor_fail(out, PTO_TENSOR_NUMEL, 0, shaped.extent_elements, view.extent_elements);
    }
    view.ndims = ndims;
    memcpy(view.shapes, shaped.shapes, sizeof(view.shapes));
    memcpy(view.strides, shaped.strides, sizeof(view.strides));
    return pto_tensor_finish_view(out, &view, manual_dep);
}

/*
 * Element index (from buffer_addr) of a position. Errors: NULL, DIM (another number of indices than the rank), BOUNDS;
 * `element` is then untouched.
 */
static inline int pto_tensor_element(const struct pto_tensor *tensor, uint32_t ndims, const uint32_t *indices,
                                     uint64_t *element)
{
    if (!pto_tensor_is_valid(tensor) || indices == NULL) {
        return PTO_TENSOR_NULL;
    }
    if (ndims != tensor->ndims) {
        return PTO_TENSOR_DIM;
    }
    uint64_t sum = tensor->start_offset;
    for (uint32_t i = 0; i < ndims; i++) {
        if (indices[i] >= tensor->shapes[i]) {
            return PTO_TENSOR_BOUNDS;
        }
        sum += (uint64_t)indices[i] * tensor->strides[i]; /* below start + extent, which is inside the buffer */
    }
    *element = sum;
    return 0;
}

/*
 * Copies a tensor and trusts it. A contiguous one that starts its buffer is copied from its first line alone, the
 * second is derived: half the memory traffic of a submit.
 */
static inline void pto_tensor_copy(struct pto_tensor *out, const struct pto_tensor *in)
{
    if (!in->is_contiguous || in->start_offset != 0) {
        memcpy(out, in, sizeof(*out));
        return;
    }
    uint64_t stride = 1;
    memcpy(out, in, offsetof(struct pto_tensor, extent_elements));
    for (uint32_t i = in->ndims; i-- > 0;) {
        out->strides[i] = (uint32_t)stride;
        stride *= in->shapes[i];
    }
    out->extent_elements = stride;
}

/* Static name of an error: "BOUNDS" for PTO_TENSOR_BOUNDS; "UNKNOWN" otherwise. */
static inline const char *pto_tensor_error_name(int code)
{
    static const char *const names[] = {"NONE",   "NULL",    "NDIMS", "DTYPE", "ZERO_DIM",       "STRIDE", "OVERFLOW",
                                        "BOUNDS", "STORAGE", "DIM",   "STEP",  "NOT_CONTIGUOUS", "NUMEL"};
    return code <= 0 && code >= PTO_TENSOR_NUMEL ? names[-code] : "UNKNOWN";
}

/*
 * Writes what an invalid tensor says about its failure: "BOUNDS at dimension 1: asked 9, allowed 8". A tensor that is
 * no such record gives "no error".
 */
static inline void pto_tensor_error_text(const struct pto_tensor *tensor, char *text, size_t capacity)
{
    if (tensor->ndims != 0 || tensor->version >= 0) {
        (void)snprintf(text, capacity, "no error");
        return;
    }
    (void)snprintf(text, capacity, "%s at dimension %u: asked %llu, allowed %llu",
                   pto_tensor_error_name(tensor->version), tensor->shapes[0], (unsigned long long)tensor->start_offset,
                   (unsigned long long)tensor->extent_elements);
}

PTO_END_DECLS

#endif
