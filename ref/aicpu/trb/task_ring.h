/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_ring: the slots and the output heap of one ring, as the orchestrator hands them out (device.md 1.11).
 *
 * Tasks take consecutive local ids; at most window - 1 are alive, so the slot before the oldest one alive is never in
 * use. Output blocks lie in the heap in the same order. A block that ends exactly at the end of the heap is fine, but
 * one that would exactly fill the gap before the oldest block is not: top == tail always means empty. When no block is
 * alive the heap starts again at its base, so that an empty heap serves any request up to its size.
 *
 * Slot and heap are both checked before either is taken. Private to the orchestrator.
 */
#ifndef AICPU_TRB_TASK_RING_H
#define AICPU_TRB_TASK_RING_H

#include <stdatomic.h>

#include "abi/shared_memory.h"
#include "aicpu/trb/spill_pool.h"

#define TRB_NO_BLOCK UINT64_MAX

/* What the orchestrator remembers of the task in a slot. */
struct trb_task_record {
    uint64_t consumer;     /* the last task that listed this one as producer, so that it is listed once */
    uint32_t only_ordered; /* 1: listed for the order only, so that it may be dropped again once it has completed */
    uint32_t reserved;
    uint64_t block_end;   /* heap offset behind its block, TRB_NO_BLOCK when it has none */
    uint32_t map_entries; /* its accesses in the tensor map, 0 = none */
    uint32_t spill_mark;  /* spill pool's top after it */
};
_Static_assert(sizeof(struct trb_task_record) == 32, "two per cache line");

struct trb_task_ring {
    /* fixed during a run */
    struct pto_ring_header *header;
    struct pto_task_descriptor *descriptors;
    struct pto_task_payload *payloads;
    struct pto_slot_state *slots;
    struct trb_task_record *records;
    uint32_t index;
    uint32_t window;
    uint32_t mask;
    uint64_t heap_address;
    uint64_t heap_size;
    /* moving */
    uint32_t next;       /* local id of the next task */
    uint32_t alive;      /* first local id that was not retired when last looked */
    uint64_t heap_top;   /* offset of the next block */
    uint64_t heap_tail;  /* offset of the oldest block */
    uint64_t heap_wrap;  /* offset behind the block after which the blocks go on at 0; 0: they did not wrap */
    uint32_t blocks;     /* alive */
    uint64_t block_base; /* of the task taken last: offset of its block */
    struct trb_spill_pool spill;
};

enum trb_ring_room { TRB_ROOM = 0, TRB_NO_SLOT, TRB_NO_HEAP };

/* Empties the ring for a new run. The fixed part is set; the slots' contents do not matter. */
void trb_ring_reset(struct trb_task_ring *ring);

/* Rounds up to the heap's alignment. False when that does not fit in 64 bits. */
bool trb_ring_round(uint64_t bytes, uint64_t *rounded);

/* Whether a task with a block of `rounded` bytes can be taken now, and where its block goes. Changes nothing else. */
enum trb_ring_room trb_ring_room(struct trb_task_ring *ring, uint64_t rounded);

/* Takes the task that trb_ring_room just found room for. Returns its local id; slot, record and block are its own. */
uint32_t trb_ring_take(struct trb_task_ring *ring, uint64_t rounded);

/*
 * Invariant 13, with the descriptors of all tasks alive filled in: the block of task `local` lies in the heap, aligned,
 * and meets no other block alive. For assertions; takes as long as there are tasks alive.
 */
bool trb_ring_block_is_apart(const struct trb_task_ring *ring, uint32_t local);

/*
 * Frees what the task with local id `ring->alive` held in heap and spill pool, and moves on to the next one. The caller
 * has seen the ring's last_task_alive beyond it.
 */
void trb_ring_retire(struct trb_task_ring *ring);

/* The shared counter; acquire: pairs with the schedulers' release after they are done with the tasks below it. */
static inline uint32_t trb_ring_last_alive(const struct trb_task_ring *ring)
{
    return (uint32_t)atomic_load_explicit(&ring->header->last_task_alive, memory_order_acquire);
}

/* True when a local id names a task that was alive when last looked: its slot belongs to nobody else. */
static inline bool trb_ring_holds(const struct trb_task_ring *ring, uint32_t local)
{
    return local >= ring->alive && local < ring->next;
}

#endif
