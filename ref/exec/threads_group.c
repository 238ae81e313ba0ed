/* SPDX-License-Identifier: Apache-2.0 */
/* Start, watch, cancelling and end of groups on the threads engine. */
#include "exec/threads.h"

#include <errno.h>
#include <signal.h>

#include "exec/clock.h"
#include "exec/group.h"
#include "exec/watchdog.h"

#define EXEC_REWAKE_NS 1000000u

/* What group->done says: EXEC_NEWS_OVER once, EXEC_NEWS_CANCEL added per cancel. */
#define EXEC_NEWS_OVER 1u
#define EXEC_NEWS_CANCEL 2u

static void exec_threads_attend(struct exec_processor *processor, uint32_t reasons)
{
    /* Relaxed, then the fence: reasons before the look at wait_word; pairs with the fence in exec_threads_sleep. */
    (void)atomic_fetch_or_explicit(&processor->self.attention, reasons, memory_order_relaxed);
    exec_store_load_fence();
    _Atomic uint32_t *word = atomic_load_explicit(&processor->wait_word, memory_order_relaxed);
    if (word != NULL) {
        exec_futex_wake(word);
    }
}

/* Under the lock. */
static void exec_threads_cancel(struct exec_group *group)
{
    if (!group->running || group->cancelled) {
        return;
    }
    group->cancelled = true;
    group->cancel_ns = exec_threads_now(group->engine);
    for (uint32_t i = 0; i < group->count; i++) {
        struct exec_processor *processor = group->processors[i];
        exec_threads_attend(processor, EXEC_ATTEND_CANCEL);
        if (processor->joined != NULL) {
            (void)exec_group_record(processor->joined, EXEC_END_CANCELLED, 0, processor, "its launcher is ending");
            exec_threads_cancel(processor->joined);
        }
    }
    /* Relaxed: who runs the group takes the lock before it looks. */
    (void)atomic_fetch_add_explicit(&group->done, EXEC_NEWS_CANCEL, memory_order_relaxed);
    exec_futex_wake(&group->done);
}

void exec_threads_fail(struct exec_group *group, enum exec_end end, int signal_number,
                       const struct exec_processor *culprit, const char *headline)
{
    (void)pthread_mutex_lock(&group->engine->lock);
    if (group->running) {
        (void)exec_group_record(group, end, signal_number, culprit, headline);
        exec_threads_cancel(group);
    }
    (void)pthread_mutex_unlock(&group->engine->lock);
}

void exec_threads_done(struct exec_group *group)
{
    /* Release: pairs with exec_threads_watch. The group may be gone as soon as this is seen. */
    (void)atomic_fetch_or_explicit(&group->done, EXEC_NEWS_OVER, memory_order_release);
    exec_futex_wake(&group->done);
}

/* Under the lock: wakes again whom the cancel may have missed, and applies the sync limit. */
static void exec_threads_urge(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    bool cut = exec_threads_now(engine) - group->cancel_ns >= engine->options.sync_limit_ns;
    bool told = false;
    for (uint32_t i = 0; i < group->count; i++) {
        struct exec_processor *processor = group->processors[i];
        if (exec_state_is_over(exec_state_get(processor))) {
            continue;
        }
        if (cut && !told) {
            (void)exec_group_record(group, EXEC_END_SYNC_TIMEOUT, 0, processor, "did not end when cancelled");
            told = true;
        }
        exec_threads_attend(processor, cut ? EXEC_ATTEND_CANCEL | EXEC_ATTEND_CUT : EXEC_ATTEND_CANCEL);
        if (cut) {
            (void)pthread_kill(processor->worker->thread, EXEC_TICK_SIGNAL); /* user code looks at once */
        }
    }
}

/* What the group looked like at the last check for a deadlock. */
struct exec_snapshot {
    uint64_t blocks;
    bool asleep; /* everybody, without a deadline */
};

