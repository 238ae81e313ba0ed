/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producers that each submitted task lists in random programs, and who holds whom, against edge_model
 * (device.md 7.1: 3, 5, 7, 8, 9, 16, 17, 19; R19, R20). Tensors have one to five dimensions, on buffers that overlap,
 * and versions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/tensor_view.h"
#include "aicpu/trb/slot.h"
#include "ut/aicpu/draw.h"
#include "ut/aicpu/edge_model.h"
#include "ut/aicpu/submit_rig.h"

#define BUFFERS 3u

static struct rig *rig;
static struct edge_model model;
static struct pto_slot_state *slots[EDGE_TASKS]; /* by index in the model */
static struct pto_slot_state *ready[EDGE_TASKS];
static uint32_t ready_count;
static uint32_t completed[EDGE_TASKS];
static uint32_t completed_count;
static struct pto_tensor created[EDGE_TASKS];
static uint32_t created_count;
static int32_t versions[BUFFERS]; /* newest one of each external buffer */
static uint64_t seed;
static struct {
    uint32_t edges, held_completed, skipped_consumed, spilled, left_out, boxes, versions;
} covered;

/* A box of one of the external buffers, which overlap. */
static void draw_external(struct pto_tensor *out)
{
    static const uint32_t dtypes[] = {PTO_UINT8, PTO_UINT16, PTO_UINT32};
    static const uint32_t shapes[PTO_MAX_DIMS][PTO_MAX_DIMS] = {
        {100}, {8, 8}, {4, 5, 6}, {3, 2, 4, 5}, {2, 3, 2, 3, 4}};
    uint32_t buffer = draw(BUFFERS);
    uint32_t ndims = 1 + draw(draw(2) == 0 ? 2 : PTO_MAX_DIMS);
    const uint32_t *shape = shapes[ndims - 1];
    struct pto_tensor whole;
    uint32_t at[PTO_MAX_DIMS];
    uint32_t box[PTO_MAX_DIMS];
    if (draw(30) == 0) {
        versions[buffer]++;
        covered.versions++;
    }
    for (uint32_t i = 0; i < ndims; i++) {
        at[i] = draw(draw(2) == 0 ? 1 : shape[i]);
        box[i] = draw(2) == 0 ? shape[i] - at[i] : 1 + draw(shape[i] - at[i]);
    }
    assert_int_equal(pto_tensor_external(&whole, RIG_BUFFER + 64 * buffer, shape, ndims, (uint8_t)dtypes[draw(3)],
                                         false, versions[buffer]),
                     0);
    assert_int_equal(pto_tensor_view(out, &whole, box, at, false), 0);
    covered.boxes += ndims > 2;
}

static void draw_tensor(struct pto_tensor *out)
{
    if (created_count > 0 && draw(3) == 0) {
        *out = created[draw(created_count)];
        return;
    }
    draw_external(out);
    out->manual_dep = draw(12) == 0;
}

/* Which tasks the last one lists. */
static void listed_producers(const struct pto_slot_state *slot, bool *listed)
{
    for (uint32_t i = 0; i < (uint32_t)slot->payload->fanin_actual_count; i++) {
        uint64_t id = trb_fanin(slot->payload, i)->task->task_id;
        uint32_t producer = edge_model_of(&model, id);
        if (listed[producer]) {
            fail_msg("seed %lu: task 0x%lx lists 0x%lx twice", seed, slot->task->task_id, id);
        }
        listed[producer] = true;
    }
    covered.spilled += slot->payload->fanin_actual_count > PTO_INLINE_FANIN;
}

static void check_listed(const struct edge_task *task, const bool *listed)
{
    for (uint32_t i = 0; i < model.count; i++) {
        const struct edge_task *producer = &model.tasks[i];
        if (task->edges[i] != EDGE_MAY_BE_LISTED && listed[i] != (task->edges[i] == EDGE_LISTED)) {
            fail_msg("seed %lu: task 0x%lx %s 0x%lx (state %d) among its producers", seed, task->id,
                     listed[i] ? "has, and must not have," : "does not have", producer->id, producer->state);
        }
        covered.edges += listed[i];
        covered.held_completed += listed[i] && producer->state == EDGE_COMPLETED;
        covered.left_out += task->edges[i] == EDGE_MAY_BE_LISTED && !listed[i];
    }
}

