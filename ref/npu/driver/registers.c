/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's registers as the host maps them, and how many cores a stream may use. */
#include <errno.h>

#include "base/os.h"
#include "npu/driver/state.h"

#define REGISTERS_C2C_BYTES 4096u

uint32_t driver_chip_cores(const struct npu_arch *arch)
{
    return arch->max_physical_cores / NPU_CORES_PER_BLOCK;
}

int driver_session_chip(struct npu_driver_session *session)
{
    if (session->pipes == NULL && npu_pipes_create(&session->pipes) != 0) {
        session->pipes = NULL;
        return -ENOMEM;
    }
    if (session->window == NULL) {
        void *window = NULL;
        size_t bytes = (size_t)session->arch->mapping.core_stride * driver_chip_cores(session->arch);
        if (os_map("driver.registers", bytes, &window) != 0) {
            return -ENOMEM;
        }
        session->window = window;
        session->window_bytes = bytes;
    }
    return 0;
}

struct npu_register_block *driver_session_registers(const struct npu_driver_session *session, uint32_t core,
                                                    uint32_t sub)
{
    const struct npu_register_mapping *mapping = &session->arch->mapping;
    size_t offset = (size_t)core * mapping->core_stride + (size_t)sub * mapping->sub_stride;
    return (struct npu_register_block *)(void *)(session->window + offset);
}

/* The hal calls name their device and need no context; a device that nobody uses is none of theirs. */
static bool registers_begin(struct driver_call *call, const char *site, uint32_t device_id)
{
    if (!driver_begin(call, site, DRIVER_NEEDS_NOTHING)) {
        return false;
    }
    bool own = call->device != NULL && (uint32_t)call->device->id == device_id;
    if (!own) {
        call->device = driver_device_find((int)device_id);
        call->session = call->device != NULL ? call->device->own : NULL;
    }
    if (call->device == NULL) {
        call->code = driver_end(call, DRIVER_INVALID_PARAMETER);
        return false;
    }
    if (call->device->fault != 0) {
        call->code = driver_end(call, DRIVER_REGISTER_POISONED);
        return false;
    }
    return true;
}

int halMemCtl(int type, void *in, size_t in_bytes, void *out, size_t *out_bytes)
{
    struct driver_call call;
    const struct AddrMapInPara *asked = in;
    struct AddrMapOutPara *told = out;
    if (type != 0 || asked == NULL || in_bytes != sizeof(*asked) || told == NULL) {
        return DRIVER_INVALID_PARAMETER;
    }
    *told = (struct AddrMapOutPara){0};
    if (!registers_begin(&call, "driver.halMemCtl", asked->devid)) {
        return call.code;
    }
    if (asked->addr_type != ADDR_MAP_TYPE_REG_AIC_CTRL && asked->addr_type != ADDR_MAP_TYPE_REG_AIC_PMU_CTRL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (driver_session_chip(call.session) != 0) {
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    told->ptr = (uintptr_t)call.session->window;
    told->len = call.session->window_bytes;
    if (out_bytes != NULL) {
        *out_bytes = sizeof(*told);
    }
    return driver_end(&call, DRIVER_OK);
}

int halResMap(unsigned int device, const struct res_map_info *resource, unsigned long *address, unsigned int *length)
{
    struct driver_call call;
    if (resource == NULL || address == NULL || length == NULL) {
        return DRIVER_INVALID_PARAMETER;
    }
    *address = 0;
    *length = 0;
    if (!registers_begin(&call, "driver.halResMap", device)) {
        return call.code;
    }
    const struct npu_arch *arch = call.session->arch;
    if (resource->res_type != RES_AICORE || resource->res_id >= driver_chip_cores(arch)) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (driver_session_chip(call.session) != 0) {
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    *address = (uintptr_t)driver_session_registers(call.session, resource->res_id, 0);
    *length = arch->mapping.core_bytes;
    return driver_end(&call, DRIVER_OK);
}

rtError_t rtGetC2cCtrlAddr(uint64_t *address, uint32_t *bytes)
{
    struct driver_call call;
    if (address != NULL && bytes != NULL) {
        *address = 0;
        *bytes = 0;
    }
    if (!driver_begin(&call, "driver.rtGetC2cCtrlAddr", DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    if (address == NULL || bytes == NULL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_device *device = call.device;
    if (device->c2c == NULL) {
        device->c2c = os_zalloc("driver.c2c", REGISTERS_C2C_BYTES);
    }
    if (device->c2c == NULL) {
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    *address = (uintptr_t)device->c2c;
    *bytes = REGISTERS_C2C_BYTES;
    return driver_end(&call, DRIVER_OK);
}

aclError aclrtGetStreamResLimit(aclrtStream stream, uint32_t type, uint32_t *value)
{
    struct driver_call call;
    if (value != NULL) {
        *value = 0;
    }
    if (!driver_begin(&call, "driver.aclrtGetStreamResLimit", DRIVER_NEEDS_CONTEXT)) {
        return call.code;
    }
    const struct driver_stream *found = driver_stream_find(call.device, stream);
    if (found == NULL || value == NULL || type > ACL_RT_DEV_RES_VECTOR_CORE) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    uint32_t blocks = found->session->arch->max_blocks;
    *value = type == ACL_RT_DEV_RES_CUBE_CORE ? blocks : blocks * NPU_AIV_PER_BLOCK;
    return driver_end(&call, DRIVER_OK);
}
