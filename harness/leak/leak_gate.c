/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/leak/leak_gate.h"

#include <stdio.h>
#include <stdlib.h>

#define LEAK_HALF_CHUNK_BYTES 16 /* glibc's smallest chunk has 32 */
#define LEAK_RESIDENT_NOISE_BYTES (1024 * 1024)
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

int leak_churn_run(struct leak_churn *churn)
{
    churn->text[0] = '\0';
    int result = leak_churn_cycles(churn, 0, churn->warm_up);
    if (result != 0) {
        return result;
    }
    struct ledger before;
    struct ledger after;
    ledger_take(&before, churn->debug, churn->context);
    result = leak_churn_cycles(churn, churn->warm_up, churn->cycles);
    if (result != 0) {
        return result;
    }
    ledger_take(&after, churn->debug, churn->context);
    int64_t cycles = (int64_t)churn->cycles;
    int64_t allowed[LEDGER_ITEM_COUNT] = {0};
    allowed[LEDGER_HOST_BYTES] = cycles * LEAK_HALF_CHUNK_BYTES;
    allowed[LEDGER_RESIDENT_BYTES] = LEAK_RESIDENT_NOISE_BYTES + cycles * LEAK_RESIDENT_SLOPE_BYTES;
    allowed[LEDGER_ANONYMOUS_BYTES] = LEAK_RESIDENT_NOISE_BYTES + cycles * LEAK_RESIDENT_SLOPE_BYTES;
    return ledger_compare(&before, &after, allowed, churn->text, sizeof(churn->text)) != 0 ? LEAK_GREW : 0;
}

uint64_t leak_churn_count(uint64_t cycles, uint64_t least)
{
    const char *text = getenv("CHURN_SCALE");
    uint64_t percent = text != NULL ? strtoull(text, NULL, 10) : 100;
    uint64_t scaled = (uint64_t)((unsigned __int128)cycles * percent / 100);
    return scaled > least ? scaled : least;
}
