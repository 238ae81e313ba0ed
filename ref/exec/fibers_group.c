/* SPDX-License-Identifier: Apache-2.0 */
/* Start, end, cancelling and cutting off of groups on the fibers engine, and the driver. */
#include "exec/fibers_inline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec/group.h"
#include "exec/watchdog.h"

#define EXEC_HEADLINE_BYTES 160u

/* ---- end ---- */

EXEC_NO_TSAN static void exec_fibers_group_over(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    exec_timers_remove(&engine->timers, &group->sync);
    exec_group_unlink(group);
    group->end_ns = engine->shared.now_ns;
    if (group->joiner != NULL) {
        group->joiner->joined = NULL;
        exec_fibers_make_ready(group->joiner, 0);
    }
}

/* The processor is over, whoever says so. Its stack stays where it is until the next run; `dirty`: with frames on it.
 */
EXEC_NO_TSAN static void exec_fibers_over(struct exec_processor *processor, enum exec_state state, bool dirty)
{
    exec_fibers_unlink(processor);
    exec_state_set(processor, state);
    exec_policy_retire(&processor->engine->policy, processor);
    exec_stack_end(processor->stack);
    processor->stack->dirty = dirty;
    if (exec_group_left(processor->group)) {
        exec_fibers_group_over(processor->group);
    }
}

EXEC_NO_TSAN _Noreturn void exec_fibers_stop(struct exec_processor *processor, enum exec_state state)
{
    exec_fibers_over(processor, state, true);
    exec_fibers_block_slow(processor);
    abort(); /* nobody resumes what is over */
}

EXEC_NO_TSAN _Noreturn void exec_fibers_exit(struct exec_processor *processor)
{
    exec_fibers_settle(processor);
    exec_fibers_stop(processor, EXEC_STATE_ENDED);
}

/* Every processor's stack starts here, and comes back here for its next run unless it was left with frames on it. */
EXEC_NO_TSAN static void exec_fibers_main(struct exec_transfer arrived)
{
    exec_context_arrived(&exec_processor_of(exec_self_now)->stack->context, arrived);
    for (;;) {
        struct exec_processor *processor = exec_processor_of(exec_self_now);
        exec_group_entered(processor->group);
        processor->entry(processor->argument);
        exec_fibers_settle(processor);
        exec_fibers_over(processor, EXEC_STATE_ENDED, false);
        exec_fibers_block_slow(processor);
    }
}

/* ---- cancel ---- */

EXEC_NO_TSAN static void exec_fibers_cancel_one(struct exec_processor *processor)
{
    uint32_t attention = exec_private_load(&processor->self.attention);
    exec_private_store(&processor->self.attention, attention | EXEC_ATTEND_CANCEL);
    switch (exec_state_get(processor)) {
    case EXEC_STATE_WAITING:
    case EXEC_STATE_STALLED:
    case EXEC_STATE_USER:
    case EXEC_STATE_SLEEPING:
    case EXEC_STATE_LOW:
        exec_fibers_make_ready(processor, -ECANCELED);
        break;
    case EXEC_STATE_JOINING:
        (void)exec_group_record(processor->joined, EXEC_END_CANCELLED, 0, processor, "its launcher is ending");
        exec_fibers_cancel(processor->joined);
        break;
    case EXEC_STATE_READY:
    case EXEC_STATE_RUNNING:
    case EXEC_STATE_ENDED:
    case EXEC_STATE_ABANDONED:
    case EXEC_STATE_FAULTED:
        break;
    }
}

EXEC_NO_TSAN void exec_fibers_cancel(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    if (!group->running || group->cancelled) {
        return;
    }
    group->cancelled = true;
    uint64_t limit = 0;
    if (!__builtin_add_overflow(engine->shared.now_ns, engine->options.sync_limit_ns, &limit)) {
        group->sync.time_ns = limit;
        exec_timers_add(&engine->timers, &group->sync);
    }
    for (uint32_t i = 0; i < group->count; i++) {
        exec_fibers_cancel_one(group->processors[i]);
    }
}

