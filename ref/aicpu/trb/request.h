/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what a submit asks for, checked before anything is allocated (device.md 1.4, 1.6, 3.1; R4, R21).
 */
#ifndef AICPU_TRB_REQUEST_H
#define AICPU_TRB_REQUEST_H

#include "aicpu/trb/orchestrator.h"

struct trb_request {
    enum trb_request_kind kind;
    const struct pto_arg *arg;
    int32_t kernels[TRB_LANES];
    uint32_t active_mask; /* enum pto_active_mask */
    uint32_t lanes;
    int32_t blocks;
    uint64_t output_offsets[PTO_CORE_MAX_TENSOR_ARGS]; /* within the task's block, for tag OUTPUT */
    uint64_t output_bytes;                             /* of the whole block, rounded */
};

/*
 * Checks Arg, kernels, blocks and scope, and lays the outputs out. Fails the run, and does not return, when the request
 * cannot be served; `arg` stays borrowed. Tensors are checked where they are copied.
 */
void trb_check_request(struct trb_orchestrator *orchestrator, enum trb_request_kind kind,
                       const struct pto_mixed_kernels *kernels, const struct pto_arg *arg, struct trb_request *request);

/* Bytes of a described output, 0 when the description makes no sense. */
uint64_t trb_output_bytes(const struct pto_tensor_create_info *info);

#endif
