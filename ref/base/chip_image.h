/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chip_image: a ChipCallable as bytes: the one parser and the packer (host.md 1.9, 1.10, R4).
 *
 *   header of 8852 bytes | orchestration SO | zeros to a multiple of 64 | child 0 | zeros | child 1 | ...
 *   a child: CoreCallable header of 80 bytes | zeros to 128 | kernel SO
 *
 * Offsets count from the start of storage (byte 8852). Images come from anywhere: the parser trusts no byte, reads
 * nothing beyond the length it is given, assumes no alignment, and never reads orchestration or kernel bytes. It
 * allocates nothing, writes nothing, and is thread safe. All functions return 0 or a negative code, with the numbers in
 * `error` (NULL allowed).
 */
#ifndef BASE_CHIP_IMAGE_H
#define BASE_CHIP_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/callable.h"
#include "base/error_text.h"

/* An image that passed the parser. Borrows the bytes. */
struct chip_image {
    const uint8_t *bytes;
    uint64_t size; /* header + storage used: what is hashed, compared and uploaded; at most the length given */
    const uint8_t *orchestration;
    uint32_t orchestration_size; /* 0 is possible */
    const char *func_name;       /* terminated, in the image; may be empty */
    const char *config_name;
    int32_t sig_count;   /* 0 .. 128 */
    int32_t child_count; /* 0 .. 1024 */
};

struct chip_image_child {
    int32_t func_id;         /* 0 .. 1023, unique in the image */
    uint32_t offset;         /* of the CoreCallable, from the start of storage; a multiple of 64 */
    uint32_t binary_size;    /* bytes of the kernel SO */
    int32_t sig_count;       /* 0 .. 16 */
    const uint8_t *callable; /* the CoreCallable in the image, 4-aligned at best */
    const uint8_t *binary;   /* callable + 128 */
};

/*
 * Checks the image in `bytes` and describes it. Bytes behind its end are allowed and not looked at. On failure `image`
 * is untouched. Returns 0; -EMSGSIZE when something lies outside `length`; -EINVAL for everything else: counts,
 * directions, names that are not terminated or not as long as they say, func_ids out of range or twice, offsets that
 * are no multiple of 64 or overlap.
 */
int chip_image_parse(const void *bytes, uint64_t length, struct chip_image *image, struct error_text *error);

/*
 * For the C ABI, which gives no length: the same checks against 256 MiB. Only the header and the child headers at
 * checked offsets are read; image->size is the extent that they claim.
 */
int chip_image_parse_unsized(const void *bytes, struct chip_image *image, struct error_text *error);

/* Direction of argument `index`, which must be below sig_count. */
int32_t chip_image_signature(const struct chip_image *image, int32_t index);

/* Child `index`, which must be below child_count. */
void chip_image_child(const struct chip_image *image, int32_t index, struct chip_image_child *child);
/* Direction of argument `index`, which must be below the child's sig_count. */
int32_t chip_image_child_signature(const struct chip_image_child *child, int32_t index);

struct chip_image_child_spec {
    int32_t func_id;
    int32_t sig_count;
    const int32_t *signature;
    const void *binary;
    size_t binary_size;
};

/* What to pack. Names may be NULL (empty) and are cut at 63 bytes. Everything is borrowed. */
struct chip_image_spec {
    const int32_t *signature;
    int32_t sig_count;
    int32_t child_count;
    const void *orchestration;
    size_t orchestration_size;
    const char *func_name;
    const char *config_name;
    const struct chip_image_child_spec *children;
};

/*
 * Bytes that the spec packs into. -EINVAL: sig_count outside 0..128 (16 for a child), child_count outside 0..1024;
 * -EFBIG: sizes or offsets that 32 bits cannot hold. Packing checks neither func_ids nor directions: the parser does.
 */
int chip_image_packed_size(const struct chip_image_spec *spec, uint64_t *size, struct error_text *error);

/* Packs into `bytes`; -EMSGSIZE when `capacity` is too small. Every byte of the result is defined. */
int chip_image_pack(const struct chip_image_spec *spec, void *bytes, uint64_t capacity, struct error_text *error);

/* Packs into a new buffer (free() it); -ENOMEM. Fault site "chip_image.alloc". */
int chip_image_build(const struct chip_image_spec *spec, void **bytes, size_t *size, struct error_text *error);

#endif
