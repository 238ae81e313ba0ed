/* SPDX-License-Identifier: Apache-2.0 */
/* Submission of a checked task (device.md 3.1): allocate, find producers, fill in, hand over. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "aicpu/trb/producers.h"
#include "aicpu/trb/request.h"
#include "aicpu/trb/slot.h"
#include "npu/arch.h"

/* The task that everything behind it waits for, "" when there is none. */
static void describe_oldest(const struct trb_task_ring *ring, char *text, size_t capacity)
{
    const struct pto_slot_state *slot = &ring->slots[ring->alive & ring->mask];
    text[0] = '\0';
    if (ring->alive != ring->next) {
        bool pending = trb_slot_state(slot) == PTO_TASK_PENDING;
        (void)snprintf(text, capacity, "; the oldest, task 0x%llx, is %s and has dropped %d of %d references",
                       (unsigned long long)pto_task_id_make(ring->index, ring->alive),
                       pending ? "unfinished" : "complete",
                       atomic_load_explicit(&slot->fanout_refcount, memory_order_relaxed), slot->fanout_count);
    }
}

static void fail_room(struct trb_orchestrator *orchestrator, const struct trb_task_ring *ring, uint64_t bytes,
                      enum trb_ring_room room)
{
    char oldest[128];
    describe_oldest(ring, oldest, sizeof(oldest));
    if (room == TRB_NO_HEAP) {
        trb_fail(
            orchestrator, PTO_ERR_HEAP_RING_DEADLOCK,
            "submit: %llu bytes of outputs asked; the heap of ring %u has %llu bytes, %u blocks alive between %llu "
            "and %llu, and nothing frees them%s",
            (unsigned long long)bytes, ring->index, (unsigned long long)ring->heap_size, ring->blocks,
            (unsigned long long)ring->heap_tail, (unsigned long long)ring->heap_top, oldest);
    }
    trb_fail(orchestrator, PTO_ERR_FLOW_CONTROL_DEADLOCK,
             "submit: ring %u has %u tasks alive in a window of %u slots, and nothing retires them%s", ring->index,
             ring->next - ring->alive, ring->window, oldest);
}

/* Waits for a slot and a block. False when it gave up. */
static bool wait_for_room(struct trb_orchestrator *orchestrator, struct trb_task_ring *ring, uint64_t bytes)
{
    trb_orchestrator_sync(orchestrator, ring->index);
    enum trb_ring_room room = trb_ring_room(ring, bytes);
    while (room != TRB_ROOM) {
        uint32_t seen = trb_orchestrator_look(orchestrator);
        trb_orchestrator_sync(orchestrator, ring->index);
        room = trb_ring_room(ring, bytes);
        if (room == TRB_ROOM) {
            break;
        }
        if (bytes > ring->heap_size) {
            fail_room(orchestrator, ring, bytes, TRB_NO_HEAP);
        }
        switch (trb_orchestrator_wait(orchestrator, seen)) {
        case TRB_LOOK_AGAIN:
            break;
        case TRB_GAVE_UP:
            return false;
        case TRB_STALLED:
            fail_room(orchestrator, ring, bytes, room);
        }
    }
    return true;
}

/* Tasks tend to look like the one before: as much of a coming payload is fetched as this one fills. */
TRB_PREFETCHER static inline void prefetch_ahead(const struct trb_task_ring *ring, const struct pto_arg *arg)
{
    uint32_t ahead = (ring->next + TRB_PREFETCH_TASKS) & ring->mask;
    const struct pto_task_payload *payload = &ring->payloads[ahead];
    __builtin_prefetch(&ring->slots[ahead], 1);
    __builtin_prefetch(&ring->descriptors[ahead], 1);
    __builtin_prefetch(&ring->records[ahead], 1);
    __builtin_prefetch(payload, 1);
    for (int32_t i = 0; i < arg->tensor_count; i++) {
        __builtin_prefetch(&payload->tensors[i], 1);
        __builtin_prefetch(&payload->tensors[i].strides, 1);
    }
    if (arg->scalar_count > 0) {
        __builtin_prefetch(&payload->scalars[0], 1);
    }
}

