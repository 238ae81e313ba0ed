/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The communication names in a variant without communication: present, because a client resolves all 26 names, and
 * honest. They have no context, so the reason goes to the log.
 */
#include "abi/runtime_c_api.h"
#include "base/log.h"
#include "host/variant.h"

static int comm_refuse(const char *name)
{
    log_message(LOG_LEVEL_WARN, "host", "%s is not supported by " HOST_VARIANT_NAME, name);
    return -1;
}

void *comm_init(int rank, int nranks, void *stream, const char *rootinfo_path)
{
    (void)rank;
    (void)nranks;
    (void)stream;
    (void)rootinfo_path;
    (void)comm_refuse("comm_init");
    return NULL;
}

int comm_alloc_windows(void *handle, size_t win_size, uint64_t *out_device_ctx)
{
    (void)handle;
    (void)win_size;
    (void)out_device_ctx;
    return comm_refuse("comm_alloc_windows");
}

int comm_get_local_window_base(void *handle, uint64_t *out_base)
{
    (void)handle;
    (void)out_base;
    return comm_refuse("comm_get_local_window_base");
}

int comm_get_window_size(void *handle, size_t *out_size)
{
    (void)handle;
    (void)out_size;
    return comm_refuse("comm_get_window_size");
}

int comm_derive_context(void *handle, const uint32_t *rank_ids, size_t rank_count, uint32_t domain_rank,
                        size_t window_offset, size_t window_size, uint64_t *out_device_ctx)
{
    (void)handle;
    (void)rank_ids;
    (void)rank_count;
    (void)domain_rank;
    (void)window_offset;
    (void)window_size;
    (void)out_device_ctx;
    return comm_refuse("comm_derive_context");
}

int comm_alloc_domain_windows(void *handle, uint64_t allocation_id, const uint32_t *rank_ids, size_t rank_count,
                              uint32_t domain_rank, size_t window_size, uint64_t *out_device_ctx,
                              uint64_t *out_local_window_base)
{
    (void)handle;
    (void)allocation_id;
    (void)rank_ids;
    (void)rank_count;
    (void)domain_rank;
    (void)window_size;
    (void)out_device_ctx;
    (void)out_local_window_base;
    return comm_refuse("comm_alloc_domain_windows");
}

int comm_release_domain_windows(void *handle, uint64_t allocation_id, size_t rank_count, uint32_t domain_rank)
{
    (void)handle;
    (void)allocation_id;
    (void)rank_count;
    (void)domain_rank;
    return comm_refuse("comm_release_domain_windows");
}

int comm_barrier(void *handle)
{
    (void)handle;
    return comm_refuse("comm_barrier");
}

int comm_destroy(void *handle)
{
    (void)handle;
    return comm_refuse("comm_destroy");
}
