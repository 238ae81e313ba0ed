/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of task_draw that comes last: what changes when tasks run, and nothing of what they come to. A recorded case
 * without such draws ends before them.
 */
#include "harness/property/task_draw_state.h"

#define ATTENDANTS_TRIED 8u
#define AHEAD_TASKS 128u /* so many fit whole into the sizes of may_wait_ahead */
#define AHEAD_HEAP_BYTES (16u << 20)
#define AHEAD_POOL 8192u

/* Blocks that start together: as many as there are cores at most, but for a rare one that has to be refused. */
static void draw_together(struct task_draft *draft)
{
    for (uint32_t i = 0; i < draft->program->op_count; i++) {
        struct task_op *op = &draft->program->ops[i];
        if (op->opcode != TASK_SUBMIT) {
            continue;
        }
        op->sync_start = choice_below(draft->choice, 8) >= 5;
        uint32_t most = task_limits_together(draft->rules->limits, op);
        if (op->sync_start && op->blocks > most && choice_below(draft->choice, 16) != 15) {
            op->blocks = (uint16_t)(1 + (op->blocks - 1) % most);
        }
    }
}

/* Whether any task may be submitted while all before it are incomplete. */
static bool may_wait_ahead(const struct task_draft *draft)
{
    const struct task_limits *limits = draft->rules->limits;
    return draft->program->task_count <= AHEAD_TASKS && limits->window > AHEAD_TASKS &&
           limits->heap >= AHEAD_HEAP_BYTES && limits->pool >= AHEAD_POOL;
}

/* The tasks that must be complete when `task` starts: those before it, and those before whoever they are deferred to.
 */
static void collect_needed(const struct task_draft *draft, uint32_t task, struct task_set *needed)
{
    struct task_set seen = {{0}};
    *needed = draft->order.before[task];
    for (uint32_t i = 0; i < draft->program->task_count; i++) {
        uint16_t defers = task_program_task(draft->program, i)->defers;
        if (defers == 0 || !task_set_has(needed, i) || task_set_has(&seen, i)) {
            continue;
        }
        task_set_add(&seen, i);
        task_set_unite(needed, &draft->order.before[task_program_attendant(draft->program, defers)]);
        i = UINT32_MAX; /* there may be new ones before it: from the beginning */
    }
}

/* Whether `task`, when it is deferred to `attendant`, still becomes complete under any schedule. */
static bool may_defer(const struct task_draft *draft, uint32_t task, uint32_t attendant)
{
    const struct task_op *op = task_program_task(draft->program, attendant);
    struct task_set needed;
    if (attendant == task || op->opcode != TASK_SUBMIT || op->attends != 0 ||
        (attendant > task && !may_wait_ahead(draft))) {
        return false;
    }
    collect_needed(draft, attendant, &needed);
    return !task_set_has(&needed, task);
}

static void draw_request(struct task_draft *draft, uint32_t task)
{
    struct task_program *program = draft->program;
    struct task_op *op = &program->ops[program->op_of_task[task]];
    uint32_t first = (uint32_t)choice_below(draft->choice, program->task_count);
    uint16_t how = (uint16_t)choice_below(draft->choice, draft->rules->events ? TASK_CONDITIONS : TASK_EVENT);
    for (uint32_t i = 0; i < ATTENDANTS_TRIED; i++) {
        uint32_t attendant = (first + i) % program->task_count;
        if (may_defer(draft, task, attendant)) {
            op->defers = (uint16_t)(++program->request_count);
            op->how = how;
            program->ops[program->op_of_task[attendant]].attends = op->defers;
            return;
        }
    }
}

/* Tasks whose completion is deferred to others that it never has to wait for in a circle. */
static void draw_deferred(struct task_draft *draft)
{
    for (uint32_t i = 0; i < draft->program->task_count && draft->program->request_count < TASK_PROGRAM_REQUESTS; i++) {
        if (task_program_task(draft->program, i)->opcode == TASK_SUBMIT && choice_below(draft->choice, 4) == 3) {
            draw_request(draft, i);
        }
    }
}

void task_draft_late(struct task_draft *draft)
{
    if (choice_bool(draft->choice)) {
        draw_together(draft);
    }
    if (choice_bool(draft->choice)) {
        draw_deferred(draft);
    }
}
