/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: one notion of processor, waiting and time (design section 3, rulings R14, R21, R33).
 *
 * Every simulated processor (AICPU thread, AICore core, DMA engine, in tests also a host thread or a child) is an exec
 * *processor*. Device code never spins, sleeps or reads a clock by itself: it waits for a 32-bit word to change,
 * pauses, or charges modelled work, and cannot tell which of two engines it runs on:
 *
 *   fibers   all processors on the calling OS thread, switched by Boost.Context. Time is virtual: it advances only when
 *            every processor waits. The same seed gives the same run. "Nobody can ever run again" is detected exactly.
 *   threads  one pooled OS thread per processor, real time; waiting spins at most 10 us and only while busy processors
 *            <= CPUs, then sleeps on a futex.
 *
 * Processors are launched in *groups*: one launch of a device program is one group. A group ends as a whole, and what
 * happens in it (timeout, fault, deadlock) is told in its outcome and touches no other group.
 *
 * An engine instance belongs to the OS thread that runs it while it runs. errno and thread-local variables are shared
 * by all fibers of the thread: errno and the sticky floating-point exception flags do not survive a call of this
 * interface. An engine does not survive fork. Outside a processor waits return at once (-EDEADLK when the word has not
 * changed), exec_now is the machine's monotonic clock, and everything else that speaks of "the calling processor" does
 * nothing.
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXEC_NEVER UINT64_MAX /* a deadline that never comes */
#define EXEC_OP_LIMIT_NS 1000000000ull
#define EXEC_SYNC_LIMIT_NS 2000000000ull
#define EXEC_STALL_LIMIT_NS 500000000ull /* R21, threads engine only */
#define EXEC_ORCHESTRATION_STACK_BYTES (1024u * 1024u)
#define EXEC_CORE_STACK_BYTES (256u * 1024u)
#define EXEC_REPORT_BYTES 2048u

struct exec_engine;
struct exec_group;
struct exec_processor;

enum exec_kind { EXEC_FIBERS = 0, EXEC_THREADS = 1 };

/* How the fibers engine picks the next processor among the runnable ones. The threads engine ignores it. */
enum exec_policy {
    EXEC_ROUND_ROBIN = 0, /* first come, first served; modelled work takes virtual time */
    EXEC_RANDOM = 1,      /* uniform at every schedule point, from the seed */
    EXEC_PCT = 2,         /* random priorities with `pct_depth` - 1 priority changes over `pct_steps` steps */
    EXEC_CHOICE = 3,      /* every pick is asked of `choose` */
};

/* What a schedule point says about the processor that calls it. */
enum exec_point {
    EXEC_POINT_KEEP = 0,    /* it could go on: whoever else runs now preempts it */
    EXEC_POINT_YIELD = 1,   /* it steps back: others first */
    EXEC_POINT_BLOCKED = 2, /* it waits or is over */
};

struct exec_options {
    enum exec_kind kind;
    enum exec_policy policy;
    uint64_t seed;
    uint32_t pct_depth; /* 0: 3 */
    uint32_t pct_steps; /* 0: 10,000 */
    /*
     * EXEC_CHOICE: returns 0 .. count-1 (taken modulo count); asked only when count >= 2. 0 is the calling processor
     * when it could go on, the others follow in cyclic order of spawn; after exec_pause the caller is the last. All
     * zeros starve nobody.
     */
    uint32_t (*choose)(void *context, uint32_t count);
    void *choose_context;
    /*
     * Not NULL: told every pick among two or more that an exploring policy makes, in the numbering of `choose`, so that
     * EXEC_CHOICE repeats a run of any of them from what was told.
     */
    void (*picked)(void *context, uint32_t count, uint32_t index, uint32_t point); /* enum exec_point */
    void *picked_context;
    uint64_t op_limit_ns;   /* 0: EXEC_OP_LIMIT_NS; exec time without progress before spinning user code is abandoned */
    uint64_t sync_limit_ns; /* 0: EXEC_SYNC_LIMIT_NS; exec time in which a cancelled group may end by itself */
    uint64_t stall_limit_ns; /* 0: EXEC_STALL_LIMIT_NS */
    uint32_t deadline_scale; /* 0: 1; multiplies every limit and deadline on the threads engine */
};

