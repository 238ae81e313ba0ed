/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_c_api: the 26 functions that every libhost_runtime_*.so exports (host.md 2, device.md 9.4; R1, R5, R7-R14,
 * R17).
 *
 * A client dlopens the library, resolves all names of PTO_RUNTIME_C_API_NAMES in that order and gives up on the first
 * that is missing. A client may declare its table from the prototypes here:
 *
 *     struct api { __typeof__(create_device_context) *create_device_context; ... }
 *
 * Life of a context: create_device_context -> simpler_init -> (prepare_callable, run_prepared, unregister_callable,
 * memory, comm)* -> finalize_device -> simpler_init again, or destroy_device_context.
 *
 * Results. 0 is success; an error is -1, another negative number (the negated code of a device runtime, error_codes.h)
 * or a driver's positive code. Functions that return a pointer return NULL, those that return a count 0. Nothing
 * throws.
 *
 * Order of checks (R5), in every function that has the respective argument: context NULL (-1) -> callable_id outside
 * [0,64) (-1) -> device poisoned (507899) -> callable registered or not (-1) -> configuration (-1) -> arguments (-1).
 *
 * Poisoned devices (R17, onboard only): after a device fault every call of every context of that device except
 * finalize_device returns 507899, pointers NULL, counters their last value, until all of them have finalized.
 *
 * Ownership. Every pointer passed in is borrowed for the duration of the call; the runtime copies what it keeps and
 * never writes through a const one. Contexts, device memory, streams and comm handles belong to the caller until handed
 * back; finalize_device frees what is left.
 *
 * Threads. Calls on one context are serialised inside and may come from any thread. Contexts are independent of each
 * other, also on one device. A run drives its simulated processors on the calling thread.
 */
#ifndef ABI_RUNTIME_C_API_H
#define ABI_RUNTIME_C_API_H

#include "abi/layout.h"

PTO_BEGIN_DECLS

/* How long a run took; zero when it did not reach its end. */
struct pto_run_timing {
    uint64_t host_wall_ns;   /* run_prepared, from its first to its last step, by the host's clock */
    uint64_t device_wall_ns; /* from the first AICPU thread's arrival to the last one's exit, by the device's clock */
};
PTO_ASSERT_SIZE(struct pto_run_timing, 16);
PTO_ASSERT_FIELD(struct pto_run_timing, host_wall_ns, 0);
PTO_ASSERT_FIELD(struct pto_run_timing, device_wall_ns, 8);

/* ---- context and memory ------------------------------------------------------------------------------------------ */

/* A context without a device. NULL when out of memory. */
PTO_EXPORT void *create_device_context(void);

/* Finalizes if need be and frees the context. NULL is allowed. */
PTO_EXPORT void destroy_device_context(void *ctx);

/*
 * `size` bytes of device memory, 64-aligned, content undefined; NULL on failure. Size 0 gives a distinct, freeable
 * address.
 */
PTO_EXPORT void *device_malloc_ctx(void *ctx, size_t size);

/* Frees memory of device_malloc_ctx. NULL, an unknown address and one freed already are ignored. */
PTO_EXPORT void device_free_ctx(void *ctx, void *dev_ptr);

/* Copies `size` bytes. -1 for any NULL, also when size is 0; otherwise 0 or the driver's code. */
PTO_EXPORT int copy_to_device_ctx(void *ctx, void *dev_ptr, const void *host_ptr, size_t size);
PTO_EXPORT int copy_from_device_ctx(void *ctx, void *host_ptr, const void *dev_ptr, size_t size);

/* Bytes of the scratch buffer that run_prepared wants as `runtime`. Constant. */
PTO_EXPORT size_t get_runtime_size(void);

/*
 * Binds the context to a device and copies the device images: AICPU program, AICore program and, for onboard, the
 * bootstrap dispatcher (sim ignores it). NULL with length 0 is an empty image: accepted here, an error at the first run
 * that needs it. Again on the same device: replaces the images, 0. -1: negative device_id, bound to another device. A
 * failure leaves the context unbound.
 */
PTO_EXPORT int simpler_init(void *ctx, int device_id, const uint8_t *aicpu_binary, size_t aicpu_size,
                            const uint8_t *aicore_binary, size_t aicore_size, const uint8_t *dispatcher_binary,
                            size_t dispatcher_size);

/* ---- callables --------------------------------------------------------------------------------------------------- */

/*
 * Registers a ChipCallable (callable.h) under an id in [0,64): uploads it (one device buffer per distinct content,
 * shared and counted), loads its kernels on sim, and under host_build_graph opens its orchestration. All or nothing
 * (R8). The buffer is not modified and not kept. -1: a registered id (the first registration stays as it is), an image
 * that R4 rejects, or a file that cannot be staged or loaded.
 */
PTO_EXPORT int prepare_callable(void *ctx, int32_t callable_id, const void *callable);

/*
 * Runs a registered callable once and waits for it.
 *   runtime            scratch of get_runtime_size() bytes, 16-aligned; may differ on every call; not kept
 *   args               struct pto_chip_args. Host tensors are copied in and out as the callable's signature says (R11);
 *                      tensors with child_memory are device addresses and pass through untouched
 *   block_dim          clusters; 0: all. aicpu_thread_num: 1 .. the architecture's maximum
 *   enable_l2_swimlane level 0..4. enable_dump_tensor, enable_dep_gen: 0 or 1. enable_pmu: 0 or an event type
 *   output_prefix      directory for diagnostics; NULL is ""; must not be empty when a diagnostic is on
 *   out_timing         may be NULL; zeroed first, filled when the run reached its end, whatever its result
 * On any error nothing is copied back, and the next run works (except on a poisoned device). Results: 0; -1 for
 * rejected arguments; a negated code of error_codes.h; -100 (sim) or 507046, 507018 (onboard) for kernels that never
 * end or fault; under host_build_graph whatever non-zero value the orchestration returned.
 */