/* References of every task that may still be looked at. */
static void check_references(void)
{
    for (uint32_t i = 0; i < model.count; i++) {
        const struct edge_task *task = &model.tasks[i];
        const struct pto_slot_state *slot = slots[i];
        if (slot->task->task_id != task->id) {
            assert_int_equal(task->state, EDGE_CONSUMED); /* invariant 19: only then may the slot be another task's */
            continue;
        }
        int32_t held = slot->fanout_count - slot->fanout_refcount;
        if (held != (int32_t)task->holders || (task->state == EDGE_CONSUMED) != (held == 0)) {
            fail_msg("seed %lu: task 0x%lx is held by %d, the model says %u", seed, task->id, held, task->holders);
        }
        assert_int_equal(trb_slot_state(slot), (int)task->state);
    }
}

/* Draws the arguments of a task. */
static void draw_arguments(struct pto_arg *arg, struct pto_tensor *tensors, uint64_t *ids)
{
    static const int32_t tags[] = {PTO_ARG_INPUT, PTO_ARG_INPUT, PTO_ARG_INOUT, PTO_ARG_OUTPUT_EXISTING,
                                   PTO_ARG_NO_DEP};
    static struct pto_tensor_create_info info;
    const uint32_t shape[1] = {1 + draw(200)};
    pto_arg_init(arg);
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    uint32_t count = draw(EDGE_ARGS + 1);
    for (uint32_t i = 0; i < count; i++) {
        if (draw(6) == 0) {
            (void)pto_add_output(arg, &info);
            continue;
        }
        draw_tensor(&tensors[i]);
        (void)pto_arg_add_tensor(arg, (enum pto_tensor_arg_type)tags[draw(5)], &tensors[i]);
        uint64_t owner = tensors[i].owner_task_id;
        covered.skipped_consumed += model.manual == 0 && owner != PTO_TASK_ID_INVALID &&
                                    model.tasks[edge_model_of(&model, owner)].state == EDGE_CONSUMED;
    }
    uint32_t dependencies = model.count == 0 || draw(3) != 0 ? 0 : draw(10) == 0 ? 80 : 1 + draw(3);
    for (uint32_t i = 0; i < dependencies; i++) {
        ids[i] = model.tasks[draw(model.count)].id;
    }
    (void)pto_set_dependencies(arg, ids, dependencies);
}

static void submit_one(void)
{
    struct pto_tensor tensors[EDGE_ARGS];
    uint64_t ids[80];
    struct trb_submitted submitted;
    struct pto_arg arg;
    bool listed[EDGE_TASKS] = {false};
    draw_arguments(&arg, tensors, ids);
    int rc = rig_submit(rig, TRB_DUMMY, NULL, &arg, &submitted);
    if (rc != 0) {
        fail_msg("seed %lu: %d %s", seed, rc, rig->block.message);
    }
    /* Room for it may have been made by retiring tasks, which changes nothing in the model. */
    slots[model.count] = rig_slot(rig, submitted.id);
    const struct edge_task *task = edge_model_submit(&model, submitted.id, &arg);
    listed_producers(slots[model.count], listed);
    check_listed(task, listed);
    edge_model_settle(&model, listed);
    for (uint32_t i = 0; i < submitted.output_count; i++) {
        created[created_count < EDGE_TASKS ? created_count++ : draw(EDGE_TASKS)] = *submitted.outputs[i];
    }
}

static void collect_ready(void)
{
    struct pto_slot_state *slot;
    while ((slot = rig_ready(rig)) != NULL) {
        const struct edge_task *task = &model.tasks[edge_model_of(&model, slot->task->task_id)];
        for (uint32_t i = 0; i < model.count; i++) {
            /* Invariants 2 and 17: only behind all its producers, and once. */
            assert_true(task->edges[i] == EDGE_NONE || model.tasks[i].state != EDGE_PENDING);
        }
        assert_int_equal(task->state, EDGE_PENDING);
        for (uint32_t i = 0; i < ready_count; i++) {
            assert_ptr_not_equal(ready[i], slot);
        }
        ready[ready_count++] = slot;
    }
}

