/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers on board (R18): the driver maps them, the table of their addresses goes to the device once. A mapping that
 * fails is an error of the run; no address is ever made up.
 */
#include <time.h>

#include "host/context.h"
#include "host/platform/onboard.h"

#define ONBOARD_MAP_RETRIES 3
#define ONBOARD_MAP_RETRY_NS 50000000ull

/* Exec time inside a processor, where others run on; a plain thread has only the machine's. */
static void onboard_map_pause(void)
{
    _Atomic uint32_t nobody = 0;
    if (exec_current_engine() != NULL) {
        (void)exec_wait(&nobody, 0, exec_now() + ONBOARD_MAP_RETRY_NS);
    } else {
        const struct timespec pause = {.tv_nsec = (long)ONBOARD_MAP_RETRY_NS};
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
}

/*
 * The calls that map registers name their device and need no context: a device that was reset meanwhile answers for
 * those who came after (R17). What they say is believed only while the device is held.
 */

/* One mapping of all cores. 13 says that it raced with a fork, and passes. */
static int onboard_map_device(struct host_context *context, uint64_t *base)
{
    int result = DRIVER_OK;
    for (int i = 0; i <= ONBOARD_MAP_RETRIES; i++) {
        struct AddrMapInPara in = {.addr_type = ADDR_MAP_TYPE_REG_AIC_CTRL, .devid = (uint32_t)context->device_id};
        struct AddrMapOutPara out = {0};
        size_t out_bytes = sizeof(out);
        result = halMemCtl(0, &in, sizeof(in), &out, &out_bytes);
        if (!onboard_holds_device(context)) {
            break;
        }
        if (result == DRIVER_OK && out.ptr == 0) {
            return host_error(context, -1, "device %d: halMemCtl gave no register base", context->device_id);
        }
        if (result == DRIVER_OK) {
            *base = out.ptr;
            return 0;
        }
        if (result != DRIVER_REGISTER_BUSY || i == ONBOARD_MAP_RETRIES) {
            break;
        }
        onboard_map_pause();
        int entered = onboard_enter_device(context);
        if (entered != 0) {
            return entered;
        }
    }
    return onboard_failed(context, result, "halMemCtl");
}

static int onboard_map_core(struct host_context *context, uint32_t core, uint64_t *base)
{
    const struct res_map_info resource = {.res_type = RES_AICORE, .res_id = core};
    unsigned long address = 0;
    unsigned int length = NPU_ARCH_TABLE.mapping.core_bytes;
    int result = halResMap((unsigned int)context->device_id, &resource, &address, &length);
    if (result != DRIVER_OK || !onboard_holds_device(context)) {
        return onboard_failed(context, result, "halResMap");
    }
    if (address == 0 || length < NPU_ARCH_TABLE.mapping.core_bytes) {
        return host_error(context, -1, "device %d: halResMap gave %u bytes of registers for core %u, not %u",
                          context->device_id, length, core, NPU_ARCH_TABLE.mapping.core_bytes);
    }
    *base = address;
    return 0;
}

/* Register base of each core by physical id: die by die all AICs, then their AIVs. */
static int onboard_list_registers(struct host_context *context, uint64_t table[NPU_MAX_PHYSICAL_CORES])
{
    const struct npu_register_mapping *mapping = &NPU_ARCH_TABLE.mapping;
    const uint32_t dies = NPU_ARCH_TABLE.dies;
    const uint32_t clusters = NPU_MAX_PHYSICAL_CORES / NPU_CORES_PER_BLOCK / dies; /* of one die */
    uint64_t device = 0;
    int result = mapping->per_core ? 0 : onboard_map_device(context, &device);
    for (uint32_t i = 0; i < dies * clusters && result == 0; i++) {
        uint64_t core = device + (uint64_t)i * mapping->core_stride;
        if (mapping->per_core) {
            result = onboard_map_core(context, i, &core);
        }
        uint64_t *die = table + (i / clusters) * clusters * NPU_CORES_PER_BLOCK;
        uint32_t in_die = i % clusters;
        die[in_die] = core;
        for (uint32_t sub = 0; sub < NPU_AIV_PER_BLOCK; sub++) {
            die[clusters + in_die * NPU_AIV_PER_BLOCK + sub] = core + (uint64_t)(sub + 1) * mapping->sub_stride;
        }
    }
    return result;
}

/* Where the architecture has one, its programs are told where the cross-core synchronisation block lies. */
static int onboard_ffts_map(struct host_context *context)
{
    uint64_t *base = NPU_KERNEL_ARGS_FFTS(&context->platform->args);
    uint32_t bytes = 0;
    if (base == NULL || *base != 0) {
        return 0;
    }
    int result = rtGetC2cCtrlAddr(base, &bytes);
    if (result != DRIVER_OK || *base == 0) {
        *base = 0;
        return onboard_failed(context, result != DRIVER_OK ? result : -1, "rtGetC2cCtrlAddr");
    }
    context->platform->args_uploaded = false;
    return 0;
}

int onboard_registers_map(struct host_context *context)
{
    struct platform *platform = context->platform;
    uint64_t table[NPU_MAX_PHYSICAL_CORES] = {0};
    void *address = NULL;
    int result = onboard_ffts_map(context);
    if (result != 0 || platform->register_table != NULL) {
        return result;
    }
    result = onboard_list_registers(context, table);
    if (result != 0) {
        return result;
    }
    result = platform_memory_alloc(context, PTO_MEMORY_REGISTERS, -1, sizeof(table), &address);
    if (result != 0) {
        return host_error_because(context, -1, "no device memory for the register addresses of %u cores",
                                  NPU_MAX_PHYSICAL_CORES);
    }
    result = -platform_copy_in(context, address, table, sizeof(table));
    if (result != 0) {
        platform_memory_free(context, address);
        return host_error_because(context, result, "the register addresses were not copied to the device");
    }
    platform->register_table = address;
    return 0;
}