PTO_EXPORT int run_prepared(void *ctx, void *runtime, int32_t callable_id, const void *args, int block_dim,
                            int aicpu_thread_num, int enable_l2_swimlane, int enable_dump_tensor, int enable_pmu,
                            int enable_dep_gen, const char *output_prefix, struct pto_run_timing *out_timing);

/*
 * Drops a registration: closes its orchestration on host and AICPU, and with the last id of a content frees the device
 * buffer and closes its kernels. 0 also for an id in range that is not registered; -1 for one out of range.
 */
PTO_EXPORT int unregister_callable(void *ctx, int32_t callable_id);

/* Orchestrations opened since the context was made, by the AICPU (trb) or the host (hbg). Never reset. NULL: 0. */
PTO_EXPORT size_t get_aicpu_dlopen_count(void *ctx);
PTO_EXPORT size_t get_host_dlopen_count(void *ctx);

/*
 * Drops all registrations, frees all device memory of the context, closes everything, unbinds the device and, for the
 * last context of a device (or any, when it is poisoned), resets it. Idempotent: 0 when there is nothing to do. NULL:
 * -1.
 */
PTO_EXPORT int finalize_device(void *ctx);

/*
 * ---- communication (host.md 2.3, R32)
 * ---------------------------------------------------------------------------------
 */

/* Makes ACL usable on the calling thread. Real on onboard; on sim 0, also for a NULL context. */
PTO_EXPORT int ensure_acl_ready_ctx(void *ctx, int device_id);

/* A stream for comm_init. NULL on sim, where none is needed, and on failure. */
PTO_EXPORT void *create_comm_stream_ctx(void *ctx);

/* Synchronises and destroys a stream; NULL stream: 0. On sim always 0. */
PTO_EXPORT int destroy_comm_stream_ctx(void *ctx, void *stream);

/*
 * Joins a communicator of `nranks` (1..64) processes with a common parent that name the same `rootinfo_path`. Returns a
 * handle for comm_destroy; NULL for a NULL path, a rank outside [0, nranks) or too many ranks.
 */
PTO_EXPORT void *comm_init(int rank, int nranks, void *stream, const char *rootinfo_path);

/*
 * Gives every rank a zeroed window of `win_size` bytes and waits until all have theirs. `out_device_ctx`: address of a
 * struct pto_comm_context, owned by the handle. -1: NULL, called twice, sizes that differ between ranks, deadline
 * passed.
 */
PTO_EXPORT int comm_alloc_windows(void *handle, size_t win_size, uint64_t *out_device_ctx);

/* The own window's address, and its size in bytes. -1 before comm_alloc_windows. */
PTO_EXPORT int comm_get_local_window_base(void *handle, uint64_t *out_base);
PTO_EXPORT int comm_get_window_size(void *handle, size_t *out_size);

/*
 * A context for a subset of the ranks over a part of the windows. `rank_ids` has `rank_count` (1..64) entries below the
 * communicator's size; domain_rank < rank_count; window_offset + window_size lies inside the windows. Owned by the
 * handle.
 */
PTO_EXPORT int comm_derive_context(void *handle, const uint32_t *rank_ids, size_t rank_count, uint32_t domain_rank,
                                   size_t window_offset, size_t window_size, uint64_t *out_device_ctx);

/*
 * Windows of their own for a subset of the ranks, all of which call it with the same allocation_id.
 * rank_ids[domain_rank] is the calling rank. -1: a used allocation_id, window_size 0, bad ranks, deadline passed.
 */
PTO_EXPORT int comm_alloc_domain_windows(void *handle, uint64_t allocation_id, const uint32_t *rank_ids,
                                         size_t rank_count, uint32_t domain_rank, size_t window_size,
                                         uint64_t *out_device_ctx, uint64_t *out_local_window_base);

/*
 * Gives them back; waits for the subset. -1: unknown id, other numbers than at allocation, deadline passed (released
 * all the same).
 */
PTO_EXPORT int comm_release_domain_windows(void *handle, uint64_t allocation_id, size_t rank_count,
                                           uint32_t domain_rank);

/* Waits until every rank of the communicator has called it. -1 without windows, and when the deadline passed. */
PTO_EXPORT int comm_barrier(void *handle);

/*
 * Frees everything of the handle and the handle, in any case. -1: NULL, or the peers did not come before the deadline.
 */
PTO_EXPORT int comm_destroy(void *handle);

/* All names, in the order in which clients resolve them. */
#define PTO_RUNTIME_C_API_NAMES(X) \
    X(create_device_context)       \
    X(destroy_device_context)      \
    X(device_malloc_ctx)           \
    X(device_free_ctx)             \
    X(copy_to_device_ctx)          \
    X(copy_from_device_ctx)        \
    X(get_runtime_size)            \
    X(simpler_init)                \
    X(prepare_callable)            \
    X(run_prepared)                \
    X(unregister_callable)         \
    X(get_aicpu_dlopen_count)      \
    X(get_host_dlopen_count)       \
    X(finalize_device)             \
    X(ensure_acl_ready_ctx)        \
    X(create_comm_stream_ctx)      \
    X(destroy_comm_stream_ctx)     \
    X(comm_init)                   \
    X(comm_alloc_windows)          \
    X(comm_get_local_window_base)  \
    X(comm_get_window_size)        \
    X(comm_derive_context)         \
    X(comm_alloc_domain_windows)   \
    X(comm_release_domain_windows) \
    X(comm_barrier)                \
    X(comm_destroy)

#define PTO_RUNTIME_C_API_COUNT 26

PTO_END_DECLS

#endif
