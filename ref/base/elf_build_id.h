/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_build_id: the 64-bit key that names a program in logs and files (host.md 4.1). It is identity for people, never
 * equality (R6).
 */
#ifndef BASE_ELF_BUILD_ID_H
#define BASE_ELF_BUILD_ID_H

#include <stddef.h>
#include <stdint.h>

/*
 * The first eight bytes of the GNU build-id note as a little-endian number; FNV-1a of all bytes when there is no such
 * note or the bytes are no sound ELF64 file. Never fails, reads nothing beyond `size`, assumes no alignment; NULL with
 * size 0 is allowed. Pure and thread safe.
 */
uint64_t elf_build_id_key(const void *bytes, size_t size);

#endif
