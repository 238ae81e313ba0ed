/* SPDX-License-Identifier: Apache-2.0 */
#include "base/elf_build_id.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "base/hash.h"

#define BUILD_ID_KEY_BYTES 8u
#define NOTE_ALIGN 4u

/* A part of the file. Every part is inside the file by construction. */
struct elf_slice {
    const uint8_t *bytes;
    uint64_t size;
};

/* Takes `size` bytes at `offset` of `whole`, when they are all there. */
static bool slice_take(const struct elf_slice *whole, uint64_t offset, uint64_t size, struct elf_slice *part)
{
    if (offset > whole->size || size > whole->size - offset) {
        return false;
    }
    *part = (struct elf_slice){.bytes = whole->bytes + offset, .size = size};
    return true;
}

static uint64_t note_padded(uint32_t size)
{
    return ((uint64_t)size + (NOTE_ALIGN - 1)) / NOTE_ALIGN * NOTE_ALIGN;
}

/* Walks the notes of one segment; a note that passes its end ends the walk. */
static bool find_in_notes(struct elf_slice notes, uint64_t *key)
{
    uint64_t at = 0;
    struct elf_slice part;
    while (slice_take(&notes, at, sizeof(Elf64_Nhdr), &part)) {
        Elf64_Nhdr note;
        memcpy(&note, part.bytes, sizeof(note));
        uint64_t name_at = at + sizeof(note);
        uint64_t description_at = name_at + note_padded(note.n_namesz);
        struct elf_slice name;
        struct elf_slice description;
        if (!slice_take(&notes, name_at, note.n_namesz, &name) ||
            !slice_take(&notes, description_at, note.n_descsz, &description)) {
            return false;
        }
        if (note.n_type == NT_GNU_BUILD_ID && name.size == sizeof(ELF_NOTE_GNU) &&
            memcmp(name.bytes, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && description.size >= BUILD_ID_KEY_BYTES) {
            memcpy(key, description.bytes, BUILD_ID_KEY_BYTES);
            return true;
        }
        at = description_at + note_padded(note.n_descsz);
    }
    return false;
}

static bool find_in_file(const struct elf_slice *file, uint64_t *key)
{
    struct elf_slice part;
    Elf64_Ehdr header;
    if (!slice_take(file, 0, sizeof(header), &part)) {
        return false;
    }
    memcpy(&header, part.bytes, sizeof(header));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phoff == 0 ||
        header.e_phentsize < sizeof(Elf64_Phdr)) {
        return false;
    }
    struct elf_slice table;
    if (!slice_take(file, header.e_phoff, (uint64_t)header.e_phnum * header.e_phentsize, &table)) {
        return false;
    }
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, table.bytes + i * header.e_phentsize, sizeof(segment));
        struct elf_slice notes;
        if (segment.p_type == PT_NOTE && slice_take(file, segment.p_offset, segment.p_filesz, &notes) &&
            find_in_notes(notes, key)) {
            return true;
        }
    }
    return false;
}

uint64_t elf_build_id_key(const void *bytes, size_t size)
{
    struct elf_slice file = {.bytes = bytes, .size = size};
    uint64_t key = 0;
    return find_in_file(&file, &key) ? key : hash_fnv1a(bytes, size);
}
