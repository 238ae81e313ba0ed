/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/task_ring.h"

void trb_ring_reset(struct trb_task_ring *ring)
{
    ring->next = 0;
    ring->alive = 0;
    ring->heap_top = 0;
    ring->heap_tail = 0;
    ring->heap_wrap = 0;
    ring->blocks = 0;
    ring->block_base = 0;
    trb_spill_reset(&ring->spill);
}

bool trb_ring_round(uint64_t bytes, uint64_t *rounded)
{
    uint64_t sum;
    if (__builtin_add_overflow(bytes, (uint64_t)PTO_HEAP_ALIGN - 1, &sum)) {
        return false;
    }
    *rounded = sum & ~(uint64_t)(PTO_HEAP_ALIGN - 1);
    return true;
}

/* Finds the place of a block. */
static bool find_block(struct trb_task_ring *ring, uint64_t rounded)
{
    if (ring->blocks == 0) {
        ring->block_base = 0;
        return rounded <= ring->heap_size;
    }
    if (ring->heap_top >= ring->heap_tail) {
        if (ring->heap_size - ring->heap_top >= rounded) {
            ring->block_base = ring->heap_top;
            return true;
        }
        ring->block_base = 0;
        return ring->heap_tail > rounded;
    }
    ring->block_base = ring->heap_top;
    return ring->heap_tail - ring->heap_top > rounded;
}

enum trb_ring_room trb_ring_room(struct trb_task_ring *ring, uint64_t rounded)
{
    if (ring->next - ring->alive + 1 >= ring->window) {
        return TRB_NO_SLOT;
    }
    if (rounded == 0) {
        ring->block_base = ring->heap_top;
        return TRB_ROOM;
    }
    return find_block(ring, rounded) ? TRB_ROOM : TRB_NO_HEAP;
}

uint32_t trb_ring_take(struct trb_task_ring *ring, uint64_t rounded)
{
    uint32_t local = ring->next++;
    struct trb_task_record *record = &ring->records[local & ring->mask];
    record->consumer = PTO_TASK_ID_INVALID;
    record->map_entries = 0;
    record->spill_mark = ring->spill.top;
    record->block_end = TRB_NO_BLOCK;
    if (rounded != 0) {
        if (ring->blocks == 0) {
            ring->heap_tail = 0;
            ring->heap_wrap = 0;
        } else if (ring->block_base == 0) {
            ring->heap_wrap = ring->heap_top;
        }
        ring->blocks++;
        ring->heap_top = ring->block_base + rounded;
        record->block_end = ring->heap_top;
    }
    return local;
}

bool trb_ring_block_is_apart(const struct trb_task_ring *ring, uint32_t local)
{
    const struct pto_task_descriptor *own = &ring->descriptors[local & ring->mask];
    uint64_t base = own->packed_buffer_base;
    uint64_t end = own->packed_buffer_end;
    if (base % PTO_HEAP_ALIGN != 0 || base < ring->heap_address || end < base ||
        end - ring->heap_address > ring->heap_size) {
        return false;
    }
    for (uint32_t other = ring->alive; other != ring->next; other++) {
        const struct pto_task_descriptor *block = &ring->descriptors[other & ring->mask];
        bool has_block = ring->records[other & ring->mask].block_end != TRB_NO_BLOCK;
        if (other != local && has_block && base < block->packed_buffer_end && block->packed_buffer_base < end) {
            return false;
        }
    }
    return true;
}

void trb_ring_retire(struct trb_task_ring *ring)
{
    const struct trb_task_record *record = &ring->records[ring->alive & ring->mask];
    if (record->block_end != TRB_NO_BLOCK) {
        /* Behind the last block before the wrap comes the one at 0. */
        bool last_before_wrap = record->block_end == ring->heap_wrap;
        ring->heap_tail = last_before_wrap ? 0 : record->block_end;
        ring->heap_wrap = last_before_wrap ? 0 : ring->heap_wrap;
        ring->blocks--;
    }
    trb_spill_reclaim(&ring->spill, record->spill_mark);
    ring->alive++;
}
