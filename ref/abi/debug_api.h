/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug_api: the one extra, optional symbol of a Touchstone host runtime (R2).
 *
 * A client that does not look for `pto_debug_api` sees the plain 26 names. One that does gets statistics, the device
 * memory ledger, the choice of execution engine and schedule, fault plans, and the text of the last error.
 *
 * Unless said otherwise functions return 0 or -1 (NULL context, unknown value), may be called from any thread, and
 * never allocate device memory. Structs that start with `size` grow at their end only: the caller stores its own sizeof
 * there.
 */
#ifndef ABI_DEBUG_API_H
#define ABI_DEBUG_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PTO_DEBUG_API_SYMBOL "pto_debug_api"
#define PTO_DEBUG_API_VERSION 1u

/* What a piece of device memory is for. Every allocation has exactly one kind. */
enum pto_memory_kind {
    PTO_MEMORY_CLIENT = 0,  /* device_malloc_ctx */
    PTO_MEMORY_CHIP_BUFFER, /* one per distinct ChipCallable content (R7) */
    PTO_MEMORY_STAGING,     /* retained per-run argument staging (R11) */
    PTO_MEMORY_RING_HEAP,   /* trb: the four task-output heaps */
    PTO_MEMORY_RING_SHARED, /* trb: rings, descriptors, payloads, slot states */
    PTO_MEMORY_RUNTIME,     /* launch arguments, runtime image, device wall slot */
    PTO_MEMORY_REGISTERS,   /* register blocks and their address table */
    PTO_MEMORY_PROGRAM,     /* device images charged by the driver */
    PTO_MEMORY_GRAPH,       /* hbg: tasks and buffers that an orchestration allocated */
    PTO_MEMORY_COMM,        /* communication windows */
    PTO_MEMORY_KIND_COUNT
};

struct pto_statistics {
    uint64_t size; /* in: sizeof of the caller's struct */
    /* device memory of this context, bytes */
    uint64_t device_bytes;
    uint64_t device_bytes_peak;
    uint64_t device_bytes_by_kind[PTO_MEMORY_KIND_COUNT];
    uint64_t device_allocations; /* calls that allocated, ever */
    uint64_t device_capacity;
    uint64_t
        leftover_bytes; /* what the last finalize_device had to free itself, STAGING, RING_* and RUNTIME excepted */
    uint64_t leftover_buffers;
    /* callables */
    uint64_t registered_callables;
    uint64_t chip_buffers; /* distinct contents on the device */
    uint64_t chip_leases;  /* sum of their reference counts */
    uint64_t kernel_handles;
    uint64_t orchestration_handles;        /* open now, host side and AICPU side */
    uint64_t orchestration_not_unloadable; /* dlclose left them mapped (R9) */
    uint64_t host_dlopens;
    uint64_t aicpu_dlopens;
    uint64_t open_images;  /* of the process: every dlopen handle the runtime holds */
    uint64_t staged_files; /* of the process: files under the simulated root now (R10) */
    /* runs */
    uint64_t runs;            /* run_prepared calls that reached the device */
    uint64_t failed_runs;     /* of these, with a non-zero result */
    uint64_t last_tasks;      /* tasks of the last run that reached the device, allocations and dummies included */
    uint64_t last_dispatches; /* kernel launches on cores of that run */
    uint64_t last_switches;   /* processor switches of that run (fibers) */
    uint64_t last_reproducible;
    /* onboard: objects of the driver, all contexts of the device together; 0 on sim and when bound to no device */
    uint64_t driver_contexts; /* 1 while anybody has named the device since its last reset */
    uint64_t driver_streams;
    uint64_t driver_images;      /* AICore images registered (R15) ... */
    uint64_t driver_image_bytes; /* ... and their charge */
    uint64_t driver_binaries;    /* AICPU programs loaded by name */
    uint64_t driver_programs;    /* shared objects that the device holds open */
    uint64_t driver_kernels;     /* kernels loaded from device memory (R35) */
    uint64_t driver_in_use;      /* bytes of the device's memory */
    uint64_t driver_allocations; /* calls that did their work, ever, as are the following */
    uint64_t driver_registrations;
    uint64_t driver_binary_loads;
    uint64_t driver_kernel_loads;
    uint64_t driver_launches;
    uint64_t bootstrap_files; /* of the process: programs in kernel directories, one per program and device (R16) */
};

struct pto_ledger_entry {
    uint64_t address;
    uint64_t bytes;
    int32_t kind;        /* enum pto_memory_kind */
    int32_t callable_id; /* -1 when it belongs to no callable, or to several */
};

