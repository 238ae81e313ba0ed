/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls of exec.h: engines, and the dispatch of the rest to the engine that the caller runs on. */
#include "exec/exec.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"
#include "exec/clock.h"
#include "exec/fibers_inline.h"
#include "exec/group.h"
#include "exec/threads.h"
#include "exec/watchdog.h"

#define EXEC_PCT_DEFAULT_DEPTH 3u
#define EXEC_PCT_DEFAULT_STEPS 10000u
#define EXEC_HEADLINE_BYTES 256u
#define EXEC_SLOW_DEADLINE_SCALE 50u /* R33: under valgrind and sanitizers */

__thread struct exec_self *exec_self_now __attribute__((tls_model("initial-exec")));

static struct exec_processor *exec_processor_now(void)
{
    return exec_self_now != NULL ? exec_processor_of(exec_self_now) : NULL;
}

/* ---- engines ---- */

uint32_t exec_tool_deadline_scale(void)
{
    bool slow = EXEC_ASAN || EXEC_TSAN || RUNNING_ON_VALGRIND != 0;
    return slow ? EXEC_SLOW_DEADLINE_SCALE : 1u;
}

static int exec_options_check(const struct exec_options *given, struct exec_options *filled)
{
    struct exec_options options = given != NULL ? *given : (struct exec_options){0};
    if ((options.kind != EXEC_FIBERS && options.kind != EXEC_THREADS) || options.policy > EXEC_CHOICE ||
        options.pct_depth > EXEC_PCT_MAX_DEPTH || (options.policy == EXEC_CHOICE && options.choose == NULL)) {
        return -EINVAL;
    }
    options.pct_depth = options.pct_depth != 0 ? options.pct_depth : EXEC_PCT_DEFAULT_DEPTH;
    options.pct_steps = options.pct_steps != 0 ? options.pct_steps : EXEC_PCT_DEFAULT_STEPS;
    options.op_limit_ns = options.op_limit_ns != 0 ? options.op_limit_ns : EXEC_OP_LIMIT_NS;
    options.sync_limit_ns = options.sync_limit_ns != 0 ? options.sync_limit_ns : EXEC_SYNC_LIMIT_NS;
    options.stall_limit_ns = options.stall_limit_ns != 0 ? options.stall_limit_ns : EXEC_STALL_LIMIT_NS;
    options.deadline_scale = options.deadline_scale != 0 ? options.deadline_scale : 1u;
    *filled = options;
    return 0;
}

static uint32_t exec_cpu_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1u;
}

int exec_engine_create(const struct exec_options *options, struct exec_engine **engine)
{
    struct exec_options filled;
    if (engine == NULL || exec_options_check(options, &filled) != 0) {
        return -EINVAL;
    }
    struct exec_engine *made = os_aligned_alloc("exec.engine_alloc", 64, (sizeof(*made) + 63u) & ~(size_t)63u);
    if (made == NULL) {
        return -ENOMEM;
    }
    *made = (struct exec_engine){.options = filled, .cpus = exec_cpu_count(), .base_ns = exec_clock_ns()};
    made->shared.threads = filled.kind == EXEC_THREADS;
    int result = exec_signals_acquire();
    if (result != 0) {
        free(made);
        return result;
    }
    (void)pthread_mutex_init(&made->lock, NULL);
    *engine = made;
    return 0;
}

void exec_engine_destroy(struct exec_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    exec_workers_join(engine);
    exec_stack_pool_clear(&engine->stacks);
    exec_policy_free(&engine->policy);
    exec_timers_free(&engine->timers);
    (void)pthread_mutex_destroy(&engine->lock);
    exec_signals_release();
    free(engine);
}

EXEC_NO_TSAN int exec_engine_configure(struct exec_engine *engine, const struct exec_options *options)
{
    struct exec_options filled;
    if (engine == NULL || exec_options_check(options, &filled) != 0 || filled.kind != engine->options.kind) {
        return -EINVAL;
    }
    if (engine->running != NULL) {
        return -EBUSY;
    }
    if (filled.deadline_scale != engine->options.deadline_scale) {
        engine->base_ns = exec_clock_ns(); /* exec time must not jump by the change of its rate */
    }
    engine->options = filled;
    return 0;
}

struct exec_engine *exec_current_engine(void)
{
    struct exec_processor *processor = exec_processor_now();
    return processor != NULL ? processor->engine : NULL;
}

/* ---- groups ---- */

static int exec_refused(struct exec_outcome *outcome, int error)
{
    outcome->end = EXEC_END_CANCELLED;
    (void)snprintf(outcome->report, sizeof(outcome->report), "the group could not be started: error %d\n", error);
    return -ECANCELED;
}

EXEC_NO_TSAN static bool exec_group_take(struct exec_group *group, struct exec_outcome *outcome)
{
    outcome->end = EXEC_END_OK;
    outcome->signal_number = 0;
    outcome->reproducible = !group->engine->shared.threads;
    outcome->start_ns = 0;
    outcome->end_ns = 0;
    outcome->switches = 0;
    outcome->culprit[0] = '\0';
    outcome->report[0] = '\0';
    return !group->running;
}

EXEC_NO_TSAN static bool exec_group_is_empty(const struct exec_group *group)
{
    return group->count == 0;
}

EXEC_NO_TSAN static void exec_group_release(struct exec_group *group, bool started, struct exec_outcome *outcome)
{
    if (started) {
        exec_group_tell(group, outcome);
    }
    group->running = false;
    group->count = 0;
}

