/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch, without cores: the test plays them at their registers, taking and finishing as it pleases (device.md 7.1:
 * 1, 20, 25, 26, 27, 30, 40; D33, D34, D38, D44, D47; R22).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/handshake.h"
#include "npu/arch.h"
#include "ut/aicpu/draw.h"
#include "ut/aicpu/step.h"
#include "ut/aicpu/submit_rig.h"

#define CLUSTERS TRB_MAX_CLUSTERS
#define TASKS 40u
#define MOST_BLOCKS 40u

struct played_core {
    struct npu_register_block registers;
    struct trb_core_buffers buffers;
    struct pto_dispatch_payload given[2]; /* as they were when the doorbell rang, by parity */
    uint32_t taken;                       /* dispatch that runs, CORE_NO_DISPATCH: none */
    uint32_t last;                        /* the last one taken */
    uint32_t rung;                        /* the last one seen in the register */
};

static struct rig *rig;
static struct trb_scheduler *scheduler;
static struct played_core *cores; /* [cluster][lane] */
static uint32_t clusters;
static uint32_t runs[TASKS][TRB_LANES][MOST_BLOCKS];
static uint32_t cluster_of[TASKS][MOST_BLOCKS]; /* + 1 */
static uint32_t masks[TASKS];
static struct played_core *core_at(uint32_t cluster, uint32_t lane)
{
    return &cores[cluster * TRB_LANES + lane];
}

static void set_up(uint32_t count, uint32_t last_id)
{
    size_t bytes = (size_t)count * TRB_LANES * sizeof(*cores);
    rig = rig_create(64, 65536, 64);
    scheduler = rig->scheduler;
    clusters = count;
    cores = aligned_alloc(64, bytes);
    assert_non_null(cores);
    memset(cores, 0, bytes);
    memset(runs, 0, sizeof(runs));
    memset(cluster_of, 0, sizeof(cluster_of));
    for (uint32_t cluster = 0; cluster < count; cluster++) {
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            struct played_core *core = core_at(cluster, lane);
            core->taken = CORE_NO_DISPATCH;
            core->last = core->rung = PTO_REG_AICPU_IDLE;
            npu_register_write(&core->registers, NPU_COND_OFFSET, PTO_COND_IDLE);
            npu_register_write(&core->registers, NPU_DATA_MAIN_BASE_OFFSET, PTO_REG_AICPU_IDLE);
            scheduler->cores.core[lane][cluster] = (struct trb_core){.registers = &core->registers,
                                                                     .buffers = &core->buffers,
                                                                     .running_id = CORE_NO_DISPATCH,
                                                                     .pending_id = CORE_NO_DISPATCH,
                                                                     .last_id = last_id,
                                                                     .worker = 0};
            scheduler->cores.idle[lane] |= 1ull << cluster;
        }
    }
    scheduler->cores.clusters = count;
}

static void tear_down(void)
{
    rig_destroy(rig);
    free(cores);
}

static void submit(uint32_t mask, int16_t blocks)
{
    const struct pto_mixed_kernels kernels = {mask & 1 ? 1 : PTO_KERNEL_NONE, mask & 2 ? 2 : PTO_KERNEL_NONE,
                                              mask & 4 ? 3 : PTO_KERNEL_NONE};
    struct trb_submitted submitted;
    struct pto_arg arg;
    pto_arg_init(&arg);
    pto_set_block_num(&arg, blocks);
    (void)pto_add_scalar(&arg, 0xABCD);
    if (rig_submit(rig, TRB_KERNELS, &kernels, &arg, &submitted) != 0) {
        fail_msg("%s", rig->block.message);
    }
    masks[pto_task_id_local(submitted.id)] = mask;
}

static uint32_t doorbell(const struct played_core *core)
{
    return npu_register_read(&core->registers, NPU_DATA_MAIN_BASE_OFFSET);
}

static bool was_rung(const struct played_core *core)
{
    return doorbell(core) != core->rung;
}

/* One pass of the scheduler; what it wrote for each doorbell is remembered. */
static void pass(void)
{
    (void)trb_scheduler_pass(scheduler);
    for (uint32_t i = 0; i < clusters * TRB_LANES; i++) {
        struct played_core *core = &cores[i];
        uint32_t id = doorbell(core);
        if (id != core->rung) {
            /* Invariant 26, D33: another id than before, never a reserved one. */
            assert_true(id <= PTO_REG_ID_MAX);
            assert_true(core->rung == PTO_REG_AICPU_IDLE || core->rung == core->last || core->rung == core->taken);
            core->rung = id;
            core->given[id & 1u] = core->buffers.payloads[id & 1u];
        }
    }
}

