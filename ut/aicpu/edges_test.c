/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producers that each submitted task lists, against a brute-force model of device.md 1.13, R19 and R20 which
 * remembers every access of every task as a set of elements; and what a reference to a producer costs and holds
 * (device.md 7.1: 3, 5, 7, 8, 9, 16, 17, 19; D39, D45).
 *
 * Edges are taken at submit, against the producers that are alive then: one that is COMPLETED is listed only if its
 * buffers are to be held, one that is CONSUMED is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tensor_view.h"
#include "aicpu/trb/slot.h"
#include "ut/aicpu/draw.h"
#include "ut/aicpu/step.h"
#include "ut/aicpu/submit_rig.h"

#define TASKS 300u
#define MOST_ARGS 4u
#define GRID 512u /* elements of the largest buffer */
#define ARENA 0x10000ull

/* ---- the model */

enum model_state { PENDING, COMPLETED, CONSUMED };

struct model_task {
    uint64_t id;
    struct pto_slot_state *slot;
    enum model_state state;
    uint32_t holders; /* references: scope, itself, consumers */
    uint32_t scope;   /* depth of its scope */
    bool edges[TASKS];
};

struct model_entry {
    uint32_t task;
    struct pto_tensor tensor;
    bool writes;
    bool listed;
};

static struct model {
    struct model_task tasks[TASKS];
    uint32_t count;
    struct model_entry entries[TASKS * MOST_ARGS];
    uint32_t entry_count;
    uint32_t depth;
    uint32_t manual; /* depth from which on scopes are MANUAL, 0: none */
} model;

static uint64_t bytes_begin(const struct pto_tensor *t)
{
    return t->buffer_addr + t->start_offset * pto_data_type_bytes(t->dtype);
}

/* Behind the last element. */
static uint64_t bytes_end(const struct pto_tensor *t)
{
    uint64_t last = t->start_offset;
    for (uint32_t i = 0; i < t->ndims; i++) {
        last += (uint64_t)(t->shapes[i] - 1) * t->strides[i];
    }
    return t->buffer_addr + (last + 1) * pto_data_type_bytes(t->dtype);
}

static void elements(const struct pto_tensor *t, bool *set)
{
    uint32_t rows = t->ndims == 2 ? t->shapes[0] : 1;
    memset(set, 0, GRID * sizeof(*set));
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t c = 0; c < t->shapes[t->ndims - 1]; c++) {
            uint64_t at = t->start_offset + (uint64_t)r * t->strides[0] * (t->ndims == 2) + c;
            assert_true(at < GRID);
            set[at] = true;
        }
    }
}

static bool whole_rows(const struct pto_tensor *t)
{
    return t->ndims == 1 || t->strides[0] == t->shapes[1];
}

struct verdict {
    bool meets;
    bool covers;
};

/* Element by element where both lie in one grid, by outer byte ranges where they do not. */
static struct verdict judge(const struct pto_tensor *probe, const struct pto_tensor *entry)
{
    bool a[GRID];
    bool b[GRID];
    bool same_buffer = probe->buffer_addr == entry->buffer_addr;
    if (same_buffer && probe->version > entry->version) {
        return (struct verdict){.meets = true};
    }
    bool same_grid = same_buffer && probe->dtype == entry->dtype && probe->ndims == entry->ndims &&
                     memcmp(probe->strides, entry->strides, probe->ndims * sizeof(probe->strides[0])) == 0;
    if (!same_grid) {
        bool meets = bytes_begin(probe) < bytes_end(entry) && bytes_begin(entry) < bytes_end(probe);
        return (struct verdict){.meets = meets,
                                .covers = meets && whole_rows(probe) && bytes_begin(probe) <= bytes_begin(entry) &&
                                          bytes_end(entry) <= bytes_end(probe)};
    }
    struct verdict verdict = {.meets = false, .covers = true};
    elements(probe, a);
    elements(entry, b);
    for (uint32_t i = 0; i < GRID; i++) {
        verdict.meets |= a[i] && b[i];
        verdict.covers &= a[i] || !b[i];
    }
    verdict.covers &= verdict.meets;
    return verdict;
}

