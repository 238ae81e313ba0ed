/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/async_condition.h"

#include <stdio.h>

#include "npu/arch.h"

/*
 * The first touch of an address is one that no tool stands behind: it may be anything, and a fault inside a sanitizer's
 * own code could not be contained. coverage/valgrind.supp knows these functions by name.
 */
#define TRB_NO_INSTRUMENT __attribute__((noinline, no_sanitize("address", "thread")))

TRB_NO_INSTRUMENT static void async_touch_word(uint64_t address)
{
    (void)*(const volatile uint32_t *)(uintptr_t)address;
}

TRB_NO_INSTRUMENT static void async_touch_pair(uint64_t address, uint64_t value)
{
    *(volatile uint64_t *)(uintptr_t)address = value;
}

#define TRB_ANY_ADDRESS __attribute__((no_sanitize("address")))

TRB_ANY_ADDRESS static uint32_t async_read_word(uint64_t address)
{
    exec_user_enter();
    async_touch_word(address);
    /* Acquire: pairs with whoever notifies (pto_send_notification); what it stored before is visible to consumers. */
    uint32_t value = __atomic_load_n((const uint32_t *)(uintptr_t)address, __ATOMIC_ACQUIRE);
    exec_user_leave();
    return value;
}

TRB_ANY_ADDRESS static uint64_t async_read_pair(uint64_t address)
{
    exec_user_enter();
    async_touch_word(address);
    /* Acquire: pairs with the SDMA engine's store of the flag. */
    uint64_t value = __atomic_load_n((const uint64_t *)(uintptr_t)address, __ATOMIC_ACQUIRE);
    exec_user_leave();
    return value;
}

TRB_ANY_ADDRESS static void async_write_pair(uint64_t address, uint64_t value)
{
    exec_user_enter();
    async_touch_pair(address, value);
    /* Release: the engine may use the record again once it sees this. */
    __atomic_store_n((uint64_t *)(uintptr_t)address, value, __ATOMIC_RELEASE);
    exec_user_leave();
}

static bool is_event(const struct pto_completion_entry *condition)
{
    return condition->type == PTO_COMPLETION_SDMA_EVENT_RECORD;
}

bool trb_async_check_condition(uint64_t task_id, const struct pto_completion_entry *condition,
                               struct trb_async_failure *failure)
{
    bool event = is_event(condition);
    const char *what = NULL;
    if (condition->type != PTO_COMPLETION_COUNTER && !(event && NPU_HAS_SDMA)) {
        what = "a type that " NPU_ARCH_NAME " does not have";
    } else if (condition->engine > PTO_ASYNC_CCU || (event && condition->engine != PTO_ASYNC_SDMA)) {
        what = "an engine that has no such condition";
    } else if (condition->addr == 0 || condition->addr % (event ? sizeof(uint64_t) : sizeof(uint32_t)) != 0) {
        what = "no aligned address";
    } else {
        return true;
    }
    failure->code = PTO_ERR_ASYNC_COMPLETION_INVALID;
    (void)snprintf(failure->text, sizeof(failure->text),
                   "task 0x%llx registers a condition with %s: type %d, engine %u, address 0x%llx",
                   (unsigned long long)task_id, what, condition->type, condition->engine,
                   (unsigned long long)condition->addr);
    return false;
}

/* Tells the engine that the record was seen, and how far its queue has got. */
static void retire_event(uint64_t task_id, uint64_t address, uint64_t head, struct trb_async_failure *failure)
{
    uint64_t tail = head >> 32;
    uint64_t channel = async_read_pair(address + offsetof(struct pto_sdma_event_record, channel_info));
    if (channel == 0 || channel % sizeof(uint64_t) != 0) {
        failure->code = PTO_ERR_ASYNC_COMPLETION_INVALID;
        (void)snprintf(failure->text, sizeof(failure->text),
                       "the event record at 0x%llx of task 0x%llx names a channel at 0x%llx",
                       (unsigned long long)address, (unsigned long long)task_id, (unsigned long long)channel);
        return;
    }
    async_write_pair(address, 0);
    async_write_pair(channel, tail | tail << 32);
}

bool trb_async_condition_holds(uint64_t task_id, const struct pto_completion_entry *condition,
                               struct trb_async_failure *failure)
{
    if (!is_event(condition)) {
        return async_read_word(condition->addr) >= condition->expected;
    }
    uint64_t head = async_read_pair(condition->addr);
    if ((uint32_t)head == 0) {
        return false;
    }
    retire_event(task_id, condition->addr, head, failure);
    return failure->code == 0;
}

void trb_async_describe_condition(const struct pto_completion_entry *condition, char *text, size_t capacity)
{
    uint32_t found = async_read_word(condition->addr);
    if (is_event(condition)) {
        (void)snprintf(text, capacity, "the event record at 0x%llx; its flag is %u",
                       (unsigned long long)condition->addr, found);
    } else {
        (void)snprintf(text, capacity, "the counter at 0x%llx to reach %u; it is %u",
                       (unsigned long long)condition->addr, condition->expected, found);
    }
}
