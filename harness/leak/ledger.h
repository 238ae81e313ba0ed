/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: one snapshot of everything that this process and its contexts hold (design section 4 "Leak gate").
 *
 * Three ledgers in one table: device memory by kind with buffers, leases, handles and staged files (asked of
 * pto_debug_api), host memory (bytes handed out by the allocator, resident bytes), and OS objects. What cannot be
 * measured in the running configuration is LEDGER_UNKNOWN and takes part in no comparison: resident and mapped bytes
 * under sanitizers and valgrind, which keep freed memory on purpose, host bytes under valgrind, and device items
 * without a context.
 */
#ifndef HARNESS_LEAK_LEDGER_H
#define HARNESS_LEAK_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"

#define LEDGER_UNKNOWN (-1)

enum ledger_item {
    LEDGER_DEVICE_KIND_FIRST = 0, /* bytes of each enum pto_memory_kind, in its order */
    LEDGER_CHIP_BUFFERS = PTO_MEMORY_KIND_COUNT,
    LEDGER_CHIP_LEASES,
    LEDGER_REGISTERED_CALLABLES,
    LEDGER_KERNEL_HANDLES,
    LEDGER_ORCHESTRATION_HANDLES,
    LEDGER_OPEN_IMAGES,  /* of the process */
    LEDGER_STAGED_FILES, /* of the process */
    LEDGER_HOST_BYTES,
    LEDGER_RESIDENT_BYTES,
    LEDGER_FDS,
    LEDGER_FILE_MAPPINGS,
    LEDGER_ANONYMOUS_BYTES,
    LEDGER_TEMP_FILES,
    LEDGER_THREADS,
    LEDGER_THREAD_KEYS,
    LEDGER_CHILDREN,
    LEDGER_SHM_SEGMENTS,
    LEDGER_ITEM_COUNT
};

struct ledger {
    int64_t values[LEDGER_ITEM_COUNT];
};

/* What the items are called in texts: "device bytes: chip buffer", "file descriptors", ... */
const char *ledger_item_name(enum ledger_item item);

/* `debug` and `context` may be NULL: device items are then unknown, except those of the process, which need libnpu
 * only. */
void ledger_take(struct ledger *ledger, const struct pto_debug_api *debug, void *context);

/*
 * Writes one line per item that grew by more than allowed[item] from `before` to `after` into `text`: name, both
 * values, growth, allowance. Returns how many items that were (0: text is empty). Shrinking is no leak and is not told.
 */
int ledger_compare(const struct ledger *before, const struct ledger *after, const int64_t allowed[LEDGER_ITEM_COUNT],
                   char *text, size_t capacity);

#endif
