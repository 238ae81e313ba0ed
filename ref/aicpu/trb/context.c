/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aicpu/image.h"
#include "base/os.h"

#define TRB_MAX_POOL (1u << 30) /* so that positions keep their order modulo 2^32 */

int aicpu_runtime_create(struct aicpu_runtime **runtime)
{
    struct aicpu_runtime *context = os_aligned_alloc("aicpu.runtime", _Alignof(struct aicpu_runtime), sizeof(*context));
    if (context == NULL) {
        return -ENOMEM;
    }
    memset(context, 0, sizeof(*context));
    *runtime = context;
    return 0;
}

void aicpu_runtime_destroy(struct aicpu_runtime *runtime)
{
    trb_context_release(runtime);
    free(runtime);
}

void trb_context_release(struct aicpu_runtime *context)
{
    if (context->has_map) {
        trb_map_destroy(&context->orchestrator.map);
        context->has_map = false;
    }
    for (uint32_t i = 0; i <= PTO_SHAPE_DUMMY; i++) {
        trb_ready_destroy(&context->ready[i]);
    }
    if (context->memory != NULL) {
        os_unmap(context->memory, context->memory_bytes);
        context->memory = NULL;
    }
    context->shape.window = 0;
}

/* Hands out consecutive pieces of one mapping; with base NULL it only counts. */
struct pieces {
    unsigned char *base;
    size_t used;
};

static void *piece(struct pieces *pieces, size_t count, size_t bytes)
{
    void *at = pieces->base != NULL ? pieces->base + pieces->used : NULL;
    pieces->used = (pieces->used + count * bytes + 63u) & ~(size_t)63u;
    return at;
}

/* The sizes are bounded by trb_check_sizes: nothing overflows. */
static void hand_out(struct aicpu_runtime *context, struct pieces *pieces, const struct trb_shape *shape)
{
    context->buffers = piece(pieces, PTO_MAX_WORKERS, sizeof(struct trb_core_buffers));
    context->async = piece(pieces, 1, sizeof(struct trb_async_list));
    context->mailbox = piece(pieces, 1, sizeof(struct pto_async_mailbox));
    context->orchestrator.scopes.tasks = piece(pieces, TRB_SCOPE_TASKS, sizeof(struct pto_slot_state *));
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        struct trb_task_ring *ring = &context->rings[i];
        struct trb_dep_pool *pool = &context->wiring.pools[i];
        ring->records = piece(pieces, shape->window, sizeof(struct trb_task_record));
        ring->spill.entries = piece(pieces, shape->pool, sizeof(struct pto_slot_state *));
        ring->spill.capacity = (uint32_t)shape->pool;
        pool->entries = piece(pieces, shape->pool, sizeof(struct pto_dep_entry));
        pool->capacity = (uint32_t)shape->pool;
        pool->wired = piece(pieces, shape->window, sizeof(struct trb_wired));
        pool->wired_mask = (uint32_t)shape->window - 1;
    }
}

static int make_memory(struct aicpu_runtime *context, const struct trb_shape *shape)
{
    struct pieces pieces = {0};
    uint64_t ready = PTO_RING_COUNT * shape->window;
    hand_out(context, &pieces, shape);
    context->memory_bytes = pieces.used;
    if (os_map("aicpu.trb_memory", pieces.used, &context->memory) != 0) {
        context->memory = NULL;
        return -ENOMEM;
    }
    pieces = (struct pieces){.base = context->memory};
    hand_out(context, &pieces, shape);
    for (uint32_t i = 0; i <= PTO_SHAPE_DUMMY; i++) {
        if (trb_ready_create(&context->ready[i], ready > TRB_READY_SLOTS ? ready : TRB_READY_SLOTS) != 0) {
            return -ENOMEM;
        }
    }
    if (trb_map_create(&context->orchestrator.map, TRB_MAP_ENTRIES, TRB_MAP_REGIONS) != 0) {
        return -ENOMEM;
    }
    context->has_map = true;
    context->shape = *shape;
    context->dirty = false;
    return 0;
}