static uint32_t model_of(uint64_t id)
{
    uint32_t i = 0;
    while (model.tasks[i].id != id) {
        i++;
        assert_true(i < model.count);
    }
    return i;
}

/* The creator of a tensor or an explicit dependency: matters until it is CONSUMED. */
static void model_hold(struct model_task *task, uint64_t id)
{
    uint32_t i = model_of(id);
    task->edges[i] |= model.tasks[i].state != CONSUMED;
}

static void model_access(uint32_t self, const struct pto_tensor *tensor, bool writes)
{
    for (uint32_t i = 0; i < model.entry_count; i++) {
        struct model_entry *entry = &model.entries[i];
        if (!entry->listed || (!writes && !entry->writes)) {
            continue;
        }
        struct verdict verdict = judge(tensor, &entry->tensor);
        if (verdict.meets && entry->task != self && model.tasks[entry->task].state == PENDING) {
            model.tasks[self].edges[entry->task] = true;
        }
        entry->listed = !(writes && verdict.covers);
    }
    model.entries[model.entry_count++] =
        (struct model_entry){.task = self, .tensor = *tensor, .writes = writes, .listed = true};
}

static void model_drop(struct model_task *task)
{
    task->holders--;
    if (task->holders == 0) {
        task->state = CONSUMED;
    }
}

static void model_release(struct model_task *task)
{
    for (uint32_t i = 0; i < model.count; i++) {
        if (task->edges[i]) {
            model_drop(&model.tasks[i]);
        }
    }
    model_drop(task);
}

/* ---- one program on both */

static struct rig *rig;
static struct pto_slot_state *ready[TASKS];
static uint32_t ready_count;
static uint32_t completed[TASKS];
static uint32_t completed_count;
static struct pto_tensor created[TASKS];
static uint32_t created_count;
static uint64_t seed;
static struct {
    uint32_t edges, held_completed, skipped_consumed, spilled;
} covered;

static void draw_tensor(struct pto_tensor *out)
{
    static const uint32_t dtypes[] = {PTO_UINT8, PTO_UINT16, PTO_UINT32};
    struct pto_tensor whole;
    uint64_t base = ARENA + 64 * draw(3);
    uint32_t dtype = dtypes[draw(3)];
    if (created_count > 0 && draw(3) == 0) {
        *out = created[draw(created_count)];
        return;
    }
    if (draw(2) == 0) {
        const uint32_t shape[1] = {100};
        const uint32_t at[1] = {draw(90)};
        const uint32_t box[1] = {1 + draw(100 - at[0])};
        assert_int_equal(pto_tensor_external(&whole, base, shape, 1, dtype, false, 0), 0);
        assert_int_equal(pto_tensor_view(out, &whole, box, at, false), 0);
    } else {
        const uint32_t shape[2] = {8, 8};
        const uint32_t at[2] = {draw(8), draw(8)};
        const uint32_t box[2] = {1 + draw(8 - at[0]), 1 + draw(8 - at[1])};
        assert_int_equal(pto_tensor_external(&whole, base, shape, 2, dtype, false, 0), 0);
        assert_int_equal(pto_tensor_view(out, &whole, box, at, false), 0);
    }
    out->manual_dep = draw(12) == 0;
}

static void check_listed(const struct model_task *task)
{
    const struct pto_task_payload *payload = task->slot->payload;
    uint32_t count = (uint32_t)payload->fanin_actual_count;
    bool listed[TASKS] = {false};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t producer = model_of(trb_fanin(payload, i)->task->task_id);
        if (listed[producer]) {
            fail_msg("seed %lu: task 0x%lx lists 0x%lx twice", seed, task->id, model.tasks[producer].id);
        }
        listed[producer] = true;
    }
    for (uint32_t i = 0; i < model.count; i++) {
        if (listed[i] != task->edges[i]) {
            fail_msg("seed %lu: task 0x%lx %s 0x%lx (state %d) among its %u producers", seed, task->id,
                     listed[i] ? "has, and must not have," : "does not have", model.tasks[i].id, model.tasks[i].state,
                     count);
        }
        covered.edges += listed[i];
        covered.held_completed += listed[i] && model.tasks[i].state == COMPLETED;
    }
    covered.spilled += count > PTO_INLINE_FANIN;
}

