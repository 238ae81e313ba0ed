/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/fibers.h"

#include <errno.h>

#include "exec/fibers_inline.h"
#include "exec/group.h"

/* ---- queues ---- */

EXEC_NO_TSAN static void exec_low_remove(struct exec_engine *engine, struct exec_processor *processor)
{
    struct exec_processor *before = NULL;
    for (struct exec_processor *at = engine->low_first; at != processor; at = at->next) {
        before = at;
    }
    if (before == NULL) {
        engine->low_first = processor->next;
    } else {
        before->next = processor->next;
    }
    if (engine->low_last == processor) {
        engine->low_last = before;
    }
}

EXEC_NO_TSAN void exec_fibers_unlink(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    switch (exec_state_get(processor)) {
    case EXEC_STATE_READY:
        exec_policy_remove(&engine->policy, processor);
        break;
    case EXEC_STATE_STALLED:
        engine->stalled--;
        exec_waits_remove(&engine->waits, &engine->shared, processor);
        break;
    case EXEC_STATE_USER:
        engine->users--;
        exec_waits_remove(&engine->waits, &engine->shared, processor);
        break;
    case EXEC_STATE_WAITING:
        exec_waits_remove(&engine->waits, &engine->shared, processor);
        break;
    case EXEC_STATE_LOW:
        exec_low_remove(engine, processor);
        break;
    case EXEC_STATE_RUNNING:
    case EXEC_STATE_SLEEPING:
    case EXEC_STATE_JOINING:
    case EXEC_STATE_ENDED:
    case EXEC_STATE_ABANDONED:
    case EXEC_STATE_FAULTED:
        break;
    }
    exec_timers_remove(&engine->timers, &processor->timer);
}

EXEC_NO_TSAN void exec_fibers_make_ready(struct exec_processor *processor, int result)
{
    exec_fibers_unlink(processor);
    processor->result = result;
    exec_state_set(processor, EXEC_STATE_READY);
    exec_policy_add(&processor->engine->policy, processor);
}

/* ---- time ---- */

EXEC_NO_TSAN uint64_t exec_group_progress(const struct exec_group *group)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        sum += exec_private_load64(&group->processors[i]->self.progress); /* only whether it moved matters */
    }
    return sum;
}

EXEC_NO_TSAN uint64_t exec_fibers_op_limit(const struct exec_processor *processor)
{
    uint64_t since = processor->self.user_since_ns;
    for (uint32_t i = 0; i < processor->group->count; i++) {
        uint64_t progress = processor->group->processors[i]->self.progress_ns;
        since = progress > since ? progress : since;
    }
    uint64_t limit = 0;
    return __builtin_add_overflow(since, processor->engine->options.op_limit_ns, &limit) ? EXEC_NEVER : limit;
}

EXEC_NO_TSAN static void exec_fibers_fire(struct exec_engine *engine, struct exec_timer *timer)
{
    exec_timers_remove(&engine->timers, timer);
    if (timer->kind == EXEC_TIMER_SYNC) {
        exec_fibers_cut(timer->owner);
        return;
    }
    struct exec_processor *processor = timer->owner;
    if (exec_state_get(processor) == EXEC_STATE_USER) {
        uint64_t limit = exec_fibers_op_limit(processor);
        if (limit > engine->shared.now_ns) { /* the group got on since the timer was set */
            processor->timer.time_ns = limit;
            exec_timers_add(&engine->timers, &processor->timer);
            return;
        }
    }
    exec_fibers_make_ready(processor, timer->kind == EXEC_TIMER_SLEEP ? 0 : -ETIMEDOUT);
}

EXEC_NO_TSAN void exec_fibers_advance(struct exec_engine *engine, uint64_t ns)
{
    uint64_t until = 0;
    if (__builtin_add_overflow(engine->shared.now_ns, ns, &until)) {
        until = EXEC_NEVER - 1u;
    }
    for (struct exec_timer *first = exec_timers_first(&engine->timers); first != NULL && first->time_ns <= until;
         first = exec_timers_first(&engine->timers)) {
        if (first->time_ns > engine->shared.now_ns) {
            engine->shared.now_ns = first->time_ns;
        }
        exec_fibers_fire(engine, first);
    }
    engine->shared.now_ns = until;
}

