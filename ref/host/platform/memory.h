/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: the device memory of one context and its ledger, from whatever the platform takes it (R7, R14, R15).
 *
 * Every allocation has a kind and, where that makes sense, a callable. Sim takes memory from npu/hbm, which keeps the
 * ledger; onboard takes it from the driver and keeps the ledger itself. All functions run with the context's lock held
 * and, platform_bind excepted, on a context that is bound to a device.
 */
#ifndef HOST_PLATFORM_MEMORY_H
#define HOST_PLATFORM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "npu/hbm.h"

struct host_context;

/*
 * Makes the context a user of the device, for this thread and all that follow. Returns 0, or -1 or the driver's code
 * with error text: then nothing is held.
 */
int platform_bind(struct host_context *context, int device_id);
/*
 * Frees what the context still holds and leaves the device, in any case. 0, or the driver's code with error text when
 * the reset that this asked for failed.
 */
int platform_unbind(struct host_context *context);

/* 64-aligned, the ring kinds 1024-aligned; zero for kinds RUNTIME and REGISTERS. Returns 0, or non-zero with error
 * text. */
int platform_memory_alloc(struct host_context *context, enum pto_memory_kind kind, int callable_id, uint64_t bytes,
                          void **address);
/* An address of platform_memory_alloc, exactly. */
void platform_memory_free(struct host_context *context, void *address);
/* The ledger entry of the allocation that starts at exactly this address. Returns 0 or -ENOENT. */
int platform_memory_find(struct host_context *context, const void *address, struct pto_ledger_entry *entry);
/* -1: belongs to no single callable. */
void platform_memory_set_callable(struct host_context *context, void *address, int callable_id);
/* 0 when [address, address + bytes) lies inside one live allocation of the context, otherwise -ENOENT. */
int platform_memory_check(struct host_context *context, const void *address, uint64_t bytes);
/* Tells the tools that nobody may touch these bytes of an allocation (npu/redzone.h), or that everybody may again. */
void platform_memory_guard(struct host_context *context, void *address, uint64_t bytes, bool closed);
void platform_memory_usage(struct host_context *context, struct npu_usage *usage);
/* Entries in address order; returns how many there are. */
size_t platform_memory_ledger(struct host_context *context, struct pto_ledger_entry *entries, size_t capacity);
/* Capacity of the whole device. Non-zero when more is in use. */
int platform_memory_set_capacity(struct host_context *context, uint64_t bytes);

#endif
