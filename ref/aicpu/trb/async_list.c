/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/async_list.h"

#include <stdio.h>

#include "aicpu/trb/async_condition.h"
#include "aicpu/trb/slot.h"

void trb_async_reset(struct trb_async_list *list, struct pto_async_mailbox *mailbox, const struct trb_task_ring *rings)
{
    /* Relaxed: the gate publishes all of it. */
    atomic_store_explicit(&list->lock, 0, memory_order_relaxed);
    atomic_store_explicit(&list->attention, 0, memory_order_relaxed);
    atomic_store_explicit(&list->unmatched, 0, memory_order_relaxed);
    atomic_store_explicit(&list->taken, 0, memory_order_relaxed);
    atomic_store_explicit(&list->events, 0, memory_order_relaxed);
    atomic_store_explicit(&list->patient, 0, memory_order_relaxed);
    list->used = 0;
    list->pending_count = 0;
    list->epoch++; /* whatever stands in the mailbox counts as not written */
    list->shortage = TRB_ASYNC_ENOUGH;
    list->mailbox = mailbox;
    list->rings = rings;
    list->since_ns = 0;
    list->interval_ns = 0;
    list->seen_progress = 0;
    list->seen_events = 0;
    mailbox->head = 0;
    mailbox->tail = 0;
    mailbox->epoch = list->epoch;
}

/* ---- the lock ---- */

static bool try_lock(struct trb_async_list *list)
{
    /* Acquire: pairs with unlock. */
    return atomic_exchange_explicit(&list->lock, 1, memory_order_acquire) == 0;
}

/* False when the run is cut off: then its holder may never come back. */
static bool lock(struct trb_async_list *list)
{
    while (!try_lock(list)) {
        if (exec_wait(&list->lock, 1, EXEC_NEVER) != 0) {
            return false;
        }
    }
    return true;
}

static void publish(struct trb_async_list *list, uint32_t taken)
{
    uint32_t attention =
        (uint32_t)__builtin_popcountll(list->used) + list->pending_count + (list->shortage != TRB_ASYNC_ENOUGH);
    /* Relaxed: the release below publishes them. */
    atomic_store_explicit(&list->attention, attention, memory_order_relaxed);
    atomic_store_explicit(&list->unmatched, list->pending_count, memory_order_relaxed);
    /* Release: pairs with trb_async_has_mail. */
    atomic_store_explicit(&list->taken, taken, memory_order_release);
}

static void unlock(struct trb_async_list *list)
{
    /* Relaxed: under the lock. */
    publish(list, atomic_load_explicit(&list->taken, memory_order_relaxed));
    atomic_store_explicit(&list->lock, 0, memory_order_release);
    exec_wake(&list->lock);
}

static void note_event(struct trb_async_list *list)
{
    /* Relaxed: a hint that something got on. */
    atomic_fetch_add_explicit(&list->events, 1, memory_order_relaxed);
}

/* ---- entries ---- */

static struct trb_async_entry *find_entry(struct trb_async_list *list, uint64_t task_id)
{
    for (uint64_t bits = list->used; bits != 0; bits &= bits - 1) {
        struct trb_async_entry *entry = &list->entries[__builtin_ctzll(bits)];
        if (entry->slot->task->task_id == task_id) {
            return entry;
        }
    }
    return NULL;
}

/* The entry of a task, a new one if need be. NULL with the shortage noted. */
static struct trb_async_entry *have_entry(struct trb_async_list *list, struct pto_slot_state *slot)
{
    struct trb_async_entry *entry = find_entry(list, slot->task->task_id);
    if (entry != NULL) {
        return entry;
    }
    if (list->used == UINT64_MAX) {
        list->shortage = TRB_ASYNC_NO_ENTRY;
        return NULL;
    }
    uint32_t i = (uint32_t)__builtin_ctzll(~list->used);
    list->used |= 1ull << i;
    entry = &list->entries[i];
    entry->slot = slot;
    entry->open = 0;
    entry->count = 0;
    entry->held = false;
    return entry;
}

static void remove_entry(struct trb_async_list *list, const struct trb_async_entry *entry)
{
    list->used &= ~(1ull << (entry - list->entries));
}