static void complete_one(void)
{
    if (ready_count == 0) {
        return;
    }
    uint32_t which = draw(ready_count);
    struct pto_slot_state *slot = ready[which];
    ready[which] = ready[--ready_count];
    uint32_t task = edge_model_of(&model, slot->task->task_id);
    rig_complete(rig, slot);
    model.tasks[task].state = EDGE_COMPLETED;
    completed[completed_count++] = task;
    collect_ready();
}

static void flush(void)
{
    for (uint32_t i = 0; i < completed_count; i++) {
        edge_model_release(&model, completed[i]);
    }
    completed_count = 0;
    rig_flush(rig);
}

static void open_scope(void)
{
    bool manual = model.manual != 0 || draw(4) == 0;
    assert_int_equal(rig_open(rig, manual ? PTO_SCOPE_MANUAL : PTO_SCOPE_AUTO), 0);
    edge_model_open(&model, manual);
}

static void close_scope(void)
{
    edge_model_close(&model);
    rig_close(rig);
}

static void drain(void)
{
    do {
        while (ready_count > 0) {
            complete_one();
        }
        rig_wire(rig); /* what waited for entries of the pool, too */
        collect_ready();
    } while (ready_count > 0);
    flush();
}

/* Whether a task could be submitted without waiting for others. */
static bool has_room(void)
{
    const struct trb_scopes *scopes = &rig->orchestrator->scopes;
    struct trb_task_ring *ring = &rig->context->rings[trb_scope_ring(scopes)];
    trb_orchestrator_sync(rig->orchestrator, ring->index);
    return trb_ring_room(ring, 8192) == TRB_ROOM && trb_scope_tasks(scopes) < ring->window - 1;
}

static void play(uint64_t program)
{
    seed = program;
    random_state = program * 0x9E3779B97F4A7C15ull;
    edge_model_reset(&model);
    memset(versions, 0, sizeof(versions));
    ready_count = completed_count = created_count = 0;
    while (model.count < EDGE_TASKS) {
        uint32_t what = draw(20);
        if (!has_room()) {
            drain();
        }
        if (!has_room()) {
            if (model.depth == 0) {
                break;
            }
            close_scope();
        } else if (what == 0 && model.depth < 5) {
            open_scope();
        } else if (what == 1 && model.depth > 0) {
            close_scope();
        } else if (what < 4) {
            rig_wire(rig);
            collect_ready();
        } else if (what < 9) {
            complete_one();
        } else if (what == 9) {
            flush();
        } else {
            submit_one();
        }
        check_references();
    }
    drain();
    while (model.depth > 0) {
        close_scope();
    }
    close_scope(); /* the executor's */
    check_references();
    for (uint32_t i = 0; i < model.count; i++) {
        if (model.tasks[i].state != EDGE_CONSUMED) {
            fail_msg("seed %lu: task 0x%lx ends in state %d, held by %u", seed, model.tasks[i].id, model.tasks[i].state,
                     model.tasks[i].holders);
        }
    }
}

static void edges_equal_the_model(void **state)
{
    (void)state;
    static const uint64_t windows[] = {4, 8, 32, 256};
    for (uint32_t w = 0; w < 4; w++) {
        rig = rig_create(windows[w], w == 3 ? 1u << 20 : 1u << 14, 4096); /* large, or wrapped round often */
        for (uint64_t program = 1; program <= 60; program++) {
            play(program * 4 + w);
            rig_restart(rig, false);
        }
        rig_destroy(rig);
    }
    /* The programs are of use only if they come upon everything. */
    assert_true(covered.edges > 1000 && covered.held_completed > 100 && covered.skipped_consumed > 100);
    assert_true(covered.spilled > 10 && covered.left_out > 10 && covered.boxes > 1000 && covered.versions > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_equal_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
