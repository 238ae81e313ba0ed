/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context: what one client context of the C ABI owns (host.md 3.1, R14).
 *
 * Created empty; simpler_init binds it to a device, finalize_device gives everything back, and it may then be bound
 * again, also to another device. Counters live as long as the context (R9). Every function below runs with the
 * context's lock held, from host_enter to host_leave; platform, runtime, callables and staging have no locks of their
 * own.
 */
#ifndef HOST_CONTEXT_H
#define HOST_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "host/callable_table.h"
#include "host/chip_buffer.h"
#include "host/lock.h"
#include "host/staging.h"
#include "host/user_code.h"
#include "npu/hbm.h"

#define HOST_ERROR_BYTES 1024u
#define HOST_ERRNO_MAX 4095 /* of the machine; codes of a driver are above */

struct platform;
struct runtime;

struct host_counters {
    uint64_t host_dlopens; /* orchestrations opened by the host (hbg) */
    uint64_t aicpu_dlopens;
    uint64_t runs; /* that reached the device */
    uint64_t failed_runs;
    uint64_t last_tasks; /* ... of the last of them */
    uint64_t last_dispatches;
    uint64_t last_switches;
    uint64_t last_reproducible;
    uint64_t not_unloadable; /* orchestrations, of AICPU programs that are gone */
    uint64_t leftover_bytes; /* of the last finalize */
    uint64_t leftover_buffers;
};

struct host_context {
    struct host_lock lock;
    _Atomic bool running;    /* a run is under way: set and cleared by the caller that holds the lock */
    int serial;              /* unique in the process; goes into staged file names (R10) */
    int device_id;           /* -1: not bound to a device */
    struct npu_owner *owner; /* sim: of the device memory; NULL: not bound to a device */
    struct platform *platform;
    struct runtime *runtime;
    struct chip_buffer_list chips;
    struct callable_table callables;
    struct staging staging;
    struct user_code user;
    struct host_counters counters;
    char error[HOST_ERROR_BYTES]; /* "" when the last call succeeded */
};

/* NULL without memory. */
struct host_context *host_context_create(void);
/* Finalizes first. NULL is allowed. */
void host_context_destroy(struct host_context *context);

/*
 * Takes the lock and forgets the last error. False when the context cannot serve the caller: NULL, the caller's launch
 * is ending, or the caller is a processor of the context's own run.
 */
bool host_enter(struct host_context *context);
/* The same for calls that only look: the last error stays. */
bool host_enter_to_look(struct host_context *context);
void host_leave(struct host_context *context);

/* Writes the text of the error and returns `code`. */
int host_error(struct host_context *context, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same, with the error before as its cause: "<text>: <error before>". */
int host_error_because(struct host_context *context, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct host_images {
    const void *aicpu;
    size_t aicpu_bytes;
    const void *aicore;
    size_t aicore_bytes;
    const void *dispatcher; /* onboard only */
    size_t dispatcher_bytes;
};

/*
 * Binds the context to a device and copies the program images. Bound to the same device already: replaces the images.
 * Returns 0, or -1 or the driver's code with nothing changed: a negative id, another device while bound, no memory.
 */
int host_context_init(struct host_context *context, int device_id, const struct host_images *images);

/*
 * Gives everything back to the device and leaves it, whatever happens. 0 also when the context is not bound; the
 * driver's code with error text when the device should have been reset and was not.
 */
int host_context_finalize(struct host_context *context);

/* R5 in its order: callable_id in range, bound to a device, device usable. Returns 0 or the result of the call. */
int host_check_callable_id(struct host_context *context, int32_t callable_id);
int host_check_device(struct host_context *context);

#endif
