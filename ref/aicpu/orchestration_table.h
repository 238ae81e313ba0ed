/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orchestration_table: the orchestration SOs that the AICPU holds open, one per callable id (device.md 2.6; R5, R8, R9,
 * R10).
 *
 * An SO is staged in the first directory of the device that takes it, under a name unique in process, context, device
 * and callable, opened with all symbols bound, and unlinked at once. Loading is all or nothing: on failure the entry is
 * empty, and the same id can be loaded again. Used by one AICPU thread at a time.
 */
#ifndef AICPU_ORCHESTRATION_TABLE_H
#define AICPU_ORCHESTRATION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/device_program.h"
#include "abi/limits.h"

struct orchestration {
    void *handle; /* NULL: not loaded */
    void *entry;  /* functions of the SO; their types are the runtime's business */
    void *config; /* NULL: it has none */
    void *bind;   /* NULL: it has none */
};

struct orchestration_table {
    struct orchestration entries[PTO_MAX_CALLABLE_IDS];
};

/* What to load. Names are terminated and never empty. */
struct orchestration_source {
    const void *bytes;
    size_t size;
    const char *entry_name;
    const char *config_name;
    const char *bind_name;
};

/*
 * Replaces what `callable_id` (in range) holds. Counts handles in `block`. Fault sites "aicpu.orchestration.create",
 * ".write",
 * ".chmod", ".dlopen". Returns 0, or a negative errno with `text` telling which step failed.
 */
int orchestration_load(struct orchestration_table *table, struct pto_device_block *block, int32_t callable_id,
                       const struct orchestration_source *source, char *text, size_t capacity);

/* Closes what `callable_id` (in range) holds, if anything. A handle that stays mapped is counted in `block`. */
void orchestration_unload(struct orchestration_table *table, struct pto_device_block *block, int32_t callable_id);

/* Closes the callables whose bits are set. */
void orchestration_unload_set(struct orchestration_table *table, struct pto_device_block *block, uint64_t callables);

#endif