enum exec_end {
    EXEC_END_OK = 0,       /* every processor returned or called exec_exit */
    EXEC_END_OP_TIMEOUT,   /* user code spun, or waited in pto_kernel_wait, past the op limit */
    EXEC_END_SYNC_TIMEOUT, /* the group did not end within the sync limit after it was cancelled */
    EXEC_END_USER_FAULT,   /* user code raised SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP, or overflowed its stack */
    EXEC_END_DEADLOCK,     /* nobody can run, nobody has a deadline, and nobody waits with exec_wait_stall */
    EXEC_END_CANCELLED,    /* exec_group_cancel was called */
};

struct exec_outcome {
    enum exec_end end;
    int signal_number;              /* EXEC_END_USER_FAULT */
    bool reproducible;              /* false once the watchdog interrupted anything, and always on the threads engine */
    uint64_t start_ns;              /* exec time at which the group started ... */
    uint64_t end_ns;                /* ... and ended */
    uint64_t switches;              /* processor switches (fibers) */
    char culprit[64];               /* name of the processor that caused a bad end */
    char report[EXEC_REPORT_BYTES]; /* one line per processor: name, state, the word it waits for and what it saw */
};

/* ---- engines: outside processors ------------------------------------------------------------------------------- */

/* What R33 asks of deadline_scale where the process is slowed down by valgrind or a sanitizer: 50; else 1. */
uint32_t exec_tool_deadline_scale(void);

/* `options` NULL: defaults (fibers, round robin). Returns 0, -EINVAL, -ENOMEM. */
int exec_engine_create(const struct exec_options *options, struct exec_engine **engine);

/* Its groups must have been destroyed. Frees pooled stacks and joins pooled threads. NULL is allowed. */
void exec_engine_destroy(struct exec_engine *engine);

/* Replaces policy, seed and limits for the next group. -EBUSY while running; -EINVAL (the kind cannot change). */
int exec_engine_configure(struct exec_engine *engine, const struct exec_options *options);

/* The engine of the calling processor, NULL outside one (R14: inside one, a launch joins this engine). */
struct exec_engine *exec_current_engine(void);

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/*
 * A group may be run again and again; its records and stacks are kept between runs, but each run uses up what was
 * spawned for it. Returns 0, -EINVAL, -ENOMEM. A running group is not destroyed (logged); NULL is allowed.
 */
int exec_group_create(struct exec_engine *engine, const char *name, struct exec_group **group);
void exec_group_destroy(struct exec_group *group);

/*
 * Adds a processor to the next run of the group. It starts when the group runs, in spawn order under round robin.
 * `name` is copied ("aicpu 0", "aic 3"). `stack_bytes` is rounded up to pages; a guard page lies below it.
 * Returns 0, -EINVAL, -ENOMEM, -EAGAIN (no thread), -EBUSY (group running).
 */
int exec_spawn(struct exec_group *group, const char *name, size_t stack_bytes, void (*entry)(void *argument),
               void *argument);

/*
 * Runs the group until each of its processors has ended. Called outside a processor it drives the engine on the calling
 * thread; called inside a processor of the same engine it starts the group and waits for it, other processors running
 * on. Returns 0 when outcome->end is EXEC_END_OK, otherwise -ECANCELED with the reason in `outcome` (never NULL); when
 * the group could not even be started (no watchdog, or the caller's own group is ending) the reason is
 * EXEC_END_CANCELLED. -EBUSY: it runs already. The first cause of a bad end stays; only EXEC_END_CANCELLED gives way to
 * EXEC_END_SYNC_TIMEOUT. Fibers: virtual time and the policy's seed start again with each drive, so that no run depends
 * on earlier ones.
 */
