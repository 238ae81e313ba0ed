/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/hbg/scheduler.h"

#include <errno.h>
#include <stdio.h>

#include "abi/error_codes.h"
#include "aicpu/core_link.h"

void hbg_scheduler_reset(struct hbg_scheduler *scheduler, struct hbg_run *run, uint32_t index)
{
    scheduler->run = run;
    scheduler->index = index;
    scheduler->completed = 0;
    scheduler->dispatches = 0;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        struct hbg_cores *cores = &scheduler->cores[type];
        scheduler->local[type].count = 0;
        cores->count = 0;
        for (uint32_t word = 0; word < HBG_CORE_WORDS; word++) {
            cores->idle[word] = 0;
            cores->running[word] = 0;
            cores->open[word] = 0;
        }
    }
}

void hbg_scheduler_own(struct hbg_scheduler *scheduler, enum pto_core_type type, struct npu_register_block *registers)
{
    struct hbg_cores *cores = &scheduler->cores[type];
    uint32_t i = cores->count++;
    cores->core[i] =
        (struct hbg_core){.registers = registers, .running = CORE_NO_DISPATCH, .pending = CORE_NO_DISPATCH};
    cores->idle[i / 64u] |= 1ull << (i % 64u);
}

/* ---- completion ---- */

/* A task may run: it stays here if there is room, and a core of its type that this thread owns. */
static void ready(struct hbg_scheduler *scheduler, uint32_t task)
{
    uint32_t type = (uint32_t)scheduler->run->tasks[task].core_type;
    struct hbg_local_ready *local = &scheduler->local[type];
    if (scheduler->cores[type].count > 0 && local->count < HBG_LOCAL_READY) {
        local->tasks[local->count++] = task;
        return;
    }
    hbg_ready_push(&scheduler->run->ready[type], &task, 1);
}

static void complete(struct hbg_scheduler *scheduler, uint32_t task)
{
    struct pto_graph_task *tasks = scheduler->run->tasks;
    const struct pto_graph_task *done = &tasks[task];
    for (int32_t i = 0; i < done->fanout_count; i++) {
        uint32_t successor = (uint32_t)done->fanout[i];
        /* Release: what this task wrote; acquire: what the others wrote, for whoever counts last. */
        if (atomic_fetch_sub_explicit(&tasks[successor].fanin, 1, memory_order_acq_rel) == 1) {
            ready(scheduler, successor);
        }
    }
    scheduler->completed++;
}

static bool apply_answer(struct hbg_scheduler *scheduler, struct hbg_cores *cores, uint32_t i, enum core_answer answer)
{
    struct hbg_core *core = &cores->core[i];
    uint32_t word = i / 64u;
    uint64_t bit = 1ull << (i % 64u);
    if (answer == CORE_ANSWER_NOTHING || (answer == CORE_ANSWER_TAKEN && (cores->open[word] & bit) != 0)) {
        return false;
    }
    if (answer != CORE_ANSWER_TAKEN) {
        complete(scheduler, core->running);
        core->running = core->pending;
        core->pending = CORE_NO_DISPATCH;
    }
    if (answer == CORE_ANSWER_BOTH_FINISHED) {
        complete(scheduler, core->running);
        core->running = CORE_NO_DISPATCH;
    }
    if (core->running == CORE_NO_DISPATCH) {
        cores->running[word] &= ~bit;
        cores->open[word] &= ~bit;
        cores->idle[word] |= bit;
    } else {
        cores->open[word] |= bit;
    }
    return true;
}

static bool poll_cores(struct hbg_scheduler *scheduler)
{
    bool moved = false;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        struct hbg_cores *cores = &scheduler->cores[type];
        for (uint32_t word = 0; word < HBG_CORE_WORDS; word++) {
            for (uint64_t bits = cores->running[word]; bits != 0; bits &= bits - 1) {
                uint32_t i = 64u * word + (uint32_t)__builtin_ctzll(bits);
                const struct hbg_core *core = &cores->core[i];
                uint32_t cond = npu_register_read(core->registers, NPU_COND_OFFSET);
                moved |= apply_answer(scheduler, cores, i, core_judge(cond, core->running, core->pending));
            }
        }
    }
    return moved;
}

/* Counts what this pass completed, and ends the run with its last task. */
static void report_completed(struct hbg_scheduler *scheduler)
{
    struct hbg_run *run = scheduler->run;
    uint32_t count = scheduler->completed;
    if (count == 0) {
        return;
    }
    scheduler->completed = 0;
    exec_progress();
    /* Release: pairs with is_done. */
    if (atomic_fetch_add_explicit(&run->completed, count, memory_order_acq_rel) + count == run->total) {
        hbg_run_ring_all(run);
    }
}

/* ---- the loop ---- */

static enum hbg_pass pass(struct hbg_scheduler *scheduler)
{
    bool moved = poll_cores(scheduler);
    enum hbg_pass dispatched = hbg_dispatch(scheduler);
    report_completed(scheduler);
    return dispatched == HBG_PASS_IDLE && moved ? HBG_PASS_MOVED : dispatched;
}

static bool is_done(const struct hbg_run *run)
{
    /* Acquire: pairs with report_completed. */
    return hbg_run_failed(run) || atomic_load_explicit(&run->completed, memory_order_acquire) == run->total;
}

static bool any_core_busy(const struct hbg_run *run)
{
    for (uint32_t i = 0; i < run->image->worker_count; i++) {
        if (core_is_busy(run->registers[i])) {
            return true;
        }
    }
    return false;
}

