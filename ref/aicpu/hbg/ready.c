/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/hbg/ready.h"

#include <string.h>

void hbg_ready_clear(struct hbg_ready *ready)
{
    /* Relaxed: nobody else is there; the gate publishes it. */
    uint32_t used = atomic_load_explicit(&ready->tail, memory_order_relaxed);
    memset((void *)ready->slots, 0, used * sizeof(ready->slots[0]));
    atomic_store_explicit(&ready->tail, 0, memory_order_relaxed);
    atomic_store_explicit(&ready->head, 0, memory_order_relaxed);
}

void hbg_ready_push(struct hbg_ready *ready, const uint32_t *tasks, uint32_t count)
{
    /* Relaxed: it only gives out places; the slots publish the tasks. */
    uint32_t first = atomic_fetch_add_explicit(&ready->tail, count, memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        /* seq_cst: see the header; as a release it pairs with hbg_ready_pop. */
        atomic_store_explicit(&ready->slots[first + i], tasks[i] + 1u, memory_order_seq_cst);
    }
}

uint32_t hbg_ready_pop(struct hbg_ready *ready, uint32_t *tasks, uint32_t limit)
{
    /* Relaxed: the exchange below decides. */
    uint32_t head = atomic_load_explicit(&ready->head, memory_order_relaxed);
    for (;;) {
        uint32_t count = 0;
        while (count < limit) {
            /* Acquire: pairs with hbg_ready_push; what the predecessors of the task did is visible. */
            uint32_t slot = atomic_load_explicit(&ready->slots[head + count], memory_order_acquire);
            if (slot == 0) {
                break;
            }
            tasks[count++] = slot - 1u;
        }
        if (count == 0) {
            return 0;
        }
        if (atomic_compare_exchange_weak_explicit(&ready->head, &head, head + count, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return count;
        }
    }
}