static int check_sizes(const struct trb_runtime *image, struct pto_device_block *block)
{
    uint64_t heaps;
    struct image_doubt doubt = image_check(image->aicpu_thread_num, image->block_dim, image->worker_count);
    if (doubt.what != NULL) {
        return image_refuse(&doubt, block);
    }
    if (pto_sm_bytes(image->task_window_size) == 0) {
        doubt = (struct image_doubt){.what = "task window", .value = image->task_window_size};
    } else if (image->heap_size < PTO_MIN_HEAP_BYTES || image->heap_size % PTO_HEAP_ALIGN != 0 ||
               __builtin_mul_overflow(image->heap_size, (uint64_t)PTO_RING_COUNT, &heaps)) {
        doubt = (struct image_doubt){.what = "heap", .value = image->heap_size};
    } else if (image->dep_pool_size < PTO_MIN_DEP_POOL || image->dep_pool_size > TRB_MAX_POOL) {
        doubt = (struct image_doubt){.what = "dependency pool", .value = image->dep_pool_size};
    } else if (image->shared_memory == 0 || image->shared_memory % 64 != 0) {
        doubt = (struct image_doubt){.what = "shared memory address", .value = image->shared_memory};
    }
    return image_refuse(&doubt, block);
}

static void bind_ring(struct trb_task_ring *ring, uint32_t index, const struct trb_runtime *image,
                      struct pto_sm_header *shared)
{
    struct pto_ring_header *header = &shared->rings[index];
    uint64_t window = image->task_window_size;
    uint64_t offset = pto_sm_ring_offset(window, index);
    unsigned char *base = (unsigned char *)shared + offset;
    /* Relaxed: the gate publishes it. */
    atomic_store_explicit(&header->current_task_index, 0, memory_order_relaxed);
    atomic_store_explicit(&header->last_task_alive, 0, memory_order_relaxed);
    header->task_window_size = window;
    header->task_window_mask = (int32_t)(window - 1);
    header->heap_size = image->heap_size;
    header->descriptors_offset = offset;
    header->descriptors = (struct pto_task_descriptor *)(void *)base;
    base += pto_sm_descriptors_bytes(window);
    header->payloads = (struct pto_task_payload *)(void *)base;
    base += window * sizeof(struct pto_task_payload);
    header->slot_states = (struct pto_slot_state *)(void *)base;
    ring->header = header;
    ring->descriptors = header->descriptors;
    ring->payloads = header->payloads;
    ring->slots = header->slot_states;
    ring->index = index;
    ring->window = (uint32_t)window;
    ring->mask = (uint32_t)window - 1;
    ring->heap_address = image->heap + index * image->heap_size;
    ring->heap_size = image->heap_size;
    trb_ring_reset(ring);
}

static void reset_shared(struct pto_sm_header *shared, const struct trb_runtime *image)
{
    /* Relaxed: the gate publishes it. */
    atomic_store_explicit(&shared->orchestrator_done, 0, memory_order_relaxed);
    shared->total_size = pto_sm_bytes(image->task_window_size);
    atomic_store_explicit(&shared->graph_output_ptr, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->graph_output_size, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->orch_error_code, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->sched_error_bitmap, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->sched_error_code, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->sched_error_thread, -1, memory_order_relaxed);
}

static void empty_structures(struct aicpu_runtime *context)
{
    trb_map_clear(&context->orchestrator.map);
    for (uint32_t i = 0; i <= PTO_SHAPE_DUMMY; i++) {
        trb_ready_clear(&context->ready[i]);
    }
}

int trb_context_prepare(struct aicpu_runtime *context, struct trb_runtime *image, struct pto_device_block *block)
{
    const struct trb_shape shape = {.window = image->task_window_size, .pool = image->dep_pool_size};
    if (check_sizes(image, block) != 0) {
        return -EINVAL;
    }
    if (context->shape.window != shape.window || context->shape.pool != shape.pool) {
        trb_context_release(context);
        if (make_memory(context, &shape) != 0) {
            trb_context_release(context);
            (void)snprintf(block->message, sizeof(block->message),
                           "the AICPU has no memory for windows of %llu tasks and pools of %llu entries",
                           (unsigned long long)shape.window, (unsigned long long)shape.pool);
            return -ENOMEM;
        }
    }
    if (context->dirty) {
        empty_structures(context);
    }
    context->dirty = true;
    context->orchestration = NULL;
    struct pto_sm_header *shared = (struct pto_sm_header *)(uintptr_t)image->shared_memory;
    reset_shared(shared, image);
    for (uint32_t i = 0; i < PTO_RING_COUNT; i++) {
        bind_ring(&context->rings[i], i, image, shared);
    }
    struct trb_run *run = &context->run;
    run->image = image;
    run->block = block;
    run->shared = shared;
    run->rings = context->rings;
    run->ready = context->ready;
    run->registers = context->registers;
    run->async = context->async;
    trb_async_reset(context->async, context->mailbox, context->rings);
    run->wiring = &context->wiring;
    trb_wiring_reset(&context->wiring);
    trb_run_reset(run);
    return 0;
}
