/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_segments: whether a 64-bit ELF file holds all of what it says is to be mapped. The dynamic linker maps without
 * looking, and a file that was cut short then ends the process with SIGBUS.
 */
#ifndef BASE_ELF_SEGMENTS_H
#define BASE_ELF_SEGMENTS_H

#include <stddef.h>

#include "base/error_text.h"

/*
 * Returns 0, or -ENOEXEC with the numbers when a program header or the contents of a PT_LOAD segment end beyond `size`.
 * Bytes that are no 64-bit ELF file are none of its business: 0. Reads nothing beyond `size`; any alignment.
 */
int elf_segments_check(const void *bytes, size_t size, struct error_text *error);

#endif
