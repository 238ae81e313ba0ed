/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signal handlers: ticks of the watchdog, and faults of user code. Process-wide, counted by engines. Installed
 * through
 * __sigaction: the sanitizers' interceptors of sigaction would delay our signals or refuse to replace theirs.
 */
#include "exec/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ucontext.h>

#include "base/fault.h"
#include "exec/fibers.h"
#include "exec/group.h"
#include "exec/threads.h"

#define EXEC_HEADLINE_BYTES 160u

int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

struct exec_signal {
    int number;
    struct sigaction before; /* what to call for what is not ours, and to put back */
};

/* SIGSEGV first: exec_signals_verify looks at it alone, since test frameworks and sanitizers replace it with the
 * others. */
static struct exec_signal exec_signals[] = {{.number = SIGSEGV}, {.number = SIGBUS},  {.number = SIGFPE},
                                            {.number = SIGILL},  {.number = SIGTRAP}, {.number = EXEC_TICK_SIGNAL}};
#define EXEC_SIGNAL_COUNT (sizeof(exec_signals) / sizeof(exec_signals[0]))

static pthread_mutex_t exec_signals_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t exec_signals_users; /* under the lock */

/* ---- handlers ---- */

static void exec_on_tick(int number, siginfo_t *info, void *context);
static void exec_on_fault(int number, siginfo_t *info, void *context);

EXEC_NO_INSTRUMENT static void exec_on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    int error = errno;
    const ucontext_t *interrupted = context;
    exec_watchdog_tick((uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP]);
    errno = error;
}

/* Not ours: what would have happened without us. */
static void exec_signal_pass_on(int number, siginfo_t *info, void *context)
{
    struct sigaction before = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < EXEC_SIGNAL_COUNT; i++) {
        if (exec_signals[i].number == number) {
            before = exec_signals[i].before;
        }
    }
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else {
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        (void)__sigaction(number, &fatal, NULL); /* returning repeats the fault, which now kills */
        if (info->si_code <= 0) {
            (void)raise(number); /* sent by somebody: it will not repeat itself */
        }
    }
}

EXEC_NO_TSAN static bool exec_hit_guard(const struct exec_processor *processor, const void *address)
{
    if (processor->engine->shared.threads) {
        return exec_worker_guards(processor->worker, address);
    }
    return exec_stack_guards(processor->stack, address);
}

EXEC_NO_TSAN static void exec_on_fault(int number, siginfo_t *info, void *context)
{
    exec_asan_clean_signal_stack();
    struct exec_processor *processor = exec_self_now != NULL ? exec_processor_of(exec_self_now) : NULL;
    bool guard = processor != NULL && number == SIGSEGV && exec_hit_guard(processor, info->si_addr);
    /* si_code > 0: raised by an instruction, not sent by somebody. */
    bool ours =
        processor != NULL && (guard || processor->group->contained || exec_private_load(&processor->self.in_user) != 0);
    if (!ours || info->si_code <= 0) {
        exec_signal_pass_on(number, info, context);
        return;
    }
    exec_private_store(&processor->self.in_user, 0u); /* a fault in here is our own */
    const ucontext_t *faulted = context;
    char headline[EXEC_HEADLINE_BYTES];
    exec_tsan_ignore_begin();
    (void)snprintf(headline, sizeof(headline), "%s faulted in user code: signal %d at pc 0x%llx, address %p%s",
                   processor->name, number, (unsigned long long)faulted->uc_mcontext.gregs[REG_RIP], info->si_addr,
                   guard ? " (stack overflow)" : "");
    exec_tsan_ignore_end();
    exec_state_set(processor, EXEC_STATE_FAULTED);
    exec_group_fail(processor->group, EXEC_END_USER_FAULT, number, processor, headline);
    if (processor->engine->shared.threads) {
        exec_threads_stop(processor, EXEC_STATE_FAULTED);
    }
    exec_fibers_stop(processor, EXEC_STATE_FAULTED);
}

/* ---- installing ---- */

static bool exec_signal_is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 &&
           (action->sa_sigaction == exec_on_fault || action->sa_sigaction == exec_on_tick);
}

/* Under the lock. Keeps what was there before unless that was us. */
static int exec_signal_install(struct exec_signal *signal)
{
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_NODEFER};
    struct sigaction before;
    if (signal->number == EXEC_TICK_SIGNAL) {
        ours.sa_sigaction = exec_on_tick; /* on the interrupted stack: it may switch away and come back */
        ours.sa_flags |= SA_RESTART;
    } else {
        ours.sa_sigaction = exec_on_fault;
        ours.sa_flags |= SA_ONSTACK;
    }
    int fault = fault_hit("exec.sigaction");
    if (fault != 0) {
        return -fault;
    }
    if (__sigaction(signal->number, NULL, &before) != 0) {
        return -errno;
    }
    if (exec_signal_is_ours(&before)) {
        return 0;
    }
    signal->before = before;
    return __sigaction(signal->number, &ours, NULL) == 0 ? 0 : -errno;
}

/* Under the lock. Leaves alone what somebody else has put over ours. */
static void exec_signals_restore(void)
{
    for (size_t i = 0; i < EXEC_SIGNAL_COUNT; i++) {
        struct sigaction now;
        if (__sigaction(exec_signals[i].number, NULL, &now) == 0 && exec_signal_is_ours(&now)) {
            (void)__sigaction(exec_signals[i].number, &exec_signals[i].before, NULL);
        }
    }
}

int exec_signals_acquire(void)
{
    int result = 0;
    (void)pthread_mutex_lock(&exec_signals_lock);
    for (size_t i = 0; exec_signals_users == 0 && result == 0 && i < EXEC_SIGNAL_COUNT; i++) {
        result = exec_signal_install(&exec_signals[i]);
    }
    if (result == 0) {
        exec_signals_users++;
    } else {
        exec_signals_restore();
    }
    (void)pthread_mutex_unlock(&exec_signals_lock);
    return result;
}

void exec_signals_release(void)
{
    (void)pthread_mutex_lock(&exec_signals_lock);
    if (--exec_signals_users == 0) {
        exec_signals_restore();
    }
    (void)pthread_mutex_unlock(&exec_signals_lock);
}

int exec_signals_verify(void)
{
    struct sigaction now;
    if (__sigaction(SIGSEGV, NULL, &now) == 0 && exec_signal_is_ours(&now)) {
        return 0;
    }
    int result = 0;
    (void)pthread_mutex_lock(&exec_signals_lock);
    for (size_t i = EXEC_SIGNAL_COUNT; result == 0 && i > 0; i--) { /* SIGSEGV last: it stands for the others above */
        result = exec_signal_install(&exec_signals[i - 1u]);
    }
    (void)pthread_mutex_unlock(&exec_signals_lock);
    return result;
}
