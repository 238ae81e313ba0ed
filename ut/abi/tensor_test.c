/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_test: making tensors and descriptions of outputs, and refusing what does not fit (device.md 1.2, 1.3; R4,
 * R21).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "abi/tensor.h"
#include "abi/tensor_view.h"

static void assert_error(const struct pto_tensor *tensor, int rc, int code, const char *text)
{
    char actual[128];
    pto_tensor_error_text(tensor, actual, sizeof(actual));
    assert_string_equal(actual, text);
    assert_int_equal(rc, code);
    assert_false(pto_tensor_is_valid(tensor));
}

static void test_external(void **state)
{
    (void)state;
    const uint32_t shapes[] = {2, 3, 4};
    struct pto_tensor t;
    assert_int_equal(pto_tensor_external(&t, 0x4000, shapes, 3, PTO_INT16, true, 5), 0);
    assert_int_equal(t.buffer_addr, 0x4000);
    assert_int_equal(t.buffer_bytes, 48);
    assert_true(t.owner_task_id == PTO_TASK_ID_INVALID);
    assert_int_equal(t.start_offset, 0);
    assert_int_equal(t.version, 5);
    assert_int_equal(t.ndims, 3);
    assert_int_equal(t.dtype, PTO_INT16);
    assert_int_equal(t.manual_dep, 1);
    assert_int_equal(t.is_contiguous, 1);
    assert_int_equal(t.extent_elements, 24);
    assert_int_equal(t.strides[0], 12);
    assert_int_equal(t.strides[1], 4);
    assert_int_equal(t.strides[2], 1);
    assert_int_equal(pto_tensor_numel(&t), 24);
    /* The shapes may be the tensor's own. */
    assert_int_equal(pto_tensor_external(&t, 0x4000, t.shapes, 2, PTO_INT8, false, 0), 0);
    assert_int_equal(t.buffer_bytes, 6);
}

static void test_external_rejections(void **state)
{
    (void)state;
    const uint32_t ok[] = {2, 3, 4, 5, 6, 7};
    const uint32_t zero[] = {2, 0};
    const uint32_t huge[] = {UINT32_MAX, UINT32_MAX, 2};
    const uint32_t wide[] = {1, 1u << 31, 2};
    const uint32_t eight[] = {1u << 31, 1u << 30}; /* 2^61 elements of 8 bytes are 2^64 bytes */
    struct pto_tensor t;
    assert_error(&t, pto_tensor_external(&t, 0, ok, 0, 0, false, 0), PTO_TENSOR_NDIMS,
                 "NDIMS at dimension 0: asked 0, allowed 5");
    assert_error(&t, pto_tensor_external(&t, 0, ok, 6, 0, false, 0), PTO_TENSOR_NDIMS,
                 "NDIMS at dimension 0: asked 6, allowed 5");
    assert_error(&t, pto_tensor_external(&t, 0, ok, 2, 11, false, 0), PTO_TENSOR_DTYPE,
                 "DTYPE at dimension 0: asked 11, allowed 10");
    assert_error(&t, pto_tensor_external(&t, 0, ok, 2, 256, false, 0), PTO_TENSOR_DTYPE,
                 "DTYPE at dimension 0: asked 256, allowed 10");
    assert_error(&t, pto_tensor_external(&t, 0, zero, 2, 0, false, 0), PTO_TENSOR_ZERO_DIM,
                 "ZERO_DIM at dimension 1: asked 0, allowed 4294967295");
    assert_error(&t, pto_tensor_external(&t, 0, huge, 3, PTO_INT8, false, 0), PTO_TENSOR_OVERFLOW,
                 "OVERFLOW at dimension 2: asked 2, allowed 18446744073709551615");
    assert_error(&t, pto_tensor_external(&t, 0, wide, 3, PTO_INT8, false, 0), PTO_TENSOR_STRIDE,
                 "STRIDE at dimension 0: asked 4294967296, allowed 4294967295");
    assert_error(&t, pto_tensor_external(&t, 0, eight, 2, PTO_INT64, false, 0), PTO_TENSOR_OVERFLOW,
                 "OVERFLOW at dimension 0: asked 2305843009213693952, allowed 2305843009213693951");
    assert_error(&t, pto_tensor_external(&t, UINT64_MAX - 3, ok, 1, PTO_INT16, false, 0), PTO_TENSOR_OVERFLOW,
                 "OVERFLOW at dimension 0: asked 4, allowed 3");
    assert_error(&t, pto_tensor_external(&t, 0, NULL, 1, 0, false, 0), PTO_TENSOR_NULL,
                 "NULL at dimension 0: asked 0, allowed 0");
}

