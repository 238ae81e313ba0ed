/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onboard: the state of a context on a device that is reached through the vendor driver, shared by the files of this
 * folder that begin with onboard (host.md 3.7, 3.10, 4; R15-R18, R35).
 *
 * Everything here calls the driver by its own names (npu/driver/driver.h) and knows device memory by address only: what
 * the host wants to know of it is copied. A driver code that says that the device faulted poisons the device for all
 * its contexts (npu/device_users.h). The context is one session of the simulated driver (npu/driver/session.h), through
 * which the client's choice of engine goes; a real driver has none.
 */
#ifndef HOST_PLATFORM_ONBOARD_H
#define HOST_PLATFORM_ONBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/device_program.h"
#include "exec/exec.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "npu/arch.h"
#include "npu/device_users.h"
#include "npu/driver/driver.h"
#include "npu/driver/session.h"
#include "npu/kernel_files.h"

#define ONBOARD_OP_LIMIT_US 1000000u /* R33 */
#define ONBOARD_SYNC_LIMIT_MS 2000

/* The bytes of a program as simpler_init gave them; NULL: none. */
struct onboard_image {
    uint8_t *bytes;
    size_t size;
};

/* What this context holds of the device's memory, in address order. */
struct onboard_ledger {
    struct pto_ledger_entry *entries;
    size_t count;
    size_t capacity;
    uint64_t bytes;
    uint64_t peak;
    uint64_t allocations;
};

/* The AICPU program as the driver knows it: its functions are started by name (R16). */
struct onboard_operations {
    rtBinHandle binary; /* NULL: not loaded */
    rtFuncHandle init;
    rtFuncHandle exec;
    rtFuncHandle exit;
    struct npu_kernel_file unproven; /* when is_unproven: brought to the device, and not known to work yet */
    bool is_unproven;
};

struct platform {
    struct npu_device_user user; /* while bound */
    _Atomic(struct npu_driver_session *) session;
    struct exec_options options; /* as the client chose */
    struct onboard_ledger ledger;
    struct onboard_image aicpu;
    struct onboard_image aicore;
    struct onboard_image dispatcher;

    /* Streams live as long as the context is bound. */
    rtStream_t aicpu_stream;
    rtStream_t aicore_stream;
    struct onboard_operations operations;
    void *aicore_handle;  /* R15: registered by the first launch, once */
    uint64_t image_bytes; /* charged for registered images since the context was bound */
    uint64_t image_count;
    uint64_t kernels; /* that callables of the context made executable */

    /* device memory of kinds RUNTIME and REGISTERS, from attach to detach */
    struct pto_device_block *block;
    struct NPU_KERNEL_ARGS *kernel_args;
    uint64_t *device_wall;
    uint64_t *register_table; /* NULL: the registers are not mapped yet */

    struct NPU_KERNEL_ARGS args;   /* what the next launch gets ... */
    bool args_uploaded;            /* ... and whether the device has it */
    struct pto_device_block known; /* what the device's block held when it was read last */
    bool unloads_pending;          /* known.unload_callables has bits that the device was not told yet */
    bool acl_ready;
    int fault_seen; /* 0, or the device fault that the call under way has met first */
};

static inline struct npu_driver_session *onboard_session(const struct host_context *context)
{
    /* Relaxed: the context's lock orders it, platform_is_inside excepted. */
    return atomic_load_explicit(&context->platform->session, memory_order_relaxed);
}

/* ---- onboard ------------------------------------------------------------------------------------------------------
 */

/* A driver call that must not fail did: words it, poisons the device if the code says so. Returns the code, which is
 * DRIVER_POISONED for whatever failed because the device was reset meanwhile, and for the code that register mappings
 * have for a poisoned device. */
int onboard_failed(struct host_context *context, int code, const char *call);
/* The same for a launch, where also 207001 is a device fault (R17). */
int onboard_launch_failed(struct host_context *context, int code, const char *call);
/* The same with work queued that nobody can take back: whatever the code, only a reset ends that, so it poisons. */
int onboard_half_done(struct host_context *context, int code, const char *call);
/* A call failed that nothing depends on: it is logged, and the error text stays; a fault of the device it is all the
 * same. */
void onboard_tolerated(struct host_context *context, int code, const char *call);
/* The driver keeps its device per thread, and calls may come from any: 0 or the driver's code with error text. */
int onboard_enter_device(struct host_context *context);
/* False when the device was reset under the context: nothing that it held there is left, and others use it now. */
bool onboard_holds_device(const struct host_context *context);

/* ---- onboard_memory -----------------------------------------------------------------------------------------------
 */

/* Frees everything that the context still holds. */
void onboard_memory_release(struct host_context *context);

/* ---- onboard_bootstrap --------------------------------------------------------------------------------------------
 */

/* Makes the functions of the AICPU program known; nothing to do when they are. 0, or -1 or the driver's code with text.
 */
int onboard_operations_load(struct host_context *context);
void onboard_operations_unload(struct host_context *context);
/*
 * After the program was started for the first time: only now is it known that its file arrived whole, so that others
 * need not bring it again. Failed (`result`): the binary is dropped, and the next launch brings the file again. Returns
 * `result`.
 */
int onboard_operations_settle(struct host_context *context, int result);

/* ---- onboard_registers --------------------------------------------------------------------------------------------
 */

/* What tells programs the register base of each core, and the synchronisation block's; made once. 0, or -1 or the
 * driver's code with text. */
int onboard_registers_map(struct host_context *context);

/* ---- onboard_launch -----------------------------------------------------------------------------------------------
 */

/* Waits for a stream within the sync limit. 0, or the driver's code with error text and the device poisoned. */
int onboard_synchronize(struct host_context *context, rtStream_t stream, const char *name);
/* One AICPU function alone on one thread, waited for, its block read back. 0, the function's result, or the driver's
 * code, with error text. */
int onboard_launch_alone(struct host_context *context, rtFuncHandle function, const char *name);

#endif
