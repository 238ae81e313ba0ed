/* SPDX-License-Identifier: Apache-2.0 */
#include "base/chip_image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/data_type.h"

#define CHIP_FIELD(name) offsetof(struct pto_chip_callable, name)
#define CORE_FIELD(name) offsetof(struct pto_core_callable, name)
#define OWNER_BYTES 24u

/* Fields are read by offset and copied out: the image may start at any address. */
static uint32_t image_u32(const uint8_t *bytes, size_t offset)
{
    uint32_t value;
    memcpy(&value, bytes + offset, sizeof(value));
    return value;
}

static int32_t image_i32(const uint8_t *bytes, size_t offset)
{
    int32_t value;
    memcpy(&value, bytes + offset, sizeof(value));
    return value;
}

static int32_t image_func_id(const uint8_t *bytes, int32_t child)
{
    return image_i32(bytes, CHIP_FIELD(child_func_ids) + sizeof(int32_t) * (size_t)child);
}

static uint32_t image_offset(const uint8_t *bytes, int32_t child)
{
    return image_u32(bytes, CHIP_FIELD(child_offsets) + sizeof(uint32_t) * (size_t)child);
}

static const uint8_t *image_core(const uint8_t *bytes, int32_t child)
{
    return bytes + PTO_CHIP_CALLABLE_STORAGE_OFFSET + image_offset(bytes, child);
}

/* Where a child ends, from the start of storage. Its header must have been found inside the image. */
static uint64_t image_child_end(const uint8_t *bytes, int32_t child)
{
    return (uint64_t)image_offset(bytes, child) + PTO_CORE_CALLABLE_BINARY_OFFSET +
           image_u32(image_core(bytes, child), CORE_FIELD(binary_size));
}

/* `owner` is "" for the orchestration, "child N: " for a kernel. */
static int check_signature(const uint8_t *signature, int32_t count, int32_t limit, const char *owner,
                           struct error_text *error)
{
    if (count < 0 || count > limit) {
        return error_set(error, -EINVAL, "%ssig_count %d is not in 0..%d", owner, count, limit);
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t direction = image_i32(signature, sizeof(int32_t) * (size_t)i);
        if (direction < PTO_SCALAR || direction > PTO_INOUT) {
            return error_set(error, -EINVAL, "%ssignature[%d] is %d, not a direction 0..%d", owner, i, direction,
                             PTO_INOUT);
        }
    }
    return 0;
}

static int check_name(const uint8_t *bytes, size_t name_offset, size_t length_offset, const char *what,
                      struct error_text *error)
{
    size_t length = strnlen((const char *)bytes + name_offset, PTO_CALLABLE_NAME_MAX);
    uint32_t stated = image_u32(bytes, length_offset);
    if (length == PTO_CALLABLE_NAME_MAX) {
        return error_set(error, -EINVAL, "%s is not terminated within %d bytes", what, PTO_CALLABLE_NAME_MAX);
    }
    if (stated != length) {
        return error_set(error, -EINVAL, "%s has %zu bytes, %s_len says %u", what, length, what, stated);
    }
    return 0;
}

/* What the header says about the children, before any of them is looked at: ids, and headers inside the storage. */
static int check_child_table(const uint8_t *bytes, int32_t count, uint64_t storage, struct error_text *error)
{
    uint64_t seen[PTO_MAX_FUNC_IDS / 64] = {0};
    for (int32_t i = 0; i < count; i++) {
        int32_t id = image_func_id(bytes, i);
        if (id < 0 || id >= PTO_MAX_FUNC_IDS) {
            return error_set(error, -EINVAL, "child %d: func_id %d is not in 0..%d", i, id, PTO_MAX_FUNC_IDS - 1);
        }
        uint64_t bit = 1ull << (id % 64);
        if ((seen[id / 64] & bit) != 0) {
            return error_set(error, -EINVAL, "child %d: func_id %d is taken by an earlier child", i, id);
        }
        seen[id / 64] |= bit;
        uint64_t offset = image_offset(bytes, i);
        if (offset % PTO_CALLABLE_ALIGN != 0) {
            return error_set(error, -EINVAL, "child %d: offset %lu is no multiple of %d", i, offset,
                             PTO_CALLABLE_ALIGN);
        }
        if (offset + PTO_CORE_CALLABLE_BINARY_OFFSET > storage) {
            return error_set(error, -EMSGSIZE, "child %d: header at offset %lu ends at %lu, storage has %lu bytes", i,
                             offset, offset + PTO_CORE_CALLABLE_BINARY_OFFSET, storage);
        }
    }
    return 0;
}

static int check_child(const uint8_t *bytes, int32_t index, uint64_t storage, struct error_text *error)
{
    const uint8_t *core = image_core(bytes, index);
    uint32_t binary_size = image_u32(core, CORE_FIELD(binary_size));
    uint64_t end = image_child_end(bytes, index);
    if (end > storage) {
        return error_set(error, -EMSGSIZE, "child %d: %u bytes at offset %lu end at %lu, storage has %lu bytes", index,
                         binary_size, end - binary_size, end, storage);
    }
    char owner[OWNER_BYTES];
    (void)snprintf(owner, sizeof(owner), "child %d: ", index);
    return check_signature(core + CORE_FIELD(signature), image_i32(core, CORE_FIELD(sig_count)),
                           PTO_CORE_MAX_TENSOR_ARGS, owner, error);
}

