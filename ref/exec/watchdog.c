/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/os.h"
#include "exec/clock.h"
#include "exec/fibers_inline.h"
#include "exec/group.h"
#include "exec/threads.h"
#include "exec/user_image.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define EXEC_SIGNAL_STACK_BYTES 65536u
#define EXEC_HEADLINE_BYTES 160u

/*
 * How often the others get a turn at least before code that spins, or calls ops without end, is given up. Where ticks
 * rarely meet user code (under a sanitizer most of the time is spent in its runtime) one of them may find more CPU time
 * spent than the whole limit.
 */
#define EXEC_LEAST_TURNS_SPINNING 16u
#define EXEC_LEAST_TURNS_CALLING 2u

/* Per OS thread. */
struct exec_watch {
    uint32_t generation; /* of the process: a forked child inherits no timer */
    bool timer_made;
    timer_t timer;
    uint32_t depth;
    void *signal_stack;       /* ours, NULL when the thread had one */
    unsigned signal_stack_id; /* valgrind's */
    struct exec_self *last;   /* whose user code the last tick saw ... */
    uint64_t last_call;       /* ... and which stretch of it */
    uint64_t last_cpu_ns;     /* fibers: CPU time already charged */
    uint64_t last_ns;         /* threads: exec time since when it spins */
    uint64_t last_progress;   /* threads: of its group */
    const struct exec_group *stuck_group;
    uint64_t stuck_now_ns;
    uint64_t stuck_progress;
    uint64_t stuck_cpu_ns;
    uint32_t stuck_ticks;
};

static __thread struct exec_watch exec_watch __attribute__((tls_model("initial-exec")));
static pthread_mutex_t exec_watch_lock = PTHREAD_MUTEX_INITIALIZER;
static bool exec_watch_key_made; /* under the lock; one key for the process, however many engines there are (R34) */
static pthread_key_t exec_watch_key;
static _Atomic uint32_t exec_watch_generation = 1;

/* ---- making and unmaking of a thread's record ---- */

static void exec_watch_forked(void)
{
    /* Relaxed: the child has one thread. */
    (void)atomic_fetch_add_explicit(&exec_watch_generation, 1u, memory_order_relaxed);
}

EXEC_NO_TSAN static void exec_watch_drop(void *record)
{
    struct exec_watch *watch = record;
    /* Relaxed: forking is not concurrent with this thread's end. */
    if (watch->timer_made && watch->generation == atomic_load_explicit(&exec_watch_generation, memory_order_relaxed)) {
        (void)timer_delete(watch->timer);
    }
    watch->timer_made = false;
    exec_asan_clean_signal_stack();
    if (watch->signal_stack != NULL) {
        stack_t none = {.ss_flags = SS_DISABLE};
        (void)sigaltstack(&none, NULL);
        VALGRIND_STACK_DEREGISTER(watch->signal_stack_id);
        os_unmap(watch->signal_stack, EXEC_SIGNAL_STACK_BYTES);
        watch->signal_stack = NULL;
    }
}

static int exec_watch_make_key(void)
{
    (void)pthread_mutex_lock(&exec_watch_lock);
    int result = 0;
    if (!exec_watch_key_made) {
        result = -fault_hit("exec.thread_key");
        result = result != 0 ? result : -pthread_key_create(&exec_watch_key, exec_watch_drop);
        if (result == 0) {
            exec_watch_key_made = true;
            result = -pthread_atfork(NULL, NULL, exec_watch_forked);
        }
    }
    (void)pthread_mutex_unlock(&exec_watch_lock);
    return result;
}

/* A client may close the runtime and this library with it: no thread may run our destructor then. */
__attribute__((destructor)) static void exec_watch_unload(void)
{
    exec_watch_drop(&exec_watch);
    if (exec_watch_key_made) {
        (void)pthread_key_delete(exec_watch_key);
    }
}

EXEC_NO_TSAN static int exec_watch_make_signal_stack(struct exec_watch *watch)
{
    stack_t stack = {0};
    if (watch->signal_stack != NULL) {
        return 0;
    }
    if (sigaltstack(NULL, &stack) != 0) {
        return -errno;
    }
    if ((stack.ss_flags & SS_DISABLE) == 0) {
        return 0; /* a sanitizer's, for instance; it unmaps its own when the thread ends */
    }
    void *memory = NULL;
    int result = os_map("exec.signal_stack_map", EXEC_SIGNAL_STACK_BYTES, &memory);
    if (result != 0) {
        return result;
    }
    stack = (stack_t){.ss_sp = memory, .ss_size = EXEC_SIGNAL_STACK_BYTES};
    if (sigaltstack(&stack, NULL) != 0) {
        result = -errno;
        os_unmap(memory, EXEC_SIGNAL_STACK_BYTES);
        return result;
    }
    watch->signal_stack = memory;
    watch->signal_stack_id = (unsigned)VALGRIND_STACK_REGISTER(memory, (char *)memory + EXEC_SIGNAL_STACK_BYTES);
    return 0;
}

