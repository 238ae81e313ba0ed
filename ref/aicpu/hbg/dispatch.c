/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch: from ready tasks to registers. DATA_MAIN_BASE carries the task's index (device.md 4.2). */
#include "aicpu/hbg/scheduler.h"

static bool any(const uint64_t *bits)
{
    return (bits[0] | bits[1]) != 0;
}

/* Gives a task to core `i`, as running or as pending dispatch. */
static void dispatch_task(struct hbg_scheduler *scheduler, struct hbg_cores *cores, uint32_t i, uint32_t task)
{
    struct hbg_core *core = &cores->core[i];
    uint32_t word = i / 64u;
    uint64_t bit = 1ull << (i % 64u);
    if (core->running == CORE_NO_DISPATCH) {
        core->running = task;
        cores->idle[word] &= ~bit;
        cores->running[word] |= bit;
    } else {
        core->pending = task;
        cores->open[word] &= ~bit;
    }
    scheduler->dispatches++;
    npu_register_write(core->registers, NPU_DATA_MAIN_BASE_OFFSET, task);
}

static uint32_t count_bits(const uint64_t *bits)
{
    return (uint32_t)(__builtin_popcountll(bits[0]) + __builtin_popcountll(bits[1]));
}

/* Up to `limit` ready tasks, the thread's own first. */
static uint32_t take_ready(struct hbg_scheduler *scheduler, enum pto_core_type type, uint32_t *tasks, uint32_t limit)
{
    struct hbg_local_ready *local = &scheduler->local[type];
    uint32_t count = 0;
    while (count < limit && local->count > 0) {
        tasks[count++] = local->tasks[--local->count];
    }
    if (count < limit) {
        count += hbg_ready_pop(&scheduler->run->ready[type], tasks + count, limit - count);
    }
    return count;
}

static bool pending(const struct hbg_scheduler *scheduler, enum pto_core_type type)
{
    return scheduler->local[type].count > 0 || hbg_ready_pending(&scheduler->run->ready[type]);
}

/* Tasks come from memory: what the cores read of each, and what its completion reads, is fetched side by side. */
static void prefetch(const struct pto_graph_task *table, const uint32_t *tasks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        __builtin_prefetch(&table[tasks[i]].args[0]);
        __builtin_prefetch(&table[tasks[i]].function_bin_addr);
        __builtin_prefetch(&table[tasks[i]].fanout_count);
    }
}

/* Fills places of one type: its idle or its open cores, as they are now. True when something was dispatched. */
static bool fill(struct hbg_scheduler *scheduler, enum pto_core_type type, const uint64_t *places)
{
    uint64_t bits[HBG_CORE_WORDS] = {places[0], places[1]};
    uint32_t tasks[HBG_TAKE];
    bool moved = false;
    while (any(bits)) {
        uint32_t room = count_bits(bits);
        uint32_t count = take_ready(scheduler, type, tasks, room < HBG_TAKE ? room : HBG_TAKE);
        if (count == 0) {
            break;
        }
        prefetch(scheduler->run->tasks, tasks, count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t word = bits[0] != 0 ? 0 : 1;
            uint32_t core = 64u * word + (uint32_t)__builtin_ctzll(bits[word]);
            bits[word] &= bits[word] - 1;
            dispatch_task(scheduler, &scheduler->cores[type], core, tasks[i]);
        }
        moved = true;
    }
    return moved;
}

static void flush_local(struct hbg_scheduler *scheduler, uint32_t types)
{
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        struct hbg_local_ready *local = &scheduler->local[type];
        if ((types & (1u << type)) != 0 && local->count > 0) {
            hbg_ready_push(&scheduler->run->ready[type], local->tasks, local->count);
            local->count = 0;
        }
    }
}

static uint32_t idle_types(const struct hbg_scheduler *scheduler)
{
    uint32_t types = 0;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        types |= any(scheduler->cores[type].idle) ? 1u << type : 0;
    }
    return types;
}

static uint32_t held_types(const struct hbg_scheduler *scheduler)
{
    uint32_t types = 0;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        types |= scheduler->local[type].count > 0 ? 1u << type : 0;
    }
    return types;
}