static bool add_condition(struct trb_async_entry *entry, const struct pto_completion_entry *condition,
                          struct trb_async_failure *failure)
{
    if (entry->count == TRB_ASYNC_CONDITIONS) {
        failure->code = PTO_ERR_ASYNC_REGISTRATION_FAILED;
        (void)snprintf(failure->text, sizeof(failure->text), "task 0x%llx registers more than %u conditions",
                       (unsigned long long)entry->slot->task->task_id, TRB_ASYNC_CONDITIONS);
        return false;
    }
    entry->open |= 1ull << entry->count;
    entry->conditions[entry->count++] = *condition;
    return true;
}

/* ---- the mailbox ---- */

/* True while the task of a token has subtasks to finish or conditions open: nothing else can be deferred (R20). */
static bool is_running(const struct trb_async_list *list, uint64_t token)
{
    uint64_t ring_index = token >> 32;
    uint32_t local = (uint32_t)token;
    if (ring_index >= PTO_RING_COUNT) {
        return false;
    }
    const struct trb_task_ring *ring = &list->rings[ring_index];
    /* Acquire: pairs with the orchestrator's release of a task. */
    uint32_t end = (uint32_t)atomic_load_explicit(&ring->header->current_task_index, memory_order_acquire);
    uint32_t alive = trb_ring_last_alive(ring);
    if (local - alive >= end - alive || trb_slot_state(&ring->slots[local & ring->mask]) != PTO_TASK_PENDING) {
        return false;
    }
    /* Otherwise the slot has been given to a later task meanwhile. */
    return local - trb_ring_last_alive(ring) < ring->window;
}

static bool fail_stale(uint64_t token, struct trb_async_failure *failure)
{
    failure->code = PTO_ERR_ASYNC_REGISTRATION_FAILED;
    (void)snprintf(failure->text, sizeof(failure->text),
                   "the AICore mailbox names a condition of task 0x%llx, which is not running",
                   (unsigned long long)token);
    return false;
}

/* One message, to its task's entry or to the pending ones. False with `failure` set, or when there is no room. */
static bool accept_message(struct trb_async_list *list, uint64_t token, const struct pto_completion_entry *condition,
                           struct trb_async_failure *failure)
{
    struct trb_async_entry *entry = find_entry(list, token);
    if (!trb_async_check_condition(token, condition, failure)) {
        return false;
    }
    if (entry != NULL) {
        return add_condition(entry, condition, failure);
    }
    if (!is_running(list, token)) {
        return fail_stale(token, failure);
    }
    if (list->pending_count == TRB_ASYNC_PENDING) {
        list->shortage = TRB_ASYNC_NO_PENDING;
        return false;
    }
    list->pending[list->pending_count++] = (struct trb_async_pending){.task_token = token, .condition = *condition};
    return true;
}

/* Takes what the mailbox holds. True when nothing is left in it. */
static bool drain(struct trb_async_list *list, struct trb_async_failure *failure)
{
    struct pto_async_mailbox *mailbox = list->mailbox;
    /* Relaxed: under the lock; the message's own sequence orders its content. */
    uint32_t taken = atomic_load_explicit(&list->taken, memory_order_relaxed);
    uint32_t head = __atomic_load_n(&mailbox->head, __ATOMIC_RELAXED);
    for (; taken != head; taken++) {
        struct pto_async_message *message = &mailbox->messages[taken % PTO_ASYNC_MAILBOX_MESSAGES];
        /* Acquire: pairs with pto_async_mailbox_post. */
        if (__atomic_load_n(&message->sequence, __ATOMIC_ACQUIRE) != pto_async_sequence(list->epoch, taken)) {
            list->shortage = TRB_ASYNC_NO_MESSAGE;
            break;
        }
        const struct pto_completion_entry condition = message->condition;
        if (!accept_message(list, message->task_token, &condition, failure)) {
            break;
        }
        note_event(list);
    }
    /* Release: pairs with pto_async_mailbox_post. */
    __atomic_store_n(&mailbox->tail, taken, __ATOMIC_RELEASE);
    publish(list, taken);
    return taken == head;
}

/* Pending messages of a task become conditions of its entry. False when that needs room, or failed. */
static bool adopt(struct trb_async_list *list, struct pto_slot_state *slot, struct trb_async_failure *failure)
{
    for (uint32_t i = 0; i < list->pending_count;) {
        if (list->pending[i].task_token != slot->task->task_id) {
            i++;
            continue;
        }
        struct trb_async_entry *entry = have_entry(list, slot);
        if (entry == NULL || !add_condition(entry, &list->pending[i].condition, failure)) {
            return false;
        }
        list->pending[i] = list->pending[--list->pending_count];
    }
    return true;
}