EXEC_NO_TSAN static int exec_watch_make(struct exec_watch *watch)
{
    int result = exec_watch_make_key();
    result = result != 0 ? result : exec_watch_make_signal_stack(watch);
    if (result != 0) {
        return result;
    }
    result = -pthread_setspecific(exec_watch_key, watch);
    if (result != 0) {
        return result;
    }
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = EXEC_TICK_SIGNAL};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    int fault = fault_hit("exec.timer_create");
    if (fault != 0) {
        return -fault;
    }
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &watch->timer) != 0) {
        return -errno;
    }
    watch->generation = atomic_load_explicit(&exec_watch_generation, memory_order_relaxed); /* relaxed: as above */
    watch->timer_made = true;
    return 0;
}

EXEC_NO_TSAN static int exec_watch_arm(const struct exec_watch *watch, long interval_ns)
{
    struct itimerspec when = {.it_interval.tv_nsec = interval_ns, .it_value.tv_nsec = interval_ns};
    return timer_settime(watch->timer, 0, &when, NULL) == 0 ? 0 : -errno;
}

EXEC_NO_TSAN int exec_watchdog_begin(void)
{
    struct exec_watch *watch = &exec_watch;
    if (watch->depth > 0) {
        watch->depth++;
        return 0;
    }
    int result = exec_signals_verify();
    if (result != 0) {
        return result;
    }
    if (!watch->timer_made || watch->generation != atomic_load_explicit(&exec_watch_generation,
                                                                        memory_order_relaxed)) { /* relaxed: as above */
        watch->timer_made = false;
        result = exec_watch_make(watch);
    }
    watch->last = NULL;
    watch->stuck_group = NULL;
    result = result != 0 ? result : exec_watch_arm(watch, EXEC_TICK_NS);
    watch->depth = result == 0 ? 1u : 0u;
    return result;
}

EXEC_NO_TSAN void exec_watchdog_end(void)
{
    if (--exec_watch.depth == 0) {
        (void)exec_watch_arm(&exec_watch, 0);
    }
}

/* ---- fibers ---- */

/* Time passed that no policy decided about: what runs from now on cannot be replayed. */
EXEC_NO_TSAN static void exec_charge_cpu(struct exec_processor *processor, uint64_t ns, uint32_t least_turns)
{
    struct exec_engine *engine = processor->engine;
    uint64_t portion = engine->options.op_limit_ns / least_turns;
    for (struct exec_group *group = engine->running; group != NULL; group = group->next) {
        group->reproducible = false;
    }
    exec_fibers_advance(engine, ns < portion ? ns : portion);
    if (exec_state_is_over(exec_state_get(processor))) {
        exec_fibers_block_slow(processor); /* cut off just now: never resumed */
    }
}

EXEC_NO_TSAN static void exec_op_timeout(struct exec_processor *processor, const char *what)
{
    char headline[EXEC_HEADLINE_BYTES];
    exec_tsan_ignore_begin();
    (void)snprintf(headline, sizeof(headline), "op limit of %" PRIu64 " ns is over: %s %s",
                   processor->engine->options.op_limit_ns, processor->name, what);
    exec_tsan_ignore_end();
    exec_group_fail(processor->group, EXEC_END_OP_TIMEOUT, 0, processor, headline);
}

EXEC_NO_TSAN static void exec_tick_user(struct exec_watch *watch, struct exec_processor *processor)
{
    uint64_t now = exec_clock_cpu_ns();
    uint64_t elapsed = now - watch->last_cpu_ns;
    bool same = watch->last == &processor->self && watch->last_call == processor->self.user_calls;
    watch->last = &processor->self;
    watch->last_call = processor->self.user_calls;
    watch->last_cpu_ns = now;
    if (!same) {
        return;
    }
    exec_private_store(&processor->self.in_user, 0u);
    /* Judged by the time at which it was resumed: whoever spins for a peer must have let it run once after the limit.
     */
    bool over = processor->engine->shared.now_ns >= exec_fibers_op_limit(processor);
    exec_charge_cpu(processor, elapsed, EXEC_LEAST_TURNS_SPINNING);
    if (over) {
        exec_state_set(processor, EXEC_STATE_ABANDONED);
        exec_op_timeout(processor, "spun in user code");
        exec_fibers_stop(processor, EXEC_STATE_ABANDONED);
    }
    exec_fibers_point(processor, EXEC_POINT_YIELD);
    watch->last = &processor->self;
    watch->last_call = processor->self.user_calls;
    watch->last_cpu_ns = exec_clock_cpu_ns();
    exec_private_store(&processor->self.in_user, 1u);
}

