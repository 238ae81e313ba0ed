/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arg: the arguments of one submit (device.md 1.4, 1.6).
 *
 * A struct pto_arg holds pointers: tensors, create infos and the dependency list must live until the submit has
 * returned. It may be submitted again. The builders return 0 or -PTO_ERR_INVALID_ARGS and then change nothing but the
 * error that the Arg remembers, the first one wins; a submit of an Arg with an error fails the run with
 * PTO_ERR_INVALID_ARGS, so a caller may add and submit without looking at any return value. Tensors come before
 * scalars.
 */
#ifndef ABI_ARG_H
#define ABI_ARG_H

#include "abi/error_codes.h"
#include "abi/tensor.h"

PTO_BEGIN_DECLS

/* Kernel ids of the three lanes of a cluster; PTO_KERNEL_NONE: the lane is not used. */
struct pto_mixed_kernels {
    int32_t aic;
    int32_t aiv0;
    int32_t aiv1;
};
PTO_ASSERT_SIZE(struct pto_mixed_kernels, 12);
PTO_ASSERT_FIELD(struct pto_mixed_kernels, aic, 0);
PTO_ASSERT_FIELD(struct pto_mixed_kernels, aiv0, 4);
PTO_ASSERT_FIELD(struct pto_mixed_kernels, aiv1, 8);

#define PTO_KERNEL_NONE (-1)

enum pto_active_mask {
    PTO_ACTIVE_AIC = 1u << 0,
    PTO_ACTIVE_AIV0 = 1u << 1,
    PTO_ACTIVE_AIV1 = 1u << 2,
    PTO_ACTIVE_LANES = 7u,
    PTO_ACTIVE_SYNC_START = 1u << 3,
};

enum pto_task_shape { PTO_SHAPE_AIC = 0, PTO_SHAPE_AIV = 1, PTO_SHAPE_MIX = 2, PTO_SHAPE_DUMMY = 3 };

/* The shape of a task that uses these lanes. */
static inline enum pto_task_shape pto_task_shape_of(uint32_t active_mask)
{
    uint32_t lanes = active_mask & PTO_ACTIVE_LANES;
    if (lanes == 0) {
        return PTO_SHAPE_DUMMY;
    }
    if ((lanes & (lanes - 1)) != 0) {
        return PTO_SHAPE_MIX;
    }
    return lanes == PTO_ACTIVE_AIC ? PTO_SHAPE_AIC : PTO_SHAPE_AIV;
}

union pto_tensor_ref {
    const struct pto_tensor *tensor;
    const struct pto_tensor_create_info *create_info; /* for tag PTO_ARG_OUTPUT */
};

struct pto_launch_spec {
    int16_t block_num;       /* copies of the task; 1 by default */
    bool require_sync_start; /* all blocks start together or none */
};
PTO_ASSERT_SIZE(struct pto_launch_spec, 4);
PTO_ASSERT_FIELD(struct pto_launch_spec, block_num, 0);
PTO_ASSERT_FIELD(struct pto_launch_spec, require_sync_start, 2);

struct pto_arg {
    int32_t tags[PTO_CORE_MAX_TENSOR_ARGS]; /* enum pto_tensor_arg_type */
    union pto_tensor_ref refs[PTO_CORE_MAX_TENSOR_ARGS];
    uint64_t scalars[PTO_CORE_MAX_SCALAR_ARGS];
    int32_t tensor_count;
    int32_t scalar_count;
    bool has_error;
    const char *error_msg; /* static text */
    struct pto_launch_spec launch;
    uint64_t dump_mask;  /* bit i: tensor i was marked by pto_dump */
    bool selective_dump; /* dump marked tensors only */
    const uint64_t *explicit_deps;
    uint32_t explicit_dep_count;
};
PTO_ASSERT_SIZE(struct pto_arg, 512);
PTO_ASSERT_ALIGN(struct pto_arg, 8);
PTO_ASSERT_FIELD(struct pto_arg, tags, 0);
PTO_ASSERT_FIELD(struct pto_arg, refs, 64);
PTO_ASSERT_FIELD(struct pto_arg, scalars, 192);
PTO_ASSERT_FIELD(struct pto_arg, tensor_count, 448);
PTO_ASSERT_FIELD(struct pto_arg, scalar_count, 452);
PTO_ASSERT_FIELD(struct pto_arg, has_error, 456);
PTO_ASSERT_FIELD(struct pto_arg, error_msg, 464);
PTO_ASSERT_FIELD(struct pto_arg, launch, 472);
PTO_ASSERT_FIELD(struct pto_arg, dump_mask, 480);
PTO_ASSERT_FIELD(struct pto_arg, selective_dump, 488);
PTO_ASSERT_FIELD(struct pto_arg, explicit_deps, 496);
PTO_ASSERT_FIELD(struct pto_arg, explicit_dep_count, 504);

