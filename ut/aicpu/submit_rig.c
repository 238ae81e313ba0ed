/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/aicpu/submit_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"
#include "abi/handshake.h"
#include "aicpu/trb/quiescence.h"
#include "base/os.h"
#include "npu/arch.h"

static void begin(struct rig *rig)
{
    struct trb_run *run = &rig->context->run;
    if (trb_context_prepare(rig->context, &rig->image, &rig->block) != 0) {
        fail_msg("%s", rig->block.message);
    }
    run->schedulers = 1;
    for (uint32_t i = 0; i < 3; i++) {
        npu_register_write(&rig->registers[i], NPU_COND_OFFSET, PTO_COND_IDLE);
        run->registers[i] = &rig->registers[i];
    }
    run->orchestrator_schedules = false;
    trb_scheduler_reset(rig->scheduler, run, &rig->context->wiring, 0);
    trb_orchestrator_reset(rig->orchestrator, run, &rig->context->wiring, NULL);
    trb_open_scope(rig->orchestrator, PTO_SCOPE_AUTO);
}

struct rig *rig_create(uint64_t window, uint64_t heap, uint64_t pool)
{
    struct rig *rig = aligned_alloc(64, (sizeof(*rig) + 63) & ~(size_t)63);
    assert_non_null(rig);
    memset(rig, 0, sizeof(*rig));
    assert_int_equal(aicpu_runtime_create(&rig->context), 0);
    rig->orchestrator = &rig->context->orchestrator;
    rig->scheduler = &rig->context->schedulers[0];
    rig->shared_bytes = pto_sm_bytes(window);
    assert_int_equal(os_map("rig", rig->shared_bytes, &rig->shared), 0);
    rig->image.task_window_size = window;
    rig->image.heap_size = heap;
    rig->image.dep_pool_size = pool;
    rig->image.block_dim = 1;
    rig->image.worker_count = 3;
    rig->image.shared_memory = (uintptr_t)rig->shared;
    rig->image.heap = RIG_HEAP;
    for (uint32_t i = 0; i < RIG_KERNELS; i++) {
        rig->image.function_addresses[i] = (uintptr_t)rig->callables[i];
        rig->callables[i][offsetof(struct pto_core_callable, resolved_addr) / 8] = i + 1;
    }
    begin(rig);
    return rig;
}

void rig_destroy(struct rig *rig)
{
    aicpu_runtime_destroy(rig->context);
    os_unmap(rig->shared, rig->shared_bytes);
    free(rig);
}

void rig_restart(struct rig *rig, bool dirty)
{
    char text[384] = "";
    rig->block.dispatches = rig->scheduler->dispatches;
    if (!dirty && trb_quiescence_check(rig->context, text, sizeof(text)) != 0) {
        fail_msg("%s", text);
    }
    rig->context->dirty = dirty;
    begin(rig);
}

int rig_submit(struct rig *rig, enum trb_request_kind kind, const struct pto_mixed_kernels *kernels,
               const struct pto_arg *arg, struct trb_submitted *submitted)
{
    if (_setjmp(rig->orchestrator->escape) == 0) {
        bool done = trb_submit(rig->orchestrator, kind, kernels, arg, submitted);
        assert_true(done || trb_run_failed(&rig->context->run));
    }
    return rig->context->run.status;
}

int rig_open(struct rig *rig, uint32_t mode)
{
    if (_setjmp(rig->orchestrator->escape) == 0) {
        trb_open_scope(rig->orchestrator, mode);
    }
    return rig->context->run.status;
}

void rig_close(struct rig *rig)
{
    trb_close_scope(rig->orchestrator);
}

struct pto_slot_state *rig_slot(const struct rig *rig, uint64_t id)
{
    const struct trb_task_ring *ring = &rig->context->rings[pto_task_id_ring(id)];
    return &ring->slots[pto_task_id_local(id) & ring->mask];
}

static struct pto_slot_state *submit_well(struct rig *rig, enum trb_request_kind kind, const struct pto_arg *arg)
{
    const struct pto_mixed_kernels vector = {PTO_KERNEL_NONE, 0, PTO_KERNEL_NONE};
    struct trb_submitted submitted;
    if (rig_submit(rig, kind, &vector, arg, &submitted) != 0) {
        fail_msg("%d: %s", rig->context->run.status, rig->block.message);
    }
    return rig_slot(rig, submitted.id);
}

struct pto_slot_state *rig_dummy(struct rig *rig, const struct pto_arg *arg)
{
    return submit_well(rig, TRB_DUMMY, arg);
}

void rig_add_bytes(struct pto_arg *arg, struct pto_tensor *tensor, enum pto_tensor_arg_type tag, uint32_t first,
                   uint32_t count)
{
    const uint32_t shape[1] = {count};
    assert_int_equal(pto_tensor_external(tensor, RIG_BUFFER + first, shape, 1, PTO_UINT8, false, 0), 0);
    (void)pto_arg_add_tensor(arg, tag, tensor);
}

struct pto_slot_state *rig_access(struct rig *rig, enum pto_tensor_arg_type tag, uint32_t first, uint32_t count)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    pto_arg_init(&arg);
    rig_add_bytes(&arg, &tensor, tag, first, count);
    return rig_dummy(rig, &arg);
}

struct pto_slot_state *rig_task(struct rig *rig)
{
    struct pto_arg arg;
    pto_arg_init(&arg);
    return submit_well(rig, TRB_KERNELS, &arg);
}

void rig_wire(struct rig *rig)
{
    struct pto_slot_state *slot;
    enum trb_wired_result result;
    while ((result = trb_wiring_next(&rig->context->wiring, rig->context->rings, &slot)) <= TRB_WIRED_READY) {
        if (result == TRB_WIRED_READY) {
            trb_ready_push(&rig->context->ready[pto_task_shape_of(slot->active_mask)], &slot, 1);
        }
    }
}

struct pto_slot_state *rig_ready(struct rig *rig)
{
    struct pto_slot_state *slot = NULL;
    for (uint32_t shape = 0; shape <= PTO_SHAPE_DUMMY && slot == NULL; shape++) {
        struct trb_local_ready *local = &rig->scheduler->local[shape];
        if (shape < PTO_SHAPE_DUMMY && local->count > 0) {
            slot = local->slots[--local->count];
        } else {
            (void)trb_ready_pop(&rig->context->ready[shape], &slot, 1);
        }
    }
    return slot;
}

void rig_complete(struct rig *rig, struct pto_slot_state *slot)
{
    trb_complete_task(rig->scheduler, slot);
}

void rig_flush(struct rig *rig)
{
    (void)trb_flush_releases(rig->scheduler);
}

void rig_finish(struct rig *rig)
{
    bool moved = true;
    while (moved) {
        struct pto_slot_state *slot;
        moved = false;
        rig_wire(rig);
        while ((slot = rig_ready(rig)) != NULL) {
            rig_complete(rig, slot);
            moved = true;
        }
        rig_flush(rig);
    }
}
