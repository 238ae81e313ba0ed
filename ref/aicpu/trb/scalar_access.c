/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a tensor, for blocking scalar access from the orchestration (device.md 5.2). */
#include "aicpu/trb/orchestrator.h"
#include "aicpu/trb/slot.h"

struct search {
    struct trb_orchestrator *orchestrator;
    uint64_t unfinished; /* some task to wait for, PTO_TASK_ID_INVALID when there is none */
};

/* Notes a producer that has not completed. Only those that have retired need not be remembered: tasks to come retain
 * the others. */
static bool note_unfinished(void *context, uint64_t producer)
{
    struct search *search = context;
    const struct trb_task_ring *ring = &search->orchestrator->rings[pto_task_id_ring(producer)];
    uint32_t local = pto_task_id_local(producer);
    if (!trb_ring_holds(ring, local)) {
        return true;
    }
    if (trb_slot_state(&ring->slots[local & ring->mask]) == PTO_TASK_PENDING) {
        search->unfinished = producer;
    }
    return false;
}

static uint64_t find_unfinished(struct trb_orchestrator *orchestrator, const struct pto_tensor *tensor, bool writes)
{
    struct search search = {.orchestrator = orchestrator, .unfinished = PTO_TASK_ID_INVALID};
    uint64_t owner = tensor->owner_task_id;
    if (owner != PTO_TASK_ID_INVALID && owner >> 32 < PTO_RING_COUNT) {
        (void)note_unfinished(&search, owner);
    }
    uint32_t region = trb_map_region(&orchestrator->map, tensor);
    if (region != 0) {
        /* Nothing is going to be listed, so nothing may become superfluous: entries of retired tasks apart, the walk
         * only looks, and a write waits for what a second walk over the readers finds. */
        trb_map_visit(&orchestrator->map, region, tensor, false, note_unfinished, &search);
        if (writes) {
            trb_map_visit_readers(&orchestrator->map, region, tensor, note_unfinished, &search);
        }
        trb_map_leave(&orchestrator->map, region);
    }
    return search.unfinished;
}

bool trb_wait_for_tensor(struct trb_orchestrator *orchestrator, const struct pto_tensor *tensor, bool writes)
{
    for (;;) {
        uint32_t seen = trb_orchestrator_look(orchestrator);
        trb_orchestrator_sync_all(orchestrator);
        uint64_t unfinished = find_unfinished(orchestrator, tensor, writes);
        if (unfinished == PTO_TASK_ID_INVALID) {
            return true;
        }
        switch (trb_orchestrator_wait(orchestrator, seen)) {
        case TRB_LOOK_AGAIN:
            break;
        case TRB_GAVE_UP:
            return false;
        case TRB_STALLED:
            trb_fail(orchestrator, PTO_ERR_TENSOR_WAIT_TIMEOUT,
                     "scalar access waits for task 0x%llx on the buffer at 0x%llx, and nothing can get on",
                     (unsigned long long)unfinished, (unsigned long long)tensor->buffer_addr);
        }
    }
}