/* The interrupted code may be anywhere, inside a sanitizer's runtime too: nothing here may call into that. */
EXEC_NO_INSTRUMENT static void exec_tick_stuck(struct exec_watch *watch, struct exec_processor *processor)
{
    const struct exec_group *group = processor->group;
    uint64_t now_ns = *(const volatile uint64_t *)&processor->engine->shared.now_ns;
    uint64_t progress = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        progress += exec_private_load64(&group->processors[i]->self.progress);
    }
    if (watch->stuck_group != group || watch->stuck_now_ns != now_ns || watch->stuck_progress != progress) {
        watch->stuck_group = group;
        watch->stuck_now_ns = now_ns;
        watch->stuck_progress = progress;
        watch->stuck_ticks = 0;
        watch->stuck_cpu_ns = exec_clock_cpu_ns();
    } else if (++watch->stuck_ticks >= EXEC_STUCK_TICKS) {
        uint32_t attention = exec_private_load(&processor->self.attention);
        exec_private_store(&processor->self.attention, attention | EXEC_ATTEND_TICK);
    }
}

EXEC_NO_TSAN void exec_watchdog_attend(struct exec_processor *processor)
{
    struct exec_watch *watch = &exec_watch;
    uint32_t attention = exec_private_load(&processor->self.attention);
    exec_private_store(&processor->self.attention, attention & ~(uint32_t)EXEC_ATTEND_TICK);
    if (watch->stuck_group == NULL) {
        return; /* another processor has attended */
    }
    watch->stuck_group = NULL;
    exec_charge_cpu(processor, exec_clock_cpu_ns() - watch->stuck_cpu_ns, EXEC_LEAST_TURNS_CALLING);
    exec_fibers_point(processor, EXEC_POINT_YIELD);
}

/* User code whose ops never block comes through here again and again: its limit runs from the first time. */
EXEC_NO_TSAN static void exec_fibers_overrun(struct exec_processor *processor)
{
    uint64_t progress = exec_group_progress(processor->group) + 1u;
    if (processor->overran != progress) {
        processor->overran = progress;
        processor->overran_ns = processor->engine->shared.now_ns;
    }
    bool over = processor->engine->shared.now_ns - processor->overran_ns >= processor->engine->options.op_limit_ns;
    exec_watchdog_attend(processor);
    if (over) {
        exec_state_set(processor, EXEC_STATE_ABANDONED);
        exec_op_timeout(processor, "called ops without end");
        exec_fibers_stop(processor, EXEC_STATE_ABANDONED);
    }
}

void exec_user_overrun(void)
{
    exec_fibers_overrun(exec_processor_of(exec_self_now));
}

/* ---- threads ---- */

EXEC_NO_TSAN static void exec_tick_thread(struct exec_watch *watch, struct exec_processor *processor)
{
    if ((exec_attention(&processor->self) & EXEC_ATTEND_CUT) != 0) {
        exec_threads_stop(processor, EXEC_STATE_ABANDONED);
    }
    uint64_t now = exec_threads_now(processor->engine);
    uint64_t progress = exec_group_progress(processor->group);
    if (watch->last != &processor->self || watch->last_call != processor->self.user_calls ||
        watch->last_progress != progress) {
        watch->last = &processor->self;
        watch->last_call = processor->self.user_calls;
        watch->last_progress = progress;
        watch->last_ns = now;
    } else if (now - watch->last_ns >= processor->engine->options.op_limit_ns) {
        exec_private_store(&processor->self.in_user, 0u);
        exec_state_set(processor, EXEC_STATE_ABANDONED);
        exec_op_timeout(processor, "spun in user code");
        exec_threads_stop(processor, EXEC_STATE_ABANDONED);
    }
}

EXEC_NO_INSTRUMENT void exec_watchdog_tick(uintptr_t pc)
{
    struct exec_self *self = exec_self_now;
    if (self == NULL || exec_watch.depth == 0) {
        return;
    }
    struct exec_processor *processor = exec_processor_of(self);
    bool threads = self->shared->threads;
    if (!threads) {
        exec_tick_stuck(&exec_watch, processor);
    }
    if (exec_private_load(&self->in_user) == 0 || !exec_user_image_contains(pc)) {
        return;
    }
    if (threads) {
        exec_tick_thread(&exec_watch, processor);
    } else {
        exec_tick_user(&exec_watch, processor);
    }
}