/* The tensors of a large graph lie anywhere, and each is two lines that take_tensors needs in turn. */
TRB_PREFETCHER static inline void prefetch_arguments(const struct pto_arg *arg)
{
    for (int32_t i = 0; i < arg->tensor_count && i < PTO_CORE_MAX_TENSOR_ARGS; i++) {
        uintptr_t tensor = (uintptr_t)arg->refs[i].tensor; /* as yet unchecked, and not even read */
        __builtin_prefetch((const void *)tensor);
        __builtin_prefetch((const void *)(tensor + 64));
    }
}

/* Once the tensors are near: where their buffers' accesses are listed. */
TRB_PREFETCHER static inline void prefetch_regions(const struct trb_map *map, const struct pto_arg *arg)
{
    for (int32_t i = 0; i < arg->tensor_count; i++) {
        if (arg->tags[i] != PTO_ARG_OUTPUT) {
            trb_map_prefetch(map, arg->refs[i].tensor->buffer_addr);
        }
    }
}

/* Takes slot, block and id, and begins the slot's new life. */
static void begin_draft(struct trb_draft *draft, struct trb_task_ring *ring, const struct trb_request *request)
{
    uint32_t local = trb_ring_take(ring, request->output_bytes);
    uint32_t place = local & ring->mask;
    struct pto_slot_state *slot = &ring->slots[place];
    struct pto_task_descriptor *descriptor = &ring->descriptors[place];
    bool is_allocation = request->kind == TRB_ALLOCATION;
    draft->ring = ring;
    draft->slot = slot;
    draft->payload = &ring->payloads[place];
    draft->record = &ring->records[place];
    draft->id = pto_task_id_make(ring->index, local);
    prefetch_ahead(ring, request->arg);
    /* Invariants 18 and 19: the task before was let go of by everybody. */
    assert(local < ring->window ||
           (trb_slot_state(slot) == PTO_TASK_CONSUMED && slot->fanout_refcount == slot->fanout_count));
    /* Relaxed: the wiring queue publishes the slot, and current_task_index its state. */
    atomic_store_explicit(&slot->fanout_lock, 0, memory_order_relaxed);
    slot->fanout_count = TRB_OWN_REFERENCES;
    slot->fanout_head = NULL;
    atomic_store_explicit(&slot->task_state, is_allocation ? PTO_TASK_COMPLETED : PTO_TASK_PENDING,
                          memory_order_relaxed);
    atomic_store_explicit(&slot->fanin_refcount, 0, memory_order_relaxed);
    /* An allocation has nothing to release later: its own reference is dropped at once. */
    atomic_store_explicit(&slot->fanout_refcount, is_allocation ? 1 : 0, memory_order_relaxed);
    slot->payload = draft->payload;
    slot->task = descriptor;
    slot->active_mask = (uint8_t)request->active_mask;
    slot->ring_id = (uint8_t)ring->index;
    atomic_store_explicit(&slot->completed_subtasks, 0, memory_order_relaxed);
    slot->total_required_subtasks = (int16_t)(request->blocks * (int32_t)request->lanes);
    slot->logical_block_num = (int16_t)request->blocks;
    slot->next_block_idx = 0;
    descriptor->task_id = draft->id;
    memcpy(descriptor->kernel_id, request->kernels, sizeof(descriptor->kernel_id));
    descriptor->packed_buffer_base = ring->heap_address + ring->block_base;
    descriptor->packed_buffer_end = descriptor->packed_buffer_base + request->output_bytes;
    assert(request->output_bytes == 0 || trb_ring_block_is_apart(ring, local)); /* invariant 13 */
    /* Release: pairs with the ring's advance. */
    atomic_store_explicit(&ring->header->current_task_index, (int32_t)(local + 1), memory_order_release);
}