static void take(struct played_core *core)
{
    core->taken = doorbell(core);
    assert_int_not_equal(core->taken, core->last);
    npu_register_write(&core->registers, NPU_COND_OFFSET, pto_cond_encode(core->taken, PTO_COND_ACK));
}

/* Invariants 1, 25 and 27: the payload is the one that was given, and the block runs once and where it belongs. */
static void finish(uint32_t cluster, uint32_t lane)
{
    struct played_core *core = core_at(cluster, lane);
    const struct pto_dispatch_payload *payload = &core->buffers.payloads[core->taken & 1u];
    assert_memory_equal(payload, &core->given[core->taken & 1u], sizeof(*payload));
    uint32_t task = pto_task_id_local(payload->local.async.task_token);
    uint32_t block = (uint32_t)payload->local.block_idx;
    uint32_t kernel = (uint32_t)payload->function_addr - 2; /* the task's lane */
    assert_true(task < TASKS && block < MOST_BLOCKS && kernel < TRB_LANES);
    if (++runs[task][kernel][block] != 1) {
        fail_msg("task %u runs block %u on lane %u twice", task, block, kernel);
    }
    if ((masks[task] & (masks[task] - 1)) != 0) {
        assert_int_equal(kernel, lane);
        assert_true(cluster_of[task][block] == 0 || cluster_of[task][block] == cluster + 1);
        cluster_of[task][block] = cluster + 1;
    }
    core->last = core->taken;
    core->taken = CORE_NO_DISPATCH;
    npu_register_write(&core->registers, NPU_COND_OFFSET, pto_cond_encode(core->last, PTO_COND_FIN));
}

/* Any core that can gets on, or does not. */
static void move_cores(uint32_t one_in)
{
    for (uint32_t cluster = 0; cluster < clusters; cluster++) {
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            struct played_core *core = core_at(cluster, lane);
            if (draw(one_in) != 0) {
                continue;
            }
            if (core->taken != CORE_NO_DISPATCH) {
                finish(cluster, lane);
            } else if (doorbell(core) != core->last && doorbell(core) != PTO_REG_AICPU_IDLE) {
                take(core);
            }
        }
    }
}

static void run_random_tasks(uint32_t count, uint32_t last_id, uint64_t seed)
{
    int16_t blocks[TASKS];
    uint64_t due = 0;
    random_state = seed * 0x9E3779B97F4A7C15ull;
    set_up(count, last_id);
    for (uint32_t i = 0; i < TASKS; i++) {
        uint32_t mask = 1 + draw(7);
        mask = mask == PTO_ACTIVE_AIV1 ? (uint32_t)PTO_ACTIVE_AIV0 : mask;
        blocks[i] = (int16_t)(draw(2) == 0 ? 1 : 1 + draw(MOST_BLOCKS));
        submit(mask, blocks[i]);
        due += (uint64_t)blocks[i] * (uint32_t)__builtin_popcount(mask);
        if (draw(4) == 0) {
            pass();
            move_cores(2);
        }
    }
    uint32_t passes = 0;
    while (rig->context->run.completed < TASKS) {
        pass();
        move_cores(1 + draw(4));
        if (++passes > 20000) {
            fail_msg("seed %lu, %u clusters: %lu of %u tasks after %u passes", seed, count, rig->context->run.completed,
                     TASKS, passes);
        }
    }
    for (uint32_t i = 0; i < TASKS; i++) {
        for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
            for (uint32_t block = 0; block < MOST_BLOCKS; block++) {
                uint32_t once = (int16_t)block < blocks[i] && (masks[i] & (1u << lane)) != 0;
                assert_int_equal(runs[i][lane][block], once);
            }
        }
    }
    assert_int_equal(scheduler->dispatches, due);
    rig_flush(rig);
    rig_close(rig);
    rig_restart(rig, false); /* checks that everything is quiet */
    tear_down();
}

static void every_block_runs_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        /* From every place around the wrap of the ids. */
        run_random_tasks(1 + (uint32_t)seed % 5, PTO_REG_ID_MAX - (uint32_t)seed % 20, seed);
    }
}

static uint32_t count_rung(uint32_t lane)
{
    uint32_t count = 0;
    for (uint32_t cluster = 0; cluster < clusters; cluster++) {
        count += was_rung(core_at(cluster, lane));
    }
    return count;
}

