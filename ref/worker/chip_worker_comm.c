/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The communication session of a ChipWorker (host.md 2.4, R32). A handle that is not the live session's is refused
 * here: the backend would take any address for one.
 */
#include "worker/chip_worker_state.h"

static int comm_require(struct chip_worker *worker, const char *call, const void *handle)
{
    int result = chip_worker_require_ready(worker, call);
    if (result != 0) {
        return result;
    }
    if (handle == NULL || handle != worker->comm_handle) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "%s: %p is not a live communication handle (%s)", call,
                                handle, worker->comm_handle != NULL ? "another one is" : "there is none");
    }
    return 0;
}

static int comm_end(struct chip_worker *worker, const char *call, int code)
{
    return code != 0 ? chip_worker_fail_runtime(worker, call, code, code) : 0;
}

int chip_worker_comm_init(struct chip_worker *worker, int rank, int ranks, const char *rootinfo_path, void **handle)
{
    int result = chip_worker_require_ready(worker, "comm_init");
    if (result != 0) {
        return result;
    }
    if (worker->comm_handle != NULL) {
        *handle = worker->comm_handle;
        return 0;
    }
    result = worker->api.ensure_acl_ready_ctx(worker->context, worker->device_id);
    if (result != 0) {
        return chip_worker_fail_runtime(worker, "ensure_acl_ready", result, result);
    }
    void *stream = worker->api.create_comm_stream_ctx(worker->context); /* NULL where none is needed */
    void *made = worker->api.comm_init(rank, ranks, stream, rootinfo_path);
    if (made == NULL) {
        (void)worker->api.destroy_comm_stream_ctx(worker->context, stream);
        return chip_worker_fail(worker, CHIP_WORKER_RUNTIME, "comm_init failed: rank %d of %d, path %s", rank, ranks,
                                rootinfo_path != NULL ? rootinfo_path : "(null)");
    }
    worker->comm_stream = stream;
    worker->comm_handle = made;
    *handle = made;
    return 0;
}

int chip_worker_comm_alloc_windows(struct chip_worker *worker, void *handle, size_t bytes, uint64_t *device_context)
{
    int result = comm_require(worker, "comm_alloc_windows", handle);
    return result != 0
               ? result
               : comm_end(worker, "comm_alloc_windows", worker->api.comm_alloc_windows(handle, bytes, device_context));
}

int chip_worker_comm_window_base(struct chip_worker *worker, void *handle, uint64_t *base)
{
    int result = comm_require(worker, "comm_get_local_window_base", handle);
    return result != 0
               ? result
               : comm_end(worker, "comm_get_local_window_base", worker->api.comm_get_local_window_base(handle, base));
}

int chip_worker_comm_window_size(struct chip_worker *worker, void *handle, size_t *bytes)
{
    int result = comm_require(worker, "comm_get_window_size", handle);
    return result != 0 ? result
                       : comm_end(worker, "comm_get_window_size", worker->api.comm_get_window_size(handle, bytes));
}

int chip_worker_comm_barrier(struct chip_worker *worker, void *handle)
{
    int result = comm_require(worker, "comm_barrier", handle);
    return result != 0 ? result : comm_end(worker, "comm_barrier", worker->api.comm_barrier(handle));
}

/* A domain without ranks or without us in it can only be a mistake of the caller. */
static int comm_require_domain(struct chip_worker *worker, const char *call, const void *handle,
                               const struct chip_worker_domain *domain)
{
    int result = comm_require(worker, call, handle);
    if (result == 0 && (domain == NULL || domain->domain_rank >= domain->rank_count)) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "%s: domain_rank %u of %zu ranks", call,
                                domain != NULL ? domain->domain_rank : 0, domain != NULL ? domain->rank_count : 0);
    }
    return result;
}

int chip_worker_comm_derive(struct chip_worker *worker, void *handle, const struct chip_worker_domain *domain,
                            size_t window_offset, size_t window_size, uint64_t *device_context)
{
    int result = comm_require_domain(worker, "comm_derive_context", handle, domain);
    if (result != 0) {
        return result;
    }
    return comm_end(worker, "comm_derive_context",
                    worker->api.comm_derive_context(handle, domain->rank_ids, domain->rank_count, domain->domain_rank,
                                                    window_offset, window_size, device_context));
}

int chip_worker_comm_alloc_domain(struct chip_worker *worker, void *handle, uint64_t allocation_id,
                                  const struct chip_worker_domain *domain, size_t window_size, uint64_t *device_context,
                                  uint64_t *window_base)
{
    int result = comm_require_domain(worker, "comm_alloc_domain_windows", handle, domain);
    if (result != 0) {
        return result;
    }
    return comm_end(worker, "comm_alloc_domain_windows",
                    worker->api.comm_alloc_domain_windows(handle, allocation_id, domain->rank_ids, domain->rank_count,
                                                          domain->domain_rank, window_size, device_context,
                                                          window_base));
}

int chip_worker_comm_release_domain(struct chip_worker *worker, void *handle, uint64_t allocation_id,
                                    const struct chip_worker_domain *domain)
{
    int result = comm_require_domain(worker, "comm_release_domain_windows", handle, domain);
    if (result != 0) {
        return result;
    }
    return comm_end(
        worker, "comm_release_domain_windows",
        worker->api.comm_release_domain_windows(handle, allocation_id, domain->rank_count, domain->domain_rank));
}

int chip_worker_comm_destroy(struct chip_worker *worker, void *handle)
{
    int result = comm_require(worker, "comm_destroy", handle);
    if (result != 0) {
        return result;
    }
    int destroyed = worker->api.comm_destroy(handle);
    int stream = worker->api.destroy_comm_stream_ctx(worker->context, worker->comm_stream);
    worker->comm_handle = NULL;
    worker->comm_stream = NULL;
    return destroyed != 0 ? comm_end(worker, "comm_destroy", destroyed)
                          : comm_end(worker, "destroy_comm_stream", stream);
}

int chip_worker_comm_destroy_all(struct chip_worker *worker)
{
    return worker->comm_handle != NULL ? chip_worker_comm_destroy(worker, worker->comm_handle) : 0;
}