/* Fills a new output and its padding: a few elements one by one, then by doubling. */
static void fill_output(uint64_t address, uint64_t bytes, const struct pto_tensor_create_info *info)
{
    unsigned char *buffer = (unsigned char *)(uintptr_t)address;
    uint64_t element = pto_data_type_bytes(info->dtype);
    uint64_t filled = 0;
    while (filled < 64 && filled < bytes) {
        memcpy(buffer + filled, &info->initial_value, element);
        filled += element;
    }
    while (filled < bytes) {
        uint64_t more = filled < bytes - filled ? filled : bytes - filled;
        memcpy(buffer + filled, buffer, more);
        filled += more;
    }
}

static void create_output(struct trb_draft *draft, const struct trb_request *request, int32_t i,
                          struct trb_submitted *submitted)
{
    const struct pto_tensor_create_info *info = request->arg->refs[i].create_info;
    struct pto_tensor *tensor = &draft->payload->tensors[i];
    uint64_t address = draft->slot->task->packed_buffer_base + request->output_offsets[i];
    uint64_t bytes = trb_output_bytes(info);
    if (pto_tensor_from_create_info(tensor, info, address, bytes, draft->id) != 0) {
        char text[160];
        pto_tensor_error_text(tensor, text, sizeof(text));
        trb_fail(draft->orchestrator, PTO_ERR_INVALID_ARGS, "submit: output %d: %s", i, text);
    }
    if (info->has_initial_value) {
        fill_output(address, (bytes + PTO_OUTPUT_ALIGN - 1) & ~(uint64_t)(PTO_OUTPUT_ALIGN - 1), info);
    }
    submitted->outputs[submitted->output_count++] = tensor;
}

/* Copies a tensor into the payload; nothing derived in it is believed. */
static void copy_tensor(struct trb_draft *draft, const struct trb_request *request, int32_t i)
{
    struct pto_tensor *tensor = &draft->payload->tensors[i];
    *tensor = *request->arg->refs[i].tensor;
    if (!pto_tensor_is_valid(tensor) || pto_tensor_refresh(tensor) != 0) {
        char text[160];
        pto_tensor_error_text(tensor, text, sizeof(text));
        trb_fail(draft->orchestrator, PTO_ERR_INVALID_ARGS, "submit: tensor %d: %s", i, text);
    }
}

static bool edge_of_access(void *context, uint64_t producer)
{
    return trb_draft_add(context, producer, TRB_EDGE_ORDERED);
}

/* Names a task that was submitted in this run, retired or not. */
static bool is_known_task(const struct trb_orchestrator *orchestrator, uint64_t id)
{
    uint64_t ring = id >> 32;
    return ring < PTO_RING_COUNT && pto_task_id_local(id) < orchestrator->rings[ring].next;
}

static void check_version(struct trb_draft *draft, uint32_t region, const struct pto_tensor *tensor, int32_t i)
{
    struct trb_orchestrator *orchestrator = draft->orchestrator;
    if (trb_map_is_outdated(&orchestrator->map, region, tensor, orchestrator->first_alive)) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: tensor %d has version %d, older than version %d in use",
                 i, tensor->version, orchestrator->map.regions[region].version);
    }
}

/* Frees the map entries of tasks that have completed, though their scope keeps them from retiring. */
static void forget_completed(struct trb_orchestrator *orchestrator)
{
    for (uint32_t r = 0; r < PTO_RING_COUNT; r++) {
        struct trb_task_ring *ring = &orchestrator->rings[r];
        trb_orchestrator_sync(orchestrator, r);
        for (uint32_t local = ring->alive; local != ring->next; local++) {
            struct trb_task_record *record = &ring->records[local & ring->mask];
            if (record->map_entries != 0 && trb_slot_state(&ring->slots[local & ring->mask]) != PTO_TASK_PENDING) {
                trb_map_retire(&orchestrator->map, &record->map_entries);
            }
        }
    }
}

