/* SPDX-License-Identifier: Apache-2.0 */
/* A file that was cut short is found before the dynamic linker maps it; other bytes are left to the linker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/elf_segments.h"
#include "base/os.h"

#define FILE_BYTES 512u

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    uint8_t rest[FILE_BYTES - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
};

static struct file sound_file(void)
{
    struct file file = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64}, .e_phoff = sizeof(Elf64_Ehdr), .e_phnum = 2},
        .segments = {{.p_type = PT_LOAD, .p_offset = 0, .p_filesz = 300},
                     {.p_type = PT_LOAD, .p_offset = 300, .p_filesz = FILE_BYTES - 300}},
    };
    return file;
}

/* On a copy of exactly that size, so that tools see a read beyond it. */
static int check(const struct file *file, size_t size)
{
    struct error_text error = {""};
    void *copy = malloc(size != 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, file, size);
    int result = elf_segments_check(copy, size, &error);
    free(copy);
    assert_true((result == 0) == (error.text[0] == '\0'));
    return result;
}

static void test_a_whole_file_passes(void **state)
{
    (void)state;
    struct file file = sound_file();
    assert_int_equal(check(&file, sizeof(file)), 0);
    file.segments[1].p_type = PT_NOTE; /* is not mapped by itself */
    file.segments[1].p_filesz = 1u << 20;
    assert_int_equal(check(&file, sizeof(file)), 0);
}

static void test_every_cut_is_found(void **state)
{
    (void)state;
    const struct file file = sound_file();
    for (size_t size = sizeof(Elf64_Ehdr); size < sizeof(file); size++) {
        assert_int_equal(check(&file, size), -ENOEXEC);
    }
    /* Shorter ones are no ELF files, and the linker says so itself. */
    for (size_t size = 0; size < sizeof(Elf64_Ehdr); size++) {
        assert_int_equal(check(&file, size), 0);
    }
}

static void test_sums_do_not_wrap(void **state)
{
    (void)state;
    struct file file = sound_file();
    file.header.e_phoff = UINT64_MAX - 8;
    assert_int_equal(check(&file, sizeof(file)), -ENOEXEC);
    file = sound_file();
    file.segments[0].p_offset = UINT64_MAX - 100;
    assert_int_equal(check(&file, sizeof(file)), -ENOEXEC);
    file = sound_file();
    file.header.e_phnum = UINT16_MAX;
    assert_int_equal(check(&file, sizeof(file)), -ENOEXEC);
}

static void test_other_files_are_left_alone(void **state)
{
    (void)state;
    struct file file = sound_file();
    file.segments[0].p_filesz = 1u << 20;
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(check(&file, sizeof(file)), 0);
    file = sound_file();
    file.segments[0].p_filesz = 1u << 20;
    file.header.e_ident[0] = 0;
    assert_int_equal(check(&file, sizeof(file)), 0);
}

static void test_loading_a_cut_image_is_an_error(void **state)
{
    (void)state;
    void *bytes = NULL;
    void *handle = NULL;
    size_t size = 0;
    char text[512] = "";
    assert_int_equal(os_read_file("test", BUILD_DIR "/libnpu.so", &bytes, &size), 0);
    assert_true(size > 4096); /* the first 1024 bytes hold the headers, and nothing of what they name */
    assert_int_equal(os_load_image("test", "/tmp", "cut_XXXXXX.so", bytes, 1024, &handle, text, sizeof(text)),
                     -ENOEXEC);
    assert_non_null(strstr(text, "beyond"));
    assert_int_equal(os_staged_files(), 0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_file_passes),
        cmocka_unit_test(test_every_cut_is_found),
        cmocka_unit_test(test_sums_do_not_wrap),
        cmocka_unit_test(test_other_files_are_left_alone),
        cmocka_unit_test(test_loading_a_cut_image_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
