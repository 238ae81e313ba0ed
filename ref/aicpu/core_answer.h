/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_answer: what a core's COND register says about the dispatches it was given (device.md 3.7, 4.2). The same in
 * every runtime: a core has at most one running and one pending dispatch.
 */
#ifndef AICPU_CORE_ANSWER_H
#define AICPU_CORE_ANSWER_H

#include "abi/handshake.h"
#include "npu/arch.h"
#include "npu/registers.h"

#define CORE_NO_DISPATCH UINT32_MAX

enum core_answer {
    CORE_ANSWER_NOTHING = 0,
    CORE_ANSWER_TAKEN,         /* the running one was taken: the pending place is free */
    CORE_ANSWER_FINISHED,      /* the running one is done: the core is idle */
    CORE_ANSWER_PENDING_TAKEN, /* the running one is done, the pending one runs */
    CORE_ANSWER_BOTH_FINISHED,
};

/* Ids are CORE_NO_DISPATCH for nothing. */
static inline enum core_answer core_judge(uint32_t cond, uint32_t running_id, uint32_t pending_id)
{
    uint32_t id = pto_cond_id(cond);
    bool finished = pto_cond_state(cond) == PTO_COND_FIN;
    bool has_pending = pending_id != CORE_NO_DISPATCH;
    if (has_pending && id == pending_id) {
        return finished ? CORE_ANSWER_BOTH_FINISHED : CORE_ANSWER_PENDING_TAKEN;
    }
    /* With a pending dispatch the core goes on to it by itself, and its answer will say so. */
    if (running_id == CORE_NO_DISPATCH || id != running_id || has_pending) {
        return CORE_ANSWER_NOTHING;
    }
    return finished ? CORE_ANSWER_FINISHED : CORE_ANSWER_TAKEN;
}

/* True while a core works on a kernel: it took a dispatch and has not finished it. */
static inline bool core_is_busy(const struct npu_register_block *registers)
{
    return pto_cond_state(npu_register_read(registers, NPU_COND_OFFSET)) == PTO_COND_ACK;
}

#endif
