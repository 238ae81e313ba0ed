/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/stall.h"

#include <stdarg.h>
#include <stdio.h>

#include "aicpu/trb/slot.h"
#include "base/log.h"

#define STALL_CORES 8u /* named at most */
#define STALL_TASKS 8u
#define STALL_PRODUCERS 4u /* of one task */

struct report {
    const struct trb_scheduler *scheduler;
    char *text;
    size_t capacity;
    size_t used;
    uint32_t named;
};

/* Appends one finding and logs it. What does not fit as a whole is only logged. */
static void say(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct report *report, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    (void)length;
    log_message(LOG_LEVEL_WARN, "aicpu", "[STALL thread=%u] %s", report->scheduler->index, line);
    int wanted = snprintf(report->text + report->used, report->capacity - report->used, "%s%s",
                          report->used != 0 ? "; " : "", line);
    if (wanted > 0 && (size_t)wanted < report->capacity - report->used) {
        report->used += (size_t)wanted;
    } else {
        report->text[report->used] = '\0';
    }
}

static void describe_dispatch(struct report *report, const struct trb_core *core, uint32_t lane, uint32_t id,
                              const struct pto_slot_state *slot)
{
    static const char *const names[TRB_LANES] = {"aic", "aiv0", "aiv1"};
    const struct pto_local_context *local = &core->buffers->payloads[id & 1u].local;
    uint32_t cond = npu_register_read(core->registers, NPU_COND_OFFSET);
    uint32_t kernel = pto_task_shape_of(slot->active_mask) == PTO_SHAPE_AIV ? TRB_LANE_AIV0 : lane;
    say(report, "core %u (%s) was given task 0x%llx (kernel %d, block %d of %d) as dispatch %u and answers %s of %u",
        core->worker, names[lane], (unsigned long long)slot->task->task_id, slot->task->kernel_id[kernel],
        local->block_idx, local->block_num, id, pto_cond_state(cond) == PTO_COND_FIN ? "the end" : "the start",
        pto_cond_id(cond));
}

static void describe_cores(struct report *report)
{
    const struct trb_cores *cores = &report->scheduler->cores;
    uint32_t named = 0;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint64_t bits = cores->running[lane]; bits != 0 && named < STALL_CORES; bits &= bits - 1, named++) {
            const struct trb_core *core = &cores->core[lane][(uint32_t)__builtin_ctzll(bits)];
            describe_dispatch(report, core, lane, core->running_id, core->running);
            if (core->pending_id != CORE_NO_DISPATCH) {
                describe_dispatch(report, core, lane, core->pending_id, core->pending);
            }
        }
    }
}

static void describe_drain(struct report *report)
{
    union trb_drain_word drain = trb_drain_look(&report->scheduler->run->drain);
    if (drain.phase == TRB_DRAIN_GATHERING) {
        say(report, "%u blocks are to start together, %u can", drain.blocks, drain.offered);
    }
}

static bool is_own(const struct trb_cores *cores, uint32_t worker)
{
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint32_t i = 0; i < cores->clusters; i++) {
            if (cores->core[lane][i].worker == worker) {
                return true;
            }
        }
    }
    return false;
}

/* What other schedulers gave to their cores is theirs to know; that a core is at it everybody can see. */
static void describe_other_cores(struct report *report)
{
    const struct trb_run *run = report->scheduler->run;
    uint32_t named = 0;
    for (uint32_t i = 0; i < run->image->worker_count && named < STALL_CORES; i++) {
        if (core_is_busy(run->registers[i]) && !is_own(&report->scheduler->cores, i)) {
            say(report, "core %u, of another scheduler, is at its dispatch %u", i,
                pto_cond_id(npu_register_read(run->registers[i], NPU_COND_OFFSET)));
            named++;
        }
    }
}

