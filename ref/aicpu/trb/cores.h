/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cores: the cores of one scheduler, what each of them does, and the verdict on what a core answers
 * (device.md 3.6, 3.7).
 *
 * A scheduler owns whole clusters, up to 64, so each lane of all its clusters is one word of bits. A core has at most
 * one running and one pending dispatch; the payload buffers alternate with the dispatch id, so the buffer of an
 * unfinished dispatch is never written again.
 */
#ifndef AICPU_TRB_CORES_H
#define AICPU_TRB_CORES_H

#include "abi/arg.h"
#include "abi/dispatch.h"
#include "abi/handshake.h"
#include "abi/shared_memory.h"
#include "aicpu/trb/limits.h"
#include "npu/arch.h"
#include "npu/registers.h"

#define TRB_NO_DISPATCH UINT32_MAX

enum trb_lane { TRB_LANE_AIC = 0, TRB_LANE_AIV0 = 1, TRB_LANE_AIV1 = 2, TRB_LANES = 3 };

/* What a core reads and writes, in memory of its own: two payloads and two slabs, by parity of the dispatch id. */
struct trb_core_buffers {
    struct pto_dispatch_payload payloads[2];
    struct pto_completion_slab slabs[2];
};

struct trb_core {
    struct npu_register_block *registers;
    struct trb_core_buffers *buffers;
    struct pto_slot_state *running;
    struct pto_slot_state *pending;
    uint32_t running_id; /* TRB_NO_DISPATCH: nothing */
    uint32_t pending_id;
    uint32_t last_id; /* of the newest dispatch */
    uint32_t worker;  /* index among the run's handshakes */
};

struct trb_cores {
    uint32_t clusters;
    /* One bit per cluster, by lane. */
    uint64_t idle[TRB_LANES];    /* nothing running, nothing pending */
    uint64_t running[TRB_LANES]; /* something dispatched and not known to be finished */
    uint64_t pending[TRB_LANES]; /* a second dispatch waits behind the running one */
    uint64_t open[TRB_LANES];    /* running, taken by the core, and nothing pending: one more may be dispatched */
    struct trb_core core[TRB_LANES][TRB_MAX_CLUSTERS];
};

/* What a COND value says about a core with a running and maybe a pending dispatch. */
enum trb_answer {
    TRB_ANSWER_NOTHING = 0,
    TRB_ANSWER_TAKEN,         /* the running one was taken: the pending place is free */
    TRB_ANSWER_FINISHED,      /* the running one is done: the core is idle */
    TRB_ANSWER_PENDING_TAKEN, /* the running one is done, the pending one runs */
    TRB_ANSWER_BOTH_FINISHED,
};

static inline enum trb_answer trb_judge(uint32_t cond, uint32_t running_id, uint32_t pending_id)
{
    uint32_t id = pto_cond_id(cond);
    bool finished = pto_cond_state(cond) == PTO_COND_FIN;
    bool has_pending = pending_id != TRB_NO_DISPATCH;
    if (has_pending && id == pending_id) {
        return finished ? TRB_ANSWER_BOTH_FINISHED : TRB_ANSWER_PENDING_TAKEN;
    }
    /* With a pending dispatch the core goes on to it by itself, and its answer will say so. */
    if (running_id == TRB_NO_DISPATCH || id != running_id || has_pending) {
        return TRB_ANSWER_NOTHING;
    }
    return finished ? TRB_ANSWER_FINISHED : TRB_ANSWER_TAKEN;
}

/* Bits set. The baseline instruction set has no such instruction, and a library call costs more. */
static inline uint32_t trb_bits(uint64_t bits)
{
    bits -= (bits >> 1) & 0x5555555555555555ull;
    bits = (bits & 0x3333333333333333ull) + ((bits >> 2) & 0x3333333333333333ull);
    return (uint32_t)((((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Full) * 0x0101010101010101ull) >> 56);
}

/* True while a core works on a kernel: it took a dispatch and has not finished it. */
static inline bool trb_core_is_busy(const struct npu_register_block *registers)
{
    return pto_cond_state(npu_register_read(registers, NPU_COND_OFFSET)) == PTO_COND_ACK;
}

#endif
