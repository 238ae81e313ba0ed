/* SPDX-License-Identifier: Apache-2.0 */
#include "host/statistics.h"

#include "base/os.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"

static void statistics_add_memory(struct host_context *context, struct pto_statistics *statistics)
{
    struct npu_usage usage;
    if (context->device_id < 0) {
        return; /* bound to no device, a context holds no device memory */
    }
    platform_memory_usage(context, &usage);
    statistics->device_bytes = usage.bytes;
    statistics->device_bytes_peak = usage.peak;
    statistics->device_allocations = usage.allocations;
    statistics->device_capacity = usage.capacity;
    for (int i = 0; i < PTO_MEMORY_KIND_COUNT; i++) {
        statistics->device_bytes_by_kind[i] = usage.by_kind[i];
    }
}

void statistics_gather(struct host_context *context, struct pto_statistics *statistics)
{
    const struct host_counters *counters = &context->counters;
    struct pto_device_block block;
    platform_read_device_block(context, &block);
    *statistics = (struct pto_statistics){
        .size = sizeof(*statistics),
        .leftover_bytes = counters->leftover_bytes,
        .leftover_buffers = counters->leftover_buffers,
        .registered_callables = context->callables.count,
        .kernel_handles = platform_kernel_handles(context),
        .orchestration_handles = block.orchestration_handles,
        .orchestration_not_unloadable = counters->not_unloadable + block.not_unloadable,
        .host_dlopens = counters->host_dlopens,
        .aicpu_dlopens = counters->aicpu_dlopens,
        .open_images = os_open_images(),
        .staged_files = os_staged_files(),
        .runs = counters->runs,
        .failed_runs = counters->failed_runs,
        .last_tasks = counters->last_tasks,
        .last_dispatches = counters->last_dispatches,
        .last_switches = counters->last_switches,
        .last_reproducible = counters->last_reproducible,
    };
    for (int32_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        statistics->orchestration_handles += context->callables.entries[i].opened != NULL;
    }
    for (const struct chip_buffer *chip = context->chips.first; chip != NULL; chip = chip->next) {
        statistics->chip_buffers++;
        statistics->chip_leases += chip->leases;
    }
    statistics_add_memory(context, statistics);
    platform_driver_statistics(context, statistics);
}
