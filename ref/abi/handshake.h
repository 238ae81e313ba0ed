/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handshake: how an AICPU program and a core meet, and the two registers through which they talk (device.md 4.1, 4.2).
 *
 * Sequence, each step published by a release store of its last word and seen by an acquire load of it:
 *   1. AICPU: task, aicpu_ready = 1
 *   2. core:  physical_core_id, aicore_regs_ready = 1
 *   3. AICPU: maps the registers, idle token to DATA_MAIN_BASE, aicpu_regs_ready = 1
 *   4. core:  idle value to COND, core_type, aicore_done = block index + 1
 * From then on the AICPU writes ids to DATA_MAIN_BASE and the core answers in COND.
 */
#ifndef ABI_HANDSHAKE_H
#define ABI_HANDSHAKE_H

#include "abi/layout.h"

PTO_BEGIN_DECLS

enum pto_core_type { PTO_CORE_AIC = 0, PTO_CORE_AIV = 1 };

#define PTO_MAX_WORKERS 108u /* cores of the larger of the two architectures */

/* One per core, at the start of the Runtime object; zeroed by the host before a run. */
struct pto_handshake {
    PTO_ATOMIC(uint32_t) aicpu_ready;
    PTO_ATOMIC(uint32_t) aicore_done;       /* block index + 1 */
    uint64_t task;                          /* trb: address of the core's first dispatch payload; hbg: unused */
    int32_t core_type;                      /* enum pto_core_type */
    uint32_t physical_core_id;              /* selects the register block */
    PTO_ATOMIC(uint32_t) aicpu_regs_ready;  /* registers mapped, or the run was given up: read DATA_MAIN_BASE */
    PTO_ATOMIC(uint32_t) aicore_regs_ready; /* physical_core_id is valid */
    uint8_t reserved[32];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_handshake, 64);
PTO_ASSERT_ALIGN(struct pto_handshake, 64);
PTO_ASSERT_FIELD(struct pto_handshake, aicpu_ready, 0);
PTO_ASSERT_FIELD(struct pto_handshake, aicore_done, 4);
PTO_ASSERT_FIELD(struct pto_handshake, task, 8);
PTO_ASSERT_FIELD(struct pto_handshake, core_type, 16);
PTO_ASSERT_FIELD(struct pto_handshake, physical_core_id, 20);
PTO_ASSERT_FIELD(struct pto_handshake, aicpu_regs_ready, 24);
PTO_ASSERT_FIELD(struct pto_handshake, aicore_regs_ready, 28);

/* Value of aicpu_regs_ready by which the AICPU gives the run up: the core leaves without touching registers. */
#define PTO_HANDSHAKE_GIVEN_UP 2u

/* Ids: 0 .. PTO_REG_ID_MAX name a dispatch; the rest is reserved. */
#define PTO_REG_ID_MASK 0x7FFFFFFFu
#define PTO_REG_ID_MAX 0x7FFFFFEFu
#define PTO_REG_EXIT_SIGNAL 0x7FFFFFF0u /* DATA_MAIN_BASE: leave the core program */
#define PTO_REG_AICPU_IDLE 0x7FFFFFFDu  /* DATA_MAIN_BASE: nothing to do */
#define PTO_REG_CORE_EXITED 0x7FFFFFFEu /* COND: the core has left */
#define PTO_REG_CORE_IDLE 0x7FFFFFFFu   /* COND: the core has started */
#define PTO_REG_CORE_ID_MASK 0x0FFFu    /* bits of a physical core id */

#define PTO_COND_FIN_BIT 0x80000000u
#define PTO_COND_IDLE (PTO_COND_FIN_BIT | PTO_REG_CORE_IDLE)     /* 0xFFFFFFFF */
#define PTO_COND_EXITED (PTO_COND_FIN_BIT | PTO_REG_CORE_EXITED) /* 0xFFFFFFFE */

enum pto_cond_state { PTO_COND_ACK = 0, PTO_COND_FIN = 1 };

/* The COND word that says "id was taken" (ACK) or "id is done" (FIN). */
static inline uint32_t pto_cond_encode(uint32_t id, enum pto_cond_state state)
{
    return (id & PTO_REG_ID_MASK) | (state == PTO_COND_FIN ? PTO_COND_FIN_BIT : 0u);
}

static inline uint32_t pto_cond_id(uint32_t cond)
{
    return cond & PTO_REG_ID_MASK;
}

static inline enum pto_cond_state pto_cond_state(uint32_t cond)
{
    return (cond & PTO_COND_FIN_BIT) != 0 ? PTO_COND_FIN : PTO_COND_ACK;
}

/* True for ids that name a dispatch. */
static inline bool pto_reg_id_is_dispatch(uint32_t id)
{
    return id <= PTO_REG_ID_MAX;
}

/*
 * The dispatch id after `id` on one core (trb counts from 0, so the first dispatch is 1). It skips the reserved values
 * to 0: since the last id is odd, the parity that selects the payload buffer keeps alternating across the wrap.
 */
static inline uint32_t pto_reg_id_next(uint32_t id)
{
    return id >= PTO_REG_ID_MAX ? 0 : id + 1;
}

PTO_END_DECLS

#endif