/* Everything that the subtask may have posted before it finished. False: not all of it can be had now. */
static bool collect_messages(struct trb_async_list *list, struct pto_slot_state *slot,
                             struct trb_async_failure *failure)
{
    bool all;
    uint32_t pending;
    do {
        all = drain(list, failure);
        pending = list->pending_count;
        if (failure->code != 0 || !adopt(list, slot, failure)) {
            return false;
        }
    } while (!all && list->pending_count != pending); /* adopting made room for more */
    return all;
}

/* ---- subtasks ---- */

static bool check_slab(const struct pto_slot_state *slot, const struct pto_completion_slab *slab,
                       struct trb_async_failure *failure)
{
    unsigned long long id = slot->task->task_id;
    if (slab->error != 0) {
        failure->code = slab->error;
        (void)snprintf(failure->text, sizeof(failure->text), "the kernel of task 0x%llx reported completion error %d",
                       id, slab->error);
        return false;
    }
    if (slab->count > PTO_COMPLETION_SLAB_ENTRIES) {
        failure->code = PTO_ERR_ASYNC_REGISTRATION_FAILED;
        (void)snprintf(failure->text, sizeof(failure->text),
                       "the kernel of task 0x%llx says that it registered %u conditions in a slab of %u", id,
                       slab->count, PTO_COMPLETION_SLAB_ENTRIES);
        return false;
    }
    for (uint32_t i = 0; i < slab->count; i++) {
        if (!trb_async_check_condition(id, &slab->entries[i], failure)) {
            return false;
        }
    }
    return true;
}

static bool admit_slab(struct trb_async_list *list, struct pto_slot_state *slot, const struct pto_completion_slab *slab,
                       struct trb_async_failure *failure)
{
    if (slab->count == 0) {
        return true;
    }
    struct trb_async_entry *entry = have_entry(list, slot);
    if (entry == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < slab->count; i++) {
        if (!add_condition(entry, &slab->entries[i], failure)) {
            return false;
        }
    }
    return true;
}

/* A shortage is over for those who were refused before; whoever is refused again says so again. */
static void forget_shortage(struct trb_async_list *list, bool *woken)
{
    *woken |= list->shortage != TRB_ASYNC_ENOUGH;
    list->shortage = TRB_ASYNC_ENOUGH;
}

bool trb_async_admit(struct trb_async_list *list, struct pto_slot_state *slot, const struct pto_completion_slab *slab,
                     struct trb_async_failure *failure, bool *woken)
{
    if (!check_slab(slot, slab, failure) || !lock(list)) {
        return false;
    }
    /* Relaxed: under the lock. */
    uint32_t before = atomic_load_explicit(&list->taken, memory_order_relaxed);
    uint32_t pending = list->pending_count;
    bool admitted = collect_messages(list, slot, failure) && admit_slab(list, slot, slab, failure);
    if (before != atomic_load_explicit(&list->taken, memory_order_relaxed) || list->pending_count < pending) {
        bool refused = list->shortage != TRB_ASYNC_ENOUGH && !admitted;
        enum trb_async_shortage shortage = list->shortage;
        forget_shortage(list, woken);
        list->shortage = refused ? shortage : TRB_ASYNC_ENOUGH;
    }
    unlock(list);
    return admitted;
}

bool trb_async_hold(struct trb_async_list *list, struct pto_slot_state *slot)
{
    if (!lock(list)) {
        return true; /* nothing completes any more */
    }
    struct trb_async_entry *entry = find_entry(list, slot->task->task_id);
    if (entry != NULL) {
        entry->held = true;
    }
    unlock(list);
    return entry != NULL;
}

/* ---- conditions ---- */

static bool look_at_entry(struct trb_async_list *list, struct trb_async_entry *entry, struct trb_async_failure *failure)
{
    for (uint64_t bits = entry->open; bits != 0 && failure->code == 0; bits &= bits - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(bits);
        if (trb_async_condition_holds(entry->slot->task->task_id, &entry->conditions[i], failure)) {
            entry->open &= ~(1ull << i);
            note_event(list);
        }
    }
    return entry->open == 0 && entry->held;
}

/* A pending message whose task completed without it was posted by somebody else, too late. */
static void look_at_pending(const struct trb_async_list *list, struct trb_async_failure *failure)
{
    for (uint32_t i = 0; i < list->pending_count && failure->code == 0; i++) {
        if (!is_running(list, list->pending[i].task_token)) {
            (void)fail_stale(list->pending[i].task_token, failure);
        }
    }
}

