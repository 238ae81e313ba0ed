/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack_pool: processor stacks for the fibers engine, kept and reused.
 *
 * A stack is one private mapping with a guard page below it; sizes are rounded up to a power of two (64 KiB at least)
 * and pooled by size, so that after warm-up no run maps, protects or unmaps anything. A pool belongs to one engine.
 */
#ifndef EXEC_STACK_POOL_H
#define EXEC_STACK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exec/context.h"

#define EXEC_STACK_CLASSES 16u /* 64 KiB << 0 .. 15: up to 2 GiB */

struct exec_stack {
    struct exec_stack *next; /* in the pool */
    void *mapping;           /* guard page, then the stack */
    size_t mapping_bytes;
    char *bottom; /* lowest usable byte */
    size_t bytes;
    uint32_t size_class;
    bool dirty; /* nothing lives on it: the next start must make its context anew */
    unsigned valgrind_id;
    struct exec_context context;
};

struct exec_stack_pool {
    struct exec_stack *free[EXEC_STACK_CLASSES];
    uint32_t made; /* stacks mapped so far: staggers where their first frames lie in a cache set */
};

/* Which class serves `bytes`; EXEC_STACK_CLASSES when none does. */
uint32_t exec_stack_class(size_t bytes);

/* Returns 0, or -ENOMEM (also for sizes beyond the largest class). The stack is dirty when new. */
int exec_stack_take(struct exec_stack_pool *pool, size_t bytes, struct exec_stack **stack);
void exec_stack_give(struct exec_stack_pool *pool, struct exec_stack *stack);

/* Unmaps all free stacks. */
void exec_stack_pool_clear(struct exec_stack_pool *pool);

/*
 * Brackets the use of a stack by a processor: while in use LeakSanitizer takes its contents for roots. A dirty stack
 * gets a fresh context that starts in `entry` and loses the poison of frames that never returned.
 */
void exec_stack_begin(struct exec_stack *stack, void (*entry)(struct exec_transfer arrived));
void exec_stack_end(struct exec_stack *stack);

/* True when `address` lies in the guard page. */
bool exec_stack_guards(const struct exec_stack *stack, const void *address);

#endif
