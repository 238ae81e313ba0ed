/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error_codes: why a run failed (device.md 2.4, host.md 4.6, R17, R23, R33).
 *
 * A run result is 0, a device runtime's code negated (-5 for PTO_ERR_INVALID_ARGS), -1 for a failure without a code of
 * its own, or a driver's code as it is (507018). One latch per run: the first code wins.
 */
#ifndef ABI_ERROR_CODES_H
#define ABI_ERROR_CODES_H

#include "abi/layout.h"

PTO_BEGIN_DECLS

enum pto_error_code {
    PTO_ERR_NONE = 0,
    /* latched by the orchestrator */
    PTO_ERR_SCOPE_DEADLOCK = 1,        /* one scope holds more tasks than the task window can */
    PTO_ERR_HEAP_RING_DEADLOCK = 2,    /* no schedule frees enough of the heap ring */
    PTO_ERR_FLOW_CONTROL_DEADLOCK = 3, /* task ring, map entries, ready or wiring queues full for good */
    PTO_ERR_DEP_POOL_OVERFLOW = 4,     /* dependency list or spill pool full for good */
    PTO_ERR_INVALID_ARGS = 5,          /* a bad Arg, a bad tensor, an AUTO scope inside a MANUAL one, scope depth */
    PTO_ERR_DEPENDENCY_OVERFLOW = 6,   /* reserved number */
    PTO_ERR_REQUIRE_SYNC_START_INVALID = 7, /* more blocks must start together than there are cores */
    PTO_ERR_TENSOR_WAIT_TIMEOUT = 8,        /* a blocking scalar access saw no progress */
    PTO_ERR_EXPLICIT_ORCH_FATAL = 9,        /* the orchestration called report_fatal */
    PTO_ERR_SCOPE_TASKS_OVERFLOW = 10,      /* more tasks in open scopes than the scope buffer holds */
    /* latched by a scheduler */
    PTO_ERR_SCHEDULER_TIMEOUT = 100,        /* no progress while no core was busy; on sim also a core that never ends */
    PTO_ERR_ASYNC_COMPLETION_INVALID = 101, /* an unknown engine or completion type, a null or misaligned address */
    PTO_ERR_ASYNC_WAIT_OVERFLOW = 102,      /* too many deferred tasks, or a kernel registered too many conditions */
    PTO_ERR_ASYNC_REGISTRATION_FAILED = 103, /* a slab or message that contradicts itself, or more than 64 conditions */
    /* returned by the driver */
    PTO_DRIVER_HAL_ACCESS = 13,        /* register mapping refused, worth a retry (R18) */
    PTO_DRIVER_HAL_MAP_POISONED = 62,  /* register mapping on a poisoned context */
    PTO_DRIVER_REPEATED_INIT = 100002, /* aclInit called again; counts as success */
    PTO_DRIVER_PARAM_INVALID = 107000, /* bad AICore ELF metadata, malformed op description */
    PTO_DRIVER_CONTEXT_NULL = 107002,  /* the calling thread never attached to the device */
    PTO_DRIVER_NOT_SUPPORTED = 207000,
    PTO_DRIVER_MEMORY_ALLOCATION = 207001, /* HBM exhausted */
    PTO_DRIVER_INTERNAL_ERROR = 507000,
    PTO_DRIVER_AICPU_EXCEPTION = 507018, /* user code or a device program faulted */
    PTO_DRIVER_SYNC_TIMEOUT = 507046,    /* the stream did not finish within its budget */
    PTO_DRIVER_DEVICE_POISONED = 507899, /* any call after a device fault: a consequence, not the cause */
    PTO_DRIVER_STREAM_BUSY = 507901,     /* a stream destroyed with work pending */
};

struct pto_error_entry {
    int32_t code;
    const char *name;
};

/*
 * The name of a code or of a run result, in static storage. A positive number is taken as it is, a negative one is the
 * negated code of a device runtime. -1 is both the plain failure and SCOPE_DEADLOCK, and its name says so. "UNKNOWN"
 * otherwise.
 */
static inline const char *pto_error_name(int32_t code)
{
    static const struct pto_error_entry entries[] = {
        {PTO_ERR_NONE, "NONE"},
        {PTO_ERR_SCOPE_DEADLOCK, "SCOPE_DEADLOCK"},
        {PTO_ERR_HEAP_RING_DEADLOCK, "HEAP_RING_DEADLOCK"},
        {PTO_ERR_FLOW_CONTROL_DEADLOCK, "FLOW_CONTROL_DEADLOCK"},
        {PTO_ERR_DEP_POOL_OVERFLOW, "DEP_POOL_OVERFLOW"},
        {PTO_ERR_INVALID_ARGS, "INVALID_ARGS"},
        {PTO_ERR_DEPENDENCY_OVERFLOW, "DEPENDENCY_OVERFLOW"},
        {PTO_ERR_REQUIRE_SYNC_START_INVALID, "REQUIRE_SYNC_START_INVALID"},
        {PTO_ERR_TENSOR_WAIT_TIMEOUT, "TENSOR_WAIT_TIMEOUT"},
        {PTO_ERR_EXPLICIT_ORCH_FATAL, "EXPLICIT_ORCH_FATAL"},
        {PTO_ERR_SCOPE_TASKS_OVERFLOW, "SCOPE_TASKS_OVERFLOW"},
        {PTO_ERR_SCHEDULER_TIMEOUT, "SCHEDULER_TIMEOUT"},
        {PTO_ERR_ASYNC_COMPLETION_INVALID, "ASYNC_COMPLETION_INVALID"},
        {PTO_ERR_ASYNC_WAIT_OVERFLOW, "ASYNC_WAIT_OVERFLOW"},
        {PTO_ERR_ASYNC_REGISTRATION_FAILED, "ASYNC_REGISTRATION_FAILED"},
        {PTO_DRIVER_HAL_ACCESS, "HAL_ACCESS"},
        {PTO_DRIVER_HAL_MAP_POISONED, "HAL_MAP_POISONED"},
        {PTO_DRIVER_REPEATED_INIT, "REPEATED_INIT"},
        {PTO_DRIVER_PARAM_INVALID, "PARAM_INVALID"},
        {PTO_DRIVER_CONTEXT_NULL, "CONTEXT_NULL"},
        {PTO_DRIVER_NOT_SUPPORTED, "NOT_SUPPORTED"},
        {PTO_DRIVER_MEMORY_ALLOCATION, "MEMORY_ALLOCATION"},
        {PTO_DRIVER_INTERNAL_ERROR, "INTERNAL_ERROR"},
        {PTO_DRIVER_AICPU_EXCEPTION, "AICPU_EXCEPTION"},
        {PTO_DRIVER_SYNC_TIMEOUT, "SYNC_TIMEOUT"},
        {PTO_DRIVER_DEVICE_POISONED, "DEVICE_POISONED"},
        {PTO_DRIVER_STREAM_BUSY, "STREAM_BUSY"},
    };
    int64_t wanted = code;
    if (code == -1) {
        return "FAILED_OR_SCOPE_DEADLOCK";
    }
    if (code < 0) {
        wanted = -wanted;
        if (wanted > PTO_ERR_ASYNC_REGISTRATION_FAILED || wanted == PTO_DRIVER_HAL_ACCESS ||
            wanted == PTO_DRIVER_HAL_MAP_POISONED) {
            return "UNKNOWN"; /* drivers' codes are never negated */
        }
    }
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].code == wanted) {
            return entries[i].name;
        }
    }
    return "UNKNOWN";
}

PTO_END_DECLS

#endif