/* Empty: no tensors, scalars, dependencies or dump marks, one block. Also resets a used Arg. */
static inline void pto_arg_init(struct pto_arg *arg)
{
    /* Slots beyond the counts are never read: the three arrays, 448 of 512 bytes, need no store per submit. */
    arg->tensor_count = 0;
    arg->scalar_count = 0;
    arg->has_error = false;
    arg->error_msg = NULL;
    arg->launch.block_num = 1;
    arg->launch.require_sync_start = false;
    arg->dump_mask = 0;
    arg->selective_dump = false;
    arg->explicit_deps = NULL;
    arg->explicit_dep_count = 0;
}

static inline int pto_arg_fail(struct pto_arg *arg, const char *message)
{
    if (!arg->has_error) {
        arg->has_error = true;
        arg->error_msg = message;
    }
    return -PTO_ERR_INVALID_ARGS;
}

static inline int pto_arg_check_tensor_slot(struct pto_arg *arg)
{
    if (arg->scalar_count != 0) {
        return pto_arg_fail(arg, "cannot add tensor after scalar");
    }
    if (arg->tensor_count < 0 || arg->tensor_count >= PTO_CORE_MAX_TENSOR_ARGS) {
        return pto_arg_fail(arg, "more than 16 tensors");
    }
    return 0;
}

static inline int pto_arg_add_tensor(struct pto_arg *arg, enum pto_tensor_arg_type tag, const struct pto_tensor *tensor)
{
    int rc = pto_arg_check_tensor_slot(arg);
    if (rc != 0) {
        return rc;
    }
    if (!pto_tensor_is_valid(tensor)) {
        return pto_arg_fail(arg, tensor == NULL ? "tensor is NULL" : "tensor is invalid");
    }
    arg->tags[arg->tensor_count] = (int32_t)tag;
    arg->refs[arg->tensor_count].tensor = tensor;
    arg->tensor_count++;
    return 0;
}

/* The task reads the tensor. */
static inline int pto_add_input(struct pto_arg *arg, const struct pto_tensor *tensor)
{
    return pto_arg_add_tensor(arg, PTO_ARG_INPUT, tensor);
}

/* The runtime allocates the tensor and returns it among the outputs of the submit. */
static inline int pto_add_output(struct pto_arg *arg, const struct pto_tensor_create_info *create_info)
{
    int rc = pto_arg_check_tensor_slot(arg);
    if (rc != 0) {
        return rc;
    }
    if (create_info == NULL || create_info->ndims < 1 || create_info->ndims > PTO_MAX_DIMS) {
        return pto_arg_fail(arg, create_info == NULL ? "create info is NULL" : "create info is invalid");
    }
    arg->tags[arg->tensor_count] = PTO_ARG_OUTPUT;
    arg->refs[arg->tensor_count].create_info = create_info;
    arg->tensor_count++;
    return 0;
}

/* The task overwrites the tensor and does not read it. */
static inline int pto_add_output_existing(struct pto_arg *arg, const struct pto_tensor *tensor)
{
    return pto_arg_add_tensor(arg, PTO_ARG_OUTPUT_EXISTING, tensor);
}

/* The task reads and writes the tensor. */
static inline int pto_add_inout(struct pto_arg *arg, const struct pto_tensor *tensor)
{
    return pto_arg_add_tensor(arg, PTO_ARG_INOUT, tensor);
}