/* Tells the others what it has. Returns the types of its idle cores. */
static uint32_t announce(struct hbg_scheduler *scheduler)
{
    uint32_t idle = idle_types(scheduler);
    uint32_t types = idle | held_types(scheduler) << HBG_HELD;
    _Atomic uint32_t *word = &scheduler->run->bells[scheduler->index].types;
    /* Relaxed: its only writer. seq_cst: the first half of the pattern of hbg_ready, for either side. */
    if (atomic_load_explicit(word, memory_order_relaxed) != types) {
        atomic_store_explicit(word, types, memory_order_seq_cst);
    }
    return idle;
}

/* What the other threads announced, all together; those with any of `ring` are rung as well. */
static uint32_t look_elsewhere(const struct hbg_scheduler *scheduler, uint32_t ring)
{
    uint32_t all = 0;
    for (uint32_t i = 0; i < scheduler->run->threads; i++) {
        if (i != scheduler->index) {
            /* seq_cst: the second half of the pattern of hbg_ready. */
            uint32_t types = atomic_load_explicit(&scheduler->run->bells[i].types, memory_order_seq_cst);
            all |= types;
            if ((types & ring) != 0) {
                npu_bell_ring(&scheduler->run->bells[i].word);
            }
        }
    }
    return all;
}

static uint32_t pending_types(const struct hbg_scheduler *scheduler)
{
    return (pending(scheduler, PTO_CORE_AIC) ? 1u << PTO_CORE_AIC : 0u) |
           (pending(scheduler, PTO_CORE_AIV) ? 1u << PTO_CORE_AIV : 0u);
}

/* Types of which a core has been given work and has not taken it yet: it can be given more as soon as it has. */
static uint32_t untaken_types(const struct hbg_scheduler *scheduler)
{
    uint32_t types = 0;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        const struct hbg_cores *cores = &scheduler->cores[type];
        for (uint32_t word = 0; word < HBG_CORE_WORDS; word++) {
            for (uint64_t bits = cores->running[word] & ~cores->open[word]; bits != 0; bits &= bits - 1) {
                if (cores->core[64u * word + (uint32_t)__builtin_ctzll(bits)].pending == CORE_NO_DISPATCH) {
                    types |= 1u << type;
                    break;
                }
            }
        }
    }
    return types;
}

/* Gives ready tasks away for which others have idle cores. Returns the types of these. */
static uint32_t share(struct hbg_scheduler *scheduler, uint32_t left, uint32_t idle)
{
    if (scheduler->run->threads == 1 || (left | idle) == 0) {
        return 0;
    }
    uint32_t elsewhere = look_elsewhere(scheduler, idle << HBG_HELD) & left;
    if (elsewhere != 0) {
        flush_local(scheduler, elsewhere);
        (void)announce(scheduler);
        (void)look_elsewhere(scheduler, elsewhere);
    }
    return elsewhere;
}

enum hbg_pass hbg_dispatch(struct hbg_scheduler *scheduler)
{
    bool moved = false;
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        moved |= fill(scheduler, (enum pto_core_type)type, scheduler->cores[type].idle);
    }
    uint32_t idle = announce(scheduler);
    uint32_t left = pending_types(scheduler);
    uint32_t elsewhere = share(scheduler, left, idle);
    if (left == 0) {
        return moved ? HBG_PASS_MOVED : HBG_PASS_IDLE;
    }
    /* Tasks that came before the announcement: their finders did not know that this thread has idle cores. */
    if ((left & idle) != 0) {
        return HBG_PASS_MORE;
    }
    for (uint32_t type = 0; type < HBG_CORE_TYPES; type++) {
        if ((elsewhere & (1u << type)) == 0) {
            moved |= fill(scheduler, (enum pto_core_type)type, scheduler->cores[type].open);
        }
    }
    if (!moved) {
        return HBG_PASS_IDLE;
    }
    return (pending_types(scheduler) & ~elsewhere & untaken_types(scheduler)) != 0 ? HBG_PASS_SOON : HBG_PASS_MOVED;
}
