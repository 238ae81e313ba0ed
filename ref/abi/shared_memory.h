/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_memory: the region through which orchestrator, schedulers and host of the trb runtime share a run (device.md
 * 1.7-1.10, 1.14).
 *
 * Layout: the header, then for each of the four rings its descriptors (rounded up to 64 bytes), payloads and slot
 * states. Slot of a task = its local id & (window - 1). The region lies in device memory and persists between runs
 * (R34); pointers in it are addresses as the device sees them.
 *
 * Who writes what: the orchestrator writes descriptors, payloads and current_task_index; schedulers write slot states
 * and last_task_alive; error words are latched once by whoever fails first.
 */
#ifndef ABI_SHARED_MEMORY_H
#define ABI_SHARED_MEMORY_H

#include "abi/layout.h"
#include "abi/limits.h"
#include "abi/tensor.h"

PTO_BEGIN_DECLS

#define PTO_RING_COUNT 4 /* tasks of scope depth 0, 1, 2, and all deeper ones */
#define PTO_INLINE_FANIN 64

/*
 * Defaults per ring, and the environment variables that the host reads at each bind (an invalid value: warning,
 * default).
 */
#define PTO_DEFAULT_TASK_WINDOW 16384u        /* slots; a power of two >= PTO_MIN_TASK_WINDOW */
#define PTO_DEFAULT_HEAP_BYTES (256ull << 20) /* a power of two >= PTO_MIN_HEAP_BYTES */
#define PTO_DEFAULT_DEP_POOL 16384u           /* entries of the dependency list pool and of the spill pool */
#define PTO_MIN_TASK_WINDOW 4u
#define PTO_MAX_TASK_WINDOW (1u << 30) /* so that ids and indices stay in an int32_t */
#define PTO_MIN_HEAP_BYTES 1024u
#define PTO_MIN_DEP_POOL 4u
#define PTO_ENV_TASK_WINDOW "PTO2_RING_TASK_WINDOW"
#define PTO_ENV_HEAP "PTO2_RING_HEAP"
#define PTO_ENV_DEP_POOL "PTO2_RING_DEP_POOL"
#define PTO_ENV_ORCH_TO_SCHED "PTO2_ORCH_TO_SCHED"
#define PTO_ENV_READY_QUEUE_SHARDS "PTO2_READY_QUEUE_SHARDS"

#define PTO_HEAP_ALIGN 64u     /* of a task's packed buffer */
#define PTO_OUTPUT_ALIGN 1024u /* of each output within it */

struct pto_slot_state;

struct pto_task_descriptor {
    uint64_t task_id;
    int32_t kernel_id[3]; /* AIC, AIV0, AIV1; -1: lane not used */
    uint32_t reserved;
    uint64_t packed_buffer_base; /* heap of the task's outputs */
    uint64_t packed_buffer_end;  /* base + size rounded up to 64 */
};
PTO_ASSERT_SIZE(struct pto_task_descriptor, 40);
PTO_ASSERT_FIELD(struct pto_task_descriptor, task_id, 0);
PTO_ASSERT_FIELD(struct pto_task_descriptor, kernel_id, 8);
PTO_ASSERT_FIELD(struct pto_task_descriptor, packed_buffer_base, 24);
PTO_ASSERT_FIELD(struct pto_task_descriptor, packed_buffer_end, 32);

struct pto_task_payload {
    int32_t tensor_count;
    int32_t scalar_count;
    int32_t fanin_actual_count; /* producers, inline and spilled */
    int32_t fanin_spill_start;  /* linear index into the spill pool; 0: none spilled */
    void *fanin_spill_pool;     /* the pool that holds them */
    struct pto_slot_state *fanin_inline[PTO_INLINE_FANIN];
    uint8_t reserved[40];
    struct pto_tensor tensors[PTO_CORE_MAX_TENSOR_ARGS]; /* kernels get the addresses of these */
    uint64_t scalars[PTO_CORE_MAX_SCALAR_ARGS];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_task_payload, 2880);
