/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory on sim: straight from npu/hbm, whose owner is the context. */
#include <string.h>

#include "host/context.h"
#include "host/platform/memory.h"
#include "npu/redzone.h"

int platform_bind(struct host_context *context, int device_id)
{
    int result = npu_owner_attach(device_id, &context->owner);
    if (result != 0) {
        context->owner = NULL;
        return host_error(context, -1, "device %d: no owner of its memory: %s", device_id, strerror(-result));
    }
    return 0;
}

int platform_unbind(struct host_context *context)
{
    npu_owner_detach(context->owner, NULL, NULL);
    context->owner = NULL;
    return 0;
}

int platform_memory_alloc(struct host_context *context, enum pto_memory_kind kind, int callable_id, uint64_t bytes,
                          void **address)
{
    int result = npu_hbm_alloc(context->owner, kind, callable_id, bytes, address);
    return result == 0 ? 0
                       : host_error(context, result, "device %d: no %llu bytes of kind %s: %s", context->device_id,
                                    (unsigned long long)bytes, npu_memory_kind_name(kind), strerror(-result));
}

void platform_memory_free(struct host_context *context, void *address)
{
    (void)npu_hbm_free(context->owner, address);
}

int platform_memory_find(struct host_context *context, const void *address, struct pto_ledger_entry *entry)
{
    return npu_hbm_find(context->owner, address, entry);
}

void platform_memory_set_callable(struct host_context *context, void *address, int callable_id)
{
    (void)npu_hbm_set_callable(context->owner, address, callable_id);
}

int platform_memory_check(struct host_context *context, const void *address, uint64_t bytes)
{
    return npu_hbm_check(context->owner, address, bytes);
}

void platform_memory_usage(struct host_context *context, struct npu_usage *usage)
{
    npu_hbm_usage(context->owner, usage);
}

size_t platform_memory_ledger(struct host_context *context, struct pto_ledger_entry *entries, size_t capacity)
{
    return npu_hbm_ledger(context->owner, entries, capacity);
}

int platform_memory_set_capacity(struct host_context *context, uint64_t bytes)
{
    return npu_hbm_set_capacity(context->owner, bytes);
}

void platform_memory_guard(struct host_context *context, void *address, uint64_t bytes, bool closed)
{
    (void)context;
    if (closed) {
        npu_redzone_close(address, bytes);
    } else {
        npu_redzone_open(address, bytes);
    }
}
