/* SPDX-License-Identifier: Apache-2.0 */
#include "ut/aicpu/edge_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "abi/shared_memory.h"

void edge_model_reset(struct edge_model *model)
{
    memset(model, 0, sizeof(*model));
}

uint32_t edge_model_of(const struct edge_model *model, uint64_t id)
{
    uint32_t i = 0;
    while (model->tasks[i].id != id) {
        i++;
        assert_true(i < model->count);
    }
    return i;
}

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
    uint32_t index[PTO_MAX_DIMS] = {0};
    memset(set, 0, EDGE_GRID * sizeof(*set));
    for (uint32_t dim = t->ndims; dim > 0;) {
        uint64_t at = t->start_offset;
        for (uint32_t i = 0; i < t->ndims; i++) {
            at += (uint64_t)index[i] * t->strides[i];
        }
        assert_true(at < EDGE_GRID);
        set[at] = true;
        for (dim = t->ndims; dim > 0 && ++index[dim - 1] == t->shapes[dim - 1]; dim--) {
            index[dim - 1] = 0;
        }
    }
}

/* Every element between the first and the last one is in it. */
static bool has_no_holes(const struct pto_tensor *t)
{
    for (uint32_t i = 1; i < t->ndims; i++) {
        if (t->strides[i - 1] != t->strides[i] * t->shapes[i]) {
            return false;
        }
    }
    return true;
}

struct verdict {
    bool meets;
    bool covers;
};

/* Element by element where both lie in one grid, by outer byte ranges where they do not. */
static struct verdict judge(const struct pto_tensor *probe, const struct pto_tensor *entry)
{
    bool a[EDGE_GRID];
    bool b[EDGE_GRID];
    bool same_buffer = probe->buffer_addr == entry->buffer_addr;
    if (same_buffer && probe->version > entry->version) {
        return (struct verdict){.meets = true};
    }
    bool same_grid = same_buffer && probe->dtype == entry->dtype && probe->ndims == entry->ndims &&
                     memcmp(probe->strides, entry->strides, probe->ndims * sizeof(probe->strides[0])) == 0;
    if (!same_grid) {
        bool meets = bytes_begin(probe) < bytes_end(entry) && bytes_begin(entry) < bytes_end(probe);
        return (struct verdict){.meets = meets,
                                .covers = meets && has_no_holes(probe) && bytes_begin(probe) <= bytes_begin(entry) &&
                                          bytes_end(entry) <= bytes_end(probe)};
    }
    struct verdict verdict = {.meets = false, .covers = true};
    elements(probe, a);
    elements(entry, b);
    for (uint32_t i = 0; i < EDGE_GRID; i++) {
        verdict.meets |= a[i] && b[i];
        verdict.covers &= a[i] || !b[i];
    }
    verdict.covers &= verdict.meets;
    return verdict;
}

/* The creator of a tensor or an explicit dependency: stays, however many there are. */
static void hold(struct edge_model *model, struct edge_task *task, uint64_t id)
{
    uint32_t i = edge_model_of(model, id);
    if (model->tasks[i].state != EDGE_CONSUMED) {
        task->edges[i] = EDGE_HELD;
    }
}

/* How many producers the task has at most. */
static uint32_t producers(const struct edge_model *model, const struct edge_task *task)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < model->count; i++) {
        count += task->edges[i] != EDGE_NONE;
    }
    return count;
}

/* Marks the tasks that an access follows, by how sure that is; one that it covers is forgotten. */
static void find_conflicts(struct edge_model *model, const struct pto_tensor *tensor, bool writes, enum edge *found)
{
    for (uint32_t i = 0; i < model->entry_count; i++) {
        struct edge_entry *entry = &model->entries[i];
        if (!entry->listed || (!writes && !entry->writes)) {
            continue;
        }
        struct verdict verdict = judge(tensor, &entry->tensor);
        bool alive = verdict.meets && model->tasks[entry->task].state != EDGE_CONSUMED;
        if (alive && found[entry->task] != EDGE_LISTED) {
            found[entry->task] = entry->may_be_gone ? EDGE_MAY_BE_LISTED : EDGE_LISTED;
        }
        entry->listed = !(writes && verdict.covers);
    }
}