PTO_ASSERT_ALIGN(struct pto_task_payload, 64);
PTO_ASSERT_FIELD(struct pto_task_payload, tensor_count, 0);
PTO_ASSERT_FIELD(struct pto_task_payload, scalar_count, 4);
PTO_ASSERT_FIELD(struct pto_task_payload, fanin_actual_count, 8);
PTO_ASSERT_FIELD(struct pto_task_payload, fanin_spill_start, 12);
PTO_ASSERT_FIELD(struct pto_task_payload, fanin_spill_pool, 16);
PTO_ASSERT_FIELD(struct pto_task_payload, fanin_inline, 24);
PTO_ASSERT_FIELD(struct pto_task_payload, tensors, 576);
PTO_ASSERT_FIELD(struct pto_task_payload, scalars, 2624);

enum pto_task_state { PTO_TASK_PENDING = 0, PTO_TASK_COMPLETED = 1, PTO_TASK_CONSUMED = 2 };

/* A consumer in the list of one producer. */
struct pto_dep_entry {
    struct pto_slot_state *consumer;
    struct pto_dep_entry *next;
};
PTO_ASSERT_SIZE(struct pto_dep_entry, 16);

/* The scheduling state of the task in one slot. */
struct pto_slot_state {
    PTO_ATOMIC(int32_t) fanout_lock; /* 0 or 1; guards fanout_head against completion */
    int32_t fanout_count;            /* 1 for the scope + consumers */
    struct pto_dep_entry *fanout_head;
    PTO_ATOMIC(int32_t) task_state; /* enum pto_task_state */
    PTO_ATOMIC(int32_t) fanin_refcount;
    int32_t fanin_count; /* producers + 1 */
    PTO_ATOMIC(int32_t) fanout_refcount;
    struct pto_task_payload *payload;
    struct pto_task_descriptor *task;
    uint8_t active_mask; /* enum pto_active_mask */
    uint8_t ring_id;
    uint8_t reserved[2];
    int32_t dep_pool_mark; /* top of the dependency pool once this task was wired */
    PTO_ATOMIC(int16_t) completed_subtasks;
    int16_t total_required_subtasks; /* blocks * lanes */
    int16_t logical_block_num;
    int16_t next_block_idx;
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_slot_state, 64);
PTO_ASSERT_ALIGN(struct pto_slot_state, 64);
PTO_ASSERT_FIELD(struct pto_slot_state, fanout_lock, 0);
PTO_ASSERT_FIELD(struct pto_slot_state, fanout_count, 4);
PTO_ASSERT_FIELD(struct pto_slot_state, fanout_head, 8);
PTO_ASSERT_FIELD(struct pto_slot_state, task_state, 16);
PTO_ASSERT_FIELD(struct pto_slot_state, fanin_refcount, 20);
PTO_ASSERT_FIELD(struct pto_slot_state, fanin_count, 24);
PTO_ASSERT_FIELD(struct pto_slot_state, fanout_refcount, 28);
PTO_ASSERT_FIELD(struct pto_slot_state, payload, 32);
PTO_ASSERT_FIELD(struct pto_slot_state, task, 40);
PTO_ASSERT_FIELD(struct pto_slot_state, active_mask, 48);
PTO_ASSERT_FIELD(struct pto_slot_state, ring_id, 49);
PTO_ASSERT_FIELD(struct pto_slot_state, dep_pool_mark, 52);
PTO_ASSERT_FIELD(struct pto_slot_state, completed_subtasks, 56);
PTO_ASSERT_FIELD(struct pto_slot_state, total_required_subtasks, 58);
PTO_ASSERT_FIELD(struct pto_slot_state, logical_block_num, 60);
PTO_ASSERT_FIELD(struct pto_slot_state, next_block_idx, 62);

struct pto_ring_header {
    PTO_ATOMIC(int32_t) current_task_index; /* next local id; the orchestrator's own line */
    uint8_t reserved0[60];
    PTO_ATOMIC(int32_t) last_task_alive; /* first local id that is not CONSUMED; the schedulers' own line */
    uint8_t reserved1[60];
    uint64_t task_window_size; /* slots */
    int32_t task_window_mask;
    uint32_t reserved2;
    uint64_t heap_size;          /* bytes */
    uint64_t descriptors_offset; /* bytes from the start of the region */
    struct pto_task_descriptor *descriptors;
    struct pto_task_payload *payloads;
    struct pto_slot_state *slot_states;
    uint8_t reserved3[8];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_ring_header, 192);
