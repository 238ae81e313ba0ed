/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and the build-id key against known values (host.md 4.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <string.h>

#include "base/elf_build_id.h"
#include "base/hash.h"

static void fnv1a_has_its_published_values(void **state)
{
    (void)state;
    assert_true(hash_fnv1a(NULL, 0) == 0xcbf29ce484222325ull);
    assert_true(hash_fnv1a("a", 1) == 0xaf63dc4c8601ec8cull);
    assert_true(hash_fnv1a("foobar", 6) == 0x85944171f73967e8ull);
}

static void the_content_hash_has_its_published_value(void **state)
{
    (void)state;
    assert_true(hash_bytes(NULL, 0) == 0x2d06800538d394c2ull); /* XXH3_64bits of nothing */
    assert_true(hash_bytes("a", 1) != hash_bytes("b", 1));
    char shifted[] = "xfoobar";
    assert_true(hash_bytes(shifted + 1, 6) == hash_bytes("foobar", 6));
}

struct small_elf {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    Elf64_Nhdr note;
    char name[4];
    uint8_t id[20];
};

static struct small_elf sound_elf(void)
{
    struct small_elf elf = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64},
                   .e_phoff = offsetof(struct small_elf, segment),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 1},
        .segment = {.p_type = PT_NOTE, .p_offset = offsetof(struct small_elf, note), .p_filesz = 36},
        .note = {.n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID},
        .name = "GNU",
        .id = {0xb6, 0x4d, 0x5d, 0x9c, 0x82, 0x55, 0xd3, 0x19, 0xff},
    };
    return elf;
}

static void the_note_is_read_as_little_endian(void **state)
{
    (void)state;
    struct small_elf elf = sound_elf();
    assert_true(elf_build_id_key(&elf, sizeof(elf)) == 0x19d355829c5d4db6ull);
    uint8_t shifted[sizeof(elf) + 1];
    memcpy(shifted + 1, &elf, sizeof(elf));
    assert_true(elf_build_id_key(shifted + 1, sizeof(elf)) == 0x19d355829c5d4db6ull);
}

static void assert_falls_back(const struct small_elf *elf, size_t size)
{
    assert_true(elf_build_id_key(elf, size) == hash_fnv1a(elf, size));
}

static void anything_else_is_hashed(void **state)
{
    (void)state;
    assert_true(elf_build_id_key(NULL, 0) == hash_fnv1a(NULL, 0));
    struct small_elf elf = sound_elf();
    assert_falls_back(&elf, 63);
    assert_falls_back(&elf, offsetof(struct small_elf, id) + 19); /* the segment ends behind the file */
    elf.header.e_ident[0] = 0;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.header.e_phoff = 0;
    assert_falls_back(&elf, sizeof(elf));
    elf.header.e_phoff = UINT64_MAX - 8; /* an offset that wraps */
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.header.e_phentsize = 55;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.header.e_phnum = 0xffff;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.segment.p_type = PT_LOAD;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.segment.p_offset = UINT64_MAX - 16;
    assert_falls_back(&elf, sizeof(elf));
}

static void notes_that_are_no_build_id_are_skipped(void **state)
{
    (void)state;
    struct small_elf elf = sound_elf();
    elf.note.n_type = NT_GNU_ABI_TAG;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.name[2] = 'X';
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.note.n_descsz = 7;
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.note.n_descsz = 21; /* ends behind its segment */
    assert_falls_back(&elf, sizeof(elf));
    elf = sound_elf();
    elf.note.n_namesz = UINT32_MAX; /* its padding must not wrap to 0 */
    assert_falls_back(&elf, sizeof(elf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fnv1a_has_its_published_values),
        cmocka_unit_test(the_content_hash_has_its_published_value),
        cmocka_unit_test(the_note_is_read_as_little_endian),
        cmocka_unit_test(anything_else_is_hashed),
        cmocka_unit_test(notes_that_are_no_build_id_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
