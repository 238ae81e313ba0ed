/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocking calls of the fibers engine. The loops load the awaited word with acquire and are visible to
 * ThreadSanitizer; what they do to the engine happens in EXEC_NO_TSAN helpers. The caller has filled in
 * processor->wait.
 */
#include "exec/fibers_inline.h"

#include <errno.h>

#include "exec/group.h"
#include "exec/watchdog.h"

static bool exec_word_changed(const struct exec_processor *processor)
{
    /* Acquire: pairs with the writer's release store before its exec_wake. */
    return atomic_load_explicit(processor->wait.word, memory_order_acquire) != processor->wait.seen;
}

/* Sleeps off the debt. With nobody else to run before, time simply moves on. */
EXEC_NO_TSAN void exec_fibers_settle(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    uint64_t debt = processor->self.debt_ns;
    processor->self.debt_ns = 0;
    if (debt == 0 || processor->group->cancelled) {
        return;
    }
    uint64_t until = 0;
    if (__builtin_add_overflow(engine->shared.now_ns, debt, &until)) {
        until = EXEC_NEVER - 1u;
    }
    const struct exec_timer *first = exec_timers_first(&engine->timers);
    if (exec_policy_empty(&engine->policy) && (first == NULL || first->time_ns > until)) {
        engine->shared.now_ns = until;
        return;
    }
    exec_state_set(processor, EXEC_STATE_SLEEPING);
    processor->timer.time_ns = until;
    processor->timer.kind = EXEC_TIMER_SLEEP;
    exec_timers_add(&engine->timers, &processor->timer);
    exec_fibers_block(processor);
}

/* What every blocking call does first: schedule point, watchdog, debt. True when the group is ending. */
EXEC_NO_TSAN static bool exec_fibers_prepare(struct exec_processor *processor)
{
    uint32_t attention = exec_attention(&processor->self);
    if ((attention & EXEC_ATTEND_TICK) != 0) {
        exec_watchdog_attend(processor);
    }
    if ((attention & EXEC_ATTEND_POLICY) != 0) {
        exec_fibers_point(processor, EXEC_POINT_KEEP);
    }
    return processor->group->cancelled;
}

EXEC_NO_TSAN static void exec_fibers_refuse(struct exec_processor *processor)
{
    exec_fibers_advance(processor->engine, EXEC_REFUSED_WAIT_NS);
    if (exec_state_is_over(exec_state_get(processor))) {
        exec_fibers_block_slow(processor); /* cut off just now: never resumed */
    }
    exec_fibers_point(processor, EXEC_POINT_YIELD);
}

EXEC_NO_TSAN static int exec_fibers_sleep_on(struct exec_processor *processor, enum exec_state state,
                                             uint64_t deadline_ns)
{
    struct exec_engine *engine = processor->engine;
    exec_state_set(processor, state);
    engine->stalled += state == EXEC_STATE_STALLED ? 1u : 0u;
    engine->users += state == EXEC_STATE_USER ? 1u : 0u;
    exec_waits_add(&engine->waits, &engine->shared, processor);
    if (deadline_ns != EXEC_NEVER) {
        processor->timer.time_ns = deadline_ns;
        processor->timer.kind = EXEC_TIMER_DEADLINE;
        exec_timers_add(&engine->timers, &processor->timer);
    }
    exec_fibers_block(processor);
    return processor->result;
}

EXEC_NO_TSAN static bool exec_fibers_is_due(const struct exec_processor *processor, uint64_t deadline_ns)
{
    return deadline_ns <= processor->engine->shared.now_ns;
}

EXEC_NO_TSAN static bool exec_fibers_in_debt(const struct exec_processor *processor)
{
    return processor->self.debt_ns != 0;
}

int exec_fibers_wait(struct exec_processor *processor, uint64_t deadline_ns)
{
    bool turned_down = false;
    for (;;) {
        if (exec_fibers_prepare(processor)) {
            exec_fibers_refuse(processor);
            return -ECANCELED;
        }
        if (exec_word_changed(processor)) {
            return 0;
        }
        if (exec_fibers_in_debt(processor)) {
            exec_fibers_settle(processor);
        } else if (!exec_fibers_is_due(processor, deadline_ns)) {
            int result = exec_fibers_sleep_on(processor, EXEC_STATE_WAITING, deadline_ns);
            if (result != 0) {
                return result == -ETIMEDOUT && exec_word_changed(processor) ? 0 : result;
            }
        } else if (turned_down) {
            return -ETIMEDOUT;
        } else {
            turned_down = true; /* polling with a deadline that is over lets the others have one turn each */
            exec_fibers_point(processor, EXEC_POINT_YIELD);
        }
    }
}