/* The kernel gets the tensor; no dependency is inferred from it, except on the task that created it. */
static inline int pto_add_no_dep(struct pto_arg *arg, const struct pto_tensor *tensor)
{
    return pto_arg_add_tensor(arg, PTO_ARG_NO_DEP, tensor);
}

static inline int pto_arg_check_scalar_slots(struct pto_arg *arg, const void *values, uint32_t count)
{
    if (values == NULL && count > 0) {
        return pto_arg_fail(arg, "scalar array is NULL");
    }
    if (arg->scalar_count < 0 || arg->scalar_count > PTO_CORE_MAX_SCALAR_ARGS ||
        count > (uint32_t)(PTO_CORE_MAX_SCALAR_ARGS - arg->scalar_count)) {
        return pto_arg_fail(arg, "more than 32 scalars");
    }
    return 0;
}

/* Appends `count` 64-bit words, all or none. */
static inline int pto_add_scalars(struct pto_arg *arg, const uint64_t *values, uint32_t count)
{
    int rc = pto_arg_check_scalar_slots(arg, values, count);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        arg->scalars[arg->scalar_count++] = values[i];
    }
    return rc;
}

/* Appends one word; pto_scalar_from_f32 and its like make words of other types. */
static inline int pto_add_scalar(struct pto_arg *arg, uint64_t value)
{
    return pto_add_scalars(arg, &value, 1);
}

/* Appends 32-bit integers, zero-extended: -1 becomes 0x00000000FFFFFFFF. All or none. */
static inline int pto_add_scalars_i32(struct pto_arg *arg, const int32_t *values, uint32_t count)
{
    int rc = pto_arg_check_scalar_slots(arg, values, count);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        arg->scalars[arg->scalar_count++] = pto_scalar_from_i32(values[i]);
    }
    return rc;
}

/* Appends scalars first .. first + count - 1 of another Arg (or of the same). All or none. */
static inline int pto_copy_scalars_from(struct pto_arg *arg, const struct pto_arg *source, uint32_t first,
                                        uint32_t count)
{
    if (source == NULL || source->scalar_count < 0 || source->scalar_count > PTO_CORE_MAX_SCALAR_ARGS ||
        first > (uint32_t)source->scalar_count || count > (uint32_t)source->scalar_count - first) {
        return pto_arg_fail(arg, "scalar source range out of bounds");
    }
    return pto_add_scalars(arg, source->scalars + first, count);
}

/*
 * Makes the task wait for `count` tasks, in addition to what is inferred. The list is borrowed. Count 0 clears; a
 * second non-empty list is an error.
 */
static inline int pto_set_dependencies(struct pto_arg *arg, const uint64_t *task_ids, uint32_t count)
{
    if (count > 0 && task_ids == NULL) {
        return pto_arg_fail(arg, "dependency list is NULL");
    }
    if (count > 0 && arg->explicit_dep_count > 0) {
        return pto_arg_fail(arg, "dependencies set twice");
    }
    arg->explicit_deps = count > 0 ? task_ids : NULL;
    arg->explicit_dep_count = count;
    return 0;
}

/* Marks a tensor of this Arg, or an output's create info, for the tensor dump. */
static inline int pto_dump(struct pto_arg *arg, const void *tensor_or_create_info)
{
    for (int32_t i = 0; i < arg->tensor_count && i < PTO_CORE_MAX_TENSOR_ARGS; i++) {
        if ((const void *)arg->refs[i].tensor == tensor_or_create_info) {
            arg->dump_mask |= 1ull << i;
            return 0;
        }
    }
    return pto_arg_fail(arg, "dump of a tensor that is not in the Arg");
}

/* With true, a tensor dump takes only the tensors of this task that pto_dump marked, otherwise all of them. */
static inline void pto_set_selective_dump(struct pto_arg *arg, bool selective)
{
    arg->selective_dump = selective;
}

/* Runs the task `block_num` times, as blocks 0 .. block_num - 1. The range is judged at submit. */
static inline void pto_set_block_num(struct pto_arg *arg, int16_t block_num)
{
    arg->launch.block_num = block_num;
}

/* All blocks start together or none does. */
static inline void pto_set_require_sync_start(struct pto_arg *arg, bool required)
{
    arg->launch.require_sync_start = required;
}

PTO_END_DECLS

#endif