static struct exec_snapshot exec_threads_snapshot(const struct exec_group *group)
{
    struct exec_snapshot now = {.asleep = true};
    for (uint32_t i = 0; i < group->count; i++) {
        const struct exec_processor *processor = group->processors[i];
        if (!exec_state_is_over(exec_state_get(processor))) {
            /* Relaxed: two equal looks a stall limit apart leave no doubt. */
            uint64_t blocks = atomic_load_explicit(&processor->blocks, memory_order_relaxed);
            now.blocks += blocks;
            now.asleep = now.asleep && (blocks & 1u) != 0;
        }
    }
    return now;
}

/* Under the lock. */
static void exec_threads_check(struct exec_group *group, struct exec_snapshot *before)
{
    struct exec_snapshot now = exec_threads_snapshot(group);
    if (now.asleep && before->asleep && now.blocks == before->blocks) {
        const struct exec_processor *culprit = NULL;
        for (uint32_t i = group->count; i > 0; i--) {
            if (!exec_state_is_over(exec_state_get(group->processors[i - 1u]))) {
                culprit = group->processors[i - 1u];
            }
        }
        (void)exec_group_record(group, EXEC_END_DEADLOCK, 0, culprit,
                                "deadlock: nobody ran for a stall limit and nobody has a deadline");
        exec_threads_cancel(group);
    }
    *before = now;
}

static void exec_threads_watch(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    struct exec_snapshot snapshot = {0};
    uint64_t next_check = exec_threads_now(engine) + engine->options.stall_limit_ns;
    for (;;) {
        /* Acquire: pairs with exec_threads_done. */
        uint32_t news = atomic_load_explicit(&group->done, memory_order_acquire);
        if ((news & EXEC_NEWS_OVER) != 0) {
            return;
        }
        (void)pthread_mutex_lock(&engine->lock);
        bool cancelled = group->cancelled;
        if (cancelled) {
            exec_threads_urge(group);
        } else if (exec_threads_now(engine) >= next_check) {
            exec_threads_check(group, &snapshot);
            next_check = exec_threads_now(engine) + engine->options.stall_limit_ns;
        }
        (void)pthread_mutex_unlock(&engine->lock);
        exec_futex_wait(&group->done, news,
                        cancelled ? exec_clock_ns() + EXEC_REWAKE_NS : exec_threads_clock_at(engine, next_check));
    }
}

static int exec_threads_start(struct exec_group *group, struct exec_processor *caller)
{
    struct exec_engine *engine = group->engine;
    int result = 0;
    (void)pthread_mutex_lock(&engine->lock);
    if (caller != NULL && caller->group->cancelled) {
        result = -ECANCELED;
    } else {
        exec_group_begin(group);
        group->start_ns = exec_threads_now(engine);
        exec_group_publish(group);
        if (caller != NULL) {
            caller->joined = group;
            exec_state_set(caller, EXEC_STATE_JOINING);
        }
    }
    (void)pthread_mutex_unlock(&engine->lock);
    for (uint32_t i = 0; result == 0 && i < group->count; i++) {
        struct exec_worker *worker = group->processors[i]->worker;
        worker->processor = group->processors[i];
        /* Release: pairs with the worker's acquire load of its job. */
        atomic_store_explicit(&worker->job, EXEC_JOB_RUN, memory_order_release);
        exec_futex_wake(&worker->job);
    }
    return result;
}

int exec_threads_run_group(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    struct exec_processor *caller = NULL;
    if (exec_self_now != NULL && exec_processor_of(exec_self_now)->engine == engine) {
        caller = exec_processor_of(exec_self_now);
    }
    int result = exec_threads_start(group, caller);
    if (result != 0) {
        return result;
    }
    uint32_t sleeps = caller != NULL ? 1u : 0u;
    (void)atomic_fetch_sub_explicit(&engine->busy, sleeps, memory_order_relaxed); /* relaxed: a hint */
    exec_threads_watch(group);
    (void)atomic_fetch_add_explicit(&engine->busy, sleeps, memory_order_relaxed);
    exec_group_joined(group);
    (void)pthread_mutex_lock(&engine->lock);
    exec_group_unlink(group);
    group->end_ns = exec_threads_now(engine);
    group->running = false;
    if (caller != NULL) {
        caller->joined = NULL;
        exec_state_set(caller, EXEC_STATE_RUNNING);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return 0;
}
