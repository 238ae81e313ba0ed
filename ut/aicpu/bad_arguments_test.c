/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of an orchestration that are refused for what they are given, each with its message (R4, R13, R23). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failure_rig.h"

static void bad_arg(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    (void)args;
    pto_arg_init(&arg);
    pto_add_scalar(&arg, 1);
    pto_add_input(&arg, NULL);
    (void)pto_submit_aiv(0, &arg);
    failure_returned = true;
}

static void bad_tensor(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)args;
    failure_cell(&tensor, 0, 0);
    tensor.buffer_bytes = 4; /* the element ends behind it */
    pto_arg_init(&arg);
    pto_add_input(&arg, &tensor);
    (void)pto_submit_aiv(0, &arg);
    failure_returned = true;
}

static void bad_kernel(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_submit_aiv((int32_t)args->scalars[0], &arg);
    failure_returned = true;
}

static void bad_blocks(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    pto_set_block_num(&arg, (int16_t)args->scalars[0]);
    pto_set_require_sync_start(&arg, args->scalars[1] != 0);
    (void)pto_submit_aiv(1, &arg);
    failure_returned = true;
}

static void bad_dependency(const struct pto_chip_args *args)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    (void)pto_submit_aiv(1, &arg);
    pto_set_dependencies(&arg, &args->scalars[0], 1);
    (void)pto_submit_aiv(1, &arg);
    failure_returned = true;
}

static void old_version(const struct pto_chip_args *args)
{
    (void)args;
    (void)failure_submit(0, PTO_ARG_INOUT, 1);
    (void)failure_submit(0, PTO_ARG_INPUT, 0);
    failure_returned = true;
}

static void null_pointers(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    failure_cell(&tensor, 0, 0);
    pto_arg_init(&arg);
    switch (args->scalars[0]) {
    case 0:
        (void)pto_submit_aiv(0, NULL);
        break;
    case 1:
        (void)pto_submit(NULL, &arg);
        break;
    case 2:
        (void)pto_get_scalar(NULL, 1, &arg.explicit_dep_count);
        break;
    case 3:
        pto_set_scalar(&tensor, 1, NULL, 1);
        break;
    case 4:
        arg.explicit_dep_count = 1;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 5:
        arg.tensor_count = 17;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 6:
        arg.scalar_count = -1;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 7:
        arg.tensor_count = 1;
        arg.tags[0] = PTO_ARG_INPUT;
        arg.refs[0].tensor = NULL;
        (void)pto_submit_aiv(1, &arg);
        break;
    case 8: {
        struct pto_mixed_kernels none = {PTO_KERNEL_NONE, PTO_KERNEL_NONE, PTO_KERNEL_NONE};
        (void)pto_submit(&none, &arg);
        break;
    }
    case 9:
        tensor.owner_task_id = 0x700000000ull;
        (void)pto_add_input(&arg, &tensor);
        (void)pto_submit_aiv(1, &arg);
        break;
    case 10:
        tensor.ndims = 2;
        tensor.strides[1] = 0;
        (void)pto_get_scalar(&tensor, 1, &arg.explicit_dep_count);
        break;
    default:
        pto_scope_begin((enum pto_scope_mode)7);
        break;
    }
    failure_returned = true;
}

static void allocation_with_input(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    (void)args;
    failure_cell(&tensor, 0, 0);
    pto_arg_init(&arg);
    pto_add_input(&arg, &tensor);
    (void)pto_alloc_tensors(&arg);
    failure_returned = true;
}

static void submit_after_done(const struct pto_chip_args *args)
{
    (void)args;
    (void)failure_submit(0, PTO_ARG_INOUT, 0);
    pto_orchestration_done();
    (void)failure_submit(0, PTO_ARG_INOUT, 0);
    failure_returned = true;
}

static void large_index(const struct pto_chip_args *args)
{
    struct pto_tensor tensor;
    const uint32_t one = 1;
    (void)args;
    failure_cell(&tensor, 0, 0);
    (void)pto_get_scalar(&tensor, 1, &one);
    failure_returned = true;
}

static const struct failure failures[] = {
    {"bad Arg", bad_arg, {0}, -5, "cannot add tensor after scalar", false, 0, 0, 0},
    {"bad tensor", bad_tensor, {0}, -5, "tensor 0", false, 0, 0, 0},
    {"unregistered kernel", bad_kernel, {7}, -5, "kernel id 7 is not registered", false, 0, 0, 0},
    {"kernel id beyond the table", bad_kernel, {1024}, -5, "1024 is not in 0..1023", false, 0, 0, 0},
    {"negative kernel id", bad_kernel, {(uint64_t)-2}, -5, "-2 is not in 0..1023", false, 0, 0, 0},
    {"no block", bad_blocks, {0, 0}, -5, "0 blocks", false, 0, 0, 0},
    {"negative blocks", bad_blocks, {0x8000, 0}, -5, "-32768 blocks", false, 0, 0, 0},
    {"too many to start together",
     bad_blocks,
     {3, 1},
     -7,
     "3 blocks are to start together, there are cores for 2",
     false,
     0,
     0,
     0},
    {"dependency on nothing", bad_dependency, {PTO_TASK_ID_INVALID}, -5, "names no task", false, 0, 0, 0},
    {"dependency on the future", bad_dependency, {5}, -5, "0x5, names no task", false, 0, 0, 0},
    {"old version", old_version, {0}, -5, "version 0, older than version 1", false, 0, 0, 0},
    {"allocation with input", allocation_with_input, {0}, -5, "alloc_tensors: 1 tensors", false, 0, 0, 0},
    {"submit after done", submit_after_done, {0}, -5, "said that it is done", false, 0, 0, 0},
    {"no Arg", null_pointers, {0}, -5, "the Arg is NULL", false, 0, 0, 0},
    {"no kernels", null_pointers, {1}, -5, "the kernels is NULL", false, 0, 0, 0},
    {"no tensor to read", null_pointers, {2}, -5, "the tensor is NULL", false, 0, 0, 0},
    {"no indices", null_pointers, {3}, -5, "the index list is NULL", false, 0, 0, 0},
    {"no dependency list", null_pointers, {4}, -5, "1 dependencies without a list", false, 0, 0, 0},
    {"17 tensors", null_pointers, {5}, -5, "17 tensors, allowed are 0..16", false, 0, 0, 0},
    {"negative scalars", null_pointers, {6}, -5, "-1 scalars, allowed are 0..32", false, 0, 0, 0},
    {"NULL among the tensors", null_pointers, {7}, -5, "tensor 0 of 1 is NULL", false, 0, 0, 0},
    {"no kernel at all", null_pointers, {8}, -5, "no kernel is named", false, 0, 0, 0},
    {"owned by nobody", null_pointers, {9}, -5, "owned by 0x700000000", false, 0, 0, 0},
    {"broken tensor to read", null_pointers, {10}, -5, "is no good for 1 indices", false, 0, 0, 0},
    {"unknown scope mode", null_pointers, {11}, -5, "mode 7 is not AUTO", false, 0, 0, 0},
    {"large index", large_index, {0}, -5, "index 1 of dimension 0 is not below 1", false, 0, 0, 0},
};

FAILURE_TESTS(failures)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_round_robin),
        cmocka_unit_test(on_random),
        cmocka_unit_test(on_threads),
    };
    return cmocka_run_group_tests(tests, mini_device_watch_user_code, mini_device_forget_user_code) != 0;
}
