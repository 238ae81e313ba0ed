/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blob.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(sizeof(struct pto_continuous_tensor) == BLOB_TENSOR_BYTES, "tensors travel as they are");
_Static_assert(BLOB_MAX_BYTES == 6152, "host.md 1.7");

size_t blob_size(int32_t tensor_count, int32_t scalar_count)
{
    return BLOB_HEADER_BYTES + BLOB_TENSOR_BYTES * (size_t)tensor_count + BLOB_SCALAR_BYTES * (size_t)scalar_count;
}

static int blob_check_counts(int32_t tensor_count, int32_t scalar_count, struct error_text *error)
{
    if (tensor_count < 0 || scalar_count < 0) {
        return error_set(error, -EINVAL, "negative counts: tensor_count %d, scalar_count %d", tensor_count,
                         scalar_count);
    }
    if (tensor_count > PTO_CHIP_MAX_TENSOR_ARGS) {
        return error_set(error, -E2BIG, "tensor_count %d exceeds %d", tensor_count, PTO_CHIP_MAX_TENSOR_ARGS);
    }
    if (scalar_count > PTO_CHIP_MAX_SCALAR_ARGS) {
        return error_set(error, -E2BIG, "scalar_count %d exceeds %d", scalar_count, PTO_CHIP_MAX_SCALAR_ARGS);
    }
    return 0;
}

static int blob_check_tensor(const struct pto_continuous_tensor *tensor, int32_t index, struct error_text *error)
{
    if (pto_continuous_tensor_check(tensor, NULL, NULL, 0) == 0) {
        return 0;
    }
    char reason[ERROR_TEXT_BYTES / 2];
    (void)pto_continuous_tensor_check(tensor, NULL, reason, sizeof(reason));
    return error_set(error, -EINVAL, "tensor %d: %s", index, reason);
}

static int blob_check_room(int32_t tensor_count, int32_t scalar_count, size_t capacity, struct error_text *error)
{
    size_t needed = blob_size(tensor_count, scalar_count);
    if (needed > capacity) {
        return error_set(error, -EMSGSIZE, "blob of %d tensors and %d scalars needs %zu bytes, capacity is %zu",
                         tensor_count, scalar_count, needed, capacity);
    }
    return 0;
}

int blob_write(const struct pto_task_args_view *args, void *bytes, size_t capacity, size_t *size,
               struct error_text *error)
{
    int32_t counts[2] = {args->tensor_count, args->scalar_count};
    int result = blob_check_counts(counts[0], counts[1], error);
    if (result == 0) {
        result = blob_check_room(counts[0], counts[1], capacity, error);
    }
    for (int32_t i = 0; result == 0 && i < counts[0]; i++) {
        result = blob_check_tensor(&args->tensors[i], i, error);
    }
    if (result != 0) {
        return result;
    }
    uint8_t *out = bytes;
    memcpy(out, counts, sizeof(counts));
    size_t tensor_bytes = BLOB_TENSOR_BYTES * (size_t)counts[0];
    if (counts[0] != 0) {
        memcpy(out + BLOB_HEADER_BYTES, args->tensors, tensor_bytes);
    }
    if (counts[1] != 0) {
        memcpy(out + BLOB_HEADER_BYTES + tensor_bytes, args->scalars, BLOB_SCALAR_BYTES * (size_t)counts[1]);
    }
    *size = blob_size(counts[0], counts[1]);
    return 0;
}

int blob_read(const void *bytes, size_t capacity, struct blob_view *view, struct error_text *error)
{
    if (capacity < BLOB_HEADER_BYTES) {
        return error_set(error, -EMSGSIZE, "capacity %zu is below the blob header's %u bytes", capacity,
                         BLOB_HEADER_BYTES);
    }
    int32_t counts[2];
    memcpy(counts, bytes, sizeof(counts));
    int result = blob_check_counts(counts[0], counts[1], error);
    if (result == 0) {
        result = blob_check_room(counts[0], counts[1], capacity, error);
    }
    if (result != 0) {
        return result;
    }
    const uint8_t *tensors = (const uint8_t *)bytes + BLOB_HEADER_BYTES;
    struct blob_view found = {.tensors = tensors,
                              .scalars = tensors + BLOB_TENSOR_BYTES * (size_t)counts[0],
                              .tensor_count = counts[0],
                              .scalar_count = counts[1],
                              .size = blob_size(counts[0], counts[1])};
    for (int32_t i = 0; i < counts[0]; i++) {
        struct pto_continuous_tensor tensor;
        blob_tensor(&found, i, &tensor);
        result = blob_check_tensor(&tensor, i, error);
        if (result != 0) {
            return result;
        }
    }
    *view = found;
    return 0;
}

void blob_tensor(const struct blob_view *view, int32_t index, struct pto_continuous_tensor *tensor)
{
    memcpy(tensor, view->tensors + BLOB_TENSOR_BYTES * (size_t)index, sizeof(*tensor));
}

uint64_t blob_scalar(const struct blob_view *view, int32_t index)
{
    uint64_t scalar;
    memcpy(&scalar, view->scalars + BLOB_SCALAR_BYTES * (size_t)index, sizeof(scalar));
    return scalar;
}

void blob_to_chip_args(const struct blob_view *view, struct pto_chip_args *args)
{
    for (int32_t i = 0; i < view->tensor_count; i++) {
        blob_tensor(view, i, &args->tensors[i]);
    }
    for (int32_t i = 0; i < view->scalar_count; i++) {
        args->scalars[i] = blob_scalar(view, i);
    }
    args->tensor_count = view->tensor_count;
    args->scalar_count = view->scalar_count;
}

int chip_args_check(const struct pto_chip_args *args, struct error_text *error)
{
    int result = blob_check_counts(args->tensor_count, args->scalar_count, error);
    for (int32_t i = 0; result == 0 && i < args->tensor_count; i++) {
        result = blob_check_tensor(&args->tensors[i], i, error);
    }
    return result;
}
