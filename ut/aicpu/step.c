/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/aicpu/step.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ThreadSanitizer puts signals off, and would trace itself. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define STEP_BY_STEP 1
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef STEP_BY_STEP
#endif
#endif

static struct {
    uint64_t taken;
    uint64_t at; /* 0: at every one */
    step_function *intruder;
    void *intruded;
} now;

/* The kernel clears the trap flag for the handler and restores it afterwards. */
static void on_step(int signal_number)
{
    (void)signal_number;
    now.taken++;
    if (now.intruder != NULL && (now.at == 0 || now.taken == now.at)) {
        now.intruder(now.intruded);
    }
}

/* The call is the traced part; the few instructions around it are the same every time. */
static void trace(step_function *function, void *argument)
{
#ifdef STEP_BY_STEP
    /* Below the red zone: the flags are changed on the stack. */
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
    function(argument);
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
#else
    function(argument);
#endif
}

static void run(step_function *function, void *argument, uint64_t at, step_function *intruder, void *intruded)
{
    struct sigaction action = {.sa_handler = on_step};
    struct sigaction before;
    now.taken = 0;
    now.at = at;
    now.intruder = intruder;
    now.intruded = intruded;
    assert_int_equal(sigaction(SIGTRAP, &action, &before), 0);
    trace(function, argument);
    assert_int_equal(sigaction(SIGTRAP, &before, NULL), 0);
}

static void add(void *argument)
{
    volatile uint32_t *word = argument;
    *word = *word + 1;
}

void step_required(void)
{
    uint32_t word = 0;
    uint32_t intruded = 0;
    if (!step_interrupt(add, &word, 1, add, &intruded) || now.taken <= 3 || intruded != 1 || word != 1) {
        print_message("no way to stop at an instruction here\n");
        skip();
    }
}

uint64_t step_count(step_function *function, void *argument)
{
    run(function, argument, 0, NULL, NULL);
    return now.taken;
}

bool step_interrupt(step_function *function, void *argument, uint64_t at, step_function *intruder, void *intruded)
{
    run(function, argument, at, intruder, intruded);
    return now.taken >= at;
}

void step_watch(step_function *function, void *argument, step_function *watch, void *watched)
{
    run(function, argument, 0, watch, watched);
}