uint32_t trb_async_poll(struct trb_async_list *list, struct pto_slot_state **slots, struct trb_async_failure *failure,
                        bool *woken)
{
    uint32_t count = 0;
    if (!try_lock(list)) {
        return 0; /* somebody is looking */
    }
    /* Relaxed: under the lock. */
    uint32_t before = atomic_load_explicit(&list->taken, memory_order_relaxed);
    if (trb_async_has_mail(list)) {
        (void)drain(list, failure);
    }
    look_at_pending(list, failure);
    for (uint64_t bits = list->used; bits != 0 && failure->code == 0; bits &= bits - 1) {
        struct trb_async_entry *entry = &list->entries[__builtin_ctzll(bits)];
        if (look_at_entry(list, entry, failure)) {
            slots[count++] = entry->slot;
            remove_entry(list, entry);
        }
    }
    if (count > 0 || before != atomic_load_explicit(&list->taken, memory_order_relaxed)) {
        forget_shortage(list, woken);
    }
    unlock(list);
    return count;
}

/* ---- telling ---- */

static void explain_shortage(const struct trb_async_list *list, struct trb_async_failure *failure)
{
    failure->code = PTO_ERR_ASYNC_WAIT_OVERFLOW;
    if (list->shortage == TRB_ASYNC_NO_ENTRY) {
        (void)snprintf(failure->text, sizeof(failure->text),
                       "one more task wants to be deferred, and none of the %u that are gets on", TRB_ASYNC_TASKS);
    } else if (list->shortage == TRB_ASYNC_NO_PENDING) {
        (void)snprintf(failure->text, sizeof(failure->text),
                       "the AICore mailbox holds more, and none of %u messages finds its task finished",
                       TRB_ASYNC_PENDING);
    } else {
        failure->code = PTO_ERR_ASYNC_REGISTRATION_FAILED;
        (void)snprintf(failure->text, sizeof(failure->text),
                       "message %u of the AICore mailbox was begun and never written",
                       atomic_load_explicit(&list->taken, memory_order_relaxed)); /* relaxed: under the lock */
    }
}

static bool explain_entry(const struct trb_async_list *list, struct trb_async_failure *failure)
{
    uint32_t open = 0;
    const struct trb_async_entry *first = NULL;
    for (uint64_t bits = list->used; bits != 0; bits &= bits - 1) {
        const struct trb_async_entry *entry = &list->entries[__builtin_ctzll(bits)];
        open += (uint32_t)__builtin_popcountll(entry->open);
        first = first == NULL && entry->open != 0 ? entry : first;
    }
    if (first == NULL) {
        return false;
    }
    char what[128];
    trb_async_describe_condition(&first->conditions[__builtin_ctzll(first->open)], what, sizeof(what));
    failure->code = PTO_ERR_SCHEDULER_TIMEOUT;
    (void)snprintf(failure->text, sizeof(failure->text), "task 0x%llx waits for %s; %u conditions of %u tasks are open",
                   (unsigned long long)first->slot->task->task_id, what, open,
                   (uint32_t)__builtin_popcountll(list->used));
    return true;
}

bool trb_async_explain(struct trb_async_list *list, struct trb_async_failure *failure)
{
    if (!lock(list)) {
        return false;
    }
    bool found = true;
    if (list->shortage != TRB_ASYNC_ENOUGH) {
        explain_shortage(list, failure);
    } else {
        found = explain_entry(list, failure);
    }
    unlock(list);
    return found;
}

bool trb_async_is_empty(const struct trb_async_list *list, struct trb_async_failure *failure)
{
    /* Relaxed: the caller is alone. */
    uint32_t mail = __atomic_load_n(&list->mailbox->head, __ATOMIC_RELAXED) -
                    atomic_load_explicit(&list->taken, memory_order_relaxed);
    if (list->used == 0 && list->pending_count == 0 && mail == 0) {
        return true;
    }
    failure->code = PTO_ERR_ASYNC_REGISTRATION_FAILED;
    (void)snprintf(
        failure->text, sizeof(failure->text),
        "all tasks completed, and %u deferred ones, %u pending messages and %u in the AICore mailbox are left",
        (uint32_t)__builtin_popcountll(list->used), list->pending_count, mail);
    return false;
}