/* More than 2^32 elements and 2^33 bytes are no reason for anything to wrap. */
static void test_sizes_beyond_32_bits(void **state)
{
    (void)state;
    const uint32_t shapes[] = {3, UINT32_MAX};
    const uint32_t last[] = {2, UINT32_MAX - 1};
    struct pto_tensor t;
    uint64_t element = 0;
    assert_int_equal(pto_tensor_external(&t, 64, shapes, 2, PTO_FLOAT32, false, 0), 0);
    assert_int_equal(t.buffer_bytes, 3ull * UINT32_MAX * 4);
    assert_int_equal(t.strides[0], UINT32_MAX);
    assert_int_equal(t.extent_elements, 3ull * UINT32_MAX);
    assert_int_equal(pto_tensor_numel(&t), 3ull * UINT32_MAX);
    assert_int_equal(pto_tensor_element(&t, 2, last, &element), 0);
    assert_int_equal(element, 3ull * UINT32_MAX - 1);
}

static void test_from_continuous(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 0};
    struct pto_continuous_tensor argument;
    struct pto_tensor t;
    pto_continuous_tensor_make(&argument, 0x80, shapes, 1, PTO_UINT8, 1);
    assert_int_equal(pto_tensor_from_continuous(&t, &argument, false, -2), 0);
    assert_int_equal(t.buffer_addr, 0x80);
    assert_int_equal(t.buffer_bytes, 4);
    assert_int_equal(t.version, -2);
    pto_continuous_tensor_make(&argument, 0x80, shapes, 2, PTO_UINT8, 0);
    assert_int_equal(pto_tensor_from_continuous(&t, &argument, false, 0), PTO_TENSOR_ZERO_DIM);
    assert_int_equal(pto_tensor_from_continuous(&t, NULL, false, 0), PTO_TENSOR_NULL);
}

static void test_create_info(void **state)
{
    (void)state;
    const uint32_t shapes[] = {5, 3};
    const uint32_t zero[] = {0};
    struct pto_tensor_create_info info;
    struct pto_tensor t;
    uint64_t bytes = 0;
    assert_int_equal(pto_create_info(&info, shapes, 2, PTO_FLOAT16, true), 0);
    assert_int_equal(info.has_initial_value, 0);
    assert_int_equal(info.is_contiguous, 1);
    assert_int_equal(pto_create_info_bytes(&info, &bytes), 0);
    assert_int_equal(bytes, 30);
    pto_create_info_set_initial(&info, 0x3C00);
    assert_int_equal(info.has_initial_value, 1);
    assert_int_equal(info.initial_value, 0x3C00);
    assert_int_equal(pto_tensor_from_create_info(&t, &info, 0x1000, 1024, pto_task_id_make(2, 7)), 0);
    assert_int_equal(t.buffer_bytes, 1024);
    assert_int_equal(t.owner_task_id, (2ull << 32) | 7);
    assert_int_equal(t.extent_elements, 15);
    assert_int_equal(t.manual_dep, 1);
    assert_error(&t, pto_tensor_from_create_info(&t, &info, 0x1000, 29, 0), PTO_TENSOR_STORAGE,
                 "STORAGE at dimension 0: asked 30, allowed 29");
    assert_int_equal(pto_create_info(&info, zero, 1, PTO_FLOAT16, false), PTO_TENSOR_ZERO_DIM);
    assert_int_equal(info.ndims, 0);
    assert_int_equal(pto_create_info_bytes(&info, &bytes), PTO_TENSOR_NDIMS);
    assert_int_equal(pto_create_info(&info, NULL, 1, PTO_FLOAT16, false), PTO_TENSOR_NULL);
    assert_int_equal(bytes, 30);
}

