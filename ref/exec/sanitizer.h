/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sanitizer: what the engines must tell AddressSanitizer, LeakSanitizer, ThreadSanitizer and valgrind, in one place.
 *
 * EXEC_NO_TSAN marks the functions that touch engine-private state. Fibers switch without synchronisation (design
 * section 3), so that state looks racy to ThreadSanitizer although one OS thread runs it all. Such functions hold no
 * ordering atomics: gcc does not instrument atomics in them, and an order that ThreadSanitizer cannot see would be
 * reported as a race later.
 */
#ifndef EXEC_SANITIZER_H
#define EXEC_SANITIZER_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#define EXEC_HAS_FEATURE(x) __has_feature(x)
#else
#define EXEC_HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || EXEC_HAS_FEATURE(address_sanitizer)
#define EXEC_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#else
#define EXEC_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || EXEC_HAS_FEATURE(thread_sanitizer)
#define EXEC_TSAN 1
#include <sanitizer/tsan_interface.h>
/* Exported by the runtime without a header: accesses of the calling fiber are not looked at, interceptors included. */
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateBenignRaceSized(const char *file, int line, const volatile void *address, size_t bytes, const char *why);
#else
#define EXEC_TSAN 0
#endif

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(low, high) 0u
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#define RUNNING_ON_VALGRIND 0
#endif

#define EXEC_NO_TSAN __attribute__((no_sanitize("thread")))

/* For code that may interrupt a sanitizer's own runtime in a signal handler: nothing of it calls into that runtime. */
#if defined(__clang__)
#define EXEC_NO_INSTRUMENT \
    __attribute__((disable_sanitizer_instrumentation, no_sanitize("address", "thread", "undefined")))
#else
#define EXEC_NO_INSTRUMENT __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

/*
 * Relaxed accesses to engine-private atomics. clang instruments atomics in every function, and ThreadSanitizer would
 * take a fiber's last look at its own record for a race with freeing it; for it they are plain accesses in a function
 * that it skips.
 */
#if EXEC_TSAN
#define EXEC_PRIVATE_LOAD(type, object) (*(const volatile type *)(const volatile void *)(object))
#define EXEC_PRIVATE_STORE(type, object, value) (*(volatile type *)(volatile void *)(object) = (value))
#else
#define EXEC_PRIVATE_LOAD(type, object) atomic_load_explicit(object, memory_order_relaxed)
#define EXEC_PRIVATE_STORE(type, object, value) atomic_store_explicit(object, value, memory_order_relaxed)
#endif

EXEC_NO_TSAN static inline uint32_t exec_private_load(const _Atomic uint32_t *object)
{
    return EXEC_PRIVATE_LOAD(uint32_t, object);
}

EXEC_NO_TSAN static inline uint64_t exec_private_load64(const _Atomic uint64_t *object)
{
    return EXEC_PRIVATE_LOAD(uint64_t, object);
}

EXEC_NO_TSAN static inline void exec_private_store(_Atomic uint32_t *object, uint32_t value)
{
    EXEC_PRIVATE_STORE(uint32_t, object, value);
}

EXEC_NO_TSAN static inline void exec_private_store64(_Atomic uint64_t *object, uint64_t value)
{
    EXEC_PRIVATE_STORE(uint64_t, object, value);
}

/* Engine-private text is written by one processor and read by another: bracket it. */
static inline void exec_tsan_ignore_begin(void)
{
#if EXEC_TSAN
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
#endif
}

static inline void exec_tsan_ignore_end(void)
{
#if EXEC_TSAN
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

/*
 * A fault handler never returns, so what it and its callees put around their variables stays in the shadow of the
 * signal stack: told to be accessible again before another handler, or another mapping, comes to lie there.
 */
static inline void exec_asan_clean_signal_stack(void)
{
#if EXEC_ASAN
    stack_t stack;
    if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0) {
        __asan_unpoison_memory_region(stack.ss_sp, stack.ss_size);
    }
#endif
}

/* errno belongs to the OS thread, so its fibers share it (it survives no exec call); that is no race of theirs. */
static inline void exec_tsan_share_errno(void)
{
#if EXEC_TSAN
    AnnotateBenignRaceSized(__FILE__, __LINE__, &errno, sizeof(errno), "errno is shared by the fibers of a thread");
#endif
}

#endif
