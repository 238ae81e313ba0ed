/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of task_draw that comes last: what changes when tasks run, and nothing of what they come to. A recorded case
 * without such draws ends before them.
 */
#include "harness/property/task_draw_state.h"

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

void task_draft_late(struct task_draft *draft)
{
    if (choice_bool(draft->choice)) {
        draw_together(draft);
    }
    if (choice_bool(draft->choice)) {
        task_draft_deferred(draft);
    }
}
