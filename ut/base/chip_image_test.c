/* SPDX-License-Identifier: Apache-2.0 */
/* chip_image: the packed layout byte by byte, and every rule of the parser with its text (host.md 1.9, 1.10, R4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/chip_image.h"
#include "base/fault.h"

#define ROOM 16384u
#define STORAGE PTO_CHIP_CALLABLE_STORAGE_OFFSET
#define FIELD(name) offsetof(struct pto_chip_callable, name)

static uint8_t bytes[ROOM];
static uint64_t size;
static struct chip_image image;
static struct error_text error;

static const int32_t signature[] = {1, 1, 2};
static const int32_t core_signature[] = {1, 3};
static const struct chip_image_child_spec children[] = {
    {.func_id = 5, .sig_count = 2, .signature = core_signature, .binary = "kernel five", .binary_size = 11},
    {.func_id = 0, .sig_count = 0, .binary = "k0", .binary_size = 2},
};
static const struct chip_image_spec spec = {.signature = signature,
                                            .sig_count = 3,
                                            .child_count = 2,
                                            .orchestration = "orchestration",
                                            .orchestration_size = 13,
                                            .func_name = "entry",
                                            .config_name = "config",
                                            .children = children};
/* Orchestration at 0..13; child 5 at 64, its code at 192..203; child 0 at 256, its code at 384..386. */

static int pack(void **state)
{
    (void)state;
    memset(bytes, 0xee, sizeof(bytes));
    memset(&image, 0, sizeof(image));
    error.text[0] = '\0';
    return chip_image_packed_size(&spec, &size, &error) != 0 || chip_image_pack(&spec, bytes, ROOM, &error) != 0;
}

static void put32(size_t offset, uint32_t value)
{
    memcpy(bytes + offset, &value, sizeof(value));
}

static uint32_t get32(size_t offset)
{
    uint32_t value;
    memcpy(&value, bytes + offset, sizeof(value));
    return value;
}

static void assert_rejected(int code, const char *text)
{
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), code);
    assert_string_equal(error.text, text);
    assert_null(image.bytes);
}

static void the_packed_layout_is_the_specified_one(void **state)
{
    (void)state;
    assert_int_equal(size, 8852 + 386);
    assert_int_equal(get32(0), 1);
    assert_int_equal(get32(8), 2);
    assert_int_equal(get32(12), 0);
    assert_int_equal(get32(512), 3);
    assert_int_equal(get32(516), 13);
    assert_string_equal((char *)bytes + 520, "entry");
    assert_int_equal(get32(584), 5);
    assert_int_equal(get32(588), 5);
    assert_int_equal(get32(592), 0);
    assert_int_equal(get32(4684), 64);
    assert_int_equal(get32(4688), 256);
    assert_int_equal(get32(8780), 2);
    assert_string_equal((char *)bytes + 8784, "config");
    assert_int_equal(get32(8848), 6);
    assert_memory_equal(bytes + 8852, "orchestration", 13);
    assert_int_equal(get32(8852 + 64 + 4), 3);
    assert_int_equal(get32(8852 + 64 + 64), 2);
    assert_int_equal(get32(8852 + 64 + 68), 11);
    assert_memory_equal(bytes + 8852 + 192, "kernel five", 11);
    assert_memory_equal(bytes + 8852 + 384, "k0", 2);
    assert_int_equal(bytes[size], 0xee);
    for (size_t i = 13; i < 64; i++) {
        assert_int_equal(bytes[8852 + i], 0);
    }
    for (size_t i = 72; i < 128; i++) {
        assert_int_equal(bytes[8852 + 64 + i], 0);
    }
}

