/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits: who waits for which word, in buckets hashed by address (fibers engine).
 *
 * Waiters of one word are released in the order in which they began to wait. Different words may share a bucket; that never
 * shows, since only matching waiters are taken and only in their own order.
 */
#ifndef EXEC_WAITS_H
#define EXEC_WAITS_H

#include "exec/exec.h"

struct exec_wait_record {
    _Atomic uint32_t *word;
    uint32_t seen;
    uint32_t rank; /* exec_wait_stall */
    struct exec_processor *before;
    struct exec_processor *after;
};

struct exec_waits {
    struct exec_processor *first[EXEC_WAIT_BUCKETS];
    struct exec_processor *last[EXEC_WAIT_BUCKETS];
};

/* Appends the processor, whose wait record is filled in. Counts it in shared->waiting. */
void exec_waits_add(struct exec_waits *waits, struct exec_shared *shared, struct exec_processor *processor);
void exec_waits_remove(struct exec_waits *waits, struct exec_shared *shared, struct exec_processor *processor);

/*
 * The next processor after `from` (NULL: the first) in the bucket of `word` that waits for `word` and whose condition holds
 * now. NULL: no more.
 */
struct exec_processor *exec_waits_find(struct exec_waits *waits, _Atomic uint32_t *word, struct exec_processor *from);

#endif
