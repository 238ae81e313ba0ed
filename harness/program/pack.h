/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: builds a ChipCallable image from the bytes of its shared objects (host.md 1.9, 1.10).
 *
 * It writes exactly the layout of abi/callable.h: orchestration first, each child CoreCallable at the next multiple of 64
 * from the start of storage, padding zero. It refuses what the layout cannot hold (counts, name lengths, 32-bit offsets) and
 * nothing else: doubled or odd function ids, empty images and bytes that are no ELF are packed as asked, so that tests can
 * hand them to a runtime.
 */
#ifndef HARNESS_PROGRAM_PACK_H
#define HARNESS_PROGRAM_PACK_H

#include <stddef.h>
#include <stdint.h>

struct pack_child {
    const void *bytes; /* the kernel's shared object; borrowed */
    size_t size;
    int32_t func_id;
    const int32_t *signature; /* enum pto_arg_direction; borrowed */
    int32_t signature_count;  /* 0 .. 16 */
};

struct pack_request {
    const void *orchestration; /* borrowed */
    size_t orchestration_size;
    const char *entry_name;  /* NULL: the runtime's default */
    const char *config_name; /* NULL: the runtime's default */
    const int32_t *signature;
    int32_t signature_count; /* 0 .. 128 */
    const struct pack_child *children;
    uint32_t child_count; /* 0 .. 1024 */
};

/*
 * Returns 0 with a malloc'ed image (free() it) and its size in bytes; -EINVAL or -EFBIG for what cannot be laid out, -ENOMEM;
 * `error` then says why, with the numbers, and the outputs are untouched.
 */
int pack_image(const struct pack_request *request, void **image, size_t *bytes, char *error, size_t error_capacity);

#endif