static void what_was_packed_is_parsed(void **state)
{
    (void)state;
    struct chip_image_child child;
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
    assert_int_equal(image.size, size);
    assert_int_equal(image.orchestration_size, 13);
    assert_ptr_equal(image.orchestration, bytes + 8852);
    assert_string_equal(image.func_name, "entry");
    assert_string_equal(image.config_name, "config");
    assert_int_equal(image.sig_count, 3);
    assert_int_equal(chip_image_signature(&image, 2), 2);
    chip_image_child(&image, 0, &child);
    assert_int_equal(child.func_id, 5);
    assert_int_equal(child.offset, 64);
    assert_int_equal(child.binary_size, 11);
    assert_int_equal(child.sig_count, 2);
    assert_int_equal(chip_image_child_signature(&child, 1), 3);
    assert_memory_equal(child.binary, "kernel five", 11);
    chip_image_child(&image, 1, &child);
    assert_int_equal(child.func_id, 0);
    assert_ptr_equal(child.callable, bytes + 8852 + 256);
}

static void bytes_behind_the_end_do_not_matter(void **state)
{
    (void)state;
    assert_int_equal(chip_image_parse(bytes, ROOM, &image, &error), 0);
    assert_int_equal(image.size, size);
    memset(&image, 0, sizeof(image));
    assert_int_equal(chip_image_parse_unsized(bytes, &image, &error), 0);
    assert_int_equal(image.size, size);
}

static void children_may_come_in_any_order(void **state)
{
    (void)state;
    put32(FIELD(child_offsets), 256);
    put32(FIELD(child_offsets) + 4, 64);
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
    assert_int_equal(image.size, size);
}

static void an_image_without_anything_is_its_header(void **state)
{
    (void)state;
    const struct chip_image_spec nothing = {.sig_count = 0};
    assert_int_equal(chip_image_packed_size(&nothing, &size, &error), 0);
    assert_int_equal(size, 8852);
    assert_int_equal(chip_image_pack(&nothing, bytes, size, &error), 0);
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
    assert_int_equal(image.orchestration_size, 0);
    assert_string_equal(image.func_name, "");
    assert_int_equal(chip_image_parse(bytes, size - 1, &image, &error), -EMSGSIZE);
    assert_string_equal(error.text, "8851 bytes are less than the header's 8852");
}

static void signatures_are_checked(void **state)
{
    (void)state;
    put32(FIELD(sig_count), 129);
    assert_rejected(-EINVAL, "sig_count 129 is not in 0..128");
    put32(FIELD(sig_count), (uint32_t)-1);
    assert_rejected(-EINVAL, "sig_count -1 is not in 0..128");
    put32(FIELD(sig_count), 3);
    put32(4, 4);
    assert_rejected(-EINVAL, "signature[1] is 4, not a direction 0..3");
    put32(4, (uint32_t)-2);
    assert_rejected(-EINVAL, "signature[1] is -2, not a direction 0..3");
    put32(4, 1);
    put32(STORAGE + 256 + 64, 17);
    assert_rejected(-EINVAL, "child 1: sig_count 17 is not in 0..16");
    put32(STORAGE + 256 + 64, 0);
    put32(STORAGE + 64, 9);
    assert_rejected(-EINVAL, "child 0: signature[0] is 9, not a direction 0..3");
}

static void names_are_checked(void **state)
{
    (void)state;
    put32(FIELD(func_name_len), 4);
    assert_rejected(-EINVAL, "func_name has 5 bytes, func_name_len says 4");
    put32(FIELD(func_name_len), 5);
    put32(FIELD(config_name_len), 64);
    assert_rejected(-EINVAL, "config_name has 6 bytes, config_name_len says 64");
    put32(FIELD(config_name_len), 6);
    memset(bytes + FIELD(func_name), 'f', 64);
    assert_rejected(-EINVAL, "func_name is not terminated within 64 bytes");
}

/* R4: nothing ends behind the bytes that there are. */
static void sizes_stay_inside(void **state)
{
    (void)state;
    put32(FIELD(binary_size), 387);
    assert_rejected(-EMSGSIZE, "orchestration of 387 bytes, storage has 386 bytes");
    put32(FIELD(binary_size), 13);
    put32(STORAGE + 256 + 68, 3);
    assert_rejected(-EMSGSIZE, "child 1: 3 bytes at offset 384 end at 387, storage has 386 bytes");
    put32(STORAGE + 256 + 68, UINT32_MAX);
    assert_rejected(-EMSGSIZE, "child 1: 4294967295 bytes at offset 384 end at 4294967679, storage has 386 bytes");
    put32(STORAGE + 256 + 68, 2);
    put32(FIELD(child_offsets) + 4, 320);
    assert_rejected(-EMSGSIZE, "child 1: header at offset 320 ends at 448, storage has 386 bytes");
    put32(FIELD(child_offsets) + 4, 0xffffffc0u);
    assert_rejected(-EMSGSIZE, "child 1: header at offset 4294967232 ends at 4294967360, storage has 386 bytes");
}

