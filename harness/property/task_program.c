/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_program: any program, on any variant, under any schedule, with any legal sizes, gives the result of running its
 * tasks one after another, or the documented error code, and then changes nothing (R13, R19-R23). The program is drawn
 * by task_draw.h, the result is that of task_sequence.h, the codes are those of task_limits.h; a debug build adds its
 * own check of the device after each run.
 */
#include <stdlib.h>

#include "harness/property/property.h"
#include "harness/property/task_case.h"
#include "harness/property/task_play.h"

struct task_state {
    struct task_play *play;
    struct task_case drawn;
};

static int task_setup(struct property_context *context)
{
    struct task_state *state = calloc(1, sizeof(*state));
    char error[PROPERTY_MESSAGE_BYTES / 2] = "no memory";
    if (state != NULL) {
        state->play = task_play_open(error, sizeof(error));
    }
    if (state == NULL || state->play == NULL) {
        free(state);
        return -property_fail(context, "no variant runs programs: %s", error);
    }
    context->state = state;
    return 0;
}

static void task_teardown(struct property_context *context)
{
    struct task_state *state = context->state;
    if (state != NULL) {
        task_play_close(state->play);
    }
    free(state);
    context->state = NULL;
}

static int task_run(struct choice *choice, struct property_context *context)
{
    struct task_state *state = context->state;
    task_case_draw(choice, &state->drawn);
    if (context->trace != NULL) {
        task_case_print(context->trace, &state->drawn);
    }
    task_play_load(state->play, &state->drawn);
    return task_play_run(state->play, &state->drawn, context);
}

const struct property property_task_program = {
    .name = "task_program",
    .summary = "a random program equals its tasks one after another on any variant, or fails with its documented code",
    .run = task_run,
    .default_runs = 400,
    .max_bytes = 8192,
    .setup = task_setup,
    .teardown = task_teardown,
};