PTO_ASSERT_FIELD(struct pto_ring_header, current_task_index, 0);
PTO_ASSERT_FIELD(struct pto_ring_header, last_task_alive, 64);
PTO_ASSERT_FIELD(struct pto_ring_header, task_window_size, 128);
PTO_ASSERT_FIELD(struct pto_ring_header, task_window_mask, 136);
PTO_ASSERT_FIELD(struct pto_ring_header, heap_size, 144);
PTO_ASSERT_FIELD(struct pto_ring_header, descriptors_offset, 152);
PTO_ASSERT_FIELD(struct pto_ring_header, descriptors, 160);
PTO_ASSERT_FIELD(struct pto_ring_header, payloads, 168);
PTO_ASSERT_FIELD(struct pto_ring_header, slot_states, 176);

struct pto_sm_header {
    struct pto_ring_header rings[PTO_RING_COUNT];
    PTO_ATOMIC(int32_t) orchestrator_done;
    uint32_t reserved0;
    uint64_t total_size;                     /* bytes of the region */
    PTO_ATOMIC(uint64_t) graph_output_ptr;   /* packed graph output (R12), reset before each run */
    PTO_ATOMIC(uint64_t) graph_output_size;  /* bytes */
    PTO_ATOMIC(int32_t) orch_error_code;     /* enum pto_error_code; the first one stays */
    PTO_ATOMIC(uint32_t) sched_error_bitmap; /* bit per scheduler thread that timed out */
    PTO_ATOMIC(int32_t) sched_error_code;    /* enum pto_error_code; the first one stays */
    PTO_ATOMIC(int32_t) sched_error_thread;  /* the thread that latched it; -1 at start */
    uint8_t reserved1[16];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_sm_header, 832);
PTO_ASSERT_ALIGN(struct pto_sm_header, 64);
PTO_ASSERT_FIELD(struct pto_sm_header, rings, 0);
PTO_ASSERT_FIELD(struct pto_sm_header, orchestrator_done, 768);
PTO_ASSERT_FIELD(struct pto_sm_header, total_size, 776);
PTO_ASSERT_FIELD(struct pto_sm_header, graph_output_ptr, 784);
PTO_ASSERT_FIELD(struct pto_sm_header, graph_output_size, 792);
PTO_ASSERT_FIELD(struct pto_sm_header, orch_error_code, 800);
PTO_ASSERT_FIELD(struct pto_sm_header, sched_error_bitmap, 804);
PTO_ASSERT_FIELD(struct pto_sm_header, sched_error_code, 808);
PTO_ASSERT_FIELD(struct pto_sm_header, sched_error_thread, 812);

/* Bytes of one ring's descriptors, payloads and slot states. `window` as pto_sm_bytes accepts it. */
static inline uint64_t pto_sm_descriptors_bytes(uint64_t window)
{
    return (window * sizeof(struct pto_task_descriptor) + 63u) & ~(uint64_t)63u;
}

static inline uint64_t pto_sm_ring_bytes(uint64_t window)
{
    return pto_sm_descriptors_bytes(window) +
           window * (sizeof(struct pto_task_payload) + sizeof(struct pto_slot_state));
}

/* Bytes of the whole region for four rings of `window` slots; 0 unless it is a power of two from 4 to 2^30. */
static inline uint64_t pto_sm_bytes(uint64_t window)
{
    if (window < PTO_MIN_TASK_WINDOW || window > PTO_MAX_TASK_WINDOW || (window & (window - 1)) != 0) {
        return 0;
    }
    return sizeof(struct pto_sm_header) + PTO_RING_COUNT * pto_sm_ring_bytes(window);
}

/* Offset of ring r's descriptors; payloads and slot states follow them. */
static inline uint64_t pto_sm_ring_offset(uint64_t window, uint32_t ring)
{
    return sizeof(struct pto_sm_header) + ring * pto_sm_ring_bytes(window);
}

PTO_END_DECLS

#endif