/* ---- who is next ---- */

EXEC_NO_TSAN static bool exec_waits_without_deadline(const struct exec_processor *processor)
{
    enum exec_state state = exec_state_get(processor);
    return state == EXEC_STATE_STALLED || (state == EXEC_STATE_WAITING && processor->timer.position == 0);
}

/* R21: a group in which everybody waits without deadline cannot get on; its lowest rank that was not told yet is told.
 */
EXEC_NO_TSAN static struct exec_processor *exec_stalled_in(const struct exec_group *group)
{
    struct exec_processor *chosen = NULL;
    uint64_t progress = exec_group_progress(group) + 1u;
    for (uint32_t i = 0; i < group->count; i++) {
        struct exec_processor *processor = group->processors[i];
        if (exec_state_is_over(exec_state_get(processor))) {
            continue;
        }
        if (!exec_waits_without_deadline(processor)) {
            return NULL;
        }
        if (exec_state_get(processor) == EXEC_STATE_STALLED && processor->told != progress &&
            (chosen == NULL || processor->wait.rank < chosen->wait.rank)) {
            chosen = processor;
        }
    }
    if (chosen != NULL) {
        chosen->told = progress;
    }
    return chosen;
}

EXEC_NO_TSAN static bool exec_fibers_release_stalled(struct exec_engine *engine)
{
    for (struct exec_group *group = engine->running; engine->stalled > 0 && group != NULL; group = group->next) {
        struct exec_processor *chosen = exec_stalled_in(group);
        if (chosen != NULL) {
            exec_fibers_make_ready(chosen, -EDEADLK);
            return true;
        }
    }
    return false;
}

/* User code stores to the words that its peers wait for without a word to exec: somebody has to look. */
EXEC_NO_TSAN static bool exec_fibers_release_users(struct exec_engine *engine)
{
    bool any = false;
    for (struct exec_group *group = engine->running; engine->users > 0 && group != NULL; group = group->next) {
        for (uint32_t i = 0; i < group->count; i++) {
            struct exec_processor *processor = group->processors[i];
            /* Plain load on behalf of the waiter, who looks again himself, with acquire. */
            if (exec_state_get(processor) == EXEC_STATE_USER &&
                *(const volatile uint32_t *)(const volatile void *)processor->wait.word != processor->wait.seen) {
                exec_fibers_make_ready(processor, 0);
                any = true;
            }
        }
    }
    return any;
}

EXEC_NO_TSAN static struct exec_processor *exec_fibers_pick(struct exec_engine *engine, struct exec_processor *caller)
{
    for (;;) {
        if (exec_group_is_over(engine->root_group)) {
            return NULL;
        }
        if (!exec_policy_empty(&engine->policy)) {
            return exec_policy_next(&engine->policy, caller, EXEC_POINT_BLOCKED);
        }
        if (engine->users > 0 && exec_fibers_release_users(engine)) {
            continue;
        }
        struct exec_timer *first = exec_timers_first(&engine->timers);
        bool sleeper = first != NULL && first->kind == EXEC_TIMER_SLEEP;
        if (!sleeper && engine->low_first != NULL) {
            struct exec_processor *low = engine->low_first;
            exec_fibers_make_ready(low, 0);
            continue;
        }
        if (!sleeper && exec_fibers_release_stalled(engine)) {
            continue;
        }
        if (first == NULL) {
            return NULL;
        }
        uint64_t now = engine->shared.now_ns;
        engine->shared.now_ns = first->time_ns > now ? first->time_ns : now;
        exec_fibers_fire(engine, first);
    }
}

EXEC_NO_TSAN void exec_fibers_block_slow(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    struct exec_processor *next = exec_fibers_pick(engine, processor);
    if (next == processor) {
        exec_state_set(processor, EXEC_STATE_RUNNING);
        return;
    }
    exec_context_switch(&processor->stack->context, exec_fibers_enter(engine, next));
}

EXEC_NO_TSAN void exec_fibers_run_some(struct exec_engine *engine)
{
    struct exec_processor *next = exec_fibers_pick(engine, NULL);
    if (next != NULL) {
        exec_context_switch(&engine->root, exec_fibers_enter(engine, next));
    }
}
