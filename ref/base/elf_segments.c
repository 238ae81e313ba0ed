/* SPDX-License-Identifier: Apache-2.0 */
#include "base/elf_segments.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

int elf_segments_check(const void *bytes, size_t size, struct error_text *error)
{
    const uint8_t *file = bytes;
    Elf64_Ehdr header;
    if (size < sizeof(header) || memcmp(file, ELFMAG, SELFMAG) != 0 || file[EI_CLASS] != ELFCLASS64) {
        return 0;
    }
    memcpy(&header, file, sizeof(header));
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        uint64_t start;
        uint64_t end;
        if (__builtin_add_overflow(header.e_phoff, i * sizeof(segment), &start) ||
            __builtin_add_overflow(start, sizeof(segment), &end) || end > size) {
            return error_set(error, -ENOEXEC, "program header %llu of %u lies beyond the %zu bytes of the file",
                             (unsigned long long)i, header.e_phnum, size);
        }
        memcpy(&segment, file + start, sizeof(segment));
        if (segment.p_type == PT_LOAD &&
            (__builtin_add_overflow(segment.p_offset, segment.p_filesz, &end) || end > size)) {
            return error_set(error, -ENOEXEC,
                             "segment %llu of %llu bytes at %llu ends beyond the %zu bytes of the file",
                             (unsigned long long)i, (unsigned long long)segment.p_filesz,
                             (unsigned long long)segment.p_offset, size);
        }
    }
    return 0;
}
