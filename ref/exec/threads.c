/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/threads.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"
#include "exec/clock.h"
#include "exec/group.h"
#include "exec/watchdog.h"

/* Over what the user gets: our own frames, glibc's thread record, thread-local variables, a signal frame. */
#define EXEC_WORKER_EXTRA_BYTES 131072u
#define EXEC_WORKER_GUARD_BYTES 4096u

/* ---- futex and time ---- */

void exec_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t until_clock_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_clock_ns / EXEC_NS_PER_S),
                             .tv_nsec = (long)(until_clock_ns % EXEC_NS_PER_S)};
    (void)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, until_clock_ns == EXEC_NEVER ? NULL : &until,
                  NULL, FUTEX_BITSET_MATCH_ANY);
}

void exec_futex_wake(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

uint64_t exec_threads_now(const struct exec_engine *engine)
{
    uint64_t since = exec_clock_ns() - engine->base_ns;
    return engine->options.deadline_scale == 1 ? since : since / engine->options.deadline_scale;
}

uint64_t exec_threads_clock_at(const struct exec_engine *engine, uint64_t ns)
{
    uint64_t clock = 0;
    if (__builtin_mul_overflow(ns, (uint64_t)engine->options.deadline_scale, &clock) ||
        __builtin_add_overflow(clock, engine->base_ns, &clock)) {
        return EXEC_NEVER;
    }
    return clock;
}

/* ---- a worker's life ---- */

static void exec_worker_set_job(struct exec_worker *worker, enum exec_job job)
{
    /* Release: pairs with the acquire load of who waits for the job to change. */
    atomic_store_explicit(&worker->job, (uint32_t)job, memory_order_release);
    exec_futex_wake(&worker->job);
}

static enum exec_job exec_worker_await(struct exec_worker *worker, enum exec_job while_job)
{
    uint32_t job = (uint32_t)while_job;
    /* Acquire: pairs with exec_worker_set_job. */
    while ((job = atomic_load_explicit(&worker->job, memory_order_acquire)) == (uint32_t)while_job) {
        exec_futex_wait(&worker->job, job, EXEC_NEVER);
    }
    return (enum exec_job)job;
}

_Noreturn void exec_threads_stop(struct exec_processor *processor, enum exec_state state)
{
    exec_state_set(processor, state);
    atomic_store_explicit(&processor->self.in_user, 0u, memory_order_relaxed); /* relaxed: own OS thread */
    siglongjmp(processor->worker->base, 1);
}

static void exec_worker_call(struct exec_worker *worker)
{
    struct exec_processor *processor = worker->processor;
    exec_self_now = &processor->self;
    exec_state_set(processor, EXEC_STATE_RUNNING);
    exec_group_entered(processor->group);
    if (sigsetjmp(worker->base, 0) == 0) {
        processor->entry(processor->argument);
        exec_state_set(processor, EXEC_STATE_ENDED);
    }
    exec_self_now = NULL;
}

static void exec_worker_run(struct exec_worker *worker)
{
    struct exec_engine *engine = worker->engine;
    struct exec_group *group = worker->processor->group;
    /* Relaxed, here and below: a hint for spinning. */
    (void)atomic_fetch_add_explicit(&engine->busy, 1u, memory_order_relaxed);
    int result = exec_watchdog_begin();
    if (result == 0) {
        exec_worker_call(worker);
        exec_watchdog_end();
    } else {
        exec_threads_fail(group, EXEC_END_CANCELLED, 0, worker->processor, "cannot arm the watchdog");
        exec_state_set(worker->processor, EXEC_STATE_ABANDONED);
    }
    (void)atomic_fetch_sub_explicit(&engine->busy, 1u, memory_order_relaxed);
    worker->processor = NULL;
    /* Relaxed: the next job is given only after the group has ended. */
    atomic_store_explicit(&worker->job, EXEC_JOB_IDLE, memory_order_relaxed);
    if (exec_group_left(group)) {
        exec_threads_done(group);
    }
}

static int exec_worker_find_guard(struct exec_worker *worker)
{
    pthread_attr_t attributes;
    int result = -pthread_getattr_np(pthread_self(), &attributes);
    if (result != 0) {
        return result;
    }
    void *bottom = NULL;
    size_t bytes = 0;
    result = -pthread_attr_getstack(&attributes, &bottom, &bytes);
    worker->guard_high = (uintptr_t)bottom;
    worker->guard_low = (uintptr_t)bottom - EXEC_WORKER_GUARD_BYTES;
    (void)pthread_attr_destroy(&attributes);
    return result;
}

static void *exec_worker_main(void *argument)
{
    struct exec_worker *worker = argument;
    worker->start_result = exec_worker_find_guard(worker);
    if (worker->start_result == 0) {
        worker->start_result =
            exec_watchdog_begin(); /* makes the thread's timer, so that no run can fail for want of one */
    }
    if (worker->start_result == 0) {
        exec_watchdog_end();
    }
    exec_worker_set_job(worker, EXEC_JOB_IDLE);
    while (exec_worker_await(worker, EXEC_JOB_IDLE) == EXEC_JOB_RUN) {
        exec_worker_run(worker);
    }
    return NULL;
}

/* ---- the pool ---- */

static int exec_worker_start(struct exec_worker *worker)
{
    pthread_attr_t attributes;
    size_t bytes = 0;
    if (__builtin_add_overflow(worker->stack_bytes, (size_t)EXEC_WORKER_EXTRA_BYTES, &bytes)) {
        return -ENOMEM;
    }
    int result = -pthread_attr_init(&attributes);
    if (result != 0) {
        return result;
    }
    int fault = fault_hit("exec.thread_create");
    result = -pthread_attr_setstacksize(&attributes, bytes);
    result = result != 0 ? result : -pthread_attr_setguardsize(&attributes, EXEC_WORKER_GUARD_BYTES);
    result =
        result != 0 || fault != 0 ? result : -pthread_create(&worker->thread, &attributes, exec_worker_main, worker);
    (void)pthread_attr_destroy(&attributes);
    return result == 0 && fault == 0 ? 0 : -EAGAIN;
}

static int exec_worker_make(struct exec_engine *engine, size_t stack_bytes, struct exec_worker **worker)
{
    struct exec_worker *made = os_zalloc("exec.worker_alloc", sizeof(*made));
    if (made == NULL) {
        return -ENOMEM;
    }
    made->engine = engine;
    made->stack_bytes = stack_bytes;
    int result = exec_worker_start(made);
    if (result != 0) {
        free(made);
        return result;
    }
    (void)exec_worker_await(made, EXEC_JOB_STARTING);
    if (made->start_result != 0) {
        exec_worker_set_job(made, EXEC_JOB_QUIT);
        (void)pthread_join(made->thread, NULL);
        free(made);
        return -EAGAIN;
    }
    (void)pthread_mutex_lock(&engine->lock);
    made->next_all = engine->workers;
    engine->workers = made;
    (void)pthread_mutex_unlock(&engine->lock);
    *worker = made;
    return 0;
}

/* An idle worker with room enough, out of the pool; NULL when there is none. */
static struct exec_worker *exec_worker_take(struct exec_engine *engine, size_t stack_bytes)
{
    (void)pthread_mutex_lock(&engine->lock);
    struct exec_worker **at = &engine->idle;
    while (*at != NULL && (*at)->stack_bytes < stack_bytes) {
        at = &(*at)->next;
    }
    struct exec_worker *worker = *at;
    if (worker != NULL) {
        *at = worker->next;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return worker;
}

int exec_worker_equip(struct exec_processor *processor, size_t stack_bytes)
{
    struct exec_engine *engine = processor->engine;
    if (processor->worker != NULL && processor->worker->stack_bytes >= stack_bytes) {
        return 0;
    }
    struct exec_worker *worker = exec_worker_take(engine, stack_bytes);
    if (worker == NULL) {
        int result = exec_worker_make(engine, stack_bytes, &worker);
        if (result != 0) {
            return result;
        }
    }
    if (processor->worker != NULL) {
        exec_worker_give(engine, processor->worker);
    }
    processor->worker = worker;
    return 0;
}

void exec_worker_give(struct exec_engine *engine, struct exec_worker *worker)
{
    (void)pthread_mutex_lock(&engine->lock);
    worker->next = engine->idle;
    engine->idle = worker;
    (void)pthread_mutex_unlock(&engine->lock);
}

void exec_workers_join(struct exec_engine *engine)
{
    while (engine->workers != NULL) {
        struct exec_worker *worker = engine->workers;
        engine->workers = worker->next_all;
        exec_worker_set_job(worker, EXEC_JOB_QUIT);
        (void)pthread_join(worker->thread, NULL);
        free(worker);
    }
    engine->idle = NULL;
}

bool exec_worker_guards(const struct exec_worker *worker, const void *address)
{
    return (uintptr_t)address >= worker->guard_low && (uintptr_t)address < worker->guard_high;
}
