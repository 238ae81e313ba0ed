/* SPDX-License-Identifier: Apache-2.0 */
/* task_args_test: builders of the argument block, the check of a tensor argument, and the call configuration (R4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "abi/call_config.h"
#include "abi/task_args.h"

static struct pto_continuous_tensor tensor_of(uint32_t ndims, const uint32_t *shapes, uint8_t dtype)
{
    struct pto_continuous_tensor tensor;
    pto_continuous_tensor_make(&tensor, 0x1000, shapes, ndims, dtype, 0);
    return tensor;
}

static void test_tensors_come_before_scalars(void **state)
{
    (void)state;
    static struct pto_chip_args args;
    const uint32_t shape[] = {4};
    struct pto_continuous_tensor tensor = tensor_of(1, shape, PTO_FLOAT32);
    pto_chip_args_clear(&args);
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), 0);
    assert_int_equal(pto_chip_args_add_scalar(&args, 7), 0);
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), PTO_ARGS_TENSOR_AFTER_SCALAR);
    assert_string_equal(pto_args_error_text(PTO_ARGS_TENSOR_AFTER_SCALAR), "cannot add tensor after scalar");
    assert_int_equal(args.tensor_count, 1);
    pto_chip_args_clear(&args);
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), 0);
}

static void test_capacity(void **state)
{
    (void)state;
    static struct pto_chip_args args;
    const uint32_t shape[] = {1};
    struct pto_continuous_tensor tensor = tensor_of(1, shape, PTO_INT8);
    pto_chip_args_clear(&args);
    for (uint32_t i = 0; i < 128; i++) {
        tensor.data = i;
        assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), 0);
    }
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), PTO_ARGS_TENSOR_CAPACITY);
    for (uint32_t i = 0; i < 128; i++) {
        assert_int_equal(pto_chip_args_add_scalar(&args, i), 0);
    }
    assert_int_equal(pto_chip_args_add_scalar(&args, 128), PTO_ARGS_SCALAR_CAPACITY);
    /* A full block with scalars answers with the order rule first. */
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), PTO_ARGS_TENSOR_AFTER_SCALAR);
    assert_int_equal(args.tensor_count, 128);
    assert_int_equal(args.scalar_count, 128);
    assert_int_equal(pto_chip_args_tensor(&args, 127)->data, 127);
    assert_null(pto_chip_args_tensor(&args, 128));
    assert_int_equal(pto_chip_args_scalar(&args, 127), 127);
    assert_int_equal(pto_chip_args_scalar(&args, 128), 0);
}

static void test_counts_that_are_none(void **state)
{
    (void)state;
    static struct pto_chip_args args;
    const uint32_t shape[] = {1};
    struct pto_continuous_tensor tensor = tensor_of(1, shape, PTO_INT8);
    args.scalar_count = 0;
    args.tensor_count = -1;
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), PTO_ARGS_TENSOR_CAPACITY);
    assert_null(pto_chip_args_tensor(&args, 0));
    args.tensor_count = 129;
    assert_int_equal(pto_chip_args_add_tensor(&args, &tensor), PTO_ARGS_TENSOR_CAPACITY);
    args.scalar_count = INT32_MIN;
    assert_int_equal(pto_chip_args_add_scalar(&args, 1), PTO_ARGS_SCALAR_CAPACITY);
    assert_int_equal(pto_chip_args_scalar(&args, 0), 0);
}

static void test_view_to_block(void **state)
{
    (void)state;
    static struct pto_chip_args args;
    const uint32_t shape[] = {2, 3};
    struct pto_continuous_tensor tensors[2] = {tensor_of(2, shape, PTO_INT16), tensor_of(1, shape, PTO_INT64)};
    const uint64_t scalars[3] = {1, 2, 3};
    struct pto_task_args_view view = {2, 3, tensors, scalars};
    tensors[1].child_memory = 0xA5;
    assert_int_equal(pto_chip_args_from_view(&args, &view), 0);
    assert_int_equal(args.tensor_count, 2);
    assert_memory_equal(args.tensors, tensors, sizeof(tensors));
    assert_memory_equal(args.scalars, scalars, sizeof(scalars));
    view.tensor_count = 129;
    view.scalar_count = -1;
    assert_int_equal(pto_chip_args_from_view(&args, &view), PTO_ARGS_TENSOR_CAPACITY); /* tensors are judged first */
    view.tensor_count = -1;
    assert_int_equal(pto_chip_args_from_view(&args, &view), PTO_ARGS_TENSOR_CAPACITY);
    view.tensor_count = 2;
    assert_int_equal(pto_chip_args_from_view(&args, &view), PTO_ARGS_SCALAR_CAPACITY);
    view.scalar_count = 129;
    assert_int_equal(pto_chip_args_from_view(&args, &view), PTO_ARGS_SCALAR_CAPACITY);
    view.scalar_count = 3;
    view.scalars = NULL;
    assert_int_equal(pto_chip_args_from_view(&args, &view), PTO_ARGS_NULL);
    assert_int_equal(args.scalar_count, 3); /* failures left the block alone */
    struct pto_task_args_view empty = {0, 0, NULL, NULL};
    assert_int_equal(pto_chip_args_from_view(&args, &empty), 0);
    assert_int_equal(args.tensor_count, 0);
}

