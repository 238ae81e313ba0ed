/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of task_draw that defers tasks to others, but never so that a run could not end.
 *
 * A task is complete when those who attend to it have started, and starts when those before it are complete; no chain
 * of this may lead back to where it began. Who comes before whom is not all known: the runtime may order more than it
 * has to, so whatever names a common buffer counts, and every wait of the orchestration.
 */
#include <string.h>

#include "harness/property/task_draw_state.h"

#define ATTENDANTS_TRIED 8u
#define AHEAD_TASKS 128u /* so many fit whole into the sizes of may_wait_ahead */
#define AHEAD_HEAP_BYTES (16u << 20)
#define AHEAD_POOL 8192u

/* Per task: those that it may wait for before it starts. */
static struct task_set waits[AHEAD_TASKS];

/* Whether any task may be submitted while all before it are incomplete. */
static bool may_wait_ahead(const struct task_draft *draft)
{
    const struct task_limits *limits = draft->rules->limits;
    return draft->program->task_count <= AHEAD_TASKS && limits->window > AHEAD_TASKS &&
           limits->heap >= AHEAD_HEAP_BYTES && limits->pool >= AHEAD_POOL;
}

static bool names_common_buffer(const struct task_program *program, const struct task_op *one,
                                const struct task_op *other)
{
    for (uint32_t i = 0; i < one->arg_count; i++) {
        for (uint32_t k = 0; k < other->arg_count; k++) {
            if (program->registers[one->args[i].reg].buffer == program->registers[other->args[k].reg].buffer) {
                return true;
            }
        }
    }
    return false;
}

static void collect_waits(const struct task_program *program)
{
    uint32_t waited = 0; /* tasks that a wait of the orchestration may be for */
    memset(waits, 0, sizeof(waits));
    for (uint32_t i = 0; i < program->op_count; i++) {
        const struct task_op *op = &program->ops[i];
        if (!task_op_is_task(op)) {
            waited = op->opcode == TASK_GET || op->opcode == TASK_SET ? op->task : waited;
            continue;
        }
        for (uint32_t j = 0; j < op->task; j++) {
            const struct task_op *earlier = task_program_task(program, j);
            if (j < waited || names_common_buffer(program, earlier, op) ||
                task_order_edges(program, earlier, op) != 0) {
                task_set_add(&waits[op->task], j);
            }
        }
    }
}

static bool sets_meet(const struct task_set *one, const struct task_set *other)
{
    uint64_t common = 0;
    for (size_t i = 0; i < sizeof(one->bits) / sizeof(one->bits[0]); i++) {
        common |= one->bits[i] & other->bits[i];
    }
    return common != 0;
}

/* Whether `starting` may have to wait for `task` to be complete. */
static bool may_wait_for(const struct task_program *program, uint32_t starting, uint32_t task)
{
    struct task_set late = {{0}}; /* complete only after `task` */
    bool grows = true;
    task_set_add(&late, task);
    while (grows) {
        grows = false;
        for (uint32_t i = 0; i < program->task_count; i++) {
            uint16_t defers = task_program_task(program, i)->defers;
            uint32_t attendant = defers != 0 ? task_program_attendant(program, defers) : i;
            if (!task_set_has(&late, i) && (sets_meet(&waits[i], &late) || sets_meet(&waits[attendant], &late))) {
                task_set_add(&late, i);
                grows = true;
            }
        }
    }
    return sets_meet(&waits[starting], &late);
}

/* Where no task may be deferred to a later one, all wait for earlier ones only. */
static bool may_defer(const struct task_draft *draft, uint32_t task, uint32_t attendant, bool ahead)
{
    const struct task_op *op = task_program_task(draft->program, attendant);
    if (attendant == task || op->opcode != TASK_SUBMIT || op->attends != 0) {
        return false;
    }
    return ahead ? !may_wait_for(draft->program, attendant, task) : attendant < task;
}

static void draw_request(struct task_draft *draft, uint32_t task, bool ahead)
{
    struct task_program *program = draft->program;
    struct task_op *op = &program->ops[program->op_of_task[task]];
    uint32_t first = (uint32_t)choice_below(draft->choice, program->task_count);
    uint16_t how = (uint16_t)choice_below(draft->choice, draft->rules->events ? TASK_CONDITIONS : TASK_EVENT);
    for (uint32_t i = 0; i < ATTENDANTS_TRIED; i++) {
        uint32_t attendant = (first + i) % program->task_count;
        if (may_defer(draft, task, attendant, ahead)) {
            op->defers = (uint16_t)(++program->request_count);
            op->how = how;
            program->ops[program->op_of_task[attendant]].attends = op->defers;
            return;
        }
    }
}

void task_draft_deferred(struct task_draft *draft)
{
    const struct task_program *program = draft->program;
    bool ahead = may_wait_ahead(draft);
    if (ahead) {
        collect_waits(program);
    }
    for (uint32_t i = 0; i < program->task_count && program->request_count < TASK_PROGRAM_REQUESTS; i++) {
        if (task_program_task(program, i)->opcode == TASK_SUBMIT && choice_below(draft->choice, 4) == 3) {
            draw_request(draft, i, ahead);
        }
    }
}
