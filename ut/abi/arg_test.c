/* SPDX-License-Identifier: Apache-2.0 */
/* arg_test: what an Arg takes, what it refuses, and that the first error stays (device.md 1.4, 1.6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "abi/arg.h"

#define REFUSED (-PTO_ERR_INVALID_ARGS)

struct fixture {
    struct pto_tensor tensor;
    struct pto_tensor_create_info info;
    struct pto_arg arg;
};

static void set_up(struct fixture *f)
{
    const uint32_t shapes[] = {8};
    assert_int_equal(pto_tensor_external(&f->tensor, 0x1000, shapes, 1, PTO_FLOAT32, false, 0), 0);
    assert_int_equal(pto_create_info(&f->info, shapes, 1, PTO_FLOAT32, false), 0);
    memset(&f->arg, 0xDD, sizeof(f->arg));
    pto_arg_init(&f->arg);
}

static void test_init_and_tags(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(f.arg.launch.block_num, 1);
    assert_false(f.arg.launch.require_sync_start);
    assert_int_equal(pto_add_input(&f.arg, &f.tensor), 0);
    assert_int_equal(pto_add_output(&f.arg, &f.info), 0);
    assert_int_equal(pto_add_inout(&f.arg, &f.tensor), 0);
    assert_int_equal(pto_add_output_existing(&f.arg, &f.tensor), 0);
    assert_int_equal(pto_add_no_dep(&f.arg, &f.tensor), 0);
    for (int32_t i = 0; i < 5; i++) {
        assert_int_equal(f.arg.tags[i], i); /* INPUT 0, OUTPUT 1, INOUT 2, OUTPUT_EXISTING 3, NO_DEP 4 */
    }
    assert_ptr_equal(f.arg.refs[0].tensor, &f.tensor);
    assert_ptr_equal(f.arg.refs[1].create_info, &f.info);
    assert_int_equal(f.arg.tensor_count, 5);
    assert_false(f.arg.has_error);
}

static void test_first_error_stays(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(pto_add_scalar(&f.arg, 1), 0);
    assert_int_equal(pto_add_input(&f.arg, &f.tensor), REFUSED);
    assert_string_equal(f.arg.error_msg, "cannot add tensor after scalar");
    assert_int_equal(pto_set_dependencies(&f.arg, NULL, 1), REFUSED);
    assert_string_equal(f.arg.error_msg, "cannot add tensor after scalar");
    assert_int_equal(pto_add_scalar(&f.arg, 2), 0); /* an error does not stop the rest */
    assert_int_equal(f.arg.tensor_count, 0);
    assert_int_equal(f.arg.scalar_count, 2);
    pto_arg_init(&f.arg);
    assert_false(f.arg.has_error);
    assert_null(f.arg.error_msg);
    assert_int_equal(pto_add_input(&f.arg, &f.tensor), 0);
}

static void test_capacities(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t words[33] = {0};
    set_up(&f);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(i % 2 == 0 ? pto_add_input(&f.arg, &f.tensor) : pto_add_output(&f.arg, &f.info), 0);
    }
    assert_int_equal(pto_add_no_dep(&f.arg, &f.tensor), REFUSED);
    assert_string_equal(f.arg.error_msg, "more than 16 tensors");
    assert_int_equal(f.arg.tensor_count, 16);
    set_up(&f);
    assert_int_equal(pto_add_scalars(&f.arg, words, 33), REFUSED);
    assert_string_equal(f.arg.error_msg, "more than 32 scalars");
    assert_int_equal(f.arg.scalar_count, 0); /* all or none */
    assert_int_equal(pto_add_scalars(&f.arg, words, 32), 0);
    assert_int_equal(pto_add_scalar(&f.arg, 0), REFUSED);
    assert_int_equal(pto_add_scalars(&f.arg, words, UINT32_MAX), REFUSED);
    assert_int_equal(f.arg.scalar_count, 32);
}

static void test_tensors_that_are_none(void **state)
{
    (void)state;
    struct fixture f;
    struct pto_tensor invalid;
    struct pto_tensor_create_info no_info;
    set_up(&f);
    assert_int_equal(pto_tensor_external(&invalid, 0, f.tensor.shapes, 9, 0, false, 0), PTO_TENSOR_NDIMS);
    assert_int_equal(pto_create_info(&no_info, f.tensor.shapes, 1, 99, false), PTO_TENSOR_DTYPE);
    assert_int_equal(pto_add_input(&f.arg, &invalid), REFUSED);
    assert_string_equal(f.arg.error_msg, "tensor is invalid");
    pto_arg_init(&f.arg);
    assert_int_equal(pto_add_inout(&f.arg, NULL), REFUSED);
    assert_string_equal(f.arg.error_msg, "tensor is NULL");
    pto_arg_init(&f.arg);
    assert_int_equal(pto_add_output(&f.arg, &no_info), REFUSED);
    assert_string_equal(f.arg.error_msg, "create info is invalid");
    pto_arg_init(&f.arg);
    assert_int_equal(pto_add_output(&f.arg, NULL), REFUSED);
    assert_string_equal(f.arg.error_msg, "create info is NULL");
    assert_int_equal(f.arg.tensor_count, 0);
}