static void test_tensor_bytes(void **state)
{
    (void)state;
    const uint32_t shape[] = {3, 5, 7, 1, 2};
    const uint32_t empty[] = {UINT32_MAX, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    uint64_t bytes = 99;
    for (uint32_t dtype = 0; dtype < PTO_DATA_TYPE_COUNT; dtype++) {
        struct pto_continuous_tensor tensor = tensor_of(5, shape, (uint8_t)dtype);
        assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, NULL, 0), 0);
        assert_int_equal(bytes, 210 * pto_data_type_bytes(dtype));
    }
    struct pto_continuous_tensor nothing = tensor_of(5, empty, PTO_INT64);
    assert_int_equal(pto_continuous_tensor_check(&nothing, &bytes, NULL, 0), 0);
    assert_int_equal(bytes, 0);
}

static void test_tensor_rejections_carry_numbers(void **state)
{
    (void)state;
    const uint32_t huge[] = {UINT32_MAX, UINT32_MAX, 2, 1, 1};
    const uint32_t limit[] = {1u << 31, 1u << 31, 2}; /* 2^63 elements */
    char text[128];
    uint64_t bytes = 99;
    struct pto_continuous_tensor tensor = tensor_of(1, huge, PTO_INT8);
    tensor.ndims = 0;
    assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, text, sizeof(text)), PTO_ARGS_NDIMS);
    assert_string_equal(text, "ndims 0 is not in 1..5");
    tensor.ndims = 6;
    assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, text, sizeof(text)), PTO_ARGS_NDIMS);
    assert_string_equal(text, "ndims 6 is not in 1..5");
    tensor.ndims = 1;
    tensor.dtype = 11;
    assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, text, sizeof(text)), PTO_ARGS_DTYPE);
    assert_string_equal(text, "dtype 11 is not in 0..10");
    tensor = tensor_of(3, huge, PTO_INT64);
    assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, text, sizeof(text)), PTO_ARGS_BYTES);
    assert_string_equal(text, "byte size exceeds 64 bits at dimension 1 of 4294967295 elements");
    tensor = tensor_of(3, limit, PTO_INT16);
    assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, text, sizeof(text)), PTO_ARGS_BYTES);
    assert_int_equal(bytes, 99);
    tensor = tensor_of(3, limit, PTO_INT8);
    assert_int_equal(pto_continuous_tensor_check(&tensor, &bytes, NULL, 0), 0);
    assert_int_equal(bytes, 1ull << 63);
}

static void test_error_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"unknown error",
                                        "cannot add tensor after scalar",
                                        "tensor capacity exceeded",
                                        "scalar capacity exceeded",
                                        "null pointer",
                                        "rank out of range",
                                        "unknown data type",
                                        "byte size exceeds 64 bits",
                                        "unknown error"};
    for (int i = 0; i < 9; i++) {
        assert_string_equal(pto_args_error_text(-i), texts[i]);
    }
}

static void test_config_defaults(void **state)
{
    (void)state;
    struct pto_call_config config;
    memset(&config, 0xFF, sizeof(config));
    pto_call_config_init(&config);
    assert_int_equal(config.block_dim, 0);
    assert_int_equal(config.aicpu_thread_num, 3);
    assert_int_equal(config.output_prefix[0], 0);
    assert_int_equal(pto_call_config_validate(&config, NULL, 0), 0);
}

static void test_config_diagnostics_need_a_prefix(void **state)
{
    (void)state;
    char text[256];
    const size_t flags[] = {
        offsetof(struct pto_call_config, enable_l2_swimlane), offsetof(struct pto_call_config, enable_dump_tensor),
        offsetof(struct pto_call_config, enable_pmu), offsetof(struct pto_call_config, enable_dep_gen)};
    const char *const names[] = {"enable_l2_swimlane=-3", "enable_dump_tensor=-3", "enable_pmu=-3",
                                 "enable_dep_gen=-3"};
    for (size_t i = 0; i < 4; i++) {
        struct pto_call_config config;
        const int32_t value = -3;
        pto_call_config_init(&config);
        memcpy((char *)&config + flags[i], &value, sizeof(value));
        assert_int_equal(pto_call_config_validate(&config, text, sizeof(text)), -1);
        assert_non_null(strstr(text, names[i]));
        assert_int_equal(pto_call_config_validate(&config, NULL, 0), -1);
        config.output_prefix[0] = '.';
        assert_int_equal(pto_call_config_validate(&config, text, sizeof(text)), 0);
    }
}

static void test_config_prefix_is_terminated(void **state)
{
    (void)state;
    char text[256];
    struct pto_call_config config;
    pto_call_config_init(&config);
    memset(config.output_prefix, 'x', sizeof(config.output_prefix));
    assert_int_equal(pto_call_config_validate(&config, text, sizeof(text)), -1);
    assert_non_null(strstr(text, "1024"));
    config.output_prefix[1023] = 0;
    assert_int_equal(pto_call_config_validate(&config, text, sizeof(text)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensors_come_before_scalars),
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_counts_that_are_none),
        cmocka_unit_test(test_view_to_block),
        cmocka_unit_test(test_tensor_bytes),
        cmocka_unit_test(test_tensor_rejections_carry_numbers),
        cmocka_unit_test(test_error_texts),
        cmocka_unit_test(test_config_defaults),
        cmocka_unit_test(test_config_diagnostics_need_a_prefix),
        cmocka_unit_test(test_config_prefix_is_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
