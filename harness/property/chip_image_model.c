/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/chip_image_model.h"

#include <errno.h>
#include <string.h>

#include "abi/callable.h"
#include "harness/choice/unwatched.h"

UNWATCHED_BEGIN

static bool directions_are_known(const int32_t *signature, int32_t count, int32_t limit)
{
    if (count < 0 || count > limit) {
        return false;
    }
    for (int32_t i = 0; i < count; i++) {
        if (signature[i] < 0 || signature[i] > 3) {
            return false;
        }
    }
    return true;
}

static bool name_is_sound(const char name[64], uint32_t length)
{
    for (uint32_t i = 0; i < 64; i++) {
        if (name[i] == '\0') {
            return i == length;
        }
    }
    return false;
}

/* Copies a child's header out when it is inside. */
static bool child_header(const uint8_t *bytes, uint64_t length, uint32_t offset, struct pto_core_callable *core)
{
    if (8852 + (uint64_t)offset + 128 > length) {
        return false;
    }
    memcpy(core, bytes + 8852 + offset, sizeof(*core));
    return true;
}

static bool children_are_sound(const struct pto_chip_callable *header, const uint8_t *bytes, uint64_t length)
{
    for (int32_t i = 0; i < header->child_count; i++) {
        struct pto_core_callable core;
        uint64_t start = header->child_offsets[i];
        if (header->child_func_ids[i] < 0 || header->child_func_ids[i] > 1023 || start % 64 != 0 ||
            start < header->binary_size || !child_header(bytes, length, header->child_offsets[i], &core) ||
            8852 + start + 128 + core.binary_size > length ||
            !directions_are_known(core.signature, core.sig_count, 16)) {
            return false;
        }
        for (int32_t other = 0; other < i; other++) {
            struct pto_core_callable other_core;
            uint64_t other_start = header->child_offsets[other];
            (void)child_header(bytes, length, header->child_offsets[other], &other_core);
            bool apart =
                start >= other_start + 128 + other_core.binary_size || other_start >= start + 128 + core.binary_size;
            if (!apart || header->child_func_ids[i] == header->child_func_ids[other]) {
                return false;
            }
        }
    }
    return true;
}

int chip_image_model_verdict(const uint8_t *bytes, uint64_t length)
{
    struct pto_chip_callable header;
    if (length < 8852) {
        return -EINVAL;
    }
    memcpy(&header, bytes, sizeof(header));
    bool sound = directions_are_known(header.signature, header.sig_count, 128) &&
                 name_is_sound(header.func_name, header.func_name_len) &&
                 name_is_sound(header.config_name, header.config_name_len) && header.child_count >= 0 &&
                 header.child_count <= 1024 && 8852 + (uint64_t)header.binary_size <= length &&
                 children_are_sound(&header, bytes, length);
    return sound ? 0 : -EINVAL;
}

static bool all_zero(const uint8_t *bytes, uint64_t from, uint64_t to)
{
    while (from < to && bytes[from] == 0) {
        from++;
    }
    return from >= to;
}

bool chip_image_model_padding_is_zero(const uint8_t *bytes, uint64_t length)
{
    struct pto_chip_callable header;
    memcpy(&header, bytes, sizeof(header));
    uint64_t end = 8852 + (uint64_t)header.binary_size;
    bool zero = true;
    for (int32_t i = 0; zero && i < header.child_count; i++) {
        struct pto_core_callable core;
        uint64_t start = 8852 + (uint64_t)header.child_offsets[i];
        zero = child_header(bytes, length, header.child_offsets[i], &core) && all_zero(bytes, end, start) &&
               all_zero(bytes, start + 72, start + 128);
        end = start + 128 + core.binary_size;
    }
    return zero && end == length;
}

UNWATCHED_END