/* One distinct ChipCallable content on the device (R7). */
struct pto_chip_buffer {
    uint64_t address;
    uint64_t bytes;
    uint64_t content_hash;
    uint64_t callables; /* bit c: callable_id c has a lease */
    uint32_t leases;    /* its reference count */
    uint32_t kernels;
};

enum pto_driver_object_kind {
    PTO_DRIVER_STREAM = 0, /* count: launches queued on it */
    PTO_DRIVER_IMAGE,      /* AICore image; bytes: its charge */
    PTO_DRIVER_BINARY,     /* AICPU programs by name; count: functions */
    PTO_DRIVER_KERNEL,     /* executed from device memory (R35); handle: address of its CoreCallable */
    PTO_DRIVER_OBJECT_KIND_COUNT
};

struct pto_driver_object {
    uint64_t handle; /* as the driver gave it */
    uint64_t bytes;  /* 0 where nothing is charged */
    uint64_t count;
    int32_t kind;    /* enum pto_driver_object_kind */
    int32_t session; /* number of the client that has it, from 1; 0: it is the device's */
};

enum pto_engine_kind { PTO_ENGINE_FIBERS = 0, PTO_ENGINE_THREADS = 1 };
enum pto_engine_policy { PTO_POLICY_ROUND_ROBIN = 0, PTO_POLICY_RANDOM = 1, PTO_POLICY_PCT = 2, PTO_POLICY_CHOICE = 3 };

/* What a schedule point says about the processor that calls it. */
enum pto_engine_point {
    PTO_POINT_KEEP = 0,   /* it could go on: whoever else runs now preempts it */
    PTO_POINT_YIELD = 1,  /* it steps back: others first */
    PTO_POINT_BLOCKED = 2 /* it waits or is over */
};

struct pto_engine_options {
    uint64_t size;
    int32_t kind;
    int32_t policy;
    uint64_t seed;
    uint32_t pct_depth;
    uint32_t pct_steps;
    uint32_t (*choose)(void *context, uint32_t count);
    void *choose_context;
    uint64_t op_limit_ns; /* 0: default of 1 s */
    uint64_t sync_limit_ns;
    uint64_t stall_limit_ns;
    uint32_t deadline_scale;
    uint32_t reserved;
    /* From here on only where `size` says so. Not NULL: told every pick of an exploring policy, as `choose` numbers. */
    void (*picked)(void *context, uint32_t count, uint32_t index, uint32_t point); /* enum pto_engine_point */
    void *picked_context;
};

#define PTO_ENGINE_OPTIONS_LEAST_BYTES offsetof(struct pto_engine_options, picked)

struct pto_fault_rule {
    char site[64];
    uint64_t nth; /* 1 = first call after installation */
    uint32_t sticky;
    int32_t error; /* positive errno or driver code */
    uint64_t values[2];
};

struct pto_fault_site {
    char site[64];
    uint64_t calls;
    uint64_t fired;
};

struct pto_debug_api {
    uint32_t version; /* PTO_DEBUG_API_VERSION */
    uint32_t size;    /* sizeof(struct pto_debug_api) */

    int (*get_statistics)(void *ctx, struct pto_statistics *statistics);
    /* Copies up to `capacity` entries in address order; returns how many there are, -1 for a NULL context. */
    int64_t (*get_ledger)(void *ctx, struct pto_ledger_entry *entries, size_t capacity);
    /* Takes effect with the next run. -1 while a run is under way or for options that make no sense. */
    int (*set_engine)(void *ctx, const struct pto_engine_options *options);
    /* Device memory of the context's device from now on; -1 when more is in use already. 0: the default of 16 GiB. */
    int (*set_device_capacity)(void *ctx, uint64_t bytes);
    /*
     * The last error text of the context, with the numbers in it; "" when the last call succeeded, calls that only look
     * (get_*) not counted. Valid until the next call.
     */
    const char *(*last_error)(void *ctx);

    /* Fault plans are process-wide. rules NULL and count 0: only count the calls of each site. */
    int (*install_faults)(const struct pto_fault_rule *rules, size_t count);
    void (*clear_faults)(void);
    size_t (*get_fault_sites)(struct pto_fault_site *sites, size_t capacity);

    /* From here on only where `size` says so. Both: up to `capacity` entries are copied, all are counted; -1: NULL. */
    int64_t (*get_chip_buffers)(void *ctx, struct pto_chip_buffer *buffers, size_t capacity);
    /* Of the context's device, all its clients together; 0 on sim and when bound to no device. */
    int64_t (*get_driver_objects)(void *ctx, struct pto_driver_object *objects, size_t capacity);
};

/* The exported function. The table lives as long as the library is loaded. */
typedef const struct pto_debug_api *pto_debug_api_function(void);

#ifdef __cplusplus
}
#endif

#endif
