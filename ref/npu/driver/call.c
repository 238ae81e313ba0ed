/* SPDX-License-Identifier: Apache-2.0 */
/* What every call of the driver begins and ends with: context, poison, fault plan. */
#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "npu/driver/state.h"

struct driver_device *driver_device_of_thread(void)
{
    const struct driver_thread *thread = driver_thread();
    struct driver_device *device = thread->generation != 0 ? driver_device_find(thread->device_id) : NULL;
    return device != NULL && device->generation == thread->generation ? device : NULL;
}

/* A session that was closed is not entered any more. */
static struct npu_driver_session *call_session(struct driver_device *device)
{
    const struct driver_thread *thread = driver_thread();
    struct npu_driver_session *session = device->sessions;
    while (session != NULL && (session != thread->session || session->serial != thread->serial)) {
        session = session->next;
    }
    return session != NULL ? session : device->own;
}

void driver_poison(struct driver_device *device, int code, bool launch)
{
    bool fault = code == DRIVER_EXCEPTION || code == DRIVER_TIMEOUT || code == DRIVER_INTERNAL ||
                 (launch && code == DRIVER_OUT_OF_MEMORY);
    if (fault && device->fault == 0) {
        device->fault = code;
    }
}

bool driver_call_stands(const struct driver_call *call)
{
    return driver_device_of_thread() == call->device;
}

int driver_end(const struct driver_call *call, int code)
{
    if (call->device != NULL) {
        driver_poison(call->device, code, (call->needs & DRIVER_LAUNCHES) != 0);
        driver_device_put(call->device);
    }
    driver_unlock();
    return code;
}

/* Time passes without an answer. The device may be reset meanwhile, so the caller must look again. */
static void call_hang(const struct driver_call *call)
{
    uint64_t limit = call->session != NULL ? call->session->options.sync_limit_ns : 0;
    struct driver_thread saved = *driver_thread();
    driver_unlock();
    exec_charge(limit != 0 ? limit : EXEC_SYNC_LIMIT_NS);
    exec_settle();
    driver_lock();
    *driver_thread() = saved;
}

/* The plan's word on this call. True: go on. */
static bool call_fault(struct driver_call *call, const char *site)
{
    struct fault_rule rule;
    if (!fault_value(site, &rule)) {
        return true;
    }
    if (rule.error != 0) {
        call->code = driver_end(call, rule.error == ENOMEM ? (int)DRIVER_OUT_OF_MEMORY : rule.error);
        return false;
    }
    if (rule.values[0] != DRIVER_FAULT_HANG) {
        call->lies = true;
        call->code = driver_end(call, DRIVER_OK);
        return false;
    }
    if ((call->needs & DRIVER_QUEUES) != 0) {
        call->hangs = true;
        return true;
    }
    call_hang(call);
    call->device = driver_device_of_thread();
    call->code = driver_end(call, DRIVER_TIMEOUT);
    return false;
}

bool driver_begin(struct driver_call *call, const char *site, uint32_t needs)
{
    driver_lock();
    *call = (struct driver_call){.needs = needs, .device = driver_device_of_thread()};
    if (call->device != NULL) {
        call->session = call_session(call->device);
    }
    if (call->device == NULL && (needs & ~(uint32_t)DRIVER_NEEDS_NOTHING) != 0) {
        call->code = driver_end(call, DRIVER_NO_CONTEXT);
        return false;
    }
    if ((needs & DRIVER_NEEDS_SOUND) != 0 && call->device->fault != 0) {
        call->code = driver_end(call, DRIVER_POISONED);
        return false;
    }
    return call_fault(call, site);
}