static void test_scalar_patterns(void **state)
{
    (void)state;
    struct fixture f;
    const int32_t integers[] = {-1, 5, INT32_MIN};
    set_up(&f);
    assert_int_equal(pto_add_scalars_i32(&f.arg, integers, 3), 0);
    assert_int_equal(pto_add_scalar(&f.arg, pto_scalar_from_f32(1.0f)), 0);
    assert_int_equal(f.arg.scalars[0], 0x00000000FFFFFFFFull);
    assert_int_equal(f.arg.scalars[1], 5);
    assert_int_equal(f.arg.scalars[2], 0x80000000ull);
    assert_int_equal(f.arg.scalars[3], 0x3F800000ull);
    assert_int_equal(pto_scalar_to_i32(f.arg.scalars[0]), -1);
    assert_true(pto_scalar_to_f32(f.arg.scalars[3]) == 1.0f);
    assert_int_equal(pto_add_scalars(&f.arg, NULL, 0), 0);
    assert_int_equal(pto_add_scalars_i32(&f.arg, NULL, 1), REFUSED);
    assert_string_equal(f.arg.error_msg, "scalar array is NULL");
}

static void test_copy_scalars(void **state)
{
    (void)state;
    struct fixture f;
    struct pto_arg source;
    const uint64_t words[] = {10, 11, 12, 13};
    set_up(&f);
    pto_arg_init(&source);
    assert_int_equal(pto_add_scalars(&source, words, 4), 0);
    assert_int_equal(pto_copy_scalars_from(&f.arg, &source, 1, 2), 0);
    assert_int_equal(f.arg.scalar_count, 2);
    assert_int_equal(f.arg.scalars[0], 11);
    assert_int_equal(f.arg.scalars[1], 12);
    assert_int_equal(pto_copy_scalars_from(&f.arg, &source, 4, 0), 0);
    assert_int_equal(pto_copy_scalars_from(&f.arg, &f.arg, 0, 2), 0);
    assert_int_equal(f.arg.scalars[3], 12);
    assert_false(f.arg.has_error);
    assert_int_equal(pto_copy_scalars_from(&f.arg, &source, 3, 2), REFUSED);
    assert_string_equal(f.arg.error_msg, "scalar source range out of bounds");
    assert_int_equal(pto_copy_scalars_from(&f.arg, &source, 5, 0), REFUSED);
    assert_int_equal(pto_copy_scalars_from(&f.arg, &source, 1, UINT32_MAX), REFUSED);
    assert_int_equal(pto_copy_scalars_from(&f.arg, NULL, 0, 0), REFUSED);
    assert_int_equal(f.arg.scalar_count, 4);
}

static void test_dependencies(void **state)
{
    (void)state;
    struct fixture f;
    const uint64_t ids[] = {1, 2};
    set_up(&f);
    assert_int_equal(pto_set_dependencies(&f.arg, ids, 2), 0);
    assert_ptr_equal(f.arg.explicit_deps, ids);
    assert_int_equal(pto_set_dependencies(&f.arg, ids, 1), REFUSED);
    assert_string_equal(f.arg.error_msg, "dependencies set twice");
    assert_int_equal(f.arg.explicit_dep_count, 2);
    pto_arg_init(&f.arg);
    assert_int_equal(pto_set_dependencies(&f.arg, ids, 2), 0);
    assert_int_equal(pto_set_dependencies(&f.arg, NULL, 0), 0); /* clears */
    assert_int_equal(f.arg.explicit_dep_count, 0);
    assert_null(f.arg.explicit_deps);
    assert_int_equal(pto_set_dependencies(&f.arg, ids, 1), 0);
    assert_int_equal(pto_set_dependencies(&f.arg, NULL, 1), REFUSED);
    assert_string_equal(f.arg.error_msg, "dependency list is NULL");
}

static void test_dump(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_int_equal(pto_dump(&f.arg, &f.tensor), REFUSED);
    assert_string_equal(f.arg.error_msg, "dump of a tensor that is not in the Arg");
    pto_arg_init(&f.arg);
    assert_int_equal(pto_add_output(&f.arg, &f.info), 0);
    assert_int_equal(pto_add_input(&f.arg, &f.tensor), 0);
    assert_int_equal(pto_dump(&f.arg, &f.tensor), 0);
    assert_int_equal(f.arg.dump_mask, 2);
    assert_int_equal(pto_dump(&f.arg, &f.info), 0);
    assert_int_equal(f.arg.dump_mask, 3);
    assert_false(f.arg.selective_dump);
    pto_set_selective_dump(&f.arg, true);
    assert_true(f.arg.selective_dump);
}

static void test_launch_and_shapes(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    pto_set_block_num(&f.arg, 24);
    pto_set_require_sync_start(&f.arg, true);
    assert_int_equal(f.arg.launch.block_num, 24);
    assert_true(f.arg.launch.require_sync_start);
    const enum pto_task_shape shapes[8] = {PTO_SHAPE_DUMMY, PTO_SHAPE_AIC, PTO_SHAPE_AIV, PTO_SHAPE_MIX,
                                           PTO_SHAPE_AIV,   PTO_SHAPE_MIX, PTO_SHAPE_MIX, PTO_SHAPE_MIX};
    for (uint32_t mask = 0; mask < 8; mask++) {
        assert_int_equal(pto_task_shape_of(mask), shapes[mask]);
        assert_int_equal(pto_task_shape_of(mask | PTO_ACTIVE_SYNC_START), shapes[mask]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_and_tags),     cmocka_unit_test(test_first_error_stays),
        cmocka_unit_test(test_capacities),        cmocka_unit_test(test_tensors_that_are_none),
        cmocka_unit_test(test_scalar_patterns),   cmocka_unit_test(test_copy_scalars),
        cmocka_unit_test(test_dependencies),      cmocka_unit_test(test_dump),
        cmocka_unit_test(test_launch_and_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