static void child_tables_are_checked(void **state)
{
    (void)state;
    put32(FIELD(child_count), 1025);
    assert_rejected(-EINVAL, "child_count 1025 is not in 0..1024");
    put32(FIELD(child_count), (uint32_t)-1);
    assert_rejected(-EINVAL, "child_count -1 is not in 0..1024");
    put32(FIELD(child_count), 2);
    put32(FIELD(child_func_ids), 1024);
    assert_rejected(-EINVAL, "child 0: func_id 1024 is not in 0..1023");
    put32(FIELD(child_func_ids), (uint32_t)-1);
    assert_rejected(-EINVAL, "child 0: func_id -1 is not in 0..1023");
    put32(FIELD(child_func_ids), 0);
    assert_rejected(-EINVAL, "child 1: func_id 0 is taken by an earlier child");
    put32(FIELD(child_func_ids), 1023);
    for (uint32_t wrong = 1; wrong < 64; wrong *= 2) {
        put32(FIELD(child_offsets), 64 + wrong);
        assert_int_equal(chip_image_parse(bytes, size, &image, &error), -EINVAL);
    }
    assert_rejected(-EINVAL, "child 0: offset 96 is no multiple of 64");
}

static void nothing_overlaps(void **state)
{
    (void)state;
    put32(FIELD(child_offsets), 0);
    put32(STORAGE + 64, 0);
    put32(STORAGE + 68, 0);
    assert_rejected(-EINVAL, "child 0 at offset 0 overlaps the orchestration, which ends at 13");
    assert_int_equal(pack(NULL), 0);
    put32(FIELD(binary_size), 65);
    assert_rejected(-EINVAL, "child 0 at offset 64 overlaps the orchestration, which ends at 65");
    put32(FIELD(binary_size), 64);
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
    assert_int_equal(pack(NULL), 0);
    put32(STORAGE + 64 + 68, 65);
    assert_rejected(-EINVAL, "child 1 at offset 256 overlaps child 0, which ends at 257");
    put32(STORAGE + 64 + 68, 64);
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
}

static void without_a_length_256_mib_is_the_limit(void **state)
{
    (void)state;
    put32(FIELD(binary_size), 300u << 20);
    assert_int_equal(chip_image_parse_unsized(bytes, &image, &error), -EMSGSIZE);
    assert_string_equal(error.text, "orchestration of 314572800 bytes, storage has 268426604 bytes");
    put32(FIELD(binary_size), 13);
    put32(FIELD(child_offsets) + 4, 0xffffff80u);
    assert_int_equal(chip_image_parse_unsized(bytes, &image, &error), -EMSGSIZE);
}

static void long_names_are_cut_at_63_bytes(void **state)
{
    (void)state;
    char name[80];
    memset(name, 'n', 79);
    name[79] = '\0';
    struct chip_image_spec named = spec;
    named.func_name = name;
    named.config_name = NULL;
    assert_int_equal(chip_image_pack(&named, bytes, ROOM, &error), 0);
    assert_int_equal(chip_image_parse(bytes, size, &image, &error), 0);
    assert_int_equal(strlen(image.func_name), 63);
    assert_string_equal(image.config_name, "");
}