static void follow_access(struct edge_model *model, struct edge_task *task, const struct pto_tensor *tensor,
                          bool writes)
{
    enum edge found[EDGE_TASKS] = {EDGE_NONE};
    find_conflicts(model, tensor, writes, found);
    uint32_t most = producers(model, task);
    for (uint32_t i = 0; i < model->count; i++) {
        most += found[i] != EDGE_NONE && task->edges[i] == EDGE_NONE;
    }
    for (uint32_t i = 0; i < model->count; i++) {
        bool free_to_choose =
            found[i] != EDGE_NONE && most > PTO_INLINE_FANIN && model->tasks[i].state == EDGE_COMPLETED;
        for (uint32_t e = 0; free_to_choose && e < model->entry_count; e++) {
            model->entries[e].may_be_gone |= model->entries[e].task == i;
        }
        if (found[i] != EDGE_NONE && task->edges[i] != EDGE_LISTED && task->edges[i] != EDGE_HELD) {
            task->edges[i] = free_to_choose ? EDGE_MAY_BE_LISTED : (uint8_t)found[i];
        }
    }
}

static void take_access(struct edge_model *model, struct edge_task *task, const struct pto_tensor *tensor, bool writes)
{
    follow_access(model, task, tensor, writes);
    model->entries[model->entry_count++] =
        (struct edge_entry){.task = model->count, .tensor = *tensor, .writes = writes, .listed = true};
}

struct edge_task *edge_model_submit(struct edge_model *model, uint64_t id, const struct pto_arg *arg)
{
    struct edge_task *task = &model->tasks[model->count];
    *task = (struct edge_task){.id = id, .holders = 2, .scope = model->depth};
    for (uint32_t i = 0; i < arg->explicit_dep_count; i++) {
        hold(model, task, arg->explicit_deps[i]);
    }
    for (int32_t i = 0; i < arg->tensor_count && model->manual == 0; i++) {
        const struct pto_tensor *tensor = arg->refs[i].tensor;
        if (arg->tags[i] == PTO_ARG_OUTPUT) {
            continue;
        }
        if (tensor->owner_task_id != PTO_TASK_ID_INVALID) {
            hold(model, task, tensor->owner_task_id);
        }
        if (arg->tags[i] != PTO_ARG_NO_DEP && !tensor->manual_dep) {
            take_access(model, task, tensor, arg->tags[i] != PTO_ARG_INPUT);
        }
    }
    bool crowded = producers(model, task) > PTO_INLINE_FANIN;
    for (uint32_t i = 0; i < model->count; i++) {
        if (task->edges[i] == EDGE_HELD) {
            task->edges[i] = EDGE_LISTED;
        } else if (task->edges[i] == EDGE_LISTED && crowded && model->tasks[i].state == EDGE_COMPLETED) {
            task->edges[i] = EDGE_MAY_BE_LISTED; /* it may have made room */
        }
    }
    return task;
}

void edge_model_settle(struct edge_model *model, const bool *listed)
{
    struct edge_task *task = &model->tasks[model->count];
    for (uint32_t i = 0; i < model->count; i++) {
        if (task->edges[i] == EDGE_MAY_BE_LISTED) {
            task->edges[i] = listed[i] ? EDGE_LISTED : EDGE_NONE;
        }
        model->tasks[i].holders += task->edges[i] == EDGE_LISTED;
    }
    model->count++;
}

static void drop(struct edge_task *task)
{
    task->holders--;
    if (task->holders == 0) {
        task->state = EDGE_CONSUMED;
    }
}

void edge_model_release(struct edge_model *model, uint32_t task)
{
    for (uint32_t i = 0; i < model->count; i++) {
        if (model->tasks[task].edges[i] == EDGE_LISTED) {
            drop(&model->tasks[i]);
        }
    }
    drop(&model->tasks[task]);
}

void edge_model_open(struct edge_model *model, bool manual)
{
    model->depth++;
    model->manual = model->manual == 0 && manual ? model->depth : model->manual;
}

void edge_model_close(struct edge_model *model)
{
    for (uint32_t i = 0; i < model->count; i++) {
        struct edge_task *task = &model->tasks[i];
        if (task->scope == model->depth) {
            task->scope = UINT32_MAX;
            drop(task);
        }
    }
    model->manual = model->manual == model->depth ? 0 : model->manual;
    model->depth--;
}
