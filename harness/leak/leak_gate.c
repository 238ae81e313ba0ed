/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/leak/leak_gate.h"

#include <stdio.h>
#include <stdlib.h>

#define LEAK_HALF_CHUNK_BYTES 16 /* glibc's smallest chunk has 32 */
#define LEAK_WINDOWS 4u
#define LEAK_HOST_NOISE_BYTES 2048 /* what malloc's caches per thread may take in, however few the cycles */
#define LEAK_RESIDENT_NOISE_BYTES (256 * 1024)
#define LEAK_RESIDENT_SLOPE_BYTES 64 /* per cycle: a page every 64 cycles would be seen over many cycles */

void leak_gate_begin(struct leak_gate *gate, const struct pto_debug_api *debug, void *context)
{
    gate->debug = debug;
    gate->context = context;
    gate->text[0] = '\0';
    gate->mapped_allowance = LEAK_GATE_MAPPED_ALLOWANCE_BYTES;
    ledger_take(&gate->before, debug, context);
}

int leak_gate_end(struct leak_gate *gate)
{
    int64_t allowed[LEDGER_ITEM_COUNT] = {0};
    allowed[LEDGER_HOST_BYTES] = LEAK_GATE_HOST_ALLOWANCE_BYTES;
    allowed[LEDGER_ANONYMOUS_BYTES] = gate->mapped_allowance;
    allowed[LEDGER_RESIDENT_BYTES] = INT64_MAX; /* a single scenario may touch pages for the first time */
    struct ledger after;
    ledger_take(&after, gate->debug, gate->context);
    return ledger_compare(&gate->before, &after, allowed, gate->text, sizeof(gate->text));
}

/* The cycles between two snapshots; the last window is as long as the others. */
static uint64_t leak_churn_window(const struct leak_churn *churn)
{
    return churn->cycles > LEAK_WINDOWS ? (churn->cycles + LEAK_WINDOWS - 1) / LEAK_WINDOWS : churn->cycles;
}

static int leak_churn_cycles(struct leak_churn *churn, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        int result = churn->cycle(churn->state, first + i);
        if (result != 0) {
            (void)snprintf(churn->text, sizeof(churn->text), "cycle %llu returned %d", (unsigned long long)(first + i),
                           result);
            return result;
        }
    }
    return 0;
}

static int64_t leak_smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/*
 * Caches (of malloc, of the dynamic linker) grow in steps, a leak grows all the time: what counts for bytes is the
 * window in which they grew least. Moves `smallest` on by the window between two snapshots.
 */
static void leak_churn_note_window(const struct ledger *from, const struct ledger *to, struct ledger *smallest)
{
    static const enum ledger_item items[] = {LEDGER_HOST_BYTES, LEDGER_RESIDENT_BYTES, LEDGER_ANONYMOUS_BYTES};
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        int64_t grown = to->values[items[i]] - from->values[items[i]];
        smallest->values[items[i]] = leak_smaller(smallest->values[items[i]], grown);
    }
}

/* Runs all windows; `after` becomes the last snapshot, with byte items at `before` plus the smallest growth. */
static int leak_churn_windows(struct leak_churn *churn, struct ledger *before, struct ledger *after)
{
    uint64_t index = churn->warm_up;
    uint64_t window = leak_churn_window(churn);
    struct ledger smallest;
    for (size_t item = 0; item < LEDGER_ITEM_COUNT; item++) {
        smallest.values[item] = INT64_MAX;
    }
    ledger_take(before, churn->debug, churn->context);
    *after = *before;
    while (index < churn->warm_up + churn->cycles) {
        struct ledger from = *after;
        int result = leak_churn_cycles(churn, index, window);
        if (result != 0) {
            return result;
        }
        index += window;
        ledger_take(after, churn->debug, churn->context);
        leak_churn_note_window(&from, after, &smallest);
    }
    for (size_t item = 0; item < LEDGER_ITEM_COUNT; item++) {
        if (smallest.values[item] != INT64_MAX && before->values[item] != LEDGER_UNKNOWN) {
            after->values[item] = before->values[item] + smallest.values[item];
        }
    }
    return 0;
}

int leak_churn_run(struct leak_churn *churn)
{
    struct ledger before;
    struct ledger after;
    churn->text[0] = '\0';
    int result = leak_churn_cycles(churn, 0, churn->warm_up);
    result = result == 0 ? leak_churn_windows(churn, &before, &after) : result;
    if (result != 0) {
        return result;
    }
    int64_t window = (int64_t)leak_churn_window(churn);
    int64_t allowed[LEDGER_ITEM_COUNT] = {0};
    int64_t half_leaked = window * LEAK_HALF_CHUNK_BYTES;
    allowed[LEDGER_HOST_BYTES] = half_leaked > LEAK_HOST_NOISE_BYTES ? half_leaked : LEAK_HOST_NOISE_BYTES;
    allowed[LEDGER_RESIDENT_BYTES] = LEAK_RESIDENT_NOISE_BYTES + window * LEAK_RESIDENT_SLOPE_BYTES;
    allowed[LEDGER_ANONYMOUS_BYTES] = LEAK_RESIDENT_NOISE_BYTES + window * LEAK_RESIDENT_SLOPE_BYTES;
    return ledger_compare(&before, &after, allowed, churn->text, sizeof(churn->text)) != 0 ? LEAK_GREW : 0;
}

uint64_t leak_churn_count(uint64_t cycles, uint64_t least)
{
    const char *text = getenv("CHURN_SCALE");
    uint64_t percent = text != NULL ? strtoull(text, NULL, 10) : 100;
    uint64_t scaled = (uint64_t)((unsigned __int128)cycles * percent / 100);
    return scaled > least ? scaled : least;
}
