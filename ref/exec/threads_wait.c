/* SPDX-License-Identifier: Apache-2.0 */
/* The blocking calls of the threads engine. The caller has filled in processor->wait. */
#include "exec/threads.h"

#include <errno.h>
#include <sched.h>

#include "exec/clock.h"
#include "exec/fibers.h"
#include "exec/group.h"

#define EXEC_SPIN_NS 10000u
#define EXEC_SPIN_LOOKS 32u
/* User code stores to the words that its peers wait for without a word to exec, so a waiting kernel looks by itself. */
#define EXEC_USER_LOOK_NS 200000u

enum exec_look { EXEC_LOOK_SAME, EXEC_LOOK_CHANGED, EXEC_LOOK_CANCELLED };

static enum exec_look exec_threads_look(struct exec_processor *processor)
{
    uint32_t attention = exec_attention(&processor->self);
    if ((attention & EXEC_ATTEND_CUT) != 0) {
        exec_threads_stop(processor, EXEC_STATE_ABANDONED);
    }
    if ((attention & EXEC_ATTEND_CANCEL) != 0) {
        return EXEC_LOOK_CANCELLED;
    }
    /* Acquire: pairs with the writer's release store before its exec_wake. */
    return atomic_load_explicit(processor->wait.word, memory_order_acquire) != processor->wait.seen ? EXEC_LOOK_CHANGED
                                                                                                    : EXEC_LOOK_SAME;
}

static bool exec_threads_may_spin(const struct exec_engine *engine)
{
    return atomic_load_explicit(&engine->busy, memory_order_relaxed) <= engine->cpus; /* relaxed: a hint */
}

/* True when something happened while spinning. */
static bool exec_threads_spin(struct exec_processor *processor)
{
    if (!exec_threads_may_spin(processor->engine)) {
        return false;
    }
    uint64_t until = exec_clock_ns() + EXEC_SPIN_NS;
    do {
        for (uint32_t i = 0; i < EXEC_SPIN_LOOKS; i++) {
            if (exec_threads_look(processor) != EXEC_LOOK_SAME) {
                return true;
            }
            __builtin_ia32_pause();
        }
    } while (exec_threads_may_spin(processor->engine) && exec_clock_ns() < until);
    return false;
}

