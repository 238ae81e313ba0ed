/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/hbm.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/os.h"
#include "npu/device.h"
#include "npu/memory.h"

struct npu_owner {
    struct npu_device *device;
    pthread_mutex_t lock;             /* guards everything below */
    struct pto_ledger_entry *entries; /* in address order */
    size_t count;
    size_t capacity;
    uint64_t bytes;
    uint64_t peak;
    uint64_t allocations;
};

const char *npu_memory_kind_name(enum pto_memory_kind kind)
{
    static const char *const names[PTO_MEMORY_KIND_COUNT] = {
        "client",  "chip_buffer", "staging", "ring_heap", "ring_shared",
        "runtime", "registers",   "program", "graph",     "comm",
    };
    return (unsigned int)kind < PTO_MEMORY_KIND_COUNT ? names[kind] : "unknown";
}

int npu_owner_attach(int device_id, struct npu_owner **owner)
{
    struct npu_owner *made = os_zalloc("npu.owner", sizeof(*made));
    if (made == NULL) {
        return -ENOMEM;
    }
    int result = npu_device_acquire(device_id, &made->device);
    if (result != 0) {
        free(made);
        return result;
    }
    (void)pthread_mutex_init(&made->lock, NULL);
    *owner = made;
    return 0;
}

void npu_owner_detach(struct npu_owner *owner, uint64_t *leftover_bytes, uint64_t *leftover_buffers)
{
    if (leftover_bytes != NULL) {
        *leftover_bytes = owner->bytes;
    }
    if (leftover_buffers != NULL) {
        *leftover_buffers = owner->count;
    }
    for (size_t i = 0; i < owner->count; i++) {
        npu_memory_put((void *)(uintptr_t)owner->entries[i].address, owner->entries[i].bytes);
    }
    npu_device_refund(owner->device, owner->bytes);
    npu_device_release(owner->device);
    (void)pthread_mutex_destroy(&owner->lock);
    free(owner->entries);
    free(owner);
}

