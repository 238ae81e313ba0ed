/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/request.h"

#include <string.h>

#include "abi/callable.h"

static void check_counts(struct trb_orchestrator *orchestrator, const struct pto_arg *arg)
{
    if (arg->has_error) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: %s", arg->error_msg != NULL ? arg->error_msg : "bad Arg");
    }
    if (arg->tensor_count < 0 || arg->tensor_count > PTO_CORE_MAX_TENSOR_ARGS) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: %d tensors, allowed are 0..%d", arg->tensor_count,
                 PTO_CORE_MAX_TENSOR_ARGS);
    }
    if (arg->scalar_count < 0 || arg->scalar_count > PTO_CORE_MAX_SCALAR_ARGS) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: %d scalars, allowed are 0..%d", arg->scalar_count,
                 PTO_CORE_MAX_SCALAR_ARGS);
    }
    if (arg->explicit_dep_count > 0 && arg->explicit_deps == NULL) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: %u dependencies without a list", arg->explicit_dep_count);
    }
}

static void check_kernel(struct trb_orchestrator *orchestrator, int32_t kernel)
{
    uint64_t callable = 0;
    uint64_t code = 0;
    if (kernel >= 0 && kernel < PTO_MAX_FUNC_IDS) {
        callable = orchestrator->run->image->function_addresses[kernel];
    }
    if (callable != 0) {
        memcpy(&code, (const unsigned char *)(uintptr_t)callable + offsetof(struct pto_core_callable, resolved_addr),
               sizeof(code));
    }
    if (code == 0) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: kernel id %d %s", kernel,
                 kernel < 0 || kernel >= PTO_MAX_FUNC_IDS ? "is not in 0..1023"
                 : callable == 0                          ? "is not registered"
                                                          : "has no code");
    }
}

static void check_kernels(struct trb_orchestrator *orchestrator, const struct pto_mixed_kernels *kernels,
                          struct trb_request *request)
{
    const int32_t given[TRB_LANES] = {kernels->aic, kernels->aiv0, kernels->aiv1};
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        request->kernels[lane] = given[lane];
        if (given[lane] != PTO_KERNEL_NONE) {
            check_kernel(orchestrator, given[lane]);
            request->active_mask |= 1u << lane;
        }
    }
    if (request->active_mask == 0) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: no kernel is named");
    }
    if (request->active_mask == PTO_ACTIVE_AIV1) {
        /* One vector lane is any vector core: the kernel is named in the AIV0 place. */
        request->active_mask = PTO_ACTIVE_AIV0;
        request->kernels[TRB_LANE_AIV0] = given[TRB_LANE_AIV1];
        request->kernels[TRB_LANE_AIV1] = PTO_KERNEL_NONE;
    }
    request->lanes = (uint32_t)__builtin_popcount(request->active_mask);
}

static void check_blocks(struct trb_orchestrator *orchestrator, struct trb_request *request)
{
    int32_t blocks = request->arg->launch.block_num;
    if (blocks < 1 || blocks * (int32_t)request->lanes > TRB_MAX_BLOCKS_LANES) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: %d blocks on %u lanes, allowed are 1..%u blocks", blocks,
                 request->lanes, TRB_MAX_BLOCKS_LANES / request->lanes);
    }
    request->blocks = blocks;
    if (!request->arg->launch.require_sync_start || blocks == 1) {
        return;
    }
    uint32_t clusters = orchestrator->run->image->block_dim;
    uint32_t limit = pto_task_shape_of(request->active_mask) == PTO_SHAPE_AIV ? 2 * clusters : clusters;
    if ((uint32_t)blocks > limit) {
        trb_fail(orchestrator, PTO_ERR_REQUIRE_SYNC_START_INVALID,
                 "submit: %d blocks are to start together, there are cores for %u", blocks, limit);
    }
    request->active_mask |= PTO_ACTIVE_SYNC_START;
}

uint64_t trb_output_bytes(const struct pto_tensor_create_info *info)
{
    uint64_t bytes = pto_data_type_bytes(info->dtype);
    if (info->ndims < 1 || info->ndims > PTO_MAX_DIMS) {
        return 0;
    }
    for (uint32_t i = 0; i < info->ndims; i++) {
        if (__builtin_mul_overflow(bytes, (uint64_t)info->shapes[i], &bytes)) {
            return 0;
        }
    }
    return bytes;
}

