/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers: everything that is to happen at a virtual time, in one binary heap (fibers engine).
 *
 * Order: time, then kind (a sleeper before a deadline), then order of spawn, so that equal times never fall back on
 * addresses. A timer is embedded in its owner; room is reserved when owners are made, so that arming never fails.
 */
#ifndef EXEC_TIMERS_H
#define EXEC_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exec_timer_kind {
    EXEC_TIMER_SLEEP = 0,    /* modelled work ends */
    EXEC_TIMER_DEADLINE = 1, /* a wait has lasted long enough */
    EXEC_TIMER_SYNC = 2,     /* a cancelled group has had time enough to end */
};

struct exec_timer {
    uint64_t time_ns;
    enum exec_timer_kind kind;
    uint32_t order;
    size_t position; /* in the heap, 1-based; 0: not armed */
    void *owner;     /* processor or group, by kind */
};

struct exec_timers {
    struct exec_timer **heap; /* 1-based */
    size_t count;
    size_t capacity;
};

/* Room for `capacity` armed timers. Returns 0 or -ENOMEM. */
int exec_timers_reserve(struct exec_timers *timers, size_t capacity);
void exec_timers_free(struct exec_timers *timers);

/* Arms a timer that is not armed. */
void exec_timers_add(struct exec_timers *timers, struct exec_timer *timer);
/* Disarms; nothing happens when it is not armed. */
void exec_timers_remove(struct exec_timers *timers, struct exec_timer *timer);
/* The next one to fire, or NULL. */
struct exec_timer *exec_timers_first(const struct exec_timers *timers);

#endif