/* D38: blocks beyond the cores that are there wait; no core gets two, none that is busy gets any. */
static void more_blocks_than_cores(void **state)
{
    (void)state;
    set_up(3, 0);
    submit(PTO_ACTIVE_AIC, 10);
    submit(PTO_ACTIVE_AIV0, 10);
    (void)trb_scheduler_pass(scheduler);
    assert_int_equal(count_rung(TRB_LANE_AIC), 3);
    assert_int_equal(count_rung(TRB_LANE_AIV0) + count_rung(TRB_LANE_AIV1), 6);
    assert_int_equal(scheduler->dispatches, 9);
    (void)trb_scheduler_pass(scheduler); /* nobody has taken anything yet */
    assert_int_equal(scheduler->dispatches, 9);
    tear_down();
}

/* D44, R22: a task waits for the lanes that it uses, and for no other. */
static void mix_needs_only_its_lanes(void **state)
{
    (void)state;
    set_up(1, 0);
    submit(PTO_ACTIVE_AIV0, 2);
    pass();
    take(core_at(0, TRB_LANE_AIV0));
    finish(0, TRB_LANE_AIV0);
    take(core_at(0, TRB_LANE_AIV1)); /* and stays there */
    pass();
    submit(PTO_ACTIVE_AIC | PTO_ACTIVE_AIV0, 1);
    (void)trb_scheduler_pass(scheduler);
    assert_true(was_rung(core_at(0, TRB_LANE_AIC)));
    assert_true(was_rung(core_at(0, TRB_LANE_AIV0)));
    assert_false(was_rung(core_at(0, TRB_LANE_AIV1)));
    tear_down();
}

/* D47: one scheduler uses every core of as many clusters as it can hold. */
static void one_scheduler_holds_64_clusters(void **state)
{
    (void)state;
    static const uint32_t shapes[] = {PTO_ACTIVE_AIC, PTO_ACTIVE_AIV0, PTO_ACTIVE_LANES};
    static const int16_t blocks[] = {CLUSTERS, 2 * CLUSTERS, CLUSTERS};
    for (uint32_t i = 0; i < 3; i++) {
        set_up(CLUSTERS, 0);
        submit(shapes[i], blocks[i]);
        (void)trb_scheduler_pass(scheduler);
        assert_int_equal(scheduler->dispatches, i == 0 ? CLUSTERS : i == 1 ? 2 * CLUSTERS : 3 * CLUSTERS);
        for (uint32_t cluster = 0; cluster < CLUSTERS; cluster++) {
            for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
                struct played_core *core = core_at(cluster, lane);
                assert_int_equal(was_rung(core), (i == 2) || (i == 0) == (lane == TRB_LANE_AIC));
                if (was_rung(core)) {
                    npu_register_write(&core->registers, NPU_COND_OFFSET,
                                       pto_cond_encode(doorbell(core), PTO_COND_FIN));
                }
            }
        }
        (void)trb_scheduler_pass(scheduler);
        assert_int_equal(rig->context->run.completed, 1); /* and hears from each */
        tear_down();
    }
}

static void one_pass(void *unused)
{
    (void)unused;
    (void)trb_scheduler_pass(scheduler);
}

static uint32_t looks_at_payload;

/* As the core would: whenever the doorbell has rung, everything that it names must be there. */
static void look_at_payload(void *unused)
{
    (void)unused;
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        const struct played_core *core = core_at(0, lane);
        const struct pto_dispatch_payload *payload = &core->buffers.payloads[doorbell(core) & 1u];
        if (!was_rung(core)) {
            continue;
        }
        looks_at_payload++;
        assert_int_equal(payload->function_addr, lane + 2);
        assert_int_equal(payload->local.block_num, 1);
        assert_int_equal(payload->local.async.task_token, 0);
        assert_int_equal(payload->args[0], 0xABCD);
        assert_int_equal(core->buffers.slabs[doorbell(core) & 1u].count, 0);
    }
}

/* D34, invariant 40: in program order the payload is complete before the doorbell rings. */
static void the_payload_comes_before_the_doorbell(void **state)
{
    (void)state;
    step_required();
    set_up(1, 0);
    for (uint32_t lane = 0; lane < TRB_LANES; lane++) {
        struct trb_core_buffers *buffers = &core_at(0, lane)->buffers;
        buffers->slabs[1].count = 7; /* of a dispatch before */
        buffers->payloads[1].local.async.task_token = 99;
    }
    submit(PTO_ACTIVE_LANES, 1);
    looks_at_payload = 0;
    step_watch(one_pass, NULL, look_at_payload, NULL);
    assert_true(looks_at_payload > 10);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_runs_once),
        cmocka_unit_test(more_blocks_than_cores),
        cmocka_unit_test(mix_needs_only_its_lanes),
        cmocka_unit_test(one_scheduler_holds_64_clusters),
        cmocka_unit_test(the_payload_comes_before_the_doorbell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
