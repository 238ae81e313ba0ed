/* SPDX-License-Identifier: Apache-2.0 */
/* blob: the layout, the limits with their texts, and the byte that a second decoder once dropped (host.md 1.7, R4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/blob.h"

static uint8_t bytes[BLOB_MAX_BYTES + 16];
static struct pto_chip_args args;
static struct error_text error;

static struct pto_continuous_tensor tensor_of(uint32_t elements)
{
    struct pto_continuous_tensor tensor = {
        .data = 0x1122334455667788ull, .shapes = {elements}, .ndims = 1, .dtype = PTO_FLOAT32};
    return tensor;
}

static size_t write_blob(const struct pto_continuous_tensor *tensors, int32_t tensor_count, const uint64_t *scalars,
                         int32_t scalar_count)
{
    struct pto_task_args_view view = {
        .tensor_count = tensor_count, .scalar_count = scalar_count, .tensors = tensors, .scalars = scalars};
    size_t size = 0;
    assert_int_equal(blob_write(&view, bytes, sizeof(bytes), &size, &error), 0);
    return size;
}

static void set_counts(int32_t tensor_count, int32_t scalar_count)
{
    memcpy(bytes, &tensor_count, 4);
    memcpy(bytes + 4, &scalar_count, 4);
}

static int read_blob(size_t capacity)
{
    struct blob_view view = {0};
    error.text[0] = '\0';
    return blob_read(bytes, capacity, &view, &error);
}

static void the_layout_is_the_specified_one(void **state)
{
    (void)state;
    struct pto_continuous_tensor tensor = tensor_of(6);
    const uint64_t scalars[] = {7, 8};
    tensor.child_memory = 0x5a;
    assert_int_equal(write_blob(&tensor, 1, scalars, 2), 8 + 40 + 16);
    const uint8_t head[] = {1, 0, 0, 0, 2, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 6, 0, 0, 0};
    assert_memory_equal(bytes, head, sizeof(head));
    assert_int_equal(bytes[8 + 28], 1);
    assert_int_equal(bytes[8 + 32], PTO_FLOAT32);
    assert_int_equal(bytes[8 + 33], 0x5a);
    assert_int_equal(bytes[48], 7);
    assert_int_equal(bytes[56], 8);
}

/* D03, R4: any value of the byte, verbatim. */
static void child_memory_arrives_as_it_was_sent(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 256; value++) {
        struct pto_continuous_tensor tensor = tensor_of(1);
        struct pto_continuous_tensor read;
        struct blob_view view;
        tensor.child_memory = (uint8_t)value;
        size_t size = write_blob(&tensor, 1, NULL, 0);
        assert_int_equal(blob_read(bytes, size, &view, &error), 0);
        blob_tensor(&view, 0, &read);
        assert_int_equal(read.child_memory, value);
        blob_to_chip_args(&view, &args);
        assert_int_equal(args.tensors[0].child_memory, value);
    }
}

static void the_largest_blob_is_6152_bytes(void **state)
{
    (void)state;
    static struct pto_continuous_tensor tensors[128];
    static uint64_t scalars[128];
    for (uint32_t i = 0; i < 128; i++) {
        tensors[i] = tensor_of(i);
        scalars[i] = ~(uint64_t)i;
    }
    struct blob_view view;
    assert_int_equal(write_blob(tensors, 128, scalars, 128), 6152);
    assert_int_equal(blob_read(bytes, 6152, &view, &error), 0);
    blob_to_chip_args(&view, &args);
    assert_memory_equal(args.tensors, tensors, sizeof(tensors));
    assert_memory_equal(args.scalars, scalars, sizeof(scalars));
    assert_int_equal(args.tensor_count, 128);
    assert_int_equal(args.scalar_count, 128);
    assert_int_equal(chip_args_check(&args, &error), 0);
    assert_int_equal(blob_read(bytes, 6151, &view, &error), -EMSGSIZE);
}

static void an_empty_blob_is_8_bytes(void **state)
{
    (void)state;
    struct blob_view view;
    assert_int_equal(write_blob(NULL, 0, NULL, 0), 8);
    assert_int_equal(blob_read(bytes, 8, &view, &error), 0);
    assert_int_equal(view.tensor_count, 0);
    assert_int_equal(view.size, 8);
}

static void any_alignment_is_read(void **state)
{
    (void)state;
    struct pto_continuous_tensor tensor = tensor_of(3);
    const uint64_t scalar = 0xfeedfacecafebeefull;
    for (size_t shift = 1; shift < 8; shift++) {
        size_t size = write_blob(&tensor, 1, &scalar, 1);
        struct blob_view view;
        memmove(bytes + shift, bytes, size);
        assert_int_equal(blob_read(bytes + shift, size, &view, &error), 0);
        blob_to_chip_args(&view, &args);
        assert_memory_equal(&args.tensors[0], &tensor, sizeof(tensor));
        assert_true(args.scalars[0] == scalar && blob_scalar(&view, 0) == scalar);
    }
}

