/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os.h"
#include "exec/fibers.h"
#include "exec/threads.h"

#define EXEC_GROUP_FIRST_CAPACITY 16u

static void exec_name_copy(char to[EXEC_NAME_BYTES], const char *name)
{
    size_t length = strnlen(name, EXEC_NAME_BYTES - 1u);
    memcpy(to, name, length);
    to[length] = '\0';
}

/* The engine's lists and heap must hold everybody who could ever be armed or runnable at once. */
EXEC_NO_TSAN static int exec_engine_reserve(struct exec_engine *engine, uint32_t more_processors, uint32_t more_groups)
{
    if (engine->shared.threads) {
        return 0;
    }
    size_t processors = (size_t)engine->processors + more_processors;
    size_t groups = (size_t)engine->groups + more_groups;
    int result = exec_policy_reserve(&engine->policy, processors);
    return result != 0 ? result : exec_timers_reserve(&engine->timers, processors + groups);
}

static void exec_engine_lock(struct exec_engine *engine)
{
    if (engine->shared.threads) {
        (void)pthread_mutex_lock(&engine->lock);
    }
}

static void exec_engine_unlock(struct exec_engine *engine)
{
    if (engine->shared.threads) {
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

EXEC_NO_TSAN int exec_group_create(struct exec_engine *engine, const char *name, struct exec_group **group)
{
    if (engine == NULL || group == NULL) {
        return -EINVAL;
    }
    exec_tsan_ignore_begin();
    struct exec_group *made = os_zalloc("exec.group_alloc", sizeof(*made));
    if (made == NULL || exec_engine_reserve(engine, 0, 1) != 0) {
        free(made);
        exec_tsan_ignore_end();
        return -ENOMEM;
    }
    exec_tsan_ignore_end();
    made->engine = engine;
    exec_name_copy(made->name, name != NULL ? name : "group");
    exec_engine_lock(engine);
    engine->groups++;
    exec_engine_unlock(engine);
    *group = made;
    return 0;
}

EXEC_NO_TSAN static void exec_processor_free(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    if (processor->stack != NULL) {
        exec_stack_give(&engine->stacks, processor->stack);
    }
    if (processor->worker != NULL) {
        exec_worker_give(engine, processor->worker);
    }
    free(processor);
}

EXEC_NO_TSAN void exec_group_destroy(struct exec_group *group)
{
    if (group == NULL) {
        return;
    }
    struct exec_engine *engine = group->engine;
    if (group->running) {
        log_message(LOG_LEVEL_ERROR, "exec", "group \"%s\" is running and cannot be destroyed", group->name);
        return;
    }
    exec_tsan_ignore_begin();
    for (uint32_t i = 0; i < group->made; i++) {
        exec_processor_free(group->processors[i]);
    }
    exec_engine_lock(engine);
    engine->processors -= group->made;
    engine->groups--;
    exec_engine_unlock(engine);
    free(group->processors);
    free(group);
    exec_tsan_ignore_end();
}

/* Makes group->processors[group->made] exist. */
EXEC_NO_TSAN static int exec_processor_make(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    if (group->made == group->capacity) {
        uint32_t room = group->capacity == 0 ? EXEC_GROUP_FIRST_CAPACITY : group->capacity * 2u;
        struct exec_processor **array = os_zalloc("exec.processor_alloc", room * sizeof(struct exec_processor *));
        if (array == NULL) {
            return -ENOMEM;
        }
        for (uint32_t i = 0; i < group->made; i++) {
            array[i] = group->processors[i];
        }
        free(group->processors);
        group->processors = array;
        group->capacity = room;
    }
    if (exec_engine_reserve(engine, 1, 0) != 0) {
        return -ENOMEM;
    }
    /* A cache line of its own: on the threads engine the hot part is written all the time. */
    struct exec_processor *made = os_aligned_alloc("exec.processor_alloc", 64, (sizeof(*made) + 63u) & ~(size_t)63u);
    if (made == NULL) {
        return -ENOMEM;
    }
    memset(made, 0, sizeof(*made));
    made->engine = engine;
    made->group = group;
    made->timer.owner = made;
    exec_engine_lock(engine);
    engine->processors++;
    exec_engine_unlock(engine);
    group->processors[group->made++] = made;
    return 0;
}

EXEC_NO_TSAN static int exec_processor_equip_stack(struct exec_processor *processor, size_t stack_bytes)
{
    struct exec_stack_pool *pool = &processor->engine->stacks;
    if (processor->stack != NULL && processor->stack->size_class == exec_stack_class(stack_bytes)) {
        return 0;
    }
    struct exec_stack *stack = NULL;
    int result = exec_stack_take(pool, stack_bytes, &stack);
    if (result != 0) {
        return result;
    }
    if (processor->stack != NULL) {
        exec_stack_give(pool, processor->stack);
    }
    processor->stack = stack;
    return 0;
}

EXEC_NO_TSAN int exec_spawn(struct exec_group *group, const char *name, size_t stack_bytes,
                            void (*entry)(void *argument), void *argument)
{
    if (group == NULL || entry == NULL) {
        return -EINVAL;
    }
    if (group->running) {
        return -EBUSY;
    }
    exec_tsan_ignore_begin();
    int result = group->count < group->made ? 0 : exec_processor_make(group);
    struct exec_processor *processor = result == 0 ? group->processors[group->count] : NULL;
    if (result == 0) {
        result = group->engine->shared.threads ? exec_worker_equip(processor, stack_bytes)
                                               : exec_processor_equip_stack(processor, stack_bytes);
    }
    exec_tsan_ignore_end();
    if (result != 0) {
        return result;
    }
    exec_name_copy(processor->name, name != NULL ? name : "processor");
    processor->entry = entry;
    processor->argument = argument;
    group->count++;
    return 0;
}

/* ---- a run ---- */

EXEC_NO_TSAN static void exec_processor_begin(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    struct exec_self *self = &processor->self;
    bool exploring = !engine->shared.threads && engine->policy.exploring;
    self->shared = &engine->shared;
    exec_private_store(&self->attention, exploring ? (uint32_t)EXEC_ATTEND_POLICY : 0u);
    exec_private_store(&self->in_user, 0u);
    exec_private_store64(&self->progress, 0u);
    exec_private_store64(&processor->blocks, 0u);
    self->user_calls = 0;
    self->debt_ns = 0;
    self->progress_ns = engine->shared.now_ns;
    processor->result = 0;
    processor->told = 0;
    processor->overran = 0;
    processor->joined = NULL;
    processor->local = NULL;
    processor->order = engine->next_order++;
    processor->timer.order = processor->order;
    exec_state_set(processor, EXEC_STATE_READY);
}

EXEC_NO_TSAN void exec_group_begin(struct exec_group *group)
{
    struct exec_engine *engine = group->engine;
    group->running = true;
    group->cancelled = false;
    group->told = false;
    group->reproducible = !engine->shared.threads;
    group->end = EXEC_END_OK;
    group->signal_number = 0;
    group->switches = 0;
    group->joiner = NULL;
    group->next = NULL;
    group->culprit[0] = '\0';
    group->report[0] = '\0';
    group->sync = (struct exec_timer){.kind = EXEC_TIMER_SYNC, .order = engine->next_order, .owner = group};
    for (uint32_t i = 0; i < group->count; i++) {
        exec_processor_begin(group->processors[i]);
    }
    struct exec_group **last = &engine->running;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = group;
}

EXEC_NO_TSAN void exec_group_unlink(struct exec_group *group)
{
    struct exec_group **at = &group->engine->running;
    while (*at != group) {
        at = &(*at)->next;
    }
    *at = group->next;
}

void exec_group_publish(struct exec_group *group)
{
    /* Relaxed, then release: pairs with exec_group_entered of each processor. */
    atomic_store_explicit(&group->done, 0u, memory_order_relaxed);
    atomic_store_explicit(&group->live, group->count, memory_order_relaxed);
    atomic_store_explicit(&group->started, 1u, memory_order_release);
}

void exec_group_entered(struct exec_group *group)
{
    /* Acquire: pairs with exec_group_publish. */
    (void)atomic_load_explicit(&group->started, memory_order_acquire);
}

bool exec_group_left(struct exec_group *group)
{
    /* Release: pairs with exec_group_joined; acquire for the last one, which goes on to end the group. */
    return atomic_fetch_sub_explicit(&group->live, 1u, memory_order_acq_rel) == 1u;
}

void exec_group_joined(struct exec_group *group)
{
    /* Acquire: pairs with each exec_group_left. */
    (void)atomic_load_explicit(&group->live, memory_order_acquire);
}

EXEC_NO_TSAN bool exec_group_record(struct exec_group *group, enum exec_end end, int signal_number,
                                    const struct exec_processor *culprit, const char *headline)
{
    bool worse = group->end == EXEC_END_CANCELLED && end == EXEC_END_SYNC_TIMEOUT;
    if (group->end != EXEC_END_OK && !worse) {
        return false;
    }
    group->end = end;
    group->signal_number = signal_number;
    exec_tsan_ignore_begin();
    (void)snprintf(group->culprit, sizeof(group->culprit), "%s", culprit != NULL ? culprit->name : "");
    exec_tsan_ignore_end();
    exec_report_write(group, headline);
    return true;
}

EXEC_NO_TSAN static bool exec_group_is_running(const struct exec_group *group)
{
    return group->running;
}

void exec_group_fail(struct exec_group *group, enum exec_end end, int signal_number,
                     const struct exec_processor *culprit, const char *headline)
{
    if (group->engine->shared.threads) {
        exec_threads_fail(group, end, signal_number, culprit, headline);
    } else if (exec_group_is_running(group)) {
        (void)exec_group_record(group, end, signal_number, culprit, headline);
        exec_fibers_cancel(group);
    }
}

EXEC_NO_TSAN void exec_group_tell(const struct exec_group *group, struct exec_outcome *outcome)
{
    outcome->end = group->end;
    outcome->signal_number = group->signal_number;
    outcome->reproducible = group->reproducible;
    outcome->start_ns = group->start_ns;
    outcome->end_ns = group->end_ns;
    outcome->switches = group->switches;
    outcome->culprit[0] = '\0';
    outcome->report[0] = '\0';
    if (group->end != EXEC_END_OK) {
        exec_tsan_ignore_begin();
        (void)snprintf(outcome->culprit, sizeof(outcome->culprit), "%s", group->culprit);
        (void)snprintf(outcome->report, sizeof(outcome->report), "%s", group->report);
        exec_tsan_ignore_end();
    }
}