/* References of every task that may still be looked at. */
static void check_references(void)
{
    for (uint32_t i = 0; i < model.count; i++) {
        const struct model_task *task = &model.tasks[i];
        if (task->slot->task->task_id != task->id) {
            assert_int_equal(task->state, CONSUMED); /* invariant 19: only then may the slot be another task's */
            continue;
        }
        int32_t held = task->slot->fanout_count - task->slot->fanout_refcount;
        if (held != (int32_t)task->holders || (task->state == CONSUMED) != (held == 0)) {
            fail_msg("seed %lu: task 0x%lx is held by %d, the model says %u", seed, task->id, held, task->holders);
        }
        assert_int_equal(trb_slot_state(task->slot), (int)task->state);
    }
}

static void model_submit(struct model_task *task, const struct pto_arg *arg)
{
    uint32_t self = model.count;
    for (uint32_t i = 0; i < arg->explicit_dep_count; i++) {
        model_hold(task, arg->explicit_deps[i]);
    }
    for (int32_t i = 0; i < arg->tensor_count; i++) {
        const struct pto_tensor *tensor = arg->refs[i].tensor;
        if (arg->tags[i] == PTO_ARG_OUTPUT || model.manual != 0) {
            continue;
        }
        if (tensor->owner_task_id != PTO_TASK_ID_INVALID) {
            covered.skipped_consumed += model.tasks[model_of(tensor->owner_task_id)].state == CONSUMED;
            model_hold(task, tensor->owner_task_id);
        }
        if (arg->tags[i] != PTO_ARG_NO_DEP && !tensor->manual_dep) {
            model_access(self, tensor, arg->tags[i] != PTO_ARG_INPUT);
        }
    }
}

static void submit_one(void)
{
    static const int32_t tags[] = {PTO_ARG_INPUT, PTO_ARG_INPUT, PTO_ARG_INOUT, PTO_ARG_OUTPUT_EXISTING,
                                   PTO_ARG_NO_DEP};
    struct pto_tensor tensors[MOST_ARGS];
    struct pto_tensor_create_info info;
    struct trb_submitted submitted;
    struct pto_arg arg;
    uint64_t ids[80];
    const uint32_t shape[1] = {1 + draw(200)};
    pto_arg_init(&arg);
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    uint32_t count = draw(MOST_ARGS + 1);
    for (uint32_t i = 0; i < count; i++) {
        if (draw(6) == 0) {
            (void)pto_add_output(&arg, &info);
        } else {
            draw_tensor(&tensors[i]);
            (void)pto_arg_add_tensor(&arg, (enum pto_tensor_arg_type)tags[draw(5)], &tensors[i]);
        }
    }
    uint32_t dependencies = model.count == 0 || draw(3) != 0 ? 0 : draw(10) == 0 ? 80 : 1 + draw(3);
    for (uint32_t i = 0; i < dependencies; i++) {
        ids[i] = model.tasks[draw(model.count)].id;
    }
    (void)pto_set_dependencies(&arg, ids, dependencies);
    struct model_task *task = &model.tasks[model.count];
    memset(task, 0, sizeof(*task));
    int rc = rig_submit(rig, TRB_DUMMY, NULL, &arg, &submitted);
    if (rc != 0) {
        fail_msg("seed %lu: %d %s", seed, rc, rig->block.message);
    }
    /* Room for it may have been made by retiring tasks, which changes nothing in the model. */
    task->id = submitted.id;
    task->slot = rig_slot(rig, submitted.id);
    task->holders = TRB_OWN_REFERENCES;
    task->scope = model.depth;
    model_submit(task, &arg);
    model.count++;
    check_listed(task);
    for (uint32_t i = 0; i + 1 < model.count; i++) {
        model.tasks[i].holders += task->edges[i];
    }
    for (uint32_t i = 0; i < submitted.output_count; i++) {
        created[created_count < TASKS ? created_count++ : draw(TASKS)] = *submitted.outputs[i];
    }
}

