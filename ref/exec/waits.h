/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits: who waits for which word, in buckets hashed by address (fibers engine).
 *
 * Waiters of one word are released in the order in which they began to wait. Different words may share a bucket; that
 * never shows, since only matching waiters are taken and only in their own order.
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

#endif
