/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one thread wrote is there for the thread that it hands over to, by the hand-over's own memory order alone: two
 * bare threads and nothing else that could order them (device.md 7.1: 21, 40; D34). A missing release or acquire is
 * reported by ThreadSanitizer, every time; without it these are plain hand-overs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "aicpu/trb/run.h"
#include "aicpu/trb/slot.h"
#include "aicpu/trb/wiring.h"
#include "npu/arch.h"

#define WINDOW 8u

static struct {
    struct pto_sm_header shared;
    struct trb_run run;
    struct trb_task_ring rings[PTO_RING_COUNT];
    struct pto_slot_state slots[WINDOW];
    struct pto_task_payload payloads[WINDOW];
    struct pto_task_descriptor descriptors[WINDOW];
    struct trb_wiring wiring;
    struct trb_ready_queue queue;
    struct npu_register_block registers;
    _Atomic uint32_t bell;
    uint64_t message; /* not atomic */
} f;

static void set_up(void)
{
    memset(&f, 0, sizeof(f));
    f.run.rings = f.rings;
    f.run.shared = &f.shared;
    trb_run_reset(&f.run);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        f.rings[i] = (struct trb_task_ring){
            .header = &f.shared.rings[i], .slots = f.slots, .index = i, .window = WINDOW, .mask = WINDOW - 1};
    }
    f.shared.rings[0].current_task_index = 1;
    f.slots[0].payload = &f.payloads[0];
    f.slots[0].task = &f.descriptors[0];
    f.slots[0].fanout_count = 1;
    trb_wiring_reset(&f.wiring);
}

/* One thread writes and hands over, this one waits for it and reads. */
static void hand_over(void *(*giver)(void *), bool (*came)(void))
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, giver, NULL), 0);
    while (!came()) {
        (void)sched_yield();
    }
    uint64_t message = f.message;
    f.message = 0; /* the reader may also write: what was handed over is its own */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(message, 42);
}

static void *give_payload(void *unused)
{
    f.message = 42;
    npu_register_write(&f.registers, NPU_DATA_MAIN_BASE_OFFSET, 7);
    return unused;
}

static bool doorbell_rang(void)
{
    return npu_register_read(&f.registers, NPU_DATA_MAIN_BASE_OFFSET) == 7;
}

static void *give_result(void *unused)
{
    f.message = 42;
    npu_cond_write(&f.registers, NPU_COND_OFFSET, 7);
    return unused;
}

static bool core_answered(void)
{
    return npu_register_read(&f.registers, NPU_COND_OFFSET) == 7;
}

static bool bell_rang(void)
{
    /* As exec_wait loads it; COND itself is read relaxed here, so that only the bell orders. */
    return atomic_load_explicit(&f.bell, memory_order_acquire) != 0;
}

static void *give_task(void *unused)
{
    f.message = 42;
    (void)trb_wiring_push(&f.wiring, &f.slots[0]);
    return unused;
}

static bool task_was_wired(void)
{
    struct pto_slot_state *slot;
    return trb_wiring_next(&f.wiring, f.rings, &slot) == TRB_WIRED_READY;
}

static void *give_ready(void *unused)
{
    struct pto_slot_state *slot = &f.slots[0];
    f.message = 42;
    trb_ready_push(&f.queue, &slot, 1);
    return unused;
}

static bool task_was_taken(void)
{
    struct pto_slot_state *slot;
    return trb_ready_pop(&f.queue, &slot, 1) == 1;
}

static void *give_completion(void *unused)
{
    f.message = 42;
    (void)trb_slot_complete(&f.slots[0]);
    return unused;
}

static bool task_completed(void)
{
    return trb_slot_state(&f.slots[0]) != PTO_TASK_PENDING;
}

static void *give_slot(void *unused)
{
    f.message = 42;
    (void)trb_slot_drop(&f.slots[0]);
    trb_advance(&f.run, 0);
    return unused;
}

static bool slot_is_free(void)
{
    return trb_ring_last_alive(&f.rings[0]) == 1;
}

static bool task_was_consumed(void)
{
    return trb_slot_state(&f.slots[0]) == PTO_TASK_CONSUMED;
}

static void *give_progress(void *unused)
{
    f.message = 42;
    trb_run_progress(&f.run);
    return unused;
}

static bool progress_was_made(void)
{
    return atomic_load_explicit(&f.run.progress, memory_order_acquire) != 0;
}

static void *give_error(void *unused)
{
    f.message = 42;
    trb_latch(&f.run, TRB_SCHEDULER, 0, PTO_RUN_FAILED, "an error");
    return unused;
}

static bool run_failed(void)
{
    return trb_run_failed(&f.run);
}

static void registers_publish(void **state)
{
    (void)state;
    set_up();
    hand_over(give_payload, doorbell_rang);
    set_up();
    hand_over(give_result, core_answered);
    set_up();
    npu_bell_set(&f.registers, &f.bell);
    hand_over(give_result, bell_rang);
}

static void queues_publish(void **state)
{
    (void)state;
    set_up();
    hand_over(give_task, task_was_wired);
    set_up();
    assert_int_equal(trb_ready_create(&f.queue, 8), 0);
    hand_over(give_ready, task_was_taken);
    trb_ready_destroy(&f.queue);
}

static void slots_publish(void **state)
{
    (void)state;
    set_up();
    hand_over(give_completion, task_completed);
    set_up();
    f.slots[0].task_state = PTO_TASK_COMPLETED;
    hand_over(give_slot, task_was_consumed);
    set_up();
    f.slots[0].task_state = PTO_TASK_COMPLETED;
    hand_over(give_slot, slot_is_free);
}

static void runs_publish(void **state)
{
    static struct trb_runtime image;
    static struct pto_device_block block;
    (void)state;
    set_up();
    hand_over(give_progress, progress_was_made);
    set_up();
    f.run.image = &image;
    f.run.block = &block;
    hand_over(give_error, run_failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_publish),
        cmocka_unit_test(queues_publish),
        cmocka_unit_test(slots_publish),
        cmocka_unit_test(runs_publish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