/* Orders the children by offset. Insertion, since packed images are in order already; at most 1024 of them. */
static void sort_children(const uint8_t *bytes, int32_t count, uint16_t *order)
{
    for (int32_t i = 0; i < count; i++) {
        int32_t place = i;
        uint32_t offset = image_offset(bytes, i);
        while (place > 0 && image_offset(bytes, order[place - 1]) > offset) {
            order[place] = order[place - 1];
            place--;
        }
        order[place] = (uint16_t)i;
    }
}

/* Nothing overlaps: neither children each other nor a child the orchestration. `used` becomes the end of the last one.
 */
static int check_overlap(const uint8_t *bytes, int32_t count, uint64_t *used, struct error_text *error)
{
    uint16_t order[PTO_MAX_CHILDREN];
    sort_children(bytes, count, order);
    uint64_t end = *used;
    for (int32_t i = 0; i < count; i++) {
        uint32_t offset = image_offset(bytes, order[i]);
        if (offset < end && i == 0) {
            return error_set(error, -EINVAL, "child %u at offset %u overlaps the orchestration, which ends at %lu",
                             order[i], offset, end);
        }
        if (offset < end) {
            return error_set(error, -EINVAL, "child %u at offset %u overlaps child %u, which ends at %lu", order[i],
                             offset, order[i - 1], end);
        }
        end = image_child_end(bytes, order[i]);
    }
    *used = end;
    return 0;
}

static int check_header(const uint8_t *bytes, uint64_t length, struct error_text *error)
{
    if (length < PTO_CHIP_CALLABLE_STORAGE_OFFSET) {
        return error_set(error, -EMSGSIZE, "%lu bytes are less than the header's %u", length,
                         PTO_CHIP_CALLABLE_STORAGE_OFFSET);
    }
    int result = check_signature(bytes + CHIP_FIELD(signature), image_i32(bytes, CHIP_FIELD(sig_count)),
                                 PTO_CHIP_MAX_TENSOR_ARGS, "", error);
    if (result == 0) {
        result = check_name(bytes, CHIP_FIELD(func_name), CHIP_FIELD(func_name_len), "func_name", error);
    }
    if (result == 0) {
        result = check_name(bytes, CHIP_FIELD(config_name), CHIP_FIELD(config_name_len), "config_name", error);
    }
    if (result != 0) {
        return result;
    }
    uint64_t storage = length - PTO_CHIP_CALLABLE_STORAGE_OFFSET;
    uint32_t orchestration_size = image_u32(bytes, CHIP_FIELD(binary_size));
    if (orchestration_size > storage) {
        return error_set(error, -EMSGSIZE, "orchestration of %u bytes, storage has %lu bytes", orchestration_size,
                         storage);
    }
    int32_t child_count = image_i32(bytes, CHIP_FIELD(child_count));
    if (child_count < 0 || child_count > PTO_MAX_CHILDREN) {
        return error_set(error, -EINVAL, "child_count %d is not in 0..%d", child_count, PTO_MAX_CHILDREN);
    }
    return check_child_table(bytes, child_count, storage, error);
}

int chip_image_parse(const void *image_bytes, uint64_t length, struct chip_image *image, struct error_text *error)
{
    const uint8_t *bytes = image_bytes;
    int result = check_header(bytes, length, error);
    if (result != 0) {
        return result;
    }
    uint64_t storage = length - PTO_CHIP_CALLABLE_STORAGE_OFFSET;
    int32_t child_count = image_i32(bytes, CHIP_FIELD(child_count));
    for (int32_t i = 0; result == 0 && i < child_count; i++) {
        result = check_child(bytes, i, storage, error);
    }
    uint32_t orchestration_size = image_u32(bytes, CHIP_FIELD(binary_size));
    uint64_t used = orchestration_size;
    if (result == 0) {
        result = check_overlap(bytes, child_count, &used, error);
    }
    if (result != 0) {
        return result;
    }
    *image = (struct chip_image){.bytes = bytes,
                                 .size = PTO_CHIP_CALLABLE_STORAGE_OFFSET + used,
                                 .orchestration = bytes + PTO_CHIP_CALLABLE_STORAGE_OFFSET,
                                 .orchestration_size = orchestration_size,
                                 .func_name = (const char *)bytes + CHIP_FIELD(func_name),
                                 .config_name = (const char *)bytes + CHIP_FIELD(config_name),
                                 .sig_count = image_i32(bytes, CHIP_FIELD(sig_count)),
                                 .child_count = child_count};
    return 0;
}

int chip_image_parse_unsized(const void *bytes, struct chip_image *image, struct error_text *error)
{
    return chip_image_parse(bytes, PTO_MAX_IMAGE_BYTES, image, error);
}

int32_t chip_image_signature(const struct chip_image *image, int32_t index)
{
    return image_i32(image->bytes, CHIP_FIELD(signature) + sizeof(int32_t) * (size_t)index);
}

void chip_image_child(const struct chip_image *image, int32_t index, struct chip_image_child *child)
{
    const uint8_t *core = image_core(image->bytes, index);
    *child = (struct chip_image_child){.func_id = image_func_id(image->bytes, index),
                                       .offset = image_offset(image->bytes, index),
                                       .binary_size = image_u32(core, CORE_FIELD(binary_size)),
                                       .sig_count = image_i32(core, CORE_FIELD(sig_count)),
                                       .callable = core,
                                       .binary = core + PTO_CORE_CALLABLE_BINARY_OFFSET};
}

int32_t chip_image_child_signature(const struct chip_image_child *child, int32_t index)
{
    return image_i32(child->callable, CORE_FIELD(signature) + sizeof(int32_t) * (size_t)index);
}
