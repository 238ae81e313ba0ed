/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/chip_image.h"
#include "base/os.h"

static int check_count(int64_t count, int32_t limit, const char *what, struct error_text *error)
{
    return count >= 0 && count <= limit ? 0 : error_set(error, -EINVAL, "%s %ld is not in 0..%d", what, count, limit);
}

/* Where the child behind `end` starts: offsets have 32 bits, so `end` below 2^32 plus padding cannot wrap. */
static uint64_t child_start(uint64_t end)
{
    return (end + (PTO_CALLABLE_ALIGN - 1)) / PTO_CALLABLE_ALIGN * PTO_CALLABLE_ALIGN;
}

int chip_image_packed_size(const struct chip_image_spec *spec, uint64_t *size, struct error_text *error)
{
    int result = check_count(spec->sig_count, PTO_CHIP_MAX_TENSOR_ARGS, "sig_count", error);
    if (result == 0) {
        result = check_count(spec->child_count, PTO_MAX_CHILDREN, "child_count", error);
    }
    if (result == 0 && spec->orchestration_size > UINT32_MAX) {
        result = error_set(error, -EFBIG, "orchestration of %zu bytes exceeds 32 bits", spec->orchestration_size);
    }
    uint64_t end = spec->orchestration_size;
    for (int32_t i = 0; result == 0 && i < spec->child_count; i++) {
        const struct chip_image_child_spec *child = &spec->children[i];
        uint64_t start = child_start(end);
        result = check_count(child->sig_count, PTO_CORE_MAX_TENSOR_ARGS, "sig_count of a child", error);
        if (result == 0 && (child->binary_size > UINT32_MAX || start > UINT32_MAX)) {
            result = error_set(error, -EFBIG, "child %d: %zu bytes at offset %lu exceed 32 bits", i, child->binary_size,
                               start);
        }
        end = start + PTO_CORE_CALLABLE_BINARY_OFFSET + child->binary_size;
    }
    if (result == 0) {
        *size = PTO_CHIP_CALLABLE_STORAGE_OFFSET + end;
    }
    return result;
}

static uint32_t pack_name(char *field, const char *name)
{
    size_t length = name != NULL ? strnlen(name, PTO_CALLABLE_NAME_MAX - 1) : 0;
    if (length != 0) {
        memcpy(field, name, length);
    }
    return (uint32_t)length;
}

/* Appends bytes that may be absent. */
static uint8_t *pack_bytes(uint8_t *out, const void *bytes, size_t size)
{
    if (size != 0) {
        memcpy(out, bytes, size);
    }
    return out + size;
}

static uint8_t *pack_zeros(uint8_t *out, size_t size)
{
    memset(out, 0, size);
    return out + size;
}

static uint8_t *pack_child(uint8_t *out, const struct chip_image_child_spec *spec)
{
    struct pto_core_callable core = {.sig_count = spec->sig_count, .binary_size = (uint32_t)spec->binary_size};
    if (spec->sig_count > 0) {
        memcpy(core.signature, spec->signature, sizeof(int32_t) * (size_t)spec->sig_count);
    }
    out = pack_bytes(out, &core, sizeof(core));
    out = pack_zeros(out, PTO_CORE_CALLABLE_BINARY_OFFSET - sizeof(core));
    return pack_bytes(out, spec->binary, spec->binary_size);
}

int chip_image_pack(const struct chip_image_spec *spec, void *bytes, uint64_t capacity, struct error_text *error)
{
    uint64_t size = 0;
    int result = chip_image_packed_size(spec, &size, error);
    if (result != 0) {
        return result;
    }
    if (size > capacity) {
        return error_set(error, -EMSGSIZE, "image needs %lu bytes, capacity is %lu", size, capacity);
    }
    struct pto_chip_callable header = {.sig_count = spec->sig_count,
                                       .binary_size = (uint32_t)spec->orchestration_size,
                                       .child_count = spec->child_count};
    if (spec->sig_count > 0) {
        memcpy(header.signature, spec->signature, sizeof(int32_t) * (size_t)spec->sig_count);
    }
    header.func_name_len = pack_name(header.func_name, spec->func_name);
    header.config_name_len = pack_name(header.config_name, spec->config_name);

    uint8_t *storage = (uint8_t *)bytes + PTO_CHIP_CALLABLE_STORAGE_OFFSET;
    uint8_t *end = pack_bytes(storage, spec->orchestration, spec->orchestration_size);
    for (int32_t i = 0; i < spec->child_count; i++) {
        uint64_t used = (uint64_t)(end - storage);
        uint64_t start = child_start(used);
        end = pack_zeros(end, start - used);
        header.child_func_ids[i] = spec->children[i].func_id;
        header.child_offsets[i] = (uint32_t)start;
        end = pack_child(end, &spec->children[i]);
    }
    memcpy(bytes, &header, sizeof(header));
    return 0;
}

int chip_image_build(const struct chip_image_spec *spec, void **bytes, size_t *size, struct error_text *error)
{
    uint64_t needed = 0;
    int result = chip_image_packed_size(spec, &needed, error);
    if (result != 0) {
        return result;
    }
    void *image = os_alloc("chip_image.alloc", needed);
    if (image == NULL) {
        return error_set(error, -ENOMEM, "no memory for an image of %lu bytes", needed);
    }
    result = chip_image_pack(spec, image, needed, error);
    if (result != 0) {
        free(image);
        return result;
    }
    *bytes = image;
    *size = needed;
    return 0;
}
