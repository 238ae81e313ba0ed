/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/ready_queue.h"

#include <errno.h>
#include <string.h>

#include "base/os.h"
#include "exec/exec.h"

int trb_ready_create(struct trb_ready_queue *queue, uint64_t capacity)
{
    void *cells = NULL;
    memset(queue, 0, sizeof(*queue));
    if (capacity == 0 || (capacity & (capacity - 1)) != 0 ||
        os_map("aicpu.ready_queue", capacity * sizeof(struct trb_ready_cell), &cells) != 0) {
        return -ENOMEM;
    }
    queue->cells = cells;
    queue->capacity = capacity;
    queue->shift = (uint32_t)__builtin_ctzll(capacity);
    return 0;
}

void trb_ready_destroy(struct trb_ready_queue *queue)
{
    if (queue->cells != NULL) {
        os_unmap(queue->cells, queue->capacity * sizeof(struct trb_ready_cell));
    }
    memset(queue, 0, sizeof(*queue));
}

void trb_ready_clear(struct trb_ready_queue *queue)
{
    /* Relaxed: the caller is alone. */
    uint64_t touched = atomic_load_explicit(&queue->push_position, memory_order_relaxed);
    touched = touched < queue->capacity ? touched : queue->capacity;
    for (uint64_t i = 0; i < touched; i++) {
        atomic_store_explicit(&queue->cells[i].turn, 0, memory_order_relaxed);
    }
    atomic_store_explicit(&queue->push_position, 0, memory_order_relaxed);
    atomic_store_explicit(&queue->pop_position, 0, memory_order_relaxed);
}

void trb_ready_push(struct trb_ready_queue *queue, struct pto_slot_state *const *slots, uint32_t count)
{
    /* seq_cst: see trb_ready_pending. */
    uint64_t at = atomic_fetch_add_explicit(&queue->push_position, count, memory_order_seq_cst);
    for (uint32_t i = 0; i < count; i++, at++) {
        struct trb_ready_cell *cell = &queue->cells[at & (queue->capacity - 1)];
        uint64_t turn = 2 * (at >> queue->shift);
        /* Acquire: pairs with the popper's release, so that its read of the cell comes before this write. */
        while (atomic_load_explicit(&cell->turn, memory_order_acquire) != turn) {
            exec_pause();
        }
        cell->slot = slots[i];
        /* Release: pairs with the popper's acquire; everything that made the task ready is visible to who takes it. */
        atomic_store_explicit(&cell->turn, turn + 1, memory_order_release);
    }
}

/* How many cells from `at` on are full, at most `limit`. */
static uint32_t full_cells(const struct trb_ready_queue *queue, uint64_t at, uint32_t limit)
{
    uint32_t count = 0;
    while (count < limit) {
        const struct trb_ready_cell *cell = &queue->cells[(at + count) & (queue->capacity - 1)];
        uint64_t turn = 2 * ((at + count) >> queue->shift) + 1;
        /* Acquire: pairs with the pusher's release. */
        if (atomic_load_explicit(&cell->turn, memory_order_acquire) != turn) {
            break;
        }
        count++;
    }
    return count;
}

uint32_t trb_ready_pop(struct trb_ready_queue *queue, struct pto_slot_state **slots, uint32_t limit)
{
    uint64_t at = atomic_load_explicit(&queue->pop_position, memory_order_relaxed);
    uint32_t count;
    do {
        count = full_cells(queue, at, limit);
        if (count == 0) {
            return 0;
        }
        /* seq_cst: see trb_ready_pending. The cells' turns order the data. */
    } while (!atomic_compare_exchange_weak_explicit(&queue->pop_position, &at, at + count, memory_order_seq_cst,
                                                    memory_order_relaxed));
    for (uint32_t i = 0; i < count; i++, at++) {
        struct trb_ready_cell *cell = &queue->cells[at & (queue->capacity - 1)];
        slots[i] = cell->slot;
        /* Release: the read above comes before the next lap's write. */
        atomic_store_explicit(&cell->turn, 2 * (at >> queue->shift) + 2, memory_order_release);
    }
    return count;
}
