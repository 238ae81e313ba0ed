/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/debug_api.h"

#include <stdlib.h>
#include <string.h>

#include "abi/layout.h"
#include "base/fault.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/statistics.h"

static int debug_get_statistics(void *ctx, struct pto_statistics *statistics)
{
    if (statistics == NULL || statistics->size < sizeof(statistics->size) || !host_enter_to_look(ctx)) {
        return -1;
    }
    struct pto_statistics full;
    statistics_gather(ctx, &full);
    host_leave(ctx);
    uint64_t size = statistics->size < sizeof(full) ? statistics->size : sizeof(full);
    full.size = size;
    memcpy(statistics, &full, size);
    return 0;
}

static int64_t debug_get_ledger(void *ctx, struct pto_ledger_entry *entries, size_t capacity)
{
    struct host_context *context = ctx;
    if ((entries == NULL && capacity != 0) || !host_enter_to_look(context)) {
        return -1;
    }
    int64_t count = context->device_id >= 0 ? (int64_t)platform_memory_ledger(context, entries, capacity) : 0;
    host_leave(context);
    return count;
}

static uint64_t debug_lessees(const struct host_context *context, const struct chip_buffer *chip)
{
    uint64_t callables = 0;
    for (int32_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        callables |= (uint64_t)(context->callables.entries[i].chip == chip) << i;
    }
    return callables;
}

static int64_t debug_get_chip_buffers(void *ctx, struct pto_chip_buffer *buffers, size_t capacity)
{
    const struct host_context *context = ctx;
    int64_t count = 0;
    if ((buffers == NULL && capacity != 0) || !host_enter_to_look(ctx)) {
        return -1;
    }
    for (const struct chip_buffer *chip = context->chips.first; chip != NULL; chip = chip->next, count++) {
        if ((size_t)count < capacity) {
            buffers[count] = (struct pto_chip_buffer){.address = (uintptr_t)chip->device,
                                                      .bytes = chip->image.size,
                                                      .content_hash = chip->hash,
                                                      .callables = debug_lessees(context, chip),
                                                      .leases = chip->leases,
                                                      .kernels = chip->kernel_count};
        }
    }
    host_leave(ctx);
    return count;
}

static int64_t debug_get_driver_objects(void *ctx, struct pto_driver_object *objects, size_t capacity)
{
    if ((objects == NULL && capacity != 0) || !host_enter_to_look(ctx)) {
        return -1;
    }
    int64_t count = (int64_t)platform_driver_objects(ctx, objects, capacity);
    host_leave(ctx);
    return count;
}

static int debug_set_engine(void *ctx, const struct pto_engine_options *options)
{
    struct host_context *context = ctx;
    /* Relaxed: asking while a run starts may be answered either way; the lock below decides. */
    if (context == NULL || options == NULL || options->size < PTO_ENGINE_OPTIONS_LEAST_BYTES ||
        atomic_load_explicit(&context->running, memory_order_relaxed) || !host_enter(context)) {
        return -1;
    }
    int result = platform_set_engine(context, options);
    if (result == 0) {
        user_code_configure(context, options);
    }
    host_leave(context);
    return result;
}

static int debug_set_device_capacity(void *ctx, uint64_t bytes)
{
    struct host_context *context = ctx;
    if (!host_enter(context)) {
        return -1;
    }
    uint64_t wanted = bytes != 0 ? bytes : NPU_HBM_DEFAULT_BYTES;
    int result = host_check_device(context);
    if (result == 0 && platform_memory_set_capacity(context, wanted) != 0) {
        result = host_error(context, -1, "device %d: more than %llu bytes are in use", context->device_id,
                            (unsigned long long)wanted);
    }
    host_leave(context);
    return result;
}

static const char *debug_last_error(void *ctx)
{
    struct host_context *context = ctx;
    return context != NULL ? context->error : "the context is NULL";
}

static int debug_install_faults(const struct pto_fault_rule *rules, size_t count)
{
    if (rules == NULL && count != 0) {
        return -1;
    }
    size_t bytes;
    if (__builtin_mul_overflow(count, sizeof(struct fault_rule), &bytes)) {
        return -1;
    }
    struct fault_rule *plan = count != 0 ? malloc(bytes) : NULL; /* no site: this is what installs them */
    if (count != 0 && plan == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        _Static_assert(sizeof(plan->site) == sizeof(rules->site), "site names have one size");
        plan[i] = (struct fault_rule){.nth = rules[i].nth,
                                      .sticky = rules[i].sticky != 0,
                                      .error = rules[i].error,
                                      .values = {rules[i].values[0], rules[i].values[1]}};
        memcpy(plan[i].site, rules[i].site, sizeof(plan[i].site));
    }
    int result = fault_plan_install(plan, count);
    free(plan);
    return result == 0 ? 0 : -1;
}

static size_t debug_get_fault_sites(struct pto_fault_site *sites, size_t capacity)
{
    _Static_assert(sizeof(struct pto_fault_site) == sizeof(struct fault_site_count) &&
                       offsetof(struct pto_fault_site, calls) == offsetof(struct fault_site_count, calls) &&
                       offsetof(struct pto_fault_site, fired) == offsetof(struct fault_site_count, fired),
                   "both records are the same bytes");
    return fault_sites((struct fault_site_count *)(void *)sites, sites != NULL ? capacity : 0);
}

static const struct pto_debug_api debug_api_table = {
    .version = PTO_DEBUG_API_VERSION,
    .size = sizeof(struct pto_debug_api),
    .get_statistics = debug_get_statistics,
    .get_ledger = debug_get_ledger,
    .set_engine = debug_set_engine,
    .set_device_capacity = debug_set_device_capacity,
    .last_error = debug_last_error,
    .install_faults = debug_install_faults,
    .clear_faults = fault_plan_clear,
    .get_fault_sites = debug_get_fault_sites,
    .get_chip_buffers = debug_get_chip_buffers,
    .get_driver_objects = debug_get_driver_objects,
};

PTO_EXPORT pto_debug_api_function pto_debug_api;

const struct pto_debug_api *pto_debug_api(void)
{
    return &debug_api_table;
}