/* What comes from elsewhere is judged by its shapes and strides, whatever its derived fields claim. */
static void test_refresh_believes_nothing(void **state)
{
    (void)state;
    const uint32_t shapes[] = {4, 6};
    struct pto_tensor good;
    struct pto_tensor t;
    assert_int_equal(pto_tensor_external(&good, 0x100, shapes, 2, PTO_INT32, false, 0), 0);
    t = good;
    t.is_contiguous = 0;
    t.extent_elements = 1;
    assert_int_equal(pto_tensor_refresh(&t), 0);
    assert_memory_equal(&t, &good, sizeof(t));
    t.strides[0] = 5; /* rows that overlap are strange but lie inside */
    assert_int_equal(pto_tensor_refresh(&t), 0);
    assert_int_equal(t.is_contiguous, 0);
    assert_int_equal(t.extent_elements, 21);
    t = good;
    t.strides[0] = 7;
    assert_error(&t, pto_tensor_refresh(&t), PTO_TENSOR_STORAGE, "STORAGE at dimension 0: asked 27, allowed 24");
    t = good;
    t.start_offset = 1;
    assert_error(&t, pto_tensor_refresh(&t), PTO_TENSOR_STORAGE, "STORAGE at dimension 0: asked 25, allowed 24");
    t = good;
    t.start_offset = UINT64_MAX;
    assert_int_equal(pto_tensor_refresh(&t), PTO_TENSOR_OVERFLOW);
    t = good;
    t.strides[1] = 0;
    assert_error(&t, pto_tensor_refresh(&t), PTO_TENSOR_STRIDE, "STRIDE at dimension 1: asked 0, allowed 4294967295");
    t = good;
    t.shapes[0] = 0;
    assert_int_equal(pto_tensor_refresh(&t), PTO_TENSOR_ZERO_DIM);
    t = good;
    t.ndims = 6;
    assert_error(&t, pto_tensor_refresh(&t), PTO_TENSOR_NDIMS, "NDIMS at dimension 0: asked 6, allowed 5");
    t = good;
    t.dtype = 200;
    assert_int_equal(pto_tensor_refresh(&t), PTO_TENSOR_DTYPE);
    t = good;
    t.buffer_addr = UINT64_MAX - 95;
    assert_int_equal(pto_tensor_refresh(&t), PTO_TENSOR_OVERFLOW);
}

/* Extents add up beyond 64 bits only with several dimensions at their limits. */
static void test_refresh_extent_overflow(void **state)
{
    (void)state;
    struct pto_tensor t;
    memset(&t, 0, sizeof(t));
    t.ndims = 2;
    t.dtype = PTO_INT8;
    t.buffer_bytes = UINT64_MAX;
    for (uint32_t i = 0; i < 2; i++) {
        t.shapes[i] = UINT32_MAX;
        t.strides[i] = UINT32_MAX;
    }
    assert_int_equal(pto_tensor_refresh(&t), PTO_TENSOR_OVERFLOW);
}

static void test_copy_rederives_the_second_line(void **state)
{
    (void)state;
    const uint32_t shapes[] = {3, 4, 5};
    const uint32_t part[] = {2, 4, 5};
    const uint32_t from[] = {1, 0, 0};
    struct pto_tensor whole;
    struct pto_tensor view;
    struct pto_tensor copy;
    assert_int_equal(pto_tensor_external(&whole, 0x100, shapes, 3, PTO_INT32, true, 3), 0);
    memset(&copy, 0xEE, sizeof(copy));
    pto_tensor_copy(&copy, &whole);
    assert_memory_equal(&copy, &whole, offsetof(struct pto_tensor, extent_elements));
    assert_int_equal(copy.extent_elements, 60);
    assert_memory_equal(copy.strides, whole.strides, 3 * sizeof(copy.strides[0]));
    assert_int_equal(pto_tensor_view(&view, &whole, part, from, false), 0);
    assert_int_equal(view.is_contiguous, 1); /* contiguous, but not at the start of its buffer */
    pto_tensor_copy(&copy, &view);
    assert_memory_equal(&copy, &view, sizeof(copy));
}

static void test_error_names(void **state)
{
    (void)state;
    assert_string_equal(pto_tensor_error_name(0), "NONE");
    assert_string_equal(pto_tensor_error_name(PTO_TENSOR_NUMEL), "NUMEL");
    assert_string_equal(pto_tensor_error_name(PTO_TENSOR_NUMEL - 1), "UNKNOWN");
    assert_string_equal(pto_tensor_error_name(1), "UNKNOWN");
    const uint32_t shapes[] = {1};
    char text[128];
    struct pto_tensor t;
    assert_int_equal(pto_tensor_external(&t, 0, shapes, 1, 0, false, -3), 0);
    pto_tensor_error_text(&t, text, sizeof(text));
    assert_string_equal(text, "no error"); /* a negative version is no error */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_external),
        cmocka_unit_test(test_external_rejections),
        cmocka_unit_test(test_sizes_beyond_32_bits),
        cmocka_unit_test(test_from_continuous),
        cmocka_unit_test(test_create_info),
        cmocka_unit_test(test_refresh_believes_nothing),
        cmocka_unit_test(test_refresh_extent_overflow),
        cmocka_unit_test(test_copy_rederives_the_second_line),
        cmocka_unit_test(test_error_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
