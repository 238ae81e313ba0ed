/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chip_worker: a client's handle on one device through one host runtime (host.md 2.4).
 *
 * It opens the host runtime with dlopen, resolves all 26 names before anything else, owns the context and the runtime's
 * scratch buffer, and turns every misuse into a clear error. States: fresh -> initialised -> finalised, which is final;
 * a failed init leaves the worker fresh, to be tried again. One thread at a time.
 *
 * Results: 0; a code of enum chip_worker_code when the worker itself refuses; otherwise what the runtime returned, as
 * it is
 * (-1, a negated code of abi/error_codes.h, or a driver's positive code). chip_worker_error tells why in words, with
 * the runtime's own last error behind it when the runtime has a debug API.
 */
#ifndef WORKER_CHIP_WORKER_H
#define WORKER_CHIP_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "abi/call_config.h"
#include "abi/debug_api.h"
#include "abi/runtime_c_api.h"
#include "abi/task_args.h"

enum chip_worker_code {
    CHIP_WORKER_STATE = -1001,    /* not initialised, initialised already, or finalised */
    CHIP_WORKER_ARGUMENT = -1002, /* NULL or a value that cannot be meant */
    CHIP_WORKER_LOAD = -1003,     /* dlopen or dlsym */
    CHIP_WORKER_FILE = -1004,     /* a program file cannot be read */
    CHIP_WORKER_MEMORY = -1005,   /* out of host memory */
    CHIP_WORKER_RUNTIME = -1006,  /* the runtime gave NULL where it owed a pointer */
};

struct chip_worker;

struct chip_worker_options {
    const char *host_library; /* path of libhost_runtime_*.so */
    int device_id;
    const char *aicpu_path; /* files of the device programs */
    const char *aicore_path;
    const char *dispatcher_path; /* NULL or "": none */
};

/* A fresh worker, NULL without memory. destroy finalises first; NULL is allowed. */
struct chip_worker *chip_worker_create(void);
void chip_worker_destroy(struct chip_worker *worker);

/* Everything or nothing: on failure the library is closed, the context gone, and the worker fresh. */
int chip_worker_init(struct chip_worker *worker, const struct chip_worker_options *options);
/* Always 0. Ends the communication session, finalises the device, destroys the context, closes the library. */
int chip_worker_finalize(struct chip_worker *worker);

/* Text of the last call that failed; "" at first. Valid until the next call. */
const char *chip_worker_error(const struct chip_worker *worker);

/* ---- callables and runs --------------------------------------------------------------------------------------------
 */

/* `callable` is a ChipCallable image; borrowed for the call. */
int chip_worker_prepare(struct chip_worker *worker, int32_t callable_id, const void *callable);
/* `timing` may be NULL. The config is judged first, even by a worker that is not initialised. */
int chip_worker_run(struct chip_worker *worker, int32_t callable_id, const struct pto_chip_args *args,
                    const struct pto_call_config *config, struct pto_run_timing *timing);
/* The same with arguments that live elsewhere; their counts are judged before everything else. */
int chip_worker_run_view(struct chip_worker *worker, int32_t callable_id, const struct pto_task_args_view *view,
                         const struct pto_call_config *config, struct pto_run_timing *timing);
int chip_worker_unregister(struct chip_worker *worker, int32_t callable_id);
/* Orchestrations opened so far; 0 unless initialised. */
size_t chip_worker_aicpu_dlopen_count(struct chip_worker *worker);
size_t chip_worker_host_dlopen_count(struct chip_worker *worker);

/* ---- device memory --------------------------------------------------------------------------------------------------
 */

int chip_worker_malloc(struct chip_worker *worker, size_t bytes, void **address);
int chip_worker_free(struct chip_worker *worker, void *address);
int chip_worker_copy_to(struct chip_worker *worker, void *device, const void *host, size_t bytes);
int chip_worker_copy_from(struct chip_worker *worker, void *host, const void *device, size_t bytes);

/* ---- communication: a handle is what comm_init gave and comm_destroy has not taken back
 * --------------------------------- */

/* A worker has one session: while it lives, comm_init gives the same handle again. */
int chip_worker_comm_init(struct chip_worker *worker, int rank, int ranks, const char *rootinfo_path, void **handle);
int chip_worker_comm_alloc_windows(struct chip_worker *worker, void *handle, size_t bytes, uint64_t *device_context);
int chip_worker_comm_window_base(struct chip_worker *worker, void *handle, uint64_t *base);
int chip_worker_comm_window_size(struct chip_worker *worker, void *handle, size_t *bytes);
int chip_worker_comm_barrier(struct chip_worker *worker, void *handle);

/* A part of the ranks: who they are, and which of them we are. */
struct chip_worker_domain {
    const uint32_t *rank_ids;
    size_t rank_count;
    uint32_t domain_rank;
};
int chip_worker_comm_derive(struct chip_worker *worker, void *handle, const struct chip_worker_domain *domain,
                            size_t window_offset, size_t window_size, uint64_t *device_context);
int chip_worker_comm_alloc_domain(struct chip_worker *worker, void *handle, uint64_t allocation_id,
                                  const struct chip_worker_domain *domain, size_t window_size, uint64_t *device_context,
                                  uint64_t *window_base);
int chip_worker_comm_release_domain(struct chip_worker *worker, void *handle, uint64_t allocation_id,
                                    const struct chip_worker_domain *domain);
/* The handle is gone afterwards, whatever the result. */
int chip_worker_comm_destroy(struct chip_worker *worker, void *handle);
/* Ends the session if there is one; 0 in every state without one. */
int chip_worker_comm_destroy_all(struct chip_worker *worker);

/* ---- for tools
 * --------------------------------------------------------------------------------------------------------- */

/* The runtime's context and debug API (R2); NULL unless initialised, or when the runtime has none. Borrowed. */
void *chip_worker_context(const struct chip_worker *worker);
const struct pto_debug_api *chip_worker_debug(const struct chip_worker *worker);

#endif