/* Places the outputs in the task's block, each at a multiple of PTO_OUTPUT_ALIGN. */
static void lay_out(struct trb_orchestrator *orchestrator, struct trb_request *request)
{
    const struct pto_arg *arg = request->arg;
    uint64_t end = 0;
    for (int32_t i = 0; i < arg->tensor_count; i++) {
        if (arg->refs[i].tensor == NULL || arg->tags[i] < PTO_ARG_INPUT || arg->tags[i] > PTO_ARG_NO_DEP) {
            trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: tensor %d of %d is %s (tag %d)", i, arg->tensor_count,
                     arg->refs[i].tensor == NULL ? "NULL" : "of an unknown kind", arg->tags[i]);
        }
        if (arg->tags[i] != PTO_ARG_OUTPUT) {
            continue;
        }
        uint64_t bytes = trb_output_bytes(arg->refs[i].create_info);
        uint64_t padded;
        if (bytes == 0 || __builtin_add_overflow(bytes, (uint64_t)PTO_OUTPUT_ALIGN - 1, &padded) ||
            __builtin_add_overflow(end, padded & ~(uint64_t)(PTO_OUTPUT_ALIGN - 1), &end)) {
            trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: output %d of %d has no bytes or more than 2^64", i,
                     arg->tensor_count);
        }
        request->output_offsets[i] = end - (padded & ~(uint64_t)(PTO_OUTPUT_ALIGN - 1));
    }
    if (!trb_ring_round(end, &request->output_bytes)) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: the outputs have more than 2^64 bytes");
    }
}

static void check_allocation(struct trb_orchestrator *orchestrator, const struct pto_arg *arg)
{
    bool only_outputs = arg->tensor_count > 0 && arg->scalar_count == 0 && arg->explicit_dep_count == 0;
    for (int32_t i = 0; i < arg->tensor_count && only_outputs; i++) {
        only_outputs = arg->tags[i] == PTO_ARG_OUTPUT;
    }
    if (!only_outputs) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS,
                 "alloc_tensors: %d tensors, %d scalars, %u dependencies given; one output or more and nothing else is "
                 "allowed",
                 arg->tensor_count, arg->scalar_count, arg->explicit_dep_count);
    }
}

static void check_scope(struct trb_orchestrator *orchestrator)
{
    const struct trb_scopes *scopes = &orchestrator->scopes;
    uint32_t window = orchestrator->rings[trb_scope_ring(scopes)].window;
    if (trb_scope_tasks(scopes) >= window - 1) {
        trb_fail(orchestrator, PTO_ERR_SCOPE_DEADLOCK,
                 "submit: the scope at depth %u holds %u tasks, a window of %u slots allows %u", scopes->depth - 1,
                 trb_scope_tasks(scopes), window, window - 1);
    }
    if (scopes->task_count == TRB_SCOPE_TASKS) {
        trb_fail(orchestrator, PTO_ERR_SCOPE_TASKS_OVERFLOW, "submit: the open scopes hold %u tasks, allowed are %u",
                 scopes->task_count, TRB_SCOPE_TASKS);
    }
}

void trb_check_request(struct trb_orchestrator *orchestrator, enum trb_request_kind kind,
                       const struct pto_mixed_kernels *kernels, const struct pto_arg *arg, struct trb_request *request)
{
    request->kind = kind;
    request->arg = arg;
    request->active_mask = 0;
    request->lanes = 0;
    request->blocks = 1;
    request->kernels[0] = request->kernels[1] = request->kernels[2] = PTO_KERNEL_NONE;
    check_counts(orchestrator, request->arg);
    if (orchestrator->closed) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: the orchestration said that it is done");
    }
    if (request->kind == TRB_ALLOCATION) {
        check_allocation(orchestrator, request->arg);
    } else if (request->kind == TRB_KERNELS) {
        check_kernels(orchestrator, kernels, request);
        check_blocks(orchestrator, request);
    }
    lay_out(orchestrator, request);
    check_scope(orchestrator);
}
