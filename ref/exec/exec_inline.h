/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_inline: the fast paths of exec.h. Only what has to block, or what an exploring policy may reorder, calls into
 * libnpu.so; a wake-up that nobody waits for costs a load, a hash and a compare. Include exec/exec.h, never this file.
 *
 * The structs below are the part of the engine and of the processor that inline code sees. They belong to exec: nobody
 * else reads or writes them.
 */
#ifndef EXEC_EXEC_INLINE_H
#define EXEC_EXEC_INLINE_H

#include "exec/exec.h"

#define EXEC_WAIT_BUCKETS 256u /* a power of two */

/* Reasons why a processor's next call must take the slow path (bits of exec_self.attention). */
enum exec_attention {
    EXEC_ATTEND_POLICY = 1u, /* an exploring policy: every call is a schedule point */
    EXEC_ATTEND_CANCEL = 2u, /* the group is ending */
    EXEC_ATTEND_CUT = 4u,    /* the group's sync limit is over: the next call ends the processor (threads engine) */
    EXEC_ATTEND_TICK = 8u,   /* the watchdog saw no progress for long: time must be charged (fibers engine) */
};

/* The engine as inline code sees it. */
struct exec_shared {
    uint64_t now_ns; /* virtual time; stays 0 on the threads engine */
    bool threads;
    _Atomic uint32_t waiting[EXEC_WAIT_BUCKETS]; /* how many processors wait on words of each bucket */
};

/* A processor as inline code sees it. */
struct exec_self {
    struct exec_shared *shared;
    _Atomic uint32_t attention;
    _Atomic uint32_t in_user;  /* written by the processor, read by signal handlers on its own OS thread */
    uint64_t user_calls;       /* stretches of user code so far: tells the watchdog one from the next */
    uint64_t user_since_ns;    /* virtual time at which the current stretch began */
    uint64_t debt_ns;          /* charged and not yet slept off */
    uint64_t progress_ns;      /* virtual time of the last exec_progress */
    _Atomic uint64_t progress; /* calls of exec_progress; only the processor itself writes it */
};

/* The processor that the calling OS thread runs now, NULL outside one. Lives in libnpu.so, once. */
extern __thread struct exec_self *exec_self_now __attribute__((tls_model("initial-exec")));

int exec_wait_slow(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline_ns);
int exec_wait_stall_slow(_Atomic uint32_t *word, uint32_t seen, uint32_t rank);
void exec_wake_slow(_Atomic uint32_t *word);
void exec_schedule_point(void);
void exec_user_overrun(void);

static inline uint32_t exec_bucket(const _Atomic uint32_t *word)
{
    /* Multiplicative hash: registers of neighbouring cores lie at equal offsets of large blocks. */
    return (uint32_t)(((uint64_t)(uintptr_t)word * 0x9e3779b97f4a7c15ull) >> 56) & (EXEC_WAIT_BUCKETS - 1u);
}

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
    "-Wtsan" /* the fence orders a counter, not data: ThreadSanitizer need not understand it */
#endif
static inline void exec_store_load_fence(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

static inline uint32_t exec_attention(struct exec_self *self)
{
    /* Relaxed: a late look only delays the slow path by one call; blocking looks again behind a fence. */
    return atomic_load_explicit(&self->attention, memory_order_relaxed);
}

static inline int exec_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline_ns)
{
    struct exec_self *self = exec_self_now;
    /* Acquire: pairs with the writer's release store before its exec_wake. */
    if (self != NULL && exec_attention(self) == 0 && atomic_load_explicit(word, memory_order_acquire) != seen) {
        return 0;
    }
    return exec_wait_slow(word, seen, deadline_ns);
}

static inline int exec_wait_stall(_Atomic uint32_t *word, uint32_t seen, uint32_t rank)
{
    struct exec_self *self = exec_self_now;
    /* Acquire: pairs with the writer's release store before its exec_wake. */
    if (self != NULL && exec_attention(self) == 0 && atomic_load_explicit(word, memory_order_acquire) != seen) {
        return 0;
    }
    return exec_wait_stall_slow(word, seen, rank);
}

static inline void exec_wake(_Atomic uint32_t *word)
{
    struct exec_self *self = exec_self_now;
    if (self == NULL) {
        return;
    }
    if (self->shared->threads) {
        /* Store of the word before load of the counter; pairs with the waiter's fence between counter and word
         * (Dekker). */
        exec_store_load_fence();
    }
    if (atomic_load_explicit(&self->shared->waiting[exec_bucket(word)], memory_order_relaxed) != 0 ||
        (exec_attention(self) & EXEC_ATTEND_POLICY) != 0) {
        exec_wake_slow(word);
    }
}

static inline void exec_charge(uint64_t ns)
{
    struct exec_self *self = exec_self_now;
    if (self == NULL) {
        return;
    }
    if ((exec_attention(self) & EXEC_ATTEND_POLICY) != 0) {
        exec_schedule_point();
    } else {
        self->debt_ns += ns;
    }
}

static inline void exec_progress(void)
{
    struct exec_self *self = exec_self_now;
    if (self != NULL) {
        self->progress_ns = self->shared->now_ns;
        /* Relaxed, one writer: watchers only look whether it moved. */
        uint64_t before = atomic_load_explicit(&self->progress, memory_order_relaxed);
        atomic_store_explicit(&self->progress, before + 1u, memory_order_relaxed);
    }
}

static inline void exec_user_enter(void)
{
    struct exec_self *self = exec_self_now;
    if (self != NULL) {
        self->user_calls++;
        self->user_since_ns = self->shared->now_ns;
        /* Relaxed: only handlers on this OS thread read it; the signal fence keeps the compiler from moving it. */
        atomic_store_explicit(&self->in_user, 1u, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
    }
}

static inline void exec_user_leave(void)
{
    struct exec_self *self = exec_self_now;
    if (self != NULL) {
        atomic_signal_fence(memory_order_seq_cst); /* as in exec_user_enter */
        atomic_store_explicit(&self->in_user, 0u, memory_order_relaxed);
        if ((exec_attention(self) & EXEC_ATTEND_TICK) != 0) {
            exec_user_overrun();
        }
    }
}

#endif