int exec_fibers_wait_stall(struct exec_processor *processor)
{
    for (;;) {
        if (exec_fibers_prepare(processor)) {
            exec_fibers_refuse(processor);
            return -ECANCELED;
        }
        if (exec_word_changed(processor)) {
            return 0;
        }
        if (exec_fibers_in_debt(processor)) {
            exec_fibers_settle(processor);
            continue;
        }
        int result = exec_fibers_sleep_on(processor, EXEC_STATE_STALLED, EXEC_NEVER);
        if (result != 0) {
            return result == -EDEADLK && exec_word_changed(processor) ? 0 : result;
        }
    }
}

int exec_fibers_user_wait(struct exec_processor *processor)
{
    for (;;) {
        if (exec_fibers_prepare(processor)) {
            return -ECANCELED;
        }
        if (exec_word_changed(processor)) {
            return 0;
        }
        if (exec_fibers_in_debt(processor)) {
            exec_fibers_settle(processor);
            continue;
        }
        exec_fibers_advance(processor->engine, EXEC_USER_WAIT_NS);
        if (exec_fibers_is_due(processor, exec_fibers_op_limit(processor))) {
            return -ETIMEDOUT; /* lanes that keep waking each other never sleep that long */
        }
        int result = exec_fibers_sleep_on(processor, EXEC_STATE_USER, exec_fibers_op_limit(processor));
        if (result != 0) {
            return result == -ETIMEDOUT && exec_word_changed(processor) ? 0 : result;
        }
    }
}

/* exec_fibers_make_ready for a processor that waits on a word: the path of every hand-over. */
EXEC_NO_TSAN static void exec_fibers_release(struct exec_processor *waiter)
{
    struct exec_engine *engine = waiter->engine;
    engine->stalled -= exec_state_get(waiter) == EXEC_STATE_STALLED ? 1u : 0u;
    engine->users -= exec_state_get(waiter) == EXEC_STATE_USER ? 1u : 0u;
    exec_waits_remove(&engine->waits, &engine->shared, waiter);
    if (waiter->timer.position != 0) {
        exec_timers_remove(&engine->timers, &waiter->timer);
    }
    waiter->result = 0;
    exec_state_set(waiter, EXEC_STATE_READY);
    exec_policy_add(&engine->policy, waiter);
}

EXEC_NO_TSAN void exec_fibers_wake(struct exec_processor *processor, _Atomic uint32_t *word)
{
    struct exec_waits *waits = &processor->engine->waits;
    struct exec_processor *waiter = exec_waits_find(waits, word, NULL);
    while (waiter != NULL) {
        struct exec_processor *after = exec_waits_find(waits, word, waiter);
        exec_fibers_release(waiter);
        waiter = after;
    }
    if ((exec_attention(&processor->self) & EXEC_ATTEND_POLICY) != 0) {
        exec_fibers_point(processor, EXEC_POINT_KEEP);
    }
}

EXEC_NO_TSAN void exec_fibers_yield_low(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    if (exec_fibers_prepare(processor)) {
        exec_fibers_refuse(processor);
        return;
    }
    exec_fibers_settle(processor);
    if (processor->group->cancelled) {
        return;
    }
    exec_state_set(processor, EXEC_STATE_LOW);
    processor->next = NULL;
    if (engine->low_first == NULL) {
        engine->low_first = processor;
    } else {
        engine->low_last->next = processor;
    }
    engine->low_last = processor;
    exec_fibers_block(processor);
}

EXEC_NO_TSAN void exec_fibers_pause(struct exec_processor *processor)
{
    if ((exec_attention(&processor->self) & EXEC_ATTEND_TICK) != 0) {
        exec_watchdog_attend(processor);
    }
    if (processor->group->cancelled) {
        exec_fibers_refuse(processor); /* a loop over exec_pause must reach the sync limit too */
    } else {
        exec_fibers_point(processor, EXEC_POINT_YIELD);
    }
}
