/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_gate: three ledgers must return to where they started (design section 4).
 *
 * Two forms. The gate compares before and after one scenario: counted things must be exactly back, bytes of the host
 * allocator and of the address space within a small allowance for caches (tcache, pooled stacks, the dynamic linker).
 * The churn repeats a cycle and looks at the slope: after a warm-up, N cycles may grow no counted thing at all, and
 * host bytes, in the quarter of the cycles in which they grew least, by less than one smallest malloc chunk per cycle;
 * with few cycles the noise of malloc's caches hides such a leak, and 2 KiB are let pass.
 *
 * One thread may use a gate at a time; other threads of the process should be at rest at both ends.
 */
#ifndef HARNESS_LEAK_LEAK_GATE_H
#define HARNESS_LEAK_LEAK_GATE_H

#include <stdint.h>

#include "harness/leak/ledger.h"

#define LEAK_GATE_HOST_ALLOWANCE_BYTES (64 * 1024)
#define LEAK_GATE_MAPPED_ALLOWANCE_BYTES (2 * 1024 * 1024)
#define LEAK_GATE_STACK_CACHE_BYTES (48 * 1024 * 1024) /* glibc keeps up to 40 MiB of stacks of threads that ended */
#define LEAK_GATE_TEXT_BYTES 2048u
#define LEAK_GREW (-1)

struct leak_gate {
    const struct pto_debug_api *debug;
    void *context;
    struct ledger before;
    int64_t mapped_allowance; /* bytes; leak_gate_begin sets the default, who starts threads of his own may raise it */
    char text[LEAK_GATE_TEXT_BYTES]; /* after leak_gate_end: what grew, one line per item */
};

/* `debug` and `context` as in ledger_take; they must stay valid until leak_gate_end. */
void leak_gate_begin(struct leak_gate *gate, const struct pto_debug_api *debug, void *context);
/* Returns how many items grew; 0 is clean. */
int leak_gate_end(struct leak_gate *gate);

struct leak_churn {
    int (*cycle)(void *state, uint64_t index); /* 0, or negative to stop */
    void *state;
    uint64_t warm_up; /* cycles before the first snapshot */
    uint64_t cycles;  /* cycles that are judged, at least 1; rounded up to a multiple of 4 when there are more than 4 */
    const struct pto_debug_api *debug;
    void *context;
    char text[LEAK_GATE_TEXT_BYTES];
};

/* Returns 0, LEAK_GREW with the items in `text`, or what `cycle` returned with its index in `text`. */
int leak_churn_run(struct leak_churn *churn);

/*
 * How often a churn test repeats: CHURN_SCALE percent of `cycles` (environment; 100 when unset, slow configurations
 * lower it), at least `least`.
 */
uint64_t leak_churn_count(uint64_t cycles, uint64_t least);

#endif