int exec_group_run(struct exec_group *group, struct exec_outcome *outcome);

/*
 * From the next run on every fault of its processors ends the group as one of user code does, not the process: for
 * programs that work with memory which is known to hold anything. What they held (locks) stays held.
 */
void exec_group_contain(struct exec_group *group, bool contain);

/*
 * Makes every wait of the group return -ECANCELED from now on, and of the groups that its processors run. Any processor
 * may call it, also of the group itself. Nothing happens when it is not running.
 */
void exec_group_cancel(struct exec_group *group);

/* ---- inside a processor ------------------------------------------------------------------------------------------ */

/*
 * Blocks until *word != seen. Returns 0; -ETIMEDOUT when exec time reached `deadline_ns` first; -ECANCELED when the
 * group is ending (the caller must then clean up and return without further waits). A writer stores with release order
 * and calls exec_wake(word); the load here is an acquire and pairs with that store. Spurious returns of 0 do not
 * happen.
 */
static inline int exec_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline_ns);

/*
 * Like exec_wait without deadline, but returns -EDEADLK when no schedule could make progress any more (R21): on fibers
 * when every processor of the group waits without deadline, on threads after the stall limit without exec_progress.
 * Among several such waiters the one with the lowest `rank` is released, alone; if it waits again in vain it is the
 * next one's turn.
 */
static inline int exec_wait_stall(_Atomic uint32_t *word, uint32_t seen, uint32_t rank);

/* Releases every processor that waits on `word`. To be called after the store. */
static inline void exec_wake(_Atomic uint32_t *word);

/* A schedule point with no condition: others may run now. */
void exec_pause(void);

/* Resumes only when no other processor can run without reaching a deadline (sleepers of exec_settle come first). */
void exec_yield_low(void);

/* True when advice such as "yield every 256 tasks" should be followed: fibers engine under round robin. */
bool exec_wants_advice(void);

/* Exec time in ns, including what this processor has charged and not yet settled. */
uint64_t exec_now(void);

/*
 * Modelled work: the processor is busy for `ns`. It adds up and is slept off (in virtual time, others running
 * meanwhile) at the next exec_settle or blocking call. No effect on the threads engine and under exploring policies
 * (where every order must stay reachable).
 */
static inline void exec_charge(uint64_t ns);
void exec_settle(void);

/* Tells the engine that the group got on (a task completed): restarts the op and stall limits. */
static inline void exec_progress(void);

/* Ends the calling processor at once; its stack is reclaimed without unwinding. */
_Noreturn void exec_exit(void);

/* Cancels the own group and records why: used by device code that found a condition no launch can survive. */
void exec_fail(enum exec_end end, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * One pointer of the launcher's per processor, NULL until set. A processor sets its own at the start of its entry;
 * kernels' identity services (npu/pipes.h) read it, so identity follows the simulated processor and not the OS thread.
 * Outside a processor exec_set_local does nothing and exec_local is NULL.
 */
void exec_set_local(void *local);
void *exec_local(void);

/* ---- user code (R33) --------------------------------------------------------------------------------------------- */

/*
 * Code between enter and leave belongs to the user: the CPU-time watchdog may interrupt it (only while the program
 * counter lies in a registered user image, so that no libc lock is held) and its faults end the group, not the process.
 * Ops that user code calls back bracket themselves with leave/enter. `kernel_wait` waits on behalf of user code:
 * bounded by the op limit, and -ECANCELED never returns (the processor ends).
 */
static inline void exec_user_enter(void);
static inline void exec_user_leave(void);
int exec_user_wait(_Atomic uint32_t *word, uint32_t seen);

/*
 * Declares the executable segments of a loaded user image (found through dl_iterate_phdr by an address inside it).
 * Process-wide, thread safe, counted per image. Returns 0, -ENOENT (no image there), -ENOMEM.
 */
int exec_user_image_add(const void *address_inside);
void exec_user_image_remove(const void *address_inside);

#include "exec/exec_inline.h"

#endif