static void collect_ready(void)
{
    struct pto_slot_state *slot;
    while ((slot = rig_ready(rig)) != NULL) {
        const struct model_task *task = &model.tasks[model_of(slot->task->task_id)];
        for (uint32_t i = 0; i < model.count; i++) {
            /* Invariants 2 and 17: only behind all its producers, and once. */
            assert_true(!task->edges[i] || model.tasks[i].state != PENDING);
        }
        assert_int_equal(task->state, PENDING);
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
    uint32_t task = model_of(slot->task->task_id);
    rig_complete(rig, slot);
    model.tasks[task].state = COMPLETED;
    completed[completed_count++] = task;
    collect_ready();
}

static void flush(void)
{
    for (uint32_t i = 0; i < completed_count; i++) {
        model_release(&model.tasks[completed[i]]);
    }
    completed_count = 0;
    rig_flush(rig);
}

static void open_scope(void)
{
    bool manual = model.manual != 0 || draw(4) == 0;
    assert_int_equal(rig_open(rig, manual ? PTO_SCOPE_MANUAL : PTO_SCOPE_AUTO), 0);
    model.depth++;
    model.manual = model.manual == 0 && manual ? model.depth : model.manual;
}

static void close_scope(void)
{
    for (uint32_t i = 0; i < model.count; i++) {
        struct model_task *task = &model.tasks[i];
        if (task->scope == model.depth) {
            task->scope = UINT32_MAX;
            model_drop(task);
        }
    }
    model.manual = model.manual == model.depth ? 0 : model.manual;
    model.depth--;
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
    memset(&model, 0, sizeof(model));
    ready_count = completed_count = created_count = 0;
    while (model.count < TASKS) {
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
        if (model.tasks[i].state != CONSUMED) {
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
        rig = rig_create(windows[w], 1u << 20, 512);
        for (uint64_t program = 1; program <= 60; program++) {
            play(program * 4 + w);
            rig_restart(rig, false);
        }
        rig_destroy(rig);
    }
    /* The programs are of use only if they come upon everything. */
    assert_true(covered.edges > 1000 && covered.held_completed > 100 && covered.skipped_consumed > 100);
    assert_true(covered.spilled > 10);
}

/* ---- single cases */

static void input(struct pto_arg *arg, struct pto_tensor *tensor, enum pto_tensor_arg_type tag, uint32_t first,
                  uint32_t count)
{
    const uint32_t shape[1] = {count};
    assert_int_equal(pto_tensor_external(tensor, ARENA + first, shape, 1, PTO_UINT8, false, 0), 0);
    (void)pto_arg_add_tensor(arg, tag, tensor);
}

static struct pto_slot_state *access_bytes(enum pto_tensor_arg_type tag, uint32_t first, uint32_t count)
{
    struct pto_tensor tensor;
    struct pto_arg arg;
    pto_arg_init(&arg);
    input(&arg, &tensor, tag, first, count);
    return rig_dummy(rig, &arg);
}

/* D39: one access behind 17 and more others, of neighbouring buffers and of one. */
static void all_overlapping_writers_are_found(void **state)
{
    (void)state;
    static const uint32_t counts[] = {15, 16, 17, 64, 65, 200};
    for (uint32_t i = 0; i < 6; i++) {
        rig = rig_create(512, 1024, 512);
        for (uint32_t k = 0; k < counts[i]; k++) {
            (void)access_bytes(PTO_ARG_INOUT, 8 * k, 8);
        }
        struct pto_slot_state *reader = access_bytes(PTO_ARG_INPUT, 0, 8 * counts[i]);
        assert_int_equal(reader->payload->fanin_actual_count, counts[i]);
        rig_finish(rig);
        for (uint32_t k = 0; k < counts[i]; k++) {
            (void)access_bytes(PTO_ARG_INPUT, 0, 8 * counts[i]);
        }
        struct pto_slot_state *writer = access_bytes(PTO_ARG_OUTPUT_EXISTING, 0, 8 * counts[i]);
        assert_int_equal(writer->payload->fanin_actual_count, counts[i]);
        rig_finish(rig);
        rig_destroy(rig);
    }
}

/* D45, R20: whatever names a retired task in a slot that is another's by now names nobody, the new owner least of all.
 */
static void old_references_name_nobody(void **state)
{
    (void)state;
    struct pto_tensor_create_info info;
    struct trb_submitted first;
    struct pto_arg arg;
    const uint32_t shape[1] = {16};
    rig = rig_create(4, 4096, 8);
    assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    pto_arg_init(&arg);
    (void)pto_add_output(&arg, &info);
    assert_int_equal(rig_submit(rig, TRB_DUMMY, NULL, &arg, &first), 0);
    struct pto_tensor old = *first.outputs[0];
    for (uint32_t i = 1; i < 12; i++) {
        rig_close(rig);
        rig_finish(rig);
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        pto_arg_init(&arg);
        (void)pto_add_no_dep(&arg, &old); /* its creator alone */
        (void)pto_set_dependencies(&arg, &first.id, 1);
        const struct pto_slot_state *task = rig_dummy(rig, &arg);
        assert_int_equal(task->task->task_id, pto_task_id_make(1, i));
        assert_int_equal(task->payload->fanin_actual_count, 0);
        assert_int_equal(task->fanout_count, TRB_OWN_REFERENCES);
    }
    rig_finish(rig);
    rig_destroy(rig);
}

/* A COMPLETED producer gets no list node and keeps its reference, a CONSUMED one gets neither. */
static void references_follow_the_state(void **state)
{
    (void)state;
    struct pto_arg arg;
    uint64_t id;
    rig = rig_create(16, 1024, 16);
    assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
    pto_arg_init(&arg);
    struct pto_slot_state *producer = rig_dummy(rig, &arg);
    const struct trb_dep_pool *pool = &rig->context->wiring.pools[1];
    id = producer->task->task_id;
    (void)pto_set_dependencies(&arg, &id, 1);
    (void)rig_dummy(rig, &arg);
    rig_wire(rig);
    assert_int_equal(pool->top, 1); /* PENDING: a node */
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 1);
    rig_complete(rig, rig_ready(rig));
    struct pto_slot_state *late = rig_dummy(rig, &arg);
    rig_wire(rig);
    assert_int_equal(pool->top, 1); /* COMPLETED: none ... */
    assert_int_equal(late->payload->fanin_actual_count, 1);
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 2); /* ... and held all the same */
    rig_flush(rig);
    rig_close(rig);
    assert_int_equal(trb_slot_state(producer), PTO_TASK_COMPLETED);
    rig_finish(rig);
    assert_int_equal(trb_slot_state(producer), PTO_TASK_CONSUMED);
    assert_int_equal(producer->fanout_refcount, TRB_OWN_REFERENCES + 2);
    struct pto_slot_state *last = rig_dummy(rig, &arg);
    rig_wire(rig);
    assert_int_equal(last->payload->fanin_actual_count, 0); /* CONSUMED: neither, though its slot is still its own */
    assert_int_equal(producer->task->task_id, id);
    assert_int_equal(producer->fanout_count, TRB_OWN_REFERENCES + 2);
    assert_int_equal(pool->top, 1);
    rig_finish(rig);
    rig_destroy(rig);
}