/* Index of the first entry above `address`; the entry before it, if any, is the only one that can hold `address`. */
static size_t hbm_upper(const struct npu_owner *owner, uint64_t address)
{
    size_t low = 0;
    size_t high = owner->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (owner->entries[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct pto_ledger_entry *hbm_at(const struct npu_owner *owner, const void *address)
{
    size_t above = hbm_upper(owner, (uintptr_t)address);
    bool exact = above > 0 && owner->entries[above - 1].address == (uintptr_t)address;
    return exact ? &owner->entries[above - 1] : NULL;
}

/* Makes room for one more entry, so that recording it cannot fail. */
static int hbm_reserve_entry(struct npu_owner *owner)
{
    if (owner->count < owner->capacity) {
        return 0;
    }
    size_t capacity = owner->capacity != 0 ? owner->capacity * 2 : 64;
    struct pto_ledger_entry *grown = os_alloc("hbm.ledger", capacity * sizeof(*grown));
    if (grown == NULL) {
        return -ENOMEM;
    }
    if (owner->count != 0) {
        memcpy(grown, owner->entries, owner->count * sizeof(*grown));
    }
    free(owner->entries);
    owner->entries = grown;
    owner->capacity = capacity;
    return 0;
}

static void hbm_record(struct npu_owner *owner, const struct pto_ledger_entry *entry)
{
    size_t position = hbm_upper(owner, entry->address);
    memmove(&owner->entries[position + 1], &owner->entries[position],
            (owner->count - position) * sizeof(owner->entries[0]));
    owner->entries[position] = *entry;
    owner->count++;
    owner->bytes += entry->bytes;
    owner->peak = owner->bytes > owner->peak ? owner->bytes : owner->peak;
    owner->allocations++;
}

int npu_hbm_alloc(struct npu_owner *owner, enum pto_memory_kind kind, int callable_id, uint64_t bytes, void **address)
{
    char site[FAULT_SITE_NAME_BYTES];
    (void)snprintf(site, sizeof(site), "hbm.alloc.%s", npu_memory_kind_name(kind));
    bool ring = kind == PTO_MEMORY_RING_HEAP || kind == PTO_MEMORY_RING_SHARED;
    bool zeroed = kind == PTO_MEMORY_RUNTIME || kind == PTO_MEMORY_REGISTERS;
    (void)pthread_mutex_lock(&owner->lock);
    void *block = NULL;
    int result = hbm_reserve_entry(owner);
    if (result != 0) {
        goto out;
    }
    result = npu_device_charge(owner->device, bytes);
    if (result != 0) {
        goto out;
    }
    if (npu_memory_get(site, bytes, ring ? NPU_HBM_RING_ALIGN : NPU_HBM_ALIGN, zeroed, &block) != 0) {
        npu_device_refund(owner->device, bytes);
        result = -ENOMEM;
        goto out;
    }
    hbm_record(owner,
               &(struct pto_ledger_entry){
                   .address = (uintptr_t)block, .bytes = bytes, .kind = (int32_t)kind, .callable_id = callable_id});
    *address = block;

out:
    (void)pthread_mutex_unlock(&owner->lock);
    return result;
}

int npu_hbm_free(struct npu_owner *owner, void *address)
{
    (void)pthread_mutex_lock(&owner->lock);
    struct pto_ledger_entry *entry = hbm_at(owner, address);
    if (entry != NULL) {
        npu_memory_put(address, entry->bytes);
        npu_device_refund(owner->device, entry->bytes);
        owner->bytes -= entry->bytes;
        owner->count--;
        size_t position = (size_t)(entry - owner->entries);
        memmove(entry, entry + 1, (owner->count - position) * sizeof(*entry));
    }
    (void)pthread_mutex_unlock(&owner->lock);
    return entry != NULL ? 0 : -ENOENT;
}

int npu_hbm_find(struct npu_owner *owner, const void *address, struct pto_ledger_entry *entry)
{
    (void)pthread_mutex_lock(&owner->lock);
    const struct pto_ledger_entry *found = hbm_at(owner, address);
    if (found != NULL) {
        *entry = *found;
    }
    (void)pthread_mutex_unlock(&owner->lock);
    return found != NULL ? 0 : -ENOENT;
}

int npu_hbm_set_callable(struct npu_owner *owner, void *address, int callable_id)
{
    (void)pthread_mutex_lock(&owner->lock);
    struct pto_ledger_entry *entry = hbm_at(owner, address);
    if (entry != NULL) {
        entry->callable_id = callable_id;
    }
    (void)pthread_mutex_unlock(&owner->lock);
    return entry != NULL ? 0 : -ENOENT;
}

int npu_hbm_check(struct npu_owner *owner, const void *address, uint64_t bytes)
{
    uint64_t start = (uintptr_t)address;
    (void)pthread_mutex_lock(&owner->lock);
    size_t above = hbm_upper(owner, start);
    bool inside = false;
    if (above > 0) {
        const struct pto_ledger_entry *entry = &owner->entries[above - 1];
        uint64_t offset = start - entry->address;
        inside = offset <= entry->bytes && bytes <= entry->bytes - offset;
    }
    (void)pthread_mutex_unlock(&owner->lock);
    return inside ? 0 : -ENOENT;
}

void npu_hbm_usage(struct npu_owner *owner, struct npu_usage *usage)
{
    memset(usage, 0, sizeof(*usage));
    (void)pthread_mutex_lock(&owner->lock);
    usage->bytes = owner->bytes;
    usage->peak = owner->peak;
    usage->allocations = owner->allocations;
    usage->buffers = owner->count;
    for (size_t i = 0; i < owner->count; i++) {
        usage->by_kind[owner->entries[i].kind] += owner->entries[i].bytes;
        usage->buffers_by_kind[owner->entries[i].kind]++;
    }
    npu_device_usage(owner->device, &usage->capacity, &usage->in_use);
    (void)pthread_mutex_unlock(&owner->lock);
}

size_t npu_hbm_ledger(struct npu_owner *owner, struct pto_ledger_entry *entries, size_t capacity)
{
    (void)pthread_mutex_lock(&owner->lock);
    size_t count = owner->count;
    size_t copied = count < capacity ? count : capacity;
    if (copied != 0) {
        memcpy(entries, owner->entries, copied * sizeof(*entries));
    }
    (void)pthread_mutex_unlock(&owner->lock);
    return count;
}

int npu_hbm_set_capacity(struct npu_owner *owner, uint64_t bytes)
{
    return npu_device_set_capacity(owner->device, bytes);
}