static bool try_access(struct trb_draft *draft, const struct pto_tensor *tensor, int32_t tag, int32_t i)
{
    struct trb_map *map = &draft->orchestrator->map;
    bool writes = tag != PTO_ARG_INPUT;
    uint32_t region = trb_map_region(map, tensor);
    if (region == 0) {
        return false;
    }
    check_version(draft, region, tensor, i);
    trb_map_visit(map, region, tensor, writes, edge_of_access, draft);
    return draft->gave_up || trb_map_insert(map, region, tensor, writes ? TRB_WRITER : TRB_READER, draft->id,
                                            &draft->record->map_entries);
}

/* Orders the task behind conflicting accesses and lists its own. */
static void infer_access(struct trb_draft *draft, const struct pto_tensor *tensor, int32_t tag, int32_t i)
{
    struct trb_orchestrator *orchestrator = draft->orchestrator;
    while (!try_access(draft, tensor, tag, i)) {
        uint32_t seen = trb_orchestrator_look(orchestrator);
        forget_completed(orchestrator);
        if (try_access(draft, tensor, tag, i)) {
            return;
        }
        switch (trb_orchestrator_wait(orchestrator, seen)) {
        case TRB_LOOK_AGAIN:
            break;
        case TRB_GAVE_UP:
            draft->gave_up = true;
            return;
        case TRB_STALLED:
            trb_fail(orchestrator, PTO_ERR_FLOW_CONTROL_DEADLOCK,
                     "submit: the tensor map holds %u accesses of unfinished tasks, as many as it can, and nothing "
                     "finishes them",
                     trb_map_entries_used(&orchestrator->map));
        }
    }
}

static void add_explicit(struct trb_draft *draft, const struct pto_arg *arg)
{
    for (uint32_t i = 0; i < arg->explicit_dep_count; i++) {
        uint64_t id = arg->explicit_deps[i];
        if (!is_known_task(draft->orchestrator, id) || id == draft->id) {
            trb_fail(draft->orchestrator, PTO_ERR_INVALID_ARGS, "submit: dependency %u of %u, 0x%llx, names no task", i,
                     arg->explicit_dep_count, (unsigned long long)id);
        }
        (void)trb_draft_add(draft, id, TRB_EDGE_HELD);
    }
}

/* Fills the payload's tensors and, in an AUTO scope, finds the producers behind them. */
static void take_tensors(struct trb_draft *draft, const struct trb_request *request, struct trb_submitted *submitted)
{
    const struct pto_arg *arg = request->arg;
    int32_t tensor_count = arg->tensor_count;
    bool infer = !trb_scope_is_manual(&draft->orchestrator->scopes);
    for (int32_t i = 0; i < tensor_count && !draft->gave_up; i++) {
        int32_t tag = arg->tags[i];
        if (tag == PTO_ARG_OUTPUT) {
            create_output(draft, request, i, submitted);
            continue;
        }
        copy_tensor(draft, request, i);
        const struct pto_tensor *tensor = &draft->payload->tensors[i];
        uint64_t owner = tensor->owner_task_id;
        if (!infer) {
            continue;
        }
        if (owner != PTO_TASK_ID_INVALID) {
            if (!is_known_task(draft->orchestrator, owner)) {
                trb_fail(draft->orchestrator, PTO_ERR_INVALID_ARGS, "submit: tensor %d is owned by 0x%llx, no task", i,
                         (unsigned long long)owner);
            }
            (void)trb_draft_add(draft, owner, TRB_EDGE_HELD);
        }
        if (tag != PTO_ARG_NO_DEP && !tensor->manual_dep && !draft->gave_up) {
            infer_access(draft, tensor, tag, i);
        }
    }
    draft->payload->tensor_count = tensor_count;
}

static void take_scalars(struct trb_draft *draft, const struct pto_arg *arg)
{
    int32_t count = arg->scalar_count;
    draft->payload->scalar_count = count;
    for (int32_t i = 0; i < count; i++) {
        draft->payload->scalars[i] = arg->scalars[i];
    }
}

