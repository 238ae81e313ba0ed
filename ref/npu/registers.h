/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registers: the register space of one core, and the bell of the AICPU thread that owns it (design section 3).
 *
 * The AICPU writes DATA_MAIN_BASE, the core writes COND; both sides only ever touch 32-bit words by offset. The model
 * adds one thing that hardware does not have: a write to COND also rings the owner's bell word, so that a scheduler
 * that watches many cores can wait on one word.
 *
 * Programs name registers by the offsets of their architecture. A sparse space is kept page after page, so an offset is
 * not an index into `words`: use the functions below, or npu_arch_register_slot where the architecture is known at run
 * time only.
 */
#ifndef NPU_REGISTERS_H
#define NPU_REGISTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "exec/exec.h"
#include "npu/arch.h"

#define NPU_REGISTER_BYTES_MAX 0x4000u

/*
 * values[0] of the silent fault "npu.completion" (base/fault.h), of which each FIN of a core is a call: it is never
 * written; it comes NPU_COMPLETION_LATE_NS of exec time after the kernel's end; it is written again after the AICPU
 * had time to see it and to send more.
 */
#define NPU_COMPLETION_LOST 0u
#define NPU_COMPLETION_LATE 1u
#define NPU_COMPLETION_DOUBLED 2u
#define NPU_COMPLETION_LATE_NS 100000u

/* 64-aligned, in device memory of kind REGISTERS; `words` is first, so a register base address is the block's address.
 */
struct npu_register_block {
    _Alignas(64) _Atomic uint32_t words[NPU_REGISTER_BYTES_MAX / 4];
    _Atomic(_Atomic uint32_t *) bell; /* set by the AICPU when it takes the core over; NULL = nobody listens */
};

static inline void npu_bell_ring(_Atomic uint32_t *bell)
{
    /* Release: a scheduler that saw the bell change sees the COND value stored before (pairs with exec_wait's acquire).
     * Acquire: for npu_bell_move. */
    atomic_fetch_add_explicit(bell, 1, memory_order_acq_rel);
    exec_wake(bell);
}

static inline void npu_bell_set(struct npu_register_block *block, _Atomic uint32_t *bell)
{
    atomic_store_explicit(&block->bell, bell, memory_order_release);
}

/*
 * The core rings another bell from now on, while it runs. A COND write that still rings the old one is seen by whoever
 * looks at COND after this call; one that is not rings the new bell too.
 */
static inline void npu_bell_move(struct npu_register_block *block, _Atomic uint32_t *from, _Atomic uint32_t *to)
{
    npu_bell_set(block, to);
    /*
     * Both sides change the old bell, so one comes after the other. Acquire and release: if this is the later one it
     * has seen the COND of the ring before; if the core's is, its second look at the bell finds the new one.
     */
    atomic_fetch_add_explicit(from, 1, memory_order_acq_rel);
    exec_wake(from);
}

#if defined(NPU_REGISTER_SLOT)

/* The word of a register that the architecture has: what a core waits on. */
static inline _Atomic uint32_t *npu_register_word(struct npu_register_block *block, uint32_t offset)
{
    return &block->words[NPU_REGISTER_SLOT(offset) / 4];
}

static inline uint32_t npu_register_read(const struct npu_register_block *block, uint32_t offset)
{
    /* Pairs with the release in npu_register_write. */
    return atomic_load_explicit(&block->words[NPU_REGISTER_SLOT(offset) / 4], memory_order_acquire);
}

/* A doorbell: what was stored before is visible to whoever reads the new value; wakes a processor waiting on the word.
 */
static inline void npu_register_write(struct npu_register_block *block, uint32_t offset, uint32_t value)
{
    _Atomic uint32_t *word = npu_register_word(block, offset);
    atomic_store_explicit(word, value, memory_order_release);
    exec_wake(word);
}

/* The core's side of COND: store, then ring the owner, and the new one if there was a change (npu_bell_move). */
static inline void npu_cond_write(struct npu_register_block *block, uint32_t cond_offset, uint32_t value)
{
    atomic_store_explicit(npu_register_word(block, cond_offset), value, memory_order_release);
    /* Acquire pairs with npu_bell_set: the bell word is initialised before its address is. */
    _Atomic uint32_t *bell = atomic_load_explicit(&block->bell, memory_order_acquire);
    if (bell == NULL) {
        return;
    }
    npu_bell_ring(bell);
    _Atomic uint32_t *now = atomic_load_explicit(&block->bell, memory_order_acquire);
    if (now != bell && now != NULL) {
        npu_bell_ring(now);
    }
}

#endif

#endif
