/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch: what a trb scheduler hands to a core with one id, and what a kernel hands back (device.md 4.3, 5.1, 9.5).
 *
 * Two payloads per core, selected by id & 1. The scheduler writes a payload before it writes the id to DATA_MAIN_BASE
 * (release) and does not touch it again until the core has answered FIN for that id. The kernel gets the address of
 * `args`.
 */
#ifndef ABI_DISPATCH_H
#define ABI_DISPATCH_H

#include "abi/layout.h"

PTO_BEGIN_DECLS

#define PTO_DISPATCH_ARGS 50
#define PTO_DISPATCH_LOCAL_CONTEXT_INDEX 48  /* args[48]: address of the local context */
#define PTO_DISPATCH_GLOBAL_CONTEXT_INDEX 49 /* args[49]: address of the global context */

enum pto_async_engine {
    PTO_ASYNC_SDMA = 0,
    PTO_ASYNC_ROCE = 1,
    PTO_ASYNC_URMA = 2,
    PTO_ASYNC_CCU = 3,
};

enum pto_completion_type {
    PTO_COMPLETION_COUNTER = 0,           /* the u32 at addr is >= expected, compared unsigned */
    PTO_COMPLETION_SDMA_EVENT_RECORD = 1, /* a2a3: the record at addr has its flag set */
};

/* One condition that must hold before a deferred task counts as complete. */
struct pto_completion_entry {
    uint64_t addr; /* device address of the counter or event record */
    uint32_t expected;
    uint32_t engine; /* enum pto_async_engine */
    int32_t type;    /* enum pto_completion_type */
    uint32_t reserved;
};
PTO_ASSERT_SIZE(struct pto_completion_entry, 24);
PTO_ASSERT_FIELD(struct pto_completion_entry, addr, 0);
PTO_ASSERT_FIELD(struct pto_completion_entry, expected, 8);
PTO_ASSERT_FIELD(struct pto_completion_entry, engine, 12);
PTO_ASSERT_FIELD(struct pto_completion_entry, type, 16);

/* What an SDMA engine leaves when a transfer is done (a2a3). Whoever saw `flag` zeroes the first 8 bytes and writes
 * sq_tail | sq_tail << 32 to where channel_info points. */
struct pto_sdma_event_record {
    uint32_t flag; /* not 0: done */
    uint32_t sq_tail;
    uint64_t channel_info; /* device address of 8 bytes */
};
PTO_ASSERT_SIZE(struct pto_sdma_event_record, 16);
PTO_ASSERT_FIELD(struct pto_sdma_event_record, sq_tail, 4);
PTO_ASSERT_FIELD(struct pto_sdma_event_record, channel_info, 8);

#define PTO_COMPLETION_SLAB_ENTRIES 64

/* Two per core, beside the payloads. The scheduler zeroes count and error before a dispatch; the kernel fills it in. */
struct pto_completion_slab {
    uint32_t count;
    int32_t error; /* 0, or the code the kernel wants latched (overflow: PTO_ERR_ASYNC_WAIT_OVERFLOW) */
    struct pto_completion_entry entries[PTO_COMPLETION_SLAB_ENTRIES];
    uint8_t reserved[56];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_completion_slab, 1600);
PTO_ASSERT_ALIGN(struct pto_completion_slab, 64);
PTO_ASSERT_FIELD(struct pto_completion_slab, count, 0);
PTO_ASSERT_FIELD(struct pto_completion_slab, error, 4);
PTO_ASSERT_FIELD(struct pto_completion_slab, entries, 8);

/* The kernel's way to its slab. Deferral is possible iff task_token is not all ones and count is not NULL. */
struct pto_async_context {
    uint32_t *count;
    int32_t *error;
    struct pto_completion_entry *entries;
    uint32_t capacity; /* entries */
    uint32_t reserved;
    uint64_t task_token; /* the task's id */
};
PTO_ASSERT_SIZE(struct pto_async_context, 40);
PTO_ASSERT_FIELD(struct pto_async_context, count, 0);
PTO_ASSERT_FIELD(struct pto_async_context, error, 8);
PTO_ASSERT_FIELD(struct pto_async_context, entries, 16);
PTO_ASSERT_FIELD(struct pto_async_context, capacity, 24);
PTO_ASSERT_FIELD(struct pto_async_context, task_token, 32);

/* Of one dispatch. */
struct pto_local_context {
    int32_t block_idx; /* 0 .. block_num - 1 */
    int32_t block_num;
    struct pto_async_context async;
};
PTO_ASSERT_SIZE(struct pto_local_context, 48);
PTO_ASSERT_FIELD(struct pto_local_context, block_idx, 0);
PTO_ASSERT_FIELD(struct pto_local_context, block_num, 4);
PTO_ASSERT_FIELD(struct pto_local_context, async, 8);

/* Of one core; set once per run. */
struct pto_global_context {
    int32_t sub_block_id; /* lane within the cluster: AIV0 0, AIV1 1, AIC 0 */
    int32_t reserved;
};
PTO_ASSERT_SIZE(struct pto_global_context, 8);

struct pto_async_mailbox;

struct pto_dispatch_payload {
    uint64_t function_addr;           /* 0: nothing is called, the id is answered all the same */
    uint64_t args[PTO_DISPATCH_ARGS]; /* addresses of tensors, right behind them scalars, contexts at 48 and 49 */
    struct pto_local_context local;
    struct pto_global_context global;
    struct pto_async_mailbox *async_mailbox; /* abi/async_mailbox.h */
    uint8_t reserved[40];
} PTO_ALIGNED(64);
PTO_ASSERT_SIZE(struct pto_dispatch_payload, 512);
PTO_ASSERT_ALIGN(struct pto_dispatch_payload, 64);
PTO_ASSERT_FIELD(struct pto_dispatch_payload, function_addr, 0);
PTO_ASSERT_FIELD(struct pto_dispatch_payload, args, 8);
PTO_ASSERT_FIELD(struct pto_dispatch_payload, local, 408);
PTO_ASSERT_FIELD(struct pto_dispatch_payload, global, 456);
PTO_ASSERT_FIELD(struct pto_dispatch_payload, async_mailbox, 464);

PTO_END_DECLS

#endif