/* Hands the task to scheduler 0. False when it gave up. */
static bool hand_over(struct trb_orchestrator *orchestrator, struct pto_slot_state *slot)
{
    while (!trb_wiring_push(orchestrator->wiring, slot)) {
        uint32_t seen = trb_orchestrator_look(orchestrator);
        if (trb_wiring_push(orchestrator->wiring, slot)) {
            break;
        }
        orchestrator->unannounced++;
        switch (trb_orchestrator_wait(orchestrator, seen)) {
        case TRB_LOOK_AGAIN:
            break;
        case TRB_GAVE_UP:
            return false;
        case TRB_STALLED:
            trb_fail(orchestrator, PTO_ERR_FLOW_CONTROL_DEADLOCK,
                     "submit: the wiring queue holds %u tasks, as many as it can, and nothing takes them",
                     TRB_WIRING_SLOTS - 1);
        }
    }
    return true;
}

/* Keeps the live set small where that is faster, and sees to it that scheduler 0 hears of new tasks. */
static void pace(struct trb_orchestrator *orchestrator)
{
    struct trb_run *run = orchestrator->run;
    struct trb_bell *bell = &run->bells[0];
    /* Relaxed: a hint, see trb_scheduler_wait. */
    bool asleep = atomic_load_explicit(&bell->asleep, memory_order_relaxed) != 0;
    if (asleep || ++orchestrator->unannounced >= TRB_SUBMITS_PER_BELL) {
        atomic_store_explicit(&bell->asleep, 0, memory_order_relaxed);
        orchestrator->unannounced = 1;
        trb_orchestrator_announce(orchestrator);
        if (orchestrator->scheduler != NULL) {
            (void)trb_scheduler_pass(orchestrator->scheduler);
        }
    }
    /* Relaxed: advice. */
    if (orchestrator->advised &&
        orchestrator->submitted - atomic_load_explicit(&run->completed, memory_order_relaxed) >= TRB_ADVISED_LEAD) {
        trb_orchestrator_announce(orchestrator);
        if (orchestrator->scheduler != NULL) {
            (void)trb_scheduler_pass(orchestrator->scheduler);
        }
        exec_yield_low();
    }
}

static bool finish(struct trb_draft *draft, const struct trb_request *request)
{
    struct trb_orchestrator *orchestrator = draft->orchestrator;
    trb_scope_add(&orchestrator->scopes, draft->slot);
    orchestrator->submitted++;
    orchestrator->dispatches_due += (uint64_t)request->blocks * request->lanes;
    if (request->kind == TRB_ALLOCATION) {
        /* seq_cst: as scheduler's report_completed. */
        atomic_fetch_add_explicit(&orchestrator->run->completed, 1, memory_order_seq_cst);
        return true;
    }
    if (!hand_over(orchestrator, draft->slot)) {
        return false;
    }
    exec_charge(NPU_ARCH_TABLE.submit_ns);
    pace(orchestrator);
    return true;
}

bool trb_submit(struct trb_orchestrator *orchestrator, enum trb_request_kind kind,
                const struct pto_mixed_kernels *kernels, const struct pto_arg *arg, struct trb_submitted *submitted)
{
    struct trb_request request;
    struct trb_draft draft;
    prefetch_arguments(arg);
    trb_check_request(orchestrator, kind, kernels, arg, &request);
    struct trb_task_ring *ring = &orchestrator->rings[trb_scope_ring(&orchestrator->scopes)];
    if (!wait_for_room(orchestrator, ring, request.output_bytes)) {
        return false;
    }
    if (ring->next == INT32_MAX) {
        trb_fail(orchestrator, PTO_ERR_FLOW_CONTROL_DEADLOCK, "submit: ring %u has numbered all its %u tasks",
                 ring->index, ring->next);
    }
    draft.orchestrator = orchestrator;
    draft.producers = 0;
    draft.finished = 0;
    draft.gave_up = false;
    begin_draft(&draft, ring, &request);
    submitted->id = draft.id;
    submitted->output_count = 0;
    prefetch_regions(&orchestrator->map, arg);
    take_scalars(&draft, arg);
    add_explicit(&draft, arg);
    take_tensors(&draft, &request, submitted);
    if (draft.gave_up) {
        return false;
    }
    trb_draft_finish(&draft);
    return finish(&draft, &request);
}
