/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: the set of runnable processors of the fibers engine and the choice of the next one.
 *
 * Round robin keeps a FIFO list. The exploring policies keep a bit per slot; slots are given in order of spawn, so a
 * choice never depends on an address. EXEC_CHOICE asks only when there are two or more; its index 0 is the calling
 * processor when it could go on, otherwise the next one in cyclic order of slots, so a string of zeros never starves
 * anybody who pauses.
 */
#ifndef EXEC_POLICY_H
#define EXEC_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exec/exec.h"
#include "exec/random.h"

#define EXEC_PCT_MAX_DEPTH 64u

struct exec_policy_state {
    const struct exec_options *options;
    bool exploring;
    struct exec_processor *first; /* round robin */
    struct exec_processor *last;
    struct exec_processor **slots; /* exploring: who has which slot */
    uint64_t *ready;               /* exploring: bit per slot */
    size_t capacity;               /* slots, a multiple of 64 */
    size_t used;                   /* slots below this have been given in this drive */
    size_t lowest_free;            /* no slot below this is free */
    size_t ready_count;
    struct exec_random random;
    uint64_t pct_step;
    uint64_t pct_change[EXEC_PCT_MAX_DEPTH];
    int64_t pct_floor; /* the lowest priority given so far */
};

int exec_policy_reserve(struct exec_policy_state *state, size_t processors);
void exec_policy_free(struct exec_policy_state *state);

/* Starts a drive: empties the set, seeds the generator. `options` must outlive the drive. */
void exec_policy_reset(struct exec_policy_state *state, const struct exec_options *options);

/* A processor starts or is over: gives it a slot and a priority, takes them back. */
void exec_policy_enrol(struct exec_policy_state *state, struct exec_processor *processor);
void exec_policy_retire(struct exec_policy_state *state, struct exec_processor *processor);

/* For a processor in the set that is cut off. */
void exec_policy_remove(struct exec_policy_state *state, struct exec_processor *processor);

/* The exploring halves of what policy_inline.h offers. */
void exec_policy_add_explored(struct exec_policy_state *state, struct exec_processor *processor);
struct exec_processor *exec_policy_next_explored(struct exec_policy_state *state, struct exec_processor *caller,
                                                 enum exec_point point);

#endif