int exec_group_run(struct exec_group *group, struct exec_outcome *outcome)
{
    if (group == NULL || outcome == NULL) {
        return -EINVAL;
    }
    if (!exec_group_take(group, outcome)) {
        return -EBUSY;
    }
    if (exec_group_is_empty(group)) {
        return 0;
    }
    int result = group->engine->shared.threads ? exec_threads_run_group(group) : exec_fibers_run_group(group);
    exec_group_release(group, result == 0, outcome);
    if (result != 0) {
        return exec_refused(outcome, result);
    }
    return outcome->end == EXEC_END_OK ? 0 : -ECANCELED;
}

void exec_group_cancel(struct exec_group *group)
{
    exec_group_fail(group, EXEC_END_CANCELLED, 0, exec_processor_now(), "cancelled");
}

void exec_group_contain(struct exec_group *group, bool contain)
{
    group->contained = contain;
}

/* ---- inside a processor ---- */

EXEC_NO_TSAN static void exec_wait_set(struct exec_processor *processor, _Atomic uint32_t *word, uint32_t seen,
                                       uint32_t rank)
{
    processor->wait.word = word;
    processor->wait.seen = seen;
    processor->wait.rank = rank;
}

/* Outside a processor there is nobody who could change the word. */
static int exec_wait_outside(_Atomic uint32_t *word, uint32_t seen)
{
    /* Acquire: as if inside. */
    return atomic_load_explicit(word, memory_order_acquire) != seen ? 0 : -EDEADLK;
}

int exec_wait_slow(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline_ns)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return exec_wait_outside(word, seen);
    }
    exec_wait_set(processor, word, seen, 0);
    return processor->self.shared->threads ? exec_threads_wait(processor, deadline_ns)
                                           : exec_fibers_wait(processor, deadline_ns);
}

int exec_wait_stall_slow(_Atomic uint32_t *word, uint32_t seen, uint32_t rank)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return exec_wait_outside(word, seen);
    }
    exec_wait_set(processor, word, seen, rank);
    return processor->self.shared->threads ? exec_threads_wait_stall(processor) : exec_fibers_wait_stall(processor);
}

int exec_user_wait(_Atomic uint32_t *word, uint32_t seen)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return exec_wait_outside(word, seen);
    }
    struct exec_self *self = &processor->self;
    /* Relaxed: read by handlers on this OS thread only. */
    uint32_t in_user = atomic_load_explicit(&self->in_user, memory_order_relaxed);
    atomic_store_explicit(&self->in_user, 0u, memory_order_relaxed);
    if (in_user == 0) {
        self->user_calls++;
        self->user_since_ns = self->shared->now_ns;
    }
    exec_wait_set(processor, word, seen, 0);
    int result = self->shared->threads ? exec_threads_user_wait(processor) : exec_fibers_user_wait(processor);
    if (result == -ETIMEDOUT) {
        exec_fail(EXEC_END_OP_TIMEOUT, "op limit of %llu ns is over: %s waited in user code",
                  (unsigned long long)processor->engine->options.op_limit_ns, processor->name);
    }
    if (result != 0) {
        exec_exit();
    }
    atomic_store_explicit(&self->in_user, in_user, memory_order_relaxed);
    return 0;
}

void exec_wake_slow(_Atomic uint32_t *word)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor->self.shared->threads) {
        exec_futex_wake(word);
    } else {
        exec_fibers_wake(processor, word);
    }
}

void exec_schedule_point(void)
{
    struct exec_processor *processor = exec_processor_now();
    if (!processor->self.shared->threads) {
        exec_fibers_point(processor, EXEC_POINT_KEEP);
    }
}

void exec_pause(void)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return;
    }
    if (processor->self.shared->threads) {
        exec_threads_pause(processor);
    } else {
        exec_fibers_pause(processor);
    }
}

void exec_yield_low(void)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return;
    }
    if (processor->self.shared->threads) {
        exec_threads_pause(processor);
    } else {
        exec_fibers_yield_low(processor);
    }
}

EXEC_NO_TSAN bool exec_wants_advice(void)
{
    struct exec_processor *processor = exec_processor_now();
    return processor != NULL && !processor->engine->shared.threads && !processor->engine->policy.exploring;
}

EXEC_NO_TSAN uint64_t exec_now(void)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return exec_clock_ns();
    }
    if (processor->engine->shared.threads) {
        return exec_threads_now(processor->engine);
    }
    return processor->engine->shared.now_ns + processor->self.debt_ns;
}

void exec_settle(void)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor != NULL && !processor->self.shared->threads) {
        exec_fibers_settle(processor);
    }
}

_Noreturn void exec_exit(void)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        abort(); /* a caller outside a processor has nothing to end */
    }
    if (processor->self.shared->threads) {
        exec_threads_stop(processor, EXEC_STATE_ENDED);
    }
    exec_fibers_exit(processor);
}

void exec_fail(enum exec_end end, const char *format, ...)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor == NULL) {
        return;
    }
    char headline[EXEC_HEADLINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(headline, sizeof(headline), format, arguments);
    va_end(arguments);
    exec_group_fail(processor->group, end, 0, processor, headline);
}

EXEC_NO_TSAN void exec_set_local(void *local)
{
    struct exec_processor *processor = exec_processor_now();
    if (processor != NULL) {
        processor->local = local;
    }
}

EXEC_NO_TSAN void *exec_local(void)
{
    struct exec_processor *processor = exec_processor_now();
    return processor != NULL ? processor->local : NULL;
}
