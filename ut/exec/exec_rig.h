/* SPDX-License-Identifier: Apache-2.0 */
/* exec_rig: what the tests of ref/exec share: engines made and torn down around a test, a trace, scaled repeat counts.
 */
#ifndef UT_EXEC_RIG_H
#define UT_EXEC_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exec/exec.h"
#include "exec/sanitizer.h"
#include "harness/leak/leak_gate.h"

#define RIG_STACK_BYTES 65536u
#define RIG_TRACE 4096u

struct rig {
    struct exec_engine *engine;
    struct exec_group *group;
    struct exec_outcome outcome;
    _Atomic uint32_t words[16];
    char trace[RIG_TRACE]; /* one character per event */
    _Atomic size_t traced;
};

/* On the threads engine real time passes: slow tools get more of it. */
static inline uint32_t rig_deadline_scale(void)
{
#if EXEC_TSAN || EXEC_ASAN
    return 10;
#elif defined(RUNNING_ON_VALGRIND)
    return RUNNING_ON_VALGRIND ? 20 : 1;
#else
    return 1;
#endif
}

/* Repeat counts go down under slow tools (CHURN_SCALE). */
static inline uint32_t rig_repeat(uint32_t count)
{
    return (uint32_t)leak_churn_count(count, 1);
}

static inline void rig_open(struct rig *rig, struct exec_options options)
{
    memset(rig, 0, sizeof(*rig));
    if (options.kind == EXEC_THREADS && options.deadline_scale == 0) {
        options.deadline_scale = rig_deadline_scale();
    }
    assert_int_equal(exec_engine_create(&options, &rig->engine), 0);
    assert_int_equal(exec_group_create(rig->engine, "rig", &rig->group), 0);
}

static inline void rig_open_default(struct rig *rig)
{
    rig_open(rig, (struct exec_options){0});
}

static inline void rig_close(struct rig *rig)
{
    exec_group_destroy(rig->group);
    exec_engine_destroy(rig->engine);
}

static inline void rig_spawn(struct rig *rig, const char *name, void (*entry)(void *), void *argument)
{
    assert_int_equal(exec_spawn(rig->group, name, RIG_STACK_BYTES, entry, argument), 0);
}

static inline int rig_run(struct rig *rig)
{
    return exec_group_run(rig->group, &rig->outcome);
}

static inline void rig_run_ok(struct rig *rig)
{
    int result = rig_run(rig);
    if (result != 0) {
        fail_msg("run ended with %d, end %d: %s", result, (int)rig->outcome.end, rig->outcome.report);
    }
}

/* Relaxed: the trace must not order the processors that it watches. */
static inline void rig_trace(struct rig *rig, char event)
{
    size_t place = atomic_fetch_add_explicit(&rig->traced, 1u, memory_order_relaxed);
    if (place + 1u < RIG_TRACE) {
        rig->trace[place] = event;
    }
}

#ifdef TOUCHSTONE_COVERAGE
void __gcov_dump(void);
#endif

/* Before _exit in a forked child, whose counts would be lost. */
static inline void rig_dump_coverage(void)
{
#ifdef TOUCHSTONE_COVERAGE
    __gcov_dump();
#endif
}

static inline void rig_store_wake(_Atomic uint32_t *word, uint32_t value)
{
    /* Release: pairs with exec_wait. */
    atomic_store_explicit(word, value, memory_order_release);
    exec_wake(word);
}

#endif
