/* SPDX-License-Identifier: Apache-2.0 */
/* How a context comes to a device and leaves it (host.md 3.2, 3.10; R17). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/kernel_args.h"
#include "base/log.h"
#include "host/context.h"
#include "host/platform/engine_options.h"
#include "host/platform/onboard.h"

#define ONBOARD_LOG_VARIABLE "ASCEND_GLOBAL_LOG_LEVEL"

static int onboard_reset(int device_id)
{
    return rtDeviceReset(device_id);
}

static int onboard_reset_acl(int device_id)
{
    int result = aclrtResetDevice(device_id);
    int finalized = aclFinalize();
    if (finalized == DRIVER_ACL_UNINITIALIZED) {
        finalized = DRIVER_OK; /* one for the whole process: another device's last user was here before */
    }
    return result != DRIVER_OK ? result : finalized;
}

static bool onboard_resets_by_acl(const struct host_context *context)
{
    return context->platform->acl_ready && NPU_ARCH_TABLE.uses_acl;
}

/* Leaves the device, which may reset it, and gives the session and its ledger back. 0 or the driver's code. */
static int onboard_leave(struct host_context *context)
{
    struct platform *platform = context->platform;
    int result = npu_device_leave(&platform->user, onboard_resets_by_acl(context) ? onboard_reset_acl : onboard_reset);
    if (result != DRIVER_OK) {
        log_message(LOG_LEVEL_ERROR, "host", "device %d: its reset failed with %d", platform->user.device_id, result);
    }
    npu_driver_session_enter(NULL);
    struct npu_driver_session *session = onboard_session(context);
    atomic_store_explicit(&platform->session, NULL, memory_order_relaxed); /* relaxed: see platform_is_inside */
    npu_driver_session_close(session);
    platform->acl_ready = false;
    return result;
}

static int onboard_open_session(struct host_context *context, int device_id)
{
    struct platform *platform = context->platform;
    struct npu_driver_session *session = NULL;
    int result = npu_driver_session_open(device_id, &NPU_ARCH_TABLE, &session);
    if (result != 0) {
        return host_error(context, -1, "device %d: no session: %s", device_id, strerror(-result));
    }
    atomic_store_explicit(&platform->session, session, memory_order_relaxed); /* relaxed: see platform_is_inside */
    const struct exec_options options = engine_options_in_force(&platform->options);
    result = npu_driver_session_set_engine(session, &options);
    return result == 0 ? 0 : host_error(context, -1, "device %d: no engine: %s", device_id, strerror(-result));
}

static int onboard_set_device(struct host_context *context)
{
    struct platform *platform = context->platform;
    /* Before the device is attached, which takes the level over. */
    if (getenv(ONBOARD_LOG_VARIABLE) == NULL) {
        int level = dlog_setlevel(-1, (int)PTO_KERNEL_ARGS_DEFAULT_LOG_LEVEL, 0);
        if (level == DRIVER_TIMEOUT) {
            return onboard_failed(context, level, "dlog_setlevel");
        }
    }
    int result = onboard_enter_device(context);
    if (result != 0) {
        return result;
    }
    /* The device's own limit for one operation; without it the sync limit still ends what hangs. */
    result = aclrtSetOpExecuteTimeOutV2(ONBOARD_OP_LIMIT_US, NULL);
    if (result != DRIVER_OK) {
        result = onboard_failed(context, result, "aclrtSetOpExecuteTimeOutV2");
        if (npu_device_faulted(&platform->user, NULL) != 0) {
            return result;
        }
        context->error[0] = '\0';
        log_message(LOG_LEVEL_WARN, "host", "device %d: no limit of %u us for operations: %d", platform->user.device_id,
                    ONBOARD_OP_LIMIT_US, result);
    }
    return 0;
}

static int onboard_join(struct host_context *context, int device_id)
{
    struct platform *platform = context->platform;
    char text[NPU_DEVICE_FAULT_TEXT_BYTES] = "";
    int result;
    int fault;
    do { /* again when the poison was gone before it could be asked for */
        result = npu_device_join(device_id, onboard_reset, &platform->user);
        fault = result == -EIO ? npu_device_faulted(&platform->user, text) : 0;
    } while (result == -EIO && fault == 0);
    if (result == -EIO) {
        return host_error(context, DRIVER_POISONED, "device %d is poisoned by %d: %s", device_id, fault, text);
    }
    return result == 0 ? 0 : host_error(context, -1, "device %d: no user of it more: %s", device_id, strerror(-result));
}

int platform_bind(struct host_context *context, int device_id)
{
    int result = onboard_join(context, device_id);
    if (result != 0) {
        return result;
    }
    result = onboard_open_session(context, device_id);
    if (result == 0) {
        result = onboard_set_device(context);
    }
    if (result != 0) {
        (void)onboard_leave(context); /* a reset that fails is made up for by who joins next */
    }
    return result;
}

int platform_unbind(struct host_context *context)
{
    int device_id = context->platform->user.device_id;
    const char *call = onboard_resets_by_acl(context) ? "aclrtResetDevice or aclFinalize" : "rtDeviceReset";
    onboard_memory_release(context);
    int result = onboard_leave(context);
    return result == DRIVER_OK ? 0 : host_error(context, result, "device %d: %s returned %d", device_id, call, result);
}
