/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/transition.h"

/* Waits until every scheduler is parked. False when the run failed, or was cancelled, before that. */
static bool all_parked(struct trb_run *run)
{
    for (;;) {
        /* Acquire: pairs with trb_run_progress. */
        uint32_t seen = atomic_load_explicit(&run->progress, memory_order_acquire);
        /* Acquire: pairs with the look of a scheduler that parks. */
        if (atomic_load_explicit(&run->parked, memory_order_acquire) == run->schedulers) {
            return true;
        }
        if (trb_run_failed(run) || exec_wait(&run->progress, seen, EXEC_NEVER) != 0) {
            return false;
        }
    }
}

/* One cluster of one scheduler, as trb_cores has it. */
struct cluster {
    struct trb_core core[TRB_LANES];
    bool idle[TRB_LANES];
    bool running[TRB_LANES];
    bool pending[TRB_LANES];
    bool open[TRB_LANES];
    bool spent[TRB_LANES];
};

static void take_cluster(const struct trb_cores *cores, uint32_t local, struct cluster *cluster)
{
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        cluster->core[lane] = cores->core[lane][local];
        cluster->idle[lane] = (cores->idle[lane] >> local & 1u) != 0;
        cluster->running[lane] = (cores->running[lane] >> local & 1u) != 0;
        cluster->pending[lane] = (cores->pending[lane] >> local & 1u) != 0;
        cluster->open[lane] = (cores->open[lane] >> local & 1u) != 0;
        cluster->spent[lane] = (cores->spent[lane] >> local & 1u) != 0;
    }
}

static void give_cluster(struct trb_cores *cores, const struct cluster *cluster)
{
    uint32_t local = cores->clusters++;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        cores->core[lane][local] = cluster->core[lane];
        cores->idle[lane] |= (uint64_t)cluster->idle[lane] << local;
        cores->running[lane] |= (uint64_t)cluster->running[lane] << local;
        cores->pending[lane] |= (uint64_t)cluster->pending[lane] << local;
        cores->open[lane] |= (uint64_t)cluster->open[lane] << local;
        cores->spent[lane] |= (uint64_t)cluster->spent[lane] << local;
    }
}

static void move_bells(struct trb_run *run, const struct cluster *cluster, uint32_t from, uint32_t to)
{
    for (uint32_t lane = 0; lane < TRB_LANES && from != to; lane++) {
        npu_bell_move(cluster->core[lane].registers, &run->bells[from].word, &run->bells[to].word);
    }
}

static void redistribute(struct aicpu_runtime *context)
{
    struct trb_run *run = &context->run;
    struct trb_scheduler *schedulers = context->schedulers;
    struct cluster clusters[NPU_MAX_BLOCKS];
    uint32_t count = run->image->block_dim;
    uint32_t before = run->schedulers;
    for (uint32_t i = 0; i < count; i++) {
        take_cluster(&schedulers[i % before].cores, i / before, &clusters[i]);
    }
    for (uint32_t i = 0; i < before; i++) {
        trb_cores_clear(&schedulers[i].cores);
    }
    run->schedulers = before + 1;
    trb_scheduler_reset(&schedulers[before], run, NULL, before);
    for (uint32_t i = 0; i < count; i++) {
        give_cluster(&schedulers[i % run->schedulers].cores, &clusters[i]);
        move_bells(run, &clusters[i], i % before, i % run->schedulers);
    }
    trb_drain_regather(run, schedulers);
}

void trb_transition(struct aicpu_runtime *context)
{
    struct trb_run *run = &context->run;
    if (run->image->orch_to_sched == 0 || run->orchestrator_schedules) {
        return;
    }
    /* Release: pairs with the look of a scheduler that parks. */
    atomic_store_explicit(&run->transition, TRB_TRANSITION_ASKED, memory_order_release);
    trb_run_ring_all(run);
    if (all_parked(run)) {
        redistribute(context);
    }
    /* Release: pairs with the parked schedulers' acquire in exec_wait; the cores they own now are visible to them. */
    atomic_store_explicit(&run->transition, TRB_TRANSITION_OVER, memory_order_release);
    exec_wake(&run->transition);
}