/* Handed over, and not wired yet: what it waits for is not settled. */
static bool is_queued(const struct trb_wiring *wiring, const struct pto_slot_state *slot)
{
    /* Acquire: pairs with the orchestrator's and scheduler 0's release; all other tasks can be read after it. */
    uint32_t end = atomic_load_explicit(&wiring->pushed, memory_order_acquire);
    uint32_t at = atomic_load_explicit(&wiring->popped, memory_order_acquire);
    while (at != end && wiring->queue[at & (TRB_WIRING_SLOTS - 1)] != slot) {
        at++;
    }
    return at != end;
}

static void describe_waiting(struct report *report, const struct pto_slot_state *slot, int32_t heard)
{
    char producers[128] = "";
    size_t used = 0;
    uint32_t count = (uint32_t)slot->payload->fanin_actual_count;
    uint32_t unfinished = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct pto_slot_state *producer = trb_fanin(slot->payload, i);
        if (trb_slot_state(producer) != PTO_TASK_PENDING) {
            continue;
        }
        if (unfinished++ < STALL_PRODUCERS) {
            int length = snprintf(producers + used, sizeof(producers) - used, "%s0x%llx", used != 0 ? ", " : "",
                                  (unsigned long long)producer->task->task_id);
            used += length > 0 && (size_t)length < sizeof(producers) - used ? (size_t)length : 0;
        }
    }
    say(report, "task 0x%llx waits for %u of its %u producers (heard from %d of %d): %s%s",
        (unsigned long long)slot->task->task_id, unfinished, count, heard - 1, slot->fanin_count - 1, producers,
        unfinished > STALL_PRODUCERS ? ", ..." : "");
}

static void describe_task(struct report *report, const struct pto_slot_state *slot)
{
    const struct trb_wiring *wiring = report->scheduler->run->wiring;
    const int32_t *kernels = slot->task->kernel_id;
    if (is_queued(wiring, slot)) {
        say(report, "task 0x%llx waits to be entered at its %d producers", (unsigned long long)slot->task->task_id,
            slot->payload->fanin_actual_count);
        return;
    }
    int32_t heard = atomic_load_explicit(&slot->fanin_refcount, memory_order_acquire);
    if (heard < slot->fanin_count) {
        describe_waiting(report, slot, heard);
        return;
    }
    say(report, "task 0x%llx (kernels [aic:%d aiv0:%d aiv1:%d], %d blocks) may run or runs, %d of %d subtasks are done",
        (unsigned long long)slot->task->task_id, kernels[0], kernels[1], kernels[2], slot->logical_block_num,
        atomic_load_explicit(&slot->completed_subtasks, memory_order_relaxed), slot->total_required_subtasks);
}

static void describe_ring(struct report *report, const struct trb_task_ring *ring)
{
    /* Acquire: pairs with begin_draft, so that a slot below it shows its task. */
    uint32_t end = (uint32_t)atomic_load_explicit(&ring->header->current_task_index, memory_order_acquire);
    for (uint32_t local = trb_ring_last_alive(ring); local != end && report->named < STALL_TASKS; local++) {
        const struct pto_slot_state *slot = &ring->slots[local & ring->mask];
        if (trb_slot_state(slot) == PTO_TASK_PENDING) {
            describe_task(report, slot);
            report->named++;
        }
    }
}

uint64_t trb_stall_submitted(const struct trb_run *run)
{
    uint64_t submitted = 0;
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        /* Relaxed: for the text. */
        submitted += (uint32_t)atomic_load_explicit(&run->rings[i].header->current_task_index, memory_order_relaxed);
    }
    return submitted;
}

void trb_stall_describe(const struct trb_scheduler *scheduler, char *text, size_t capacity)
{
    struct report report = {.scheduler = scheduler, .text = text, .capacity = capacity};
    text[0] = '\0';
    describe_cores(&report);
    describe_drain(&report);
    describe_other_cores(&report);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        describe_ring(&report, &scheduler->run->rings[i]);
    }
    if (report.used == 0) {
        say(&report, "no task is unfinished, and no core of this scheduler is busy");
    }
}
