/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/explorer/stale.h"

#include <stdlib.h>
#include <string.h>

#define STALE_BYTE 0xa5
#define STALE_GRANULE_BYTES 1024u

/* All heaps lie in one allocation, in equal parts. */
static void stale_find(struct stale *stale, struct session *session)
{
    struct pto_ledger_entry entries[64];
    int64_t count = session->debug->get_ledger(session->context, entries, 64);
    for (int64_t i = 0; i < count && i < 64; i++) {
        if (entries[i].kind != PTO_MEMORY_RING_HEAP) {
            continue;
        }
        uint64_t each = entries[i].bytes / PTO_RING_COUNT;
        for (uint64_t ring = 0; ring < PTO_RING_COUNT; ring++) {
            stale->heaps[ring] = (uint8_t *)(uintptr_t)(entries[i].address + ring * each);
            stale->bytes[ring] = each < STALE_MOST_BYTES ? each : STALE_MOST_BYTES;
        }
    }
}

int stale_begin(struct stale *stale, struct session *session)
{
    *stale = (struct stale){.pattern = malloc(STALE_MOST_BYTES)};
    if (stale->pattern == NULL) {
        return -1;
    }
    memset(stale->pattern, STALE_BYTE, STALE_MOST_BYTES);
    stale_find(stale, session);
    return stale_overwrite(stale, session);
}

int stale_measure(struct stale *stale, struct session *session)
{
    uint8_t *found = malloc(STALE_MOST_BYTES);
    int result = found == NULL ? -1 : 0;
    for (size_t ring = 0; ring < PTO_RING_COUNT && result == 0; ring++) {
        uint64_t used = stale->bytes[ring];
        result = used == 0 ? 0 : chip_worker_copy_from(session->worker, found, stale->heaps[ring], used);
        while (result == 0 && used > 0 && found[used - 1] == STALE_BYTE) {
            used--;
        }
        uint64_t rounded = (used + STALE_GRANULE_BYTES - 1) / STALE_GRANULE_BYTES * STALE_GRANULE_BYTES;
        stale->bytes[ring] = rounded < stale->bytes[ring] ? rounded : stale->bytes[ring];
    }
    free(found);
    return result;
}

int stale_overwrite(const struct stale *stale, struct session *session)
{
    int result = 0;
    for (size_t ring = 0; ring < PTO_RING_COUNT && result == 0; ring++) {
        if (stale->bytes[ring] != 0) {
            result = chip_worker_copy_to(session->worker, stale->heaps[ring], stale->pattern, stale->bytes[ring]);
        }
    }
    return result;
}

void stale_end(struct stale *stale)
{
    free(stale->pattern);
    *stale = (struct stale){0};
}
