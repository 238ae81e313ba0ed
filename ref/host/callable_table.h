/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callable_table: the 64 prepared callables of a context (R5, R7, R8, R9).
 *
 * An entry is a lease of a chip buffer, what the runtime keeps for it on the host, and whether the AICPU has its
 * orchestration loaded. Everything else about a callable is in the buffer's content.
 */
#ifndef HOST_CALLABLE_TABLE_H
#define HOST_CALLABLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/limits.h"

struct chip_buffer;
struct runtime_callable;
struct host_context;

struct callable {
    struct chip_buffer *chip;        /* the lease; NULL: nothing registered under this id */
    struct runtime_callable *opened; /* what the runtime keeps on the host; NULL: nothing */
    bool on_aicpu;                   /* the AICPU has loaded the orchestration since it was registered (R9) */
};

struct callable_table {
    struct callable entries[PTO_MAX_CALLABLE_IDS];
    uint32_t count;
};

static inline bool callable_id_valid(int32_t callable_id)
{
    return callable_id >= 0 && callable_id < PTO_MAX_CALLABLE_IDS;
}

/*
 * Registers the ChipCallable at `image` under `callable_id`, which is valid. All or nothing: on failure (-1) device
 * memory, handles, files and counters are as they were. The caller's bytes are only read, and not kept.
 */
int callable_prepare(struct host_context *context, int32_t callable_id, const void *image);

/* Forgets the registration: releases the lease and has the AICPU close its handle. 0 also when there is none. */
int callable_unregister(struct host_context *context, int32_t callable_id);

/* Forgets all registrations, with the AICPU programs gone already. */
void callable_clear(struct host_context *context);

/* The AICPU programs were replaced: nothing is loaded any more. */
void callable_forget_loaded(struct callable_table *table);

#endif
