/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory on board: from the driver, which knows the device as a whole; what this context holds of it is here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "host/context.h"
#include "host/platform/onboard.h"

void onboard_memory_release(struct host_context *context)
{
    struct onboard_ledger *ledger = &context->platform->ledger;
    while (ledger->count != 0) {
        platform_memory_free(context, (void *)(uintptr_t)ledger->entries[ledger->count - 1].address);
    }
    free(ledger->entries);
    *ledger = (struct onboard_ledger){0};
    context->platform->image_bytes = 0;
    context->platform->image_count = 0;
}

/* Index of the first entry above `address`; the entry before it, if any, is the only one that can hold `address`. */
static size_t onboard_upper(const struct onboard_ledger *ledger, uint64_t address)
{
    size_t low = 0;
    size_t high = ledger->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->entries[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct pto_ledger_entry *onboard_entry_at(const struct onboard_ledger *ledger, const void *address)
{
    size_t above = onboard_upper(ledger, (uintptr_t)address);
    bool exact = above > 0 && ledger->entries[above - 1].address == (uintptr_t)address;
    return exact ? &ledger->entries[above - 1] : NULL;
}

/* Makes room for one more entry, so that recording it cannot fail. */
static int onboard_reserve_entry(struct onboard_ledger *ledger)
{
    if (ledger->count < ledger->capacity) {
        return 0;
    }
    size_t capacity = ledger->capacity != 0 ? ledger->capacity * 2 : 64;
    struct pto_ledger_entry *grown = os_alloc("onboard.ledger", capacity * sizeof(*grown));
    if (grown == NULL) {
        return -ENOMEM;
    }
    if (ledger->count != 0) {
        memcpy(grown, ledger->entries, ledger->count * sizeof(*grown));
    }
    free(ledger->entries);
    ledger->entries = grown;
    ledger->capacity = capacity;
    return 0;
}

static void onboard_record(struct onboard_ledger *ledger, const struct pto_ledger_entry *entry)
{
    size_t position = onboard_upper(ledger, entry->address);
    memmove(&ledger->entries[position + 1], &ledger->entries[position],
            (ledger->count - position) * sizeof(ledger->entries[0]));
    ledger->entries[position] = *entry;
    ledger->count++;
    ledger->bytes += entry->bytes;
    ledger->peak = ledger->bytes > ledger->peak ? ledger->bytes : ledger->peak;
    ledger->allocations++;
}

int platform_memory_alloc(struct host_context *context, enum pto_memory_kind kind, int callable_id, uint64_t bytes,
                          void **address)
{
    struct onboard_ledger *ledger = &context->platform->ledger;
    void *given = NULL;
    int result = onboard_reserve_entry(ledger);
    if (result != 0) {
        return host_error(context, result, "device %d: no host memory to record an allocation of %llu bytes",
                          context->platform->user.device_id, (unsigned long long)bytes);
    }
    result = onboard_holds_device(context) ? (int)rtMalloc(&given, bytes, RT_MEMORY_HBM, (uint16_t)kind)
                                           : (int)DRIVER_POISONED;
    if (result == DRIVER_OK && given == NULL) {
        result = DRIVER_OUT_OF_MEMORY; /* a driver that says yes and gives nothing */
    }
    if (result != DRIVER_OK) {
        return -onboard_failed(context, result, "rtMalloc");
    }
    onboard_record(ledger,
                   &(struct pto_ledger_entry){
                       .address = (uintptr_t)given, .bytes = bytes, .kind = (int32_t)kind, .callable_id = callable_id});
    *address = given;
    return 0;
}

void platform_memory_free(struct host_context *context, void *address)
{
    struct onboard_ledger *ledger = &context->platform->ledger;
    struct pto_ledger_entry *entry = onboard_entry_at(ledger, address);
    if (entry == NULL) {
        return;
    }
    /* What a reset took, it took. */
    int result = onboard_holds_device(context) ? rtFree(address) : DRIVER_OK;
    if (result != DRIVER_OK) {
        onboard_tolerated(context, result, "rtFree");
    }
    ledger->bytes -= entry->bytes;
    ledger->count--;
    memmove(entry, entry + 1, (ledger->count - (size_t)(entry - ledger->entries)) * sizeof(*entry));
}

int platform_memory_find(struct host_context *context, const void *address, struct pto_ledger_entry *entry)
{
    const struct pto_ledger_entry *found = onboard_entry_at(&context->platform->ledger, address);
    if (found == NULL) {
        return -ENOENT;
    }
    *entry = *found;
    return 0;
}

void platform_memory_set_callable(struct host_context *context, void *address, int callable_id)
{
    struct pto_ledger_entry *entry = onboard_entry_at(&context->platform->ledger, address);
    if (entry != NULL) {
        entry->callable_id = callable_id;
    }
}

int platform_memory_check(struct host_context *context, const void *address, uint64_t bytes)
{
    const struct onboard_ledger *ledger = &context->platform->ledger;
    size_t above = onboard_upper(ledger, (uintptr_t)address);
    if (above == 0) {
        return -ENOENT;
    }
    const struct pto_ledger_entry *entry = &ledger->entries[above - 1];
    uint64_t offset = (uintptr_t)address - entry->address;
    return offset <= entry->bytes && bytes <= entry->bytes - offset ? 0 : -ENOENT;
}

size_t platform_memory_ledger(struct host_context *context, struct pto_ledger_entry *entries, size_t capacity)
{
    const struct onboard_ledger *ledger = &context->platform->ledger;
    size_t copied = ledger->count < capacity ? ledger->count : capacity;
    if (copied != 0) {
        memcpy(entries, ledger->entries, copied * sizeof(*entries));
    }
    return ledger->count;
}

void platform_memory_usage(struct host_context *context, struct npu_usage *usage)
{
    const struct platform *platform = context->platform;
    const struct onboard_ledger *ledger = &platform->ledger;
    struct npu_driver_statistics device;
    npu_driver_statistics(platform->user.device_id, &device);
    *usage = (struct npu_usage){.bytes = ledger->bytes + platform->image_bytes,
                                .peak = ledger->peak + platform->image_bytes,
                                .allocations = ledger->allocations,
                                .buffers = ledger->count + platform->image_count,
                                .capacity = device.capacity,
                                .in_use = device.in_use};
    usage->by_kind[PTO_MEMORY_PROGRAM] = platform->image_bytes;
    usage->buffers_by_kind[PTO_MEMORY_PROGRAM] = platform->image_count;
    for (size_t i = 0; i < ledger->count; i++) {
        usage->by_kind[ledger->entries[i].kind] += ledger->entries[i].bytes;
        usage->buffers_by_kind[ledger->entries[i].kind]++;
    }
}

int platform_memory_set_capacity(struct host_context *context, uint64_t bytes)
{
    return npu_driver_set_capacity(context->platform->user.device_id, bytes);
}

void platform_memory_guard(struct host_context *context, void *address, uint64_t bytes, bool closed)
{
    if (onboard_holds_device(context)) {
        npu_driver_guard(address, bytes, closed);
    }
}
