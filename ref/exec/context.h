/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context: a suspended flow of control on a stack of its own, switched by Boost.Context (linked statically into
 * libnpu.so).
 *
 * Promises: a switch costs a few ns, saves callee-saved registers and the floating-point control words, and tells
 * AddressSanitizer and ThreadSanitizer what happened, without synchronising for the latter: only the code's own atomics
 * order memory between processors. errno, the signal mask and the sticky floating-point exception flags are not saved.
 * A context never moves to another OS thread.
 */
#ifndef EXEC_CONTEXT_H
#define EXEC_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <immintrin.h>

#include "exec/sanitizer.h"

#define EXEC_MXCSR_STICKY 0x3fu

struct exec_context {
    void *resume_at; /* Boost.Context's handle while suspended */
    const void
        *bottom; /* lowest usable byte of the stack; learned on the first switch away for the thread's own stack */
    size_t bytes;
    void *fake_stack; /* AddressSanitizer's, while suspended */
    void *tsan_fiber;
};

struct exec_transfer {
    void *resume_at;
    void *data;
};

struct exec_transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack_top, size_t bytes, void (*entry)(struct exec_transfer arrived));

/* Makes `context` start in `entry` at the next switch to it. `entry` calls exec_context_arrived first and never
 * returns. */
void exec_context_make(struct exec_context *context, void *bottom, size_t bytes,
                       void (*entry)(struct exec_transfer arrived));

/* Frees what ThreadSanitizer keeps for the context. It must not be the running one. */
void exec_context_drop(struct exec_context *context);

/* Makes `context` stand for the calling OS thread's own flow. */
void exec_context_adopt(struct exec_context *context);

/*
 * Everything that the suspended `context` did so far happens, for ThreadSanitizer, before what acquires `address`
 * later. For processors that are cut off and cannot release anything themselves. `now` is the running context.
 */
void exec_context_release_for(struct exec_context *now, struct exec_context *context, void *address);

EXEC_NO_TSAN static inline void exec_context_arrived(struct exec_context *self, struct exec_transfer arrived)
{
    struct exec_context *left = arrived.data;
    left->resume_at = arrived.resume_at;
#if EXEC_ASAN
    __sanitizer_finish_switch_fiber(self->fake_stack, &left->bottom, &left->bytes);
#else
    (void)self;
#endif
}

/*
 * Boost.Context saves and restores MXCSR. Restoring a value that differs from the current one costs about 40 ns, and
 * the sticky flags differ after any inexact operation: dropping them makes every restore one that changes nothing.
 */
EXEC_NO_TSAN static inline void exec_context_drop_float_flags(void)
{
    uint32_t control = _mm_getcsr();
    if (__builtin_expect((control & EXEC_MXCSR_STICKY) != 0, 0)) {
        _mm_setcsr(control & ~EXEC_MXCSR_STICKY);
    }
}

/* Suspends `from`, which must be running, and resumes `to`. Returns when somebody switches back to `from`. */
EXEC_NO_TSAN static inline void exec_context_switch(struct exec_context *from, struct exec_context *to)
{
#if EXEC_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->bytes);
#endif
#if EXEC_TSAN
    __tsan_switch_to_fiber(to->tsan_fiber, __tsan_switch_to_fiber_no_sync);
#endif
    exec_context_drop_float_flags();
    exec_context_arrived(from, jump_fcontext(to->resume_at, from));
}

#endif
