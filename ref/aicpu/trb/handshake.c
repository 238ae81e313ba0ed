/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/handshake.h"

#include <errno.h>

/* Stores a word of the handshake and wakes the core that waits for it. */
static void tell(_Atomic uint32_t *word, uint32_t value)
{
    /* Release: pairs with the core's acquire in exec_wait. */
    atomic_store_explicit(word, value, memory_order_release);
    exec_wake(word);
}

void trb_dismiss_cores(struct trb_runtime *image)
{
    uint32_t count = image->worker_count < PTO_MAX_WORKERS ? image->worker_count : PTO_MAX_WORKERS;
    for (uint32_t i = 0; i < count; i++) {
        tell(&image->workers[i].aicpu_regs_ready, PTO_HANDSHAKE_GIVEN_UP);
        tell(&image->workers[i].aicpu_ready, 1);
    }
}

/* The parts of a core's buffers that stay the same from dispatch to dispatch. */
static void prepare_buffers(struct trb_core_buffers *buffers, uint32_t lane)
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
    prepare_buffers(&context->buffers[worker], lane);
    cores->core[lane][local] = (struct trb_core){.registers = context->registers[worker],
                                                 .buffers = &context->buffers[worker],
                                                 .running_id = TRB_NO_DISPATCH,
                                                 .pending_id = TRB_NO_DISPATCH,
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

/* Waits for a core's word of the handshake. Whoever is alive answers at once; whoever is not must not hang the run. */
static int await(struct trb_run *run, _Atomic uint32_t *word, uint32_t worker)
{
    int rc = exec_wait(word, 0, exec_now() + EXEC_SYNC_LIMIT_NS);
    if (rc == -ETIMEDOUT) {
        trb_latch(run, TRB_SCHEDULER, 0, PTO_RUN_FAILED, "core %u did not answer within %llu ns", worker,
                  (unsigned long long)EXEC_SYNC_LIMIT_NS);
    }
    return rc;
}

/* Takes the registers of a core that has told its physical id. */
static int map_registers(struct aicpu_runtime *context, const uint64_t *table, uint32_t worker)
{
    struct trb_run *run = &context->run;
    struct pto_handshake *handshake = &run->image->workers[worker];
    int rc = await(run, &handshake->aicore_regs_ready, worker);
    if (rc != 0) {
        return rc;
    }
    uint32_t physical = handshake->physical_core_id;
    if (physical >= NPU_MAX_PHYSICAL_CORES || table[physical] == 0) {
        trb_latch(run, TRB_SCHEDULER, 0, PTO_RUN_FAILED, "core %u reports physical id %u, there are %u", worker,
                  physical, NPU_MAX_PHYSICAL_CORES);
        return -1;
    }
    struct npu_register_block *registers = (struct npu_register_block *)(uintptr_t)table[physical];
    context->registers[worker] = registers;
    if (NPU_FAST_PATH_OFFSET != 0) {
        npu_register_write(registers, NPU_FAST_PATH_OFFSET, NPU_FAST_PATH_OPEN);
    }
    npu_register_write(registers, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
    npu_bell_set(registers, &run->bells[owner_of(run, worker)].word);
    return 0;
}

int trb_handshake(struct aicpu_runtime *context, const uint64_t *table)
{
    struct trb_runtime *image = context->run.image;
    int rc = 0;
    for (uint32_t i = 0; i < image->worker_count; i++) {
        image->workers[i].task = (uintptr_t)&context->buffers[i];
        tell(&image->workers[i].aicpu_ready, 1);
    }
    for (uint32_t i = 0; i < image->worker_count && rc == 0; i++) {
        rc = map_registers(context, table, i);
    }
    if (rc != 0) {
        trb_dismiss_cores(image);
        return rc;
    }
    for (uint32_t i = 0; i < image->worker_count; i++) {
        tell(&image->workers[i].aicpu_regs_ready, 1);
    }
    for (uint32_t i = 0; i < image->worker_count && rc == 0; i++) {
        rc = await(&context->run, &image->workers[i].aicore_done, i);
    }
    if (rc != 0) {
        return rc;
    }
    for (uint32_t cluster = 0; cluster < image->block_dim; cluster++) {
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            own_core(context, cluster, lane);
        }
    }
    return 0;
}

static void write_cores(struct trb_scheduler *scheduler, uint32_t offset, uint32_t value)
{
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint32_t i = 0; i < scheduler->cores.clusters; i++) {
            npu_register_write(scheduler->cores.core[lane][i].registers, offset, value);
        }
    }
}

static uint32_t cores_left(const struct trb_scheduler *scheduler)
{
    uint32_t left = 0;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint32_t i = 0; i < scheduler->cores.clusters; i++) {
            left += npu_register_read(scheduler->cores.core[lane][i].registers, NPU_COND_OFFSET) != PTO_COND_EXITED;
        }
    }
    return left;
}

int trb_release_cores(struct trb_scheduler *scheduler)
{
    struct trb_run *run = scheduler->run;
    _Atomic uint32_t *bell = &run->bells[scheduler->index].word;
    uint64_t deadline = exec_now() + EXEC_SYNC_LIMIT_NS;
    write_cores(scheduler, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_EXIT_SIGNAL);
    for (;;) {
        /* Acquire: pairs with npu_bell_ring. Read before the cores are looked at. */
        uint32_t seen = atomic_load_explicit(bell, memory_order_acquire);
        uint32_t left = cores_left(scheduler);
        if (left == 0) {
            break;
        }
        int rc = exec_wait(bell, seen, deadline);
        if (rc == -ETIMEDOUT) {
            trb_latch(run, TRB_SCHEDULER, scheduler->index, PTO_RUN_FAILED, "%u cores did not leave within %llu ns",
                      left, (unsigned long long)EXEC_SYNC_LIMIT_NS);
        }
        if (rc != 0) {
            return rc;
        }
    }
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        for (uint32_t i = 0; i < scheduler->cores.clusters; i++) {
            npu_bell_set(scheduler->cores.core[lane][i].registers, NULL);
        }
    }
    write_cores(scheduler, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
    if (NPU_FAST_PATH_OFFSET != 0) {
        write_cores(scheduler, NPU_FAST_PATH_OFFSET, NPU_FAST_PATH_CLOSE);
    }
    return 0;
}
