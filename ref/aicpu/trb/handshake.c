/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/handshake.h"

#include "aicpu/core_link.h"

void trb_dismiss_cores(struct trb_runtime *image)
{
    core_link_dismiss(image->workers, image->worker_count);
}

/* The parts of a core's buffers that stay the same from dispatch to dispatch. */
static void prepare_buffers(struct trb_core_buffers *buffers, uint32_t lane, struct pto_async_mailbox *mailbox)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct pto_dispatch_payload *payload = &buffers->payloads[i];
        struct pto_completion_slab *slab = &buffers->slabs[i];
        slab->count = 0;
        slab->error = 0;
        payload->args[PTO_DISPATCH_LOCAL_CONTEXT_INDEX] = (uintptr_t)&payload->local;
        payload->args[PTO_DISPATCH_GLOBAL_CONTEXT_INDEX] = (uintptr_t)&payload->global;
        payload->local.async.count = &slab->count;
        payload->local.async.error = &slab->error;
        payload->local.async.entries = slab->entries;
        payload->local.async.capacity = PTO_COMPLETION_SLAB_ENTRIES;
        payload->async_mailbox = mailbox;
        payload->global.sub_block_id = lane == TRB_LANE_AIV1 ? 1 : 0;
    }
}

/* Worker numbers of a cluster: AIC c, AIV 2c and 2c + 1 behind all AICs. */
static uint32_t worker_of(uint32_t blocks, uint32_t cluster, uint32_t lane)
{
    return lane == TRB_LANE_AIC ? cluster : blocks + NPU_AIV_PER_BLOCK * cluster + lane - TRB_LANE_AIV0;
}

static void own_core(struct aicpu_runtime *context, uint32_t cluster, uint32_t lane)
{
    struct trb_run *run = &context->run;
    uint32_t owner = cluster % run->schedulers;
    uint32_t worker = worker_of(run->image->block_dim, cluster, lane);
    struct trb_cores *cores = &context->schedulers[owner].cores;
    uint32_t local = cluster / run->schedulers;
    prepare_buffers(&context->buffers[worker], lane, context->mailbox);
    cores->core[lane][local] = (struct trb_core){.registers = context->registers[worker],
                                                 .buffers = &context->buffers[worker],
                                                 .running_id = CORE_NO_DISPATCH,
                                                 .pending_id = CORE_NO_DISPATCH,
                                                 .worker = worker};
    cores->idle[lane] |= 1ull << local;
    cores->clusters = local + 1;
}

/* The scheduler that owns a worker's cluster. */
static uint32_t owner_of(const struct trb_run *run, uint32_t worker)
{
    uint32_t blocks = run->image->block_dim;
    uint32_t cluster = worker < blocks ? worker : (worker - blocks) / NPU_AIV_PER_BLOCK;
    return cluster % run->schedulers;
}

static _Atomic uint32_t *bell_of(void *owners, uint32_t worker)
{
    struct trb_run *run = owners;
    return &run->bells[owner_of(run, worker)].word;
}

int trb_handshake(struct aicpu_runtime *context, const uint64_t *table)
{
    struct trb_run *run = &context->run;
    struct trb_runtime *image = run->image;
    char text[CORE_LINK_TEXT_BYTES] = "";
    const struct core_meeting meeting = {.workers = image->workers,
                                         .count = image->worker_count,
                                         .table = table,
                                         .registers = context->registers,
                                         .bell_of = bell_of,
                                         .owners = run};
    for (uint32_t i = 0; i < image->worker_count; i++) {
        image->workers[i].task = (uintptr_t)&context->buffers[i];
    }
    int rc = core_link_meet(&meeting, text, sizeof(text));
    if (rc != 0) {
        trb_latch(run, TRB_SCHEDULER, 0, PTO_RUN_FAILED, "%s", text);
        return rc;
    }
    for (uint32_t cluster = 0; cluster < image->block_dim; cluster++) {
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            own_core(context, cluster, lane);
        }
    }
    return 0;
}

int trb_release_cores(struct trb_scheduler *scheduler)
{
    struct trb_run *run = scheduler->run;
    struct npu_register_block *registers[TRB_LANES * TRB_MAX_CLUSTERS];
    char text[CORE_LINK_TEXT_BYTES] = "";
    uint32_t count = 0;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint32_t i = 0; i < scheduler->cores.clusters; i++) {
            registers[count++] = scheduler->cores.core[lane][i].registers;
        }
    }
    int rc = core_link_release(registers, count, &run->bells[scheduler->index].word, text, sizeof(text));
    if (rc != 0) {
        trb_latch(run, TRB_SCHEDULER, scheduler->index, PTO_RUN_FAILED, "scheduler %u: %s", scheduler->index, text);
    }
    return rc;
}