/* Of which the first 80 are complete. */
static void ninety_writers(void)
{
    for (uint32_t i = 0; i < 90; i++) {
        (void)access_bytes(PTO_ARG_INOUT, 8 * i, 8);
    }
    rig_wire(rig);
    for (struct pto_slot_state *slot; (slot = rig_ready(rig)) != NULL;) {
        if (pto_task_id_local(slot->task->task_id) < 80) {
            rig_complete(rig, slot);
        }
    }
}

/* R21: what gives way in a short pool is wanted for the order alone. A producer that is named as well stays held. */
static void held_producers_stay_in_a_short_pool(void **state)
{
    (void)state;
    struct trb_submitted submitted;
    struct pto_tensor all;
    struct pto_arg arg;
    uint64_t ids[60];
    rig = rig_create(256, 1024, 4);
    ninety_writers();
    for (uint32_t i = 0; i < 60; i++) {
        ids[i] = pto_task_id_make(0, i);
    }
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, ids, 58);
    input(&arg, &all, PTO_ARG_INOUT, 0, 8 * 90);
    /* 58 held ones that are complete, and 10 that are not: as many as there is room for. */
    const struct pto_slot_state *wide = rig_dummy(rig, &arg);
    assert_int_equal(wide->payload->fanin_actual_count, 58 + 10);
    for (uint32_t i = 0; i < 58; i++) {
        assert_int_equal(trb_fanin(wide->payload, i)->task->task_id, ids[i]);
    }
    rig_restart(rig, true);
    ninety_writers();
    pto_arg_init(&arg);
    (void)pto_set_dependencies(&arg, ids, 60);
    input(&arg, &all, PTO_ARG_INOUT, 0, 8 * 90);
    assert_int_equal(rig_submit(rig, TRB_DUMMY, NULL, &arg, &submitted), -4);
    assert_non_null(strstr(rig->block.message, "more than 68 producers"));
    rig_destroy(rig);
}