/* The first tasks that still wait for others, as "3 (for 1), 7 (for 2)". */
static void name_stuck(const struct hbg_run *run, char *text, size_t capacity)
{
    uint32_t named = 0;
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < run->total && named < HBG_REPORTED_TASKS && used < capacity; i++) {
        /* Relaxed: a report. */
        int32_t fanin = atomic_load_explicit(&run->tasks[i].fanin, memory_order_relaxed);
        if (fanin > 0) {
            int length = snprintf(text + used, capacity - used, "%s%u (for %d)", named == 0 ? "" : ", ", i, fanin);
            used += length > 0 ? (size_t)length : 0;
            named++;
        }
    }
}

/* The scheduler's cores that owe an answer, as "aic 0 has task 3 (end of 2), aiv 1 has task 4 and 5 (start of 4)". */
static void name_unanswered(const struct hbg_scheduler *scheduler, char *text, size_t capacity)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < HBG_CORE_TYPES * 64u * HBG_CORE_WORDS && used < capacity; i++) {
        uint32_t type = i / (64u * HBG_CORE_WORDS);
        uint32_t place = i % (64u * HBG_CORE_WORDS);
        const struct hbg_core *core = &scheduler->cores[type].core[place];
        char second[24] = "";
        if (place >= scheduler->cores[type].count || core->running == CORE_NO_DISPATCH) {
            continue;
        }
        if (core->pending != CORE_NO_DISPATCH) {
            (void)snprintf(second, sizeof(second), " and %u", core->pending);
        }
        uint32_t cond = npu_register_read(core->registers, NPU_COND_OFFSET);
        int length = snprintf(text + used, capacity - used, "%s%s %u has task %u%s (%s of %u)", used == 0 ? "" : ", ",
                              type == PTO_CORE_AIC ? "aic" : "aiv", place, core->running, second,
                              pto_cond_state(cond) == PTO_COND_FIN ? "end" : "start", pto_cond_id(cond));
        used += length > 0 ? (size_t)length : 0;
    }
}

/* A core that works on a kernel excuses a stall (R22) until it has outlived what R33 grants it. */
static int wait_for_bell(const struct hbg_run *run, _Atomic uint32_t *bell, uint32_t seen)
{
    int rc = exec_wait_stall(bell, seen, 1);
    if (rc == -EDEADLK && any_core_busy(run)) {
        rc = exec_wait(bell, seen, exec_now() + HBG_BUSY_LIMIT_NS);
        rc = rc == -ETIMEDOUT ? -EDEADLK : rc;
    }
    return rc;
}

static void latch_stall(struct hbg_scheduler *scheduler)
{
    struct hbg_run *run = scheduler->run;
    char stuck[128];
    char unanswered[160];
    name_stuck(run, stuck, sizeof(stuck));
    name_unanswered(scheduler, unanswered, sizeof(unanswered));
    hbg_latch(run, -PTO_ERR_SCHEDULER_TIMEOUT,
              "thread %u: %u of %u tasks completed, and nothing can get on; tasks that wait for others: %s; "
              "its cores that owe an answer: %s",
              scheduler->index, atomic_load_explicit(&run->completed, memory_order_relaxed), run->total,
              stuck[0] != '\0' ? stuck : "none", unanswered[0] != '\0' ? unanswered : "none");
}

/*
 * Lets time pass while cores answer, so that one look finds all answers that come together. It stands for the time that
 * a look takes on the device; cores keep running meanwhile, thanks to their second dispatch.
 */
static void look_later(void)
{
    exec_charge(HBG_LOOK_NS);
    exec_settle();
}

static bool runs_several(const struct hbg_scheduler *scheduler)
{
    uint64_t seen = 0;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        for (uint32_t word = 0; word < HBG_CORE_WORDS; word++) {
            uint64_t bits = scheduler->cores[type].running[word];
            if ((bits & (bits - 1)) != 0 || (bits != 0 && seen != 0)) {
                return true;
            }
            seen |= bits;
        }
    }
    return false;
}

int hbg_scheduler_loop(struct hbg_scheduler *scheduler)
{
    _Atomic uint32_t *bell = &scheduler->run->bells[scheduler->index].word;
    int rc = 0;
    while (rc == 0) {
        /* Acquire: pairs with npu_bell_ring. Read before the pass, so that nothing rung during it is missed. */
        uint32_t seen = atomic_load_explicit(bell, memory_order_acquire);
        enum hbg_pass found = pass(scheduler);
        if (is_done(scheduler->run)) {
            break;
        }
        if (found == HBG_PASS_MORE) {
            continue;
        }
        if (found == HBG_PASS_SOON) {
            look_later();
            continue;
        }
        rc = wait_for_bell(scheduler->run, bell, seen);
        if (rc == -EDEADLK) {
            latch_stall(scheduler);
            rc = 0;
            continue;
        }
        if (rc == 0 && runs_several(scheduler)) {
            look_later();
        }
    }
    return rc;
}

int hbg_scheduler_release(const struct hbg_scheduler *scheduler)
{
    struct npu_register_block *registers[HBG_CORE_TYPES * 64u * HBG_CORE_WORDS];
    uint32_t count = 0;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        for (uint32_t i = 0; i < scheduler->cores[type].count; i++) {
            registers[count++] = scheduler->cores[type].core[i].registers;
        }
    }
    struct hbg_run *run = scheduler->run;
    char text[CORE_LINK_TEXT_BYTES] = "";
    int rc = core_link_release(registers, count, &run->bells[scheduler->index].word, text, sizeof(text));
    if (rc != 0) {
        hbg_latch(run, -1, "AICPU thread %u: %s", scheduler->index, text);
    }
    return rc;
}
