/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cores: the cores of one scheduler and what each of them does (device.md 3.6, 3.7).
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
#include "aicpu/core_answer.h"
#include "aicpu/trb/limits.h"

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
    uint32_t running_id; /* CORE_NO_DISPATCH: nothing */
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
    uint64_t spent[TRB_LANES];   /* got a block in the newest drain: no second one there, even when idle again */
    struct trb_core core[TRB_LANES][TRB_MAX_CLUSTERS];
};

/* No clusters. */
static inline void trb_cores_clear(struct trb_cores *cores)
{
    cores->clusters = 0;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        cores->idle[lane] = 0;
        cores->running[lane] = 0;
        cores->pending[lane] = 0;
        cores->open[lane] = 0;
        cores->spent[lane] = 0;
    }
}

/* Bits set. The baseline instruction set has no such instruction, and a library call costs more. */
static inline uint32_t trb_bits(uint64_t bits)
{
    bits -= (bits >> 1) & 0x5555555555555555ull;
    bits = (bits & 0x3333333333333333ull) + ((bits >> 2) & 0x3333333333333333ull);
    return (uint32_t)((((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Full) * 0x0101010101010101ull) >> 56);
}

#endif