static void every_rejection_names_its_numbers(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(read_blob(7), -EMSGSIZE);
    assert_string_equal(error.text, "capacity 7 is below the blob header's 8 bytes");
    set_counts(-1, 3);
    assert_int_equal(read_blob(100), -EINVAL);
    assert_string_equal(error.text, "negative counts: tensor_count -1, scalar_count 3");
    set_counts(0, INT32_MIN);
    assert_int_equal(read_blob(100), -EINVAL);
    set_counts(129, 0);
    assert_int_equal(read_blob(sizeof(bytes)), -E2BIG);
    assert_string_equal(error.text, "tensor_count 129 exceeds 128");
    set_counts(0, INT32_MAX);
    assert_int_equal(read_blob(sizeof(bytes)), -E2BIG);
    assert_string_equal(error.text, "scalar_count 2147483647 exceeds 128");
    set_counts(2, 1);
    assert_int_equal(read_blob(95), -EMSGSIZE);
    assert_string_equal(error.text, "blob of 2 tensors and 1 scalars needs 96 bytes, capacity is 95");
}

static void impossible_tensors_are_rejected_by_reader_writer_and_block(void **state)
{
    (void)state;
    static const struct {
        uint32_t ndims;
        uint32_t shape;
        uint8_t dtype;
        const char *text;
    } cases[] = {
        {0, 1, 0, "tensor 1: ndims 0 is not in 1..5"},
        {6, 1, 0, "tensor 1: ndims 6 is not in 1..5"},
        {1, 1, 11, "tensor 1: dtype 11 is not in 0..10"},
        {3, UINT32_MAX, 0, "tensor 1: byte size exceeds 64 bits at dimension 1 of 4294967295 elements"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pto_continuous_tensor tensors[2] = {tensor_of(1), tensor_of(1)};
        struct pto_task_args_view view = {.tensor_count = 2, .tensors = tensors};
        size_t size = write_blob(tensors, 2, NULL, 0);
        tensors[1].ndims = cases[i].ndims;
        tensors[1].dtype = cases[i].dtype;
        for (size_t dim = 0; dim < 5; dim++) {
            tensors[1].shapes[dim] = cases[i].shape;
        }
        memcpy(bytes + 48, &tensors[1], 40);
        assert_int_equal(read_blob(size), -EINVAL);
        assert_string_equal(error.text, cases[i].text);
        memset(bytes, 0xee, sizeof(bytes));
        assert_int_equal(blob_write(&view, bytes, sizeof(bytes), &size, NULL), -EINVAL);
        assert_int_equal(bytes[0], 0xee);
        assert_int_equal(size, 88);
        assert_int_equal(pto_chip_args_from_view(&args, &view), 0);
        assert_int_equal(chip_args_check(&args, &error), -EINVAL);
        assert_string_equal(error.text, cases[i].text);
    }
}

static void a_zero_dimension_is_a_tensor_without_bytes(void **state)
{
    (void)state;
    struct pto_continuous_tensor tensor = {.shapes = {UINT32_MAX, UINT32_MAX, 0, UINT32_MAX}, .ndims = 4};
    assert_int_equal(read_blob(write_blob(&tensor, 1, NULL, 0)), 0);
}

static void writing_checks_room_and_counts(void **state)
{
    (void)state;
    struct pto_continuous_tensor tensor = tensor_of(1);
    struct pto_task_args_view view = {.tensor_count = 1, .tensors = &tensor};
    size_t size = 0;
    assert_int_equal(blob_write(&view, bytes, 47, &size, &error), -EMSGSIZE);
    assert_string_equal(error.text, "blob of 1 tensors and 0 scalars needs 48 bytes, capacity is 47");
    view.tensor_count = 129;
    assert_int_equal(blob_write(&view, bytes, sizeof(bytes), &size, &error), -E2BIG);
    view.tensor_count = -1;
    assert_int_equal(blob_write(&view, bytes, sizeof(bytes), &size, &error), -EINVAL);
    assert_int_equal(size, 0);
}

static void the_fixed_block_is_checked_before_it_is_read(void **state)
{
    (void)state;
    memset(&args, 0, sizeof(args));
    assert_int_equal(chip_args_check(&args, &error), 0);
    args.tensor_count = 129;
    assert_int_equal(chip_args_check(&args, &error), -E2BIG);
    args.tensor_count = 0;
    args.scalar_count = -5;
    assert_int_equal(chip_args_check(&args, &error), -EINVAL);
    assert_string_equal(error.text, "negative counts: tensor_count 0, scalar_count -5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_the_specified_one),
        cmocka_unit_test(child_memory_arrives_as_it_was_sent),
        cmocka_unit_test(the_largest_blob_is_6152_bytes),
        cmocka_unit_test(an_empty_blob_is_8_bytes),
        cmocka_unit_test(any_alignment_is_read),
        cmocka_unit_test(every_rejection_names_its_numbers),
        cmocka_unit_test(impossible_tensors_are_rejected_by_reader_writer_and_block),
        cmocka_unit_test(a_zero_dimension_is_a_tensor_without_bytes),
        cmocka_unit_test(writing_checks_room_and_counts),
        cmocka_unit_test(the_fixed_block_is_checked_before_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
