/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's device, its reset, and the calls that concern the whole process. */
#include <stdlib.h>

#include "npu/driver/state.h"

static bool context_acl_is_ready; /* under the driver's lock */
static int context_log_level = -1;

static int context_set(const char *site, int32_t id)
{
    struct driver_call call;
    if (!driver_begin(&call, site, DRIVER_NEEDS_NOTHING)) {
        return call.code;
    }
    if (id < 0) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_device *device = driver_device_get(id);
    if (device == NULL) {
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    struct driver_thread *thread = driver_thread();
    device->has_context = true;
    thread->device_id = id;
    thread->generation = device->generation;
    return driver_end(&call, DRIVER_OK);
}

static void context_drop_memory(struct driver_device *device)
{
    struct pto_ledger_entry entry;
    while (npu_hbm_ledger(device->owner, &entry, 1) != 0) {
        (void)npu_hbm_free(device->owner, (void *)(uintptr_t)entry.address);
    }
    free(device->c2c);
    device->c2c = NULL;
}

static void context_drop_all(struct driver_device *device)
{
    for (struct npu_driver_session *session = device->sessions; session != NULL; session = session->next) {
        while (session->streams != NULL) {
            driver_stream_free(session->streams);
        }
    }
    while (device->binaries != NULL) {
        driver_binary_free(device, device->binaries);
    }
    while (device->images != NULL) {
        driver_image_free(device, device->images);
    }
    if (device->server != NULL) {
        driver_server_free(device);
    }
    driver_code_changed(device->code, NULL, UINT64_MAX);
    context_drop_memory(device);
    device->fault = 0;
    device->lied = false;
    device->op_limit_ns = 0;
    device->has_context = false;
    device->generation = driver_next_number();
}

static int context_reset(const char *site, int32_t id)
{
    struct driver_call call;
    if (!driver_begin(&call, site, DRIVER_NEEDS_NOTHING)) {
        return call.code;
    }
    call.device = id >= 0 ? driver_device_find(id) : NULL;
    if (id < 0) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (call.device == NULL) {
        return driver_end(&call, DRIVER_OK);
    }
    if (driver_device_quiet(call.device) != 0) {
        return driver_end(&call, DRIVER_INTERNAL);
    }
    context_drop_all(call.device);
    return driver_end(&call, DRIVER_OK);
}

rtError_t rtSetDevice(int32_t device)
{
    return context_set("driver.rtSetDevice", device);
}

rtError_t rtDeviceReset(int32_t device)
{
    return context_reset("driver.rtDeviceReset", device);
}

aclError aclrtSetDevice(int32_t device)
{
    return context_set("driver.aclrtSetDevice", device);
}

aclError aclrtResetDevice(int32_t device)
{
    return context_reset("driver.aclrtResetDevice", device);
}

aclError aclInit(const char *config_path)
{
    struct driver_call call;
    if (!driver_begin(&call, "driver.aclInit", DRIVER_NEEDS_NOTHING)) {
        return call.code;
    }
    if (config_path != NULL) {
        return driver_end(&call, DRIVER_NOT_SUPPORTED);
    }
    bool again = context_acl_is_ready;
    context_acl_is_ready = true;
    return driver_end(&call, again ? DRIVER_ACL_REPEATED : DRIVER_OK);
}

aclError aclFinalize(void)
{
    struct driver_call call;
    if (!driver_begin(&call, "driver.aclFinalize", DRIVER_NEEDS_NOTHING)) {
        return call.code;
    }
    bool was_ready = context_acl_is_ready;
    context_acl_is_ready = false;
    return driver_end(&call, was_ready ? DRIVER_OK : DRIVER_ACL_UNINITIALIZED);
}

aclError aclrtSetOpExecuteTimeOutV2(uint64_t microseconds, uint64_t *actual)
{
    struct driver_call call;
    if (!driver_begin(&call, "driver.aclrtSetOpExecuteTimeOutV2", DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    uint64_t limit;
    if (microseconds == 0 || __builtin_mul_overflow(microseconds, 1000u, &limit)) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    call.device->op_limit_ns = limit;
    if (actual != NULL) {
        *actual = microseconds;
    }
    return driver_end(&call, DRIVER_OK);
}

int dlog_setlevel(int module, int level, int event)
{
    struct driver_call call;
    if (!driver_begin(&call, "driver.dlog_setlevel", DRIVER_NEEDS_NOTHING)) {
        return call.code;
    }
    bool known = module >= -1 && level >= 0 && level <= 4 && (event == 0 || event == 1);
    if (known) {
        context_log_level = level;
    }
    return driver_end(&call, known ? DRIVER_OK : DRIVER_INVALID_PARAMETER);
}

int npu_driver_log_level(void)
{
    driver_lock();
    int level = context_log_level;
    driver_unlock();
    return level;
}
