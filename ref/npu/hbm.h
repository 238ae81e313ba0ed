/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hbm: device memory with its ledger (design section 2, R7, R15, R34).
 *
 * A device is process-wide, found by its id and refcounted by the contexts that attach. Its memory has a capacity (16
 * GiB by default, reserved and not committed); every allocation is charged and recorded with owner, kind and callable,
 * so that a gate can ask who holds what. A device address is the host address of the simulated memory, 64-aligned at
 * least, 1024-aligned for the ring kinds. Allocations of owner A are invisible to owner B (R14). Thread safe.
 *
 * What a program must not touch is out of bounds for the tools too: an allocation has redzones (allocator's redzones
 * when it is small, guard pages and a poisoned tail when it is 128 KiB or more).
 */
#ifndef NPU_HBM_H
#define NPU_HBM_H

#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"

#define NPU_HBM_DEFAULT_BYTES (16ull << 30)
#define NPU_HBM_ALIGN 64u
#define NPU_HBM_RING_ALIGN 1024u            /* of the kinds RING_HEAP and RING_SHARED (host.md 5.1) */
#define NPU_HBM_MAPPED_BYTES (128u * 1024u) /* from this size on an allocation is a mapping of its own */

struct npu_device;

/* One per context; the ledger's key. */
struct npu_owner;

/* Finds or makes the device and adds one owner to it. Returns 0, -EINVAL (negative id), -ENOMEM. */
int npu_owner_attach(int device_id, struct npu_owner **owner);
/* Frees what the owner still holds (told in the two results, which may be NULL) and leaves the device. */
void npu_owner_detach(struct npu_owner *owner, uint64_t *leftover_bytes, uint64_t *leftover_buffers);

/*
 * bytes 0 is served with a distinct address. Returns 0, -ENOMEM when the capacity or the machine does not allow it
 * (with the ledger unchanged). Memory is zero only for kinds RUNTIME and REGISTERS. Fault site "hbm.alloc.<kind name>".
 */
int npu_hbm_alloc(struct npu_owner *owner, enum pto_memory_kind kind, int callable_id, uint64_t bytes, void **address);
/* Returns 0, or -ENOENT when the owner has no allocation at exactly this address (nothing happens then). */
int npu_hbm_free(struct npu_owner *owner, void *address);
/* The ledger entry of the allocation that starts at exactly this address. Returns 0 or -ENOENT. */
int npu_hbm_find(struct npu_owner *owner, const void *address, struct pto_ledger_entry *entry);
/* -1 = belongs to no single callable. */
int npu_hbm_set_callable(struct npu_owner *owner, void *address, int callable_id);
/* 0 when [address, address + bytes) lies inside one live allocation of the owner, otherwise -ENOENT. */
int npu_hbm_check(struct npu_owner *owner, const void *address, uint64_t bytes);

struct npu_usage {
    uint64_t bytes;
    uint64_t peak;
    uint64_t by_kind[PTO_MEMORY_KIND_COUNT];
    uint64_t allocations; /* calls that allocated, ever */
    uint64_t buffers;     /* live allocations */
    uint64_t buffers_by_kind[PTO_MEMORY_KIND_COUNT];
    uint64_t capacity; /* of the whole device ... */
    uint64_t in_use;   /* ... and what all its owners hold */
};
void npu_hbm_usage(struct npu_owner *owner, struct npu_usage *usage);
/* Entries in address order; returns how many there are. */
size_t npu_hbm_ledger(struct npu_owner *owner, struct pto_ledger_entry *entries, size_t capacity);
/* Capacity of the whole device. -EBUSY when more is in use. */
int npu_hbm_set_capacity(struct npu_owner *owner, uint64_t bytes);

const char *npu_memory_kind_name(enum pto_memory_kind kind);

#endif