static void what_cannot_be_packed_is_refused(void **state)
{
    (void)state;
    struct chip_image_child_spec child = children[0];
    struct chip_image_spec bad = spec;
    uint64_t wanted = 7;
    bad.sig_count = 129;
    assert_int_equal(chip_image_packed_size(&bad, &wanted, &error), -EINVAL);
    assert_string_equal(error.text, "sig_count 129 is not in 0..128");
    bad = spec;
    bad.child_count = 1025;
    assert_int_equal(chip_image_packed_size(&bad, &wanted, &error), -EINVAL);
    bad = spec;
    bad.children = &child;
    bad.child_count = 1;
    child.sig_count = -1;
    assert_int_equal(chip_image_packed_size(&bad, &wanted, &error), -EINVAL);
    child = children[0];
    child.binary_size = (size_t)UINT32_MAX + 1;
    assert_int_equal(chip_image_packed_size(&bad, &wanted, &error), -EFBIG);
    assert_string_equal(error.text, "child 0: 4294967296 bytes at offset 64 exceed 32 bits");
    bad = spec;
    bad.orchestration_size = (size_t)UINT32_MAX + 1;
    assert_int_equal(chip_image_packed_size(&bad, &wanted, &error), -EFBIG);
    bad.orchestration_size = UINT32_MAX; /* the first child would start beyond 32 bits */
    assert_int_equal(chip_image_packed_size(&bad, &wanted, &error), -EFBIG);
    assert_int_equal(wanted, 7);
    assert_int_equal(chip_image_pack(&spec, bytes, size - 1, &error), -EMSGSIZE);
    assert_string_equal(error.text, "image needs 9238 bytes, capacity is 9237");
}

static void building_allocates_or_says_why_not(void **state)
{
    (void)state;
    struct fault_rule rule = {.site = "chip_image.alloc", .nth = 1, .error = ENOMEM};
    void *built = NULL;
    size_t built_size = 0;
    assert_int_equal(fault_plan_install(&rule, 1), 0);
    assert_int_equal(chip_image_build(&spec, &built, &built_size, &error), -ENOMEM);
    assert_string_equal(error.text, "no memory for an image of 9238 bytes");
    assert_null(built);
    assert_int_equal(chip_image_build(&spec, &built, &built_size, &error), 0);
    fault_plan_clear();
    assert_int_equal(built_size, size);
    assert_memory_equal(built, bytes, size);
    free(built);
}

static void many_children_in_reverse_are_told_apart(void **state)
{
    (void)state;
    enum { COUNT = 1024 };
    static struct chip_image_child_spec many[COUNT];
    for (int32_t i = 0; i < COUNT; i++) {
        many[i] = (struct chip_image_child_spec){.func_id = i, .binary = "k", .binary_size = 1};
    }
    const struct chip_image_spec wide = {.child_count = COUNT, .children = many};
    void *built = NULL;
    size_t built_size = 0;
    assert_int_equal(chip_image_build(&wide, &built, &built_size, &error), 0);
    uint32_t *offsets = (uint32_t *)(void *)((uint8_t *)built + FIELD(child_offsets));
    for (size_t i = 0; i < COUNT / 2; i++) {
        uint32_t kept = offsets[i];
        offsets[i] = offsets[COUNT - 1 - i];
        offsets[COUNT - 1 - i] = kept;
    }
    assert_int_equal(chip_image_parse(built, built_size, &image, &error), 0);
    memset(&image, 0, sizeof(image));
    offsets[COUNT - 1] = offsets[0];
    assert_int_equal(chip_image_parse(built, built_size, &image, &error), -EINVAL);
    free(built);
}

#define PACKED(test) cmocka_unit_test_setup(test, pack)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PACKED(the_packed_layout_is_the_specified_one),
        PACKED(what_was_packed_is_parsed),
        PACKED(bytes_behind_the_end_do_not_matter),
        PACKED(children_may_come_in_any_order),
        PACKED(an_image_without_anything_is_its_header),
        PACKED(signatures_are_checked),
        PACKED(names_are_checked),
        PACKED(sizes_stay_inside),
        PACKED(child_tables_are_checked),
        PACKED(nothing_overlaps),
        PACKED(without_a_length_256_mib_is_the_limit),
        PACKED(long_names_are_cut_at_63_bytes),
        PACKED(what_cannot_be_packed_is_refused),
        PACKED(building_allocates_or_says_why_not),
        PACKED(many_children_in_reverse_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
