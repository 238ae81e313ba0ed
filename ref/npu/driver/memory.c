/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory: rtMalloc and what works on it, and the ACL's names for the same. */
#include <string.h>

#include "base/fault.h"
#include "npu/driver/state.h"
#include "npu/redzone.h"

bool driver_holds(const struct driver_device *device, const void *address, uint64_t bytes)
{
    return address != NULL && npu_hbm_check(device->owner, address, bytes) == 0;
}

static int memory_alloc(const char *site, void **address, uint64_t bytes, uint16_t module)
{
    struct driver_call call;
    if (address != NULL) {
        *address = NULL;
    }
    if (!driver_begin(&call, site, DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    if (address == NULL || module >= PTO_MEMORY_KIND_COUNT) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (npu_hbm_alloc(call.device->owner, (enum pto_memory_kind)module, -1, bytes, address) != 0) {
        *address = NULL;
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    call.device->counters.allocations++;
    return driver_end(&call, DRIVER_OK);
}

/* Images are the driver's own: they cannot be freed. */
static bool memory_is_image(const struct driver_device *device, const void *address)
{
    const struct driver_image *image = device->images;
    while (image != NULL && image->bytes != address) {
        image = image->next;
    }
    return image != NULL;
}

static int memory_free(const char *site, void *address)
{
    struct driver_call call;
    if (!driver_begin(&call, site, DRIVER_NEEDS_CONTEXT)) {
        return call.code;
    }
    struct pto_ledger_entry entry;
    if (address == NULL || memory_is_image(call.device, address) ||
        npu_hbm_find(call.device->owner, address, &entry) != 0) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    driver_code_changed(call.device->code, address, entry.bytes);
    (void)npu_hbm_free(call.device->owner, address);
    call.device->counters.frees++;
    return driver_end(&call, DRIVER_OK);
}

/* Is this a copy that may be made? */
static bool memory_may_copy(const struct driver_device *device, const void *to, uint64_t capacity, const void *from,
                            uint64_t bytes, enum rtMemcpyKind kind)
{
    bool to_device = kind == RT_MEMCPY_HOST_TO_DEVICE || kind == RT_MEMCPY_DEVICE_TO_DEVICE;
    bool from_device = kind == RT_MEMCPY_DEVICE_TO_HOST || kind == RT_MEMCPY_DEVICE_TO_DEVICE;
    return to != NULL && from != NULL && bytes <= capacity && (uint32_t)kind <= RT_MEMCPY_DEVICE_TO_DEVICE &&
           (!to_device || driver_holds(device, to, bytes)) && (!from_device || driver_holds(device, from, bytes));
}

/* What was not done although it was reported done (driver.h "Fault plans"). */
static int memory_lied(const struct driver_call *call, const char *site, const void *to, const void *from,
                       uint64_t bytes, uint64_t kind)
{
    if (call->lies) {
        const uint64_t truth[4] = {(uintptr_t)to, (uintptr_t)from, bytes, kind};
        fault_tell_truth(site, truth);
        call->device->lied = true;
        npu_redzone_define(to, bytes);
    }
    return call->code;
}

/* The copy itself is made without the lock; a reset waits for it. */
static int memory_copy(const char *site, void *to, uint64_t capacity, const void *from, uint64_t bytes,
                       enum rtMemcpyKind kind)
{
    struct driver_call call;
    if (!driver_begin(&call, site, DRIVER_NEEDS_SOUND)) {
        return memory_lied(&call, site, to, from, bytes, kind);
    }
    if (!memory_may_copy(call.device, to, capacity, from, bytes, kind)) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    call.device->busy++;
    driver_unlock();
    memmove(to, from, bytes);
    driver_lock();
    call.device->busy--;
    if (kind == RT_MEMCPY_HOST_TO_DEVICE || kind == RT_MEMCPY_DEVICE_TO_DEVICE) {
        driver_code_changed(call.device->code, to, bytes); /* also what a core loaded while half of it was there */
    }
    call.device->counters.copies++;
    driver_tell_end();
    return driver_end(&call, DRIVER_OK);
}

void npu_driver_guard(void *address, uint64_t bytes, bool closed)
{
    driver_lock(); /* which a reset needs to take memory away */
    const struct driver_device *device = driver_device_of_thread();
    if (device != NULL && driver_holds(device, address, bytes)) {
        if (closed) {
            npu_redzone_close(address, bytes);
        } else {
            npu_redzone_open(address, bytes);
        }
    }
    driver_unlock();
}

rtError_t rtMalloc(void **address, uint64_t bytes, uint32_t type, uint16_t module)
{
    return memory_alloc("driver.rtMalloc", address, bytes, type == RT_MEMORY_HBM ? module : UINT16_MAX);
}

rtError_t rtFree(void *address)
{
    return memory_free("driver.rtFree", address);
}

rtError_t rtMemcpy(void *to, uint64_t capacity, const void *from, uint64_t bytes, enum rtMemcpyKind kind)
{
    return memory_copy("driver.rtMemcpy", to, capacity, from, bytes, kind);
}

rtError_t rtMemset(void *address, uint64_t capacity, uint32_t value, uint64_t bytes)
{
    struct driver_call call;
    if (!driver_begin(&call, "driver.rtMemset", DRIVER_NEEDS_SOUND)) {
        return memory_lied(&call, "driver.rtMemset", address, NULL, bytes, RT_MEMCPY_DEVICE_TO_DEVICE);
    }
    if (bytes > capacity || !driver_holds(call.device, address, bytes)) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    call.device->busy++;
    driver_unlock();
    memset(address, (int)(value & 0xFFu), bytes);
    driver_lock();
    call.device->busy--;
    driver_code_changed(call.device->code, address, bytes);
    call.device->counters.copies++;
    driver_tell_end();
    return driver_end(&call, DRIVER_OK);
}

aclError aclrtMalloc(void **address, size_t bytes, uint32_t policy)
{
    (void)policy;
    return memory_alloc("driver.aclrtMalloc", address, bytes, PTO_MEMORY_RUNTIME);
}

aclError aclrtFree(void *address)
{
    return memory_free("driver.aclrtFree", address);
}

aclError aclrtMemcpy(void *to, size_t capacity, const void *from, size_t bytes, uint32_t kind)
{
    return memory_copy("driver.aclrtMemcpy", to, capacity, from, bytes, (enum rtMemcpyKind)kind);
}