/* Map entries of a task are gone before its slot is another's, whatever kind of task takes it. */
static void reuse_cleans_the_map_up(void **state)
{
    (void)state;
    struct pto_tensor_create_info info;
    struct trb_submitted made;
    struct pto_arg arg;
    const uint32_t shape[1] = {16};
    rig = rig_create(4, 8192, 8);
    (void)pto_create_info(&info, shape, 1, PTO_UINT8, false);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        for (uint32_t k = 0; k < 3; k++) {
            struct pto_slot_state *slot = access_bytes(PTO_ARG_INOUT, 64 * k, 8);
            assert_true(trb_map_entries_used(&rig->orchestrator->map) <= 3);
            assert_int_equal(slot->payload->fanin_actual_count, 0); /* nobody of those before is left */
        }
        rig_close(rig);
        rig_finish(rig);
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        pto_arg_init(&arg);
        (void)pto_add_output(&arg, &info);
        for (uint32_t k = 0; k < 3; k++) {
            assert_int_equal(rig_submit(rig, TRB_ALLOCATION, NULL, &arg, &made), 0);
        }
        rig_close(rig);
    }
    rig_destroy(rig);
}

/* R34: nothing of a failed run is found by the next. */
static void a_failed_run_leaves_no_edges(void **state)
{
    (void)state;
    rig = rig_create(64, 1024, 8);
    for (uint32_t i = 0; i < 20; i++) {
        (void)access_bytes(PTO_ARG_INOUT, 0, 64);
    }
    rig_restart(rig, true);
    assert_int_equal(access_bytes(PTO_ARG_INOUT, 0, 64)->payload->fanin_actual_count, 0);
    assert_int_equal(trb_map_entries_used(&rig->orchestrator->map), 1);
    rig_destroy(rig);
}

/* Invariant 24: elements beyond 2^32 of a buffer are told apart, whatever 32 bits of their offsets say. */
static void far_elements_are_told_apart(void **state)
{
    (void)state;
    struct pto_tensor whole;
    struct pto_tensor view;
    struct pto_arg arg;
    const uint32_t shape[3] = {4, 0x10000, 0x8000}; /* strides fit, 2^33 elements of 8 bytes */
    const uint32_t box[3] = {1, 1, 64};
    rig = rig_create(64, 1024, 64);
    assert_int_equal(pto_tensor_external(&whole, ARENA, shape, 3, PTO_UINT64, false, 0), 0);
    assert_int_equal(whole.buffer_bytes, 1ull << 36);
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t at[3] = {i, 7, 0};
        assert_int_equal(pto_tensor_view(&view, &whole, box, at, false), 0);
        pto_arg_init(&arg);
        (void)pto_add_inout(&arg, &view);
        assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, 0);
    }
    assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, 1);
    pto_arg_init(&arg);
    (void)pto_add_input(&arg, &whole);
    assert_int_equal(rig_dummy(rig, &arg)->payload->fanin_actual_count, 4);
    rig_finish(rig);
    rig_destroy(rig);
}

