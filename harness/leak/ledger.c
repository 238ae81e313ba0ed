/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/leak/ledger.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#include "base/os.h"
#include "harness/leak/os_objects.h"

/* Present in every sanitizer run-time; glibc's own count stays empty there. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static const char *const ledger_names[LEDGER_ITEM_COUNT] = {
    [PTO_MEMORY_CLIENT] = "device bytes: client",
    [PTO_MEMORY_CHIP_BUFFER] = "device bytes: chip buffer",
    [PTO_MEMORY_STAGING] = "device bytes: staging",
    [PTO_MEMORY_RING_HEAP] = "device bytes: ring heap",
    [PTO_MEMORY_RING_SHARED] = "device bytes: ring shared memory",
    [PTO_MEMORY_RUNTIME] = "device bytes: runtime",
    [PTO_MEMORY_REGISTERS] = "device bytes: registers",
    [PTO_MEMORY_PROGRAM] = "device bytes: program",
    [PTO_MEMORY_GRAPH] = "device bytes: graph",
    [PTO_MEMORY_COMM] = "device bytes: communication",
    [LEDGER_CHIP_BUFFERS] = "chip buffers",
    [LEDGER_CHIP_LEASES] = "chip buffer leases",
    [LEDGER_REGISTERED_CALLABLES] = "registered callables",
    [LEDGER_KERNEL_HANDLES] = "kernel handles",
    [LEDGER_ORCHESTRATION_HANDLES] = "orchestration handles",
    [LEDGER_OPEN_IMAGES] = "open images",
    [LEDGER_STAGED_FILES] = "staged files",
    [LEDGER_HOST_BYTES] = "host bytes in use",
    [LEDGER_RESIDENT_BYTES] = "resident bytes",
    [LEDGER_FDS] = "file descriptors",
    [LEDGER_FILE_MAPPINGS] = "file mappings",
    [LEDGER_ANONYMOUS_BYTES] = "anonymous mapped bytes",
    [LEDGER_TEMP_FILES] = "files under the simulated root",
    [LEDGER_THREADS] = "threads",
    [LEDGER_THREAD_KEYS] = "thread keys",
    [LEDGER_CHILDREN] = "child processes",
    [LEDGER_SHM_SEGMENTS] = "shared memory segments",
};

const char *ledger_item_name(enum ledger_item item)
{
    return (size_t)item < LEDGER_ITEM_COUNT ? ledger_names[item] : "unknown item";
}

static bool ledger_is_instrumented(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL || RUNNING_ON_VALGRIND != 0;
}

static int64_t ledger_host_bytes(void)
{
    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return (int64_t)__sanitizer_get_current_allocated_bytes();
    }
    if (RUNNING_ON_VALGRIND != 0) {
        return LEDGER_UNKNOWN; /* valgrind has an allocator of its own, and tells every loss itself */
    }
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}

static void ledger_take_device(struct ledger *ledger, const struct pto_debug_api *debug, void *context)
{
    struct pto_statistics statistics = {.size = sizeof(statistics)};
    if (debug == NULL || context == NULL || debug->get_statistics(context, &statistics) != 0) {
        return;
    }
    for (size_t kind = 0; kind < PTO_MEMORY_KIND_COUNT; kind++) {
        ledger->values[LEDGER_DEVICE_KIND_FIRST + kind] = (int64_t)statistics.device_bytes_by_kind[kind];
    }
    ledger->values[LEDGER_CHIP_BUFFERS] = (int64_t)statistics.chip_buffers;
    ledger->values[LEDGER_CHIP_LEASES] = (int64_t)statistics.chip_leases;
    ledger->values[LEDGER_REGISTERED_CALLABLES] = (int64_t)statistics.registered_callables;
    ledger->values[LEDGER_KERNEL_HANDLES] = (int64_t)statistics.kernel_handles;
    ledger->values[LEDGER_ORCHESTRATION_HANDLES] = (int64_t)statistics.orchestration_handles;
}

void ledger_take(struct ledger *ledger, const struct pto_debug_api *debug, void *context)
{
    for (size_t item = 0; item < LEDGER_ITEM_COUNT; item++) {
        ledger->values[item] = LEDGER_UNKNOWN;
    }
    ledger_take_device(ledger, debug, context);
    ledger->values[LEDGER_OPEN_IMAGES] = (int64_t)os_open_images();
    ledger->values[LEDGER_STAGED_FILES] = (int64_t)os_staged_files();
    ledger->values[LEDGER_FDS] = os_objects_fds();
    ledger->values[LEDGER_TEMP_FILES] = os_objects_temp_files();
    ledger->values[LEDGER_THREADS] = os_objects_threads();
    ledger->values[LEDGER_THREAD_KEYS] = os_objects_thread_keys();
    ledger->values[LEDGER_CHILDREN] = os_objects_children();
    ledger->values[LEDGER_SHM_SEGMENTS] = os_objects_shm_segments();
    struct os_mappings mappings;
    (void)malloc_trim(0); /* what the C library keeps for later belongs to nobody */
    (void)os_objects_mappings(&mappings);
    ledger->values[LEDGER_FILE_MAPPINGS] = mappings.files;
    if (!ledger_is_instrumented()) {
        ledger->values[LEDGER_ANONYMOUS_BYTES] = mappings.anonymous_bytes;
        ledger->values[LEDGER_RESIDENT_BYTES] = mappings.resident_bytes;
    }
    ledger->values[LEDGER_HOST_BYTES] = ledger_host_bytes();
}

int ledger_compare(const struct ledger *before, const struct ledger *after, const int64_t allowed[LEDGER_ITEM_COUNT],
                   char *text, size_t capacity)
{
    int grown = 0;
    size_t used = 0;
    if (capacity != 0) {
        text[0] = '\0';
    }
    for (size_t item = 0; item < LEDGER_ITEM_COUNT; item++) {
        int64_t old = before->values[item];
        int64_t now = after->values[item];
        if (old == LEDGER_UNKNOWN || now == LEDGER_UNKNOWN || now - old <= allowed[item]) {
            continue;
        }
        grown++;
        if (used < capacity) {
            int length = snprintf(text + used, capacity - used,
                                  "%s: %" PRId64 " -> %" PRId64 ", grew by %" PRId64 ", allowed %" PRId64 "\n",
                                  ledger_names[item], old, now, now - old, allowed[item]);
            used += length > 0 ? (size_t)length : 0;
        }
    }
    return grown;
}