EXEC_NO_TSAN void exec_fibers_cut(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    struct exec_processor *running = NULL;
    if (exec_self_now != engine->outside) {
        running = exec_processor_of(exec_self_now);
    }
    struct exec_context *now = running != NULL ? &running->stack->context : &engine->root;
    bool told = false;
    for (uint32_t i = 0; i < group->count; i++) {
        struct exec_processor *processor = group->processors[i];
        if (exec_state_is_over(exec_state_get(processor))) {
            continue;
        }
        if (!told) {
            (void)exec_group_record(group, EXEC_END_SYNC_TIMEOUT, 0, processor, "did not end when cancelled");
            told = true;
        }
        if (processor->joined != NULL) {
            struct exec_group *joined = processor->joined;
            exec_fibers_cut(joined); /* makes the processor ready; its own end follows ... */
            joined->running = false; /* ... and so it will not finish its call of exec_group_run */
            joined->count = 0;
        }
        if (processor != running) {
            exec_context_release_for(now, &processor->stack->context, &group->live);
        }
        exec_fibers_over(processor, EXEC_STATE_ABANDONED, true);
    }
}

/* ---- start ---- */

EXEC_NO_TSAN static void exec_fibers_start(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    exec_group_begin(group);
    group->start_ns = engine->shared.now_ns;
    exec_group_publish(group);
    for (uint32_t i = 0; i < group->count; i++) {
        struct exec_processor *processor = group->processors[i];
        exec_stack_begin(processor->stack, exec_fibers_main);
        exec_policy_enrol(&engine->policy, processor);
        exec_policy_add(&engine->policy, processor);
    }
}

/* ---- the driver ---- */

/* Nobody can run. Groups that wait only for groups inside them are not to blame. */
EXEC_NO_TSAN static void exec_fibers_deadlock(struct exec_engine *engine)
{
    char headline[EXEC_HEADLINE_BYTES];
    exec_tsan_ignore_begin();
    (void)snprintf(headline, sizeof(headline), "deadlock at %" PRIu64 " ns: nobody can run and nobody has a deadline",
                   engine->shared.now_ns);
    exec_tsan_ignore_end();
    for (struct exec_group *group = engine->running; group != NULL; group = group->next) {
        struct exec_processor *culprit = NULL;
        bool joins = false;
        for (uint32_t i = 0; i < group->count; i++) {
            struct exec_processor *processor = group->processors[i];
            joins = joins || processor->joined != NULL;
            if (culprit == NULL && !exec_state_is_over(exec_state_get(processor))) {
                culprit = processor;
            }
        }
        if (!joins) {
            (void)exec_group_record(group, EXEC_END_DEADLOCK, 0, culprit, headline);
            exec_fibers_cancel(group);
        }
    }
}

EXEC_NO_TSAN static void exec_fibers_drive(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    engine->outside = exec_self_now;
    engine->shared.now_ns = 0;
    engine->next_order = 0;
    engine->root_group = group;
    exec_policy_reset(&engine->policy, &engine->options);
    exec_context_adopt(&engine->root);
    exec_tsan_share_errno();
    exec_fibers_start(group);
    exec_fibers_run_some(engine);
    while (!exec_group_is_over(group)) {
        exec_fibers_deadlock(engine);
        exec_fibers_run_some(engine);
    }
}

EXEC_NO_TSAN static int exec_fibers_join(struct exec_processor *caller, struct exec_group *group)
{
    exec_fibers_settle(caller);
    if (caller->group->cancelled) {
        return -ECANCELED;
    }
    exec_fibers_start(group);
    group->joiner = caller;
    caller->joined = group;
    exec_state_set(caller, EXEC_STATE_JOINING);
    exec_fibers_block(caller);
    return 0;
}

EXEC_NO_TSAN int exec_fibers_run_group(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    int result = 0;
    if (exec_self_now != NULL && exec_processor_of(exec_self_now)->engine == engine) {
        result = exec_fibers_join(exec_processor_of(exec_self_now), group);
    } else {
        /* Relaxed: a guard against misuse; it orders nothing. */
        if (atomic_exchange_explicit(&engine->driving, 1u, memory_order_relaxed) != 0) {
            return -EBUSY;
        }
        result = exec_watchdog_begin();
        if (result == 0) {
            exec_fibers_drive(group);
            exec_watchdog_end();
        }
        atomic_store_explicit(&engine->driving, 0u, memory_order_relaxed);
    }
    exec_group_joined(group);
    return result;
}