/* ---- cost, in instructions */

static struct pto_arg counted_arg;

static void counted_submit(void *unused)
{
    (void)unused;
    (void)rig_dummy(rig, &counted_arg);
}

/* The whole submission of one task with four accesses, after so many tasks have come and gone. */
static uint64_t steps_after(uint32_t retired)
{
    struct pto_tensor tensors[4];
    rig = rig_create(64, 1024, 64);
    for (uint32_t i = 0; i < retired; i++) {
        assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
        (void)access_bytes(i % 3 == 0 ? PTO_ARG_INOUT : PTO_ARG_INPUT, 64 * (i % 50), 64);
        rig_close(rig);
        rig_finish(rig);
    }
    assert_int_equal(rig_open(rig, PTO_SCOPE_AUTO), 0);
    pto_arg_init(&counted_arg);
    for (uint32_t i = 0; i < 4; i++) {
        input(&counted_arg, &tensors[i], PTO_ARG_INOUT, 64 * i, 64);
    }
    counted_submit(NULL); /* the regions are known */
    rig_finish(rig);
    (void)access_bytes(PTO_ARG_INOUT, 640, 8); /* and the ring has caught up */
    uint64_t steps = step_count(counted_submit, NULL);
    rig_finish(rig);
    rig_destroy(rig);
    return steps;
}

static void retired_tasks_cost_nothing(void **state)
{
    (void)state;
    step_required();
    uint64_t few = steps_after(100);
    for (uint32_t retired = 1000; retired <= 20000; retired *= 20) {
        uint64_t steps = steps_after(retired);
        if (steps > few + few / 20) {
            fail_msg("a submit takes %lu instructions after %u retired tasks, %lu after 100", steps, retired, few);
        }
    }
}

/* `count` dependencies, on so many different tasks. */
static uint64_t steps_of_dependencies(uint32_t count, uint32_t different)
{
    static uint64_t ids[4096];
    struct pto_arg arg;
    rig = rig_create(4096, 1024, 4096);
    pto_arg_init(&arg);
    for (uint32_t i = 0; i < different; i++) {
        ids[i] = rig_dummy(rig, &arg)->task->task_id;
        rig_wire(rig);
    }
    for (uint32_t i = different; i < count; i++) {
        ids[i] = ids[i % different];
    }
    pto_arg_init(&counted_arg);
    (void)pto_set_dependencies(&counted_arg, ids, count);
    uint64_t steps = step_count(counted_submit, NULL);
    rig_finish(rig);
    rig_destroy(rig);
    return steps;
}

/* The n-th producer is as cheap as the first: sixteen times as many take at most about sixteen times as long. */
static void duplicates_are_found_in_constant_time(void **state)
{
    (void)state;
    step_required();
    uint64_t few = steps_of_dependencies(50, 50);
    uint64_t many = steps_of_dependencies(800, 800);
    uint64_t again = steps_of_dependencies(800, 100);
    if (many > 20 * few || again > 20 * few) {
        fail_msg("50 producers take %lu instructions, 800 take %lu, and %lu when most are named again", few, many,
                 again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_equal_the_model),
        cmocka_unit_test(all_overlapping_writers_are_found),
        cmocka_unit_test(old_references_name_nobody),
        cmocka_unit_test(references_follow_the_state),
        cmocka_unit_test(held_producers_stay_in_a_short_pool),
        cmocka_unit_test(reuse_cleans_the_map_up),
        cmocka_unit_test(a_failed_run_leaves_no_edges),
        cmocka_unit_test(far_elements_are_told_apart),
        cmocka_unit_test(retired_tasks_cost_nothing),
        cmocka_unit_test(duplicates_are_found_in_constant_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