/* Sleeps until the word is woken, exec time reaches `until_ns`, or the group is cancelled. May return early. */
static void exec_threads_sleep(struct exec_processor *processor, uint64_t until_ns)
{
    struct exec_engine *engine = processor->engine;
    _Atomic uint32_t *word = processor->wait.word;
    _Atomic uint32_t *waiting = &engine->shared.waiting[exec_bucket(word)];
    bool forever = until_ns == EXEC_NEVER;
    /* Relaxed throughout: the fence orders them. */
    atomic_store_explicit(&processor->wait_word, word, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(waiting, 1u, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&engine->busy, 1u, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&processor->blocks, forever ? 1u : 0u, memory_order_relaxed);
    /* Counter before the look at the word (Dekker with exec_wake), wait_word before the look at attention (with
     * cancelling). */
    exec_store_load_fence();
    if (exec_attention(&processor->self) == 0 &&
        atomic_load_explicit(word, memory_order_relaxed) == processor->wait.seen) {
        exec_futex_wait(word, processor->wait.seen, forever ? EXEC_NEVER : exec_threads_clock_at(engine, until_ns));
    }
    (void)atomic_fetch_add_explicit(&processor->blocks, forever ? 1u : 0u, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&engine->busy, 1u, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(waiting, 1u, memory_order_relaxed);
    atomic_store_explicit(&processor->wait_word, NULL, memory_order_relaxed);
}

int exec_threads_wait(struct exec_processor *processor, uint64_t deadline_ns)
{
    exec_state_set(processor, EXEC_STATE_WAITING);
    int result = 0;
    for (;;) {
        enum exec_look look = exec_threads_look(processor);
        if (look != EXEC_LOOK_SAME) {
            result = look == EXEC_LOOK_CANCELLED ? -ECANCELED : 0;
            break;
        }
        if (deadline_ns != EXEC_NEVER && exec_threads_now(processor->engine) >= deadline_ns) {
            result = -ETIMEDOUT;
            break;
        }
        if (!exec_threads_spin(processor)) {
            exec_threads_sleep(processor, deadline_ns);
        }
    }
    exec_state_set(processor, EXEC_STATE_RUNNING);
    return result;
}

/* ---- waiting for room ---- */

enum exec_turn { EXEC_TURN_NONE, EXEC_TURN_OURS, EXEC_TURN_NOBODYS };

/* Under the lock: whose turn is it to be told that nothing gets on (R21)? */
static enum exec_turn exec_stall_turn(struct exec_processor *processor, uint64_t progress)
{
    const struct exec_processor *chosen = NULL;
    bool all_stalled = true;
    struct exec_group *group = processor->group;
    uint64_t now = exec_threads_now(processor->engine);
    if (group->told && now - group->told_ns < processor->engine->options.stall_limit_ns) {
        return EXEC_TURN_NONE; /* whoever was told last is to have time to do something about it */
    }
    for (uint32_t i = 0; i < group->count; i++) {
        const struct exec_processor *other = group->processors[i];
        if (exec_state_get(other) == EXEC_STATE_USER) {
            return EXEC_TURN_NONE; /* a busy core is judged by its op limit alone (R22, R33) */
        }
        if (exec_state_get(other) != EXEC_STATE_STALLED) {
            all_stalled = all_stalled && exec_state_is_over(exec_state_get(other));
        } else if (other->told != progress + 1u && (chosen == NULL || other->wait.rank < chosen->wait.rank)) {
            chosen = other;
        }
    }
    if (chosen == processor) {
        processor->told = progress + 1u;
        group->told = true;
        group->told_ns = now;
        return EXEC_TURN_OURS;
    }
    return chosen == NULL && all_stalled ? EXEC_TURN_NOBODYS : EXEC_TURN_NONE;
}

static enum exec_turn exec_stall_ask(struct exec_processor *processor, uint64_t progress)
{
    struct exec_engine *engine = processor->engine;
    (void)pthread_mutex_lock(&engine->lock);
    enum exec_turn turn = exec_stall_turn(processor, progress);
    (void)pthread_mutex_unlock(&engine->lock);
    if (turn == EXEC_TURN_NOBODYS) {
        exec_group_fail(processor->group, EXEC_END_DEADLOCK, 0, processor,
                        "deadlock: everybody waits for room and has been told that there is none");
    }
    return turn;
}

static void exec_stall_state(struct exec_processor *processor, enum exec_state state, uint32_t rank)
{
    (void)pthread_mutex_lock(&processor->engine->lock);
    processor->wait.rank = rank;
    exec_state_set(processor, state);
    (void)pthread_mutex_unlock(&processor->engine->lock);
}

int exec_threads_wait_stall(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    uint64_t progress = exec_group_progress(processor->group);
    uint64_t since = exec_threads_now(engine);
    int result = 0;
    exec_stall_state(processor, EXEC_STATE_STALLED, processor->wait.rank);
    for (;;) {
        enum exec_look look = exec_threads_look(processor);
        if (look != EXEC_LOOK_SAME) {
            result = look == EXEC_LOOK_CANCELLED ? -ECANCELED : 0;
            break;
        }
        uint64_t now = exec_threads_now(engine);
        if (now - since >= engine->options.stall_limit_ns) {
            uint64_t before = progress;
            progress = exec_group_progress(processor->group);
            since = now;
            if (progress == before && exec_stall_ask(processor, progress) == EXEC_TURN_OURS) {
                result = -EDEADLK;
                break;
            }
        } else if (!exec_threads_spin(processor)) {
            exec_threads_sleep(processor, since + engine->options.stall_limit_ns);
        }
    }
    exec_stall_state(processor, EXEC_STATE_RUNNING, 0);
    return result;
}

/* ---- waiting in user code ---- */

/* Since when the processor's user code runs without progress of the group. */
static uint64_t exec_user_since(struct exec_processor *processor, uint64_t progress)
{
    if (processor->overran != progress + 1u || processor->overran_call != processor->self.user_calls) {
        processor->overran = progress + 1u;
        processor->overran_call = processor->self.user_calls;
        processor->overran_ns = exec_threads_now(processor->engine);
    }
    return processor->overran_ns;
}

int exec_threads_user_wait(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    int result = 0;
    exec_state_set(processor, EXEC_STATE_USER);
    for (;;) {
        enum exec_look look = exec_threads_look(processor);
        if (look != EXEC_LOOK_SAME) {
            result = look == EXEC_LOOK_CANCELLED ? -ECANCELED : 0;
            break;
        }
        uint64_t since = exec_user_since(processor, exec_group_progress(processor->group));
        uint64_t now = exec_threads_now(engine);
        if (now - since >= engine->options.op_limit_ns) {
            result = -ETIMEDOUT;
            break;
        }
        if (!exec_threads_spin(processor)) {
            uint64_t left = since + engine->options.op_limit_ns - now;
            exec_threads_sleep(processor, now + (left < EXEC_USER_LOOK_NS ? left : EXEC_USER_LOOK_NS));
        }
    }
    exec_state_set(processor, EXEC_STATE_RUNNING);
    return result;
}

void exec_threads_pause(struct exec_processor *processor)
{
    if ((exec_attention(&processor->self) & EXEC_ATTEND_CUT) != 0) {
        exec_threads_stop(processor, EXEC_STATE_ABANDONED);
    }
    (void)sched_yield();
}
