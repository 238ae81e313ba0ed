/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor: the records that both engines share: processor, group, engine. Private to exec.
 *
 * Who may touch what: on the fibers engine everything belongs to the OS thread that drives the engine. On the threads
 * engine a processor's fields belong to its own OS thread while it runs, atomics to everybody, a group's end, report
 * and `joined` to whoever holds the engine's lock.
 */
#ifndef EXEC_PROCESSOR_H
#define EXEC_PROCESSOR_H

#include "exec/exec.h"
#include "exec/policy.h"
#include "exec/stack_pool.h"
#include "exec/timers.h"
#include "exec/waits.h"

#include <pthread.h>

#define EXEC_NAME_BYTES 64u

struct exec_worker;

enum exec_state {
    EXEC_STATE_READY = 0,
    EXEC_STATE_RUNNING,
    EXEC_STATE_WAITING,  /* exec_wait */
    EXEC_STATE_STALLED,  /* exec_wait_stall */
    EXEC_STATE_USER,     /* exec_user_wait */
    EXEC_STATE_SLEEPING, /* modelled work */
    EXEC_STATE_LOW,      /* exec_yield_low */
    EXEC_STATE_JOINING,  /* runs a group inside */
    EXEC_STATE_ENDED,
    EXEC_STATE_ABANDONED,
    EXEC_STATE_FAULTED,
};

struct exec_processor {
    struct exec_self self; /* first: exec_self_now points here */
    struct exec_engine *engine;
    struct exec_group *group;
    struct exec_processor *next; /* in the runnable list or the low list */
    _Atomic uint32_t state;      /* enum exec_state; relaxed: told to reports only, on the threads engine */
    int result;                  /* of the wait that just ended */
    struct exec_wait_record wait;
    struct exec_timer timer;
    uint32_t order;      /* of spawn, within one drive of the engine */
    uint32_t slot;       /* of the policy */
    int64_t priority;    /* PCT */
    uint64_t told;       /* the group's progress, plus one, when the last -EDEADLK was given out; 0: never */
    uint64_t overran;    /* likewise when user code was last found to call ops or to wait without progress ... */
    uint64_t overran_ns; /* ... and since when */
    uint64_t overran_call;
    struct exec_group *joined; /* EXEC_STATE_JOINING */
    void *local;
    void (*entry)(void *argument);
    void *argument;
    struct exec_stack *stack;              /* fibers */
    struct exec_worker *worker;            /* threads */
    _Atomic(_Atomic uint32_t *) wait_word; /* threads: what it sleeps on, for cancelling */
    _Atomic uint64_t blocks; /* threads: how often it went to sleep without a deadline, odd while asleep */
    char name[EXEC_NAME_BYTES];
};

struct exec_group {
    struct exec_engine *engine;
    struct exec_group *next; /* running groups in order of start */
    struct exec_processor **processors;
    uint32_t count;    /* spawned for the next run or running */
    uint32_t made;     /* records kept */
    uint32_t capacity; /* of the array */
    bool running;
    bool cancelled;
    bool reproducible;
    bool contained; /* exec_group_contain */
    enum exec_end end;
    int signal_number;
    _Atomic uint32_t live;    /* processors that have not ended */
    _Atomic uint32_t done;    /* threads: futex of the runner; 1 when the last processor has ended */
    _Atomic uint32_t started; /* release by the runner, acquire by each processor that starts */
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t cancel_ns; /* threads */
    bool told;          /* threads: somebody was told -EDEADLK in this run ... */
    uint64_t told_ns;   /* ... and when */
    uint64_t switches;
    struct exec_processor *joiner; /* who waits for the end, NULL: the driver */
    struct exec_timer sync;
    char name[EXEC_NAME_BYTES];
    char culprit[EXEC_NAME_BYTES];
    char report[EXEC_REPORT_BYTES];
};

struct exec_engine {
    struct exec_shared shared;
    struct exec_options options; /* with the defaults filled in */
    _Atomic uint32_t driving;    /* 1 while a group runs */
    struct exec_group *running;
    uint32_t processors; /* records made, for reserving */
    uint32_t groups;
    uint32_t next_order;
    /* fibers */
    struct exec_stack_pool stacks;
    struct exec_policy_state policy;
    struct exec_timers timers;
    struct exec_waits waits;
    struct exec_processor *low_first;
    struct exec_processor *low_last;
    uint32_t stalled; /* processors in EXEC_STATE_STALLED ... */
    uint32_t users;   /* ... and in EXEC_STATE_USER */
    struct exec_context root;
    struct exec_self *outside;     /* exec_self_now of the driver */
    struct exec_group *root_group; /* the one that the driver runs */
    /* threads */
    pthread_mutex_t lock;
    struct exec_worker *idle;
    struct exec_worker *workers; /* all of them */
    _Atomic uint32_t busy;       /* processors that are not asleep */
    uint32_t cpus;
    uint64_t base_ns; /* CLOCK_MONOTONIC at creation */
};

static inline struct exec_processor *exec_processor_of(struct exec_self *self)
{
    return (struct exec_processor *)(void *)self;
}

EXEC_NO_TSAN static inline void exec_state_set(struct exec_processor *processor, enum exec_state state)
{
    exec_private_store(&processor->state, (uint32_t)state);
}

EXEC_NO_TSAN static inline enum exec_state exec_state_get(const struct exec_processor *processor)
{
    return (enum exec_state)exec_private_load(&processor->state);
}

static inline bool exec_state_is_over(enum exec_state state)
{
    return state >= EXEC_STATE_ENDED;
}

#endif
