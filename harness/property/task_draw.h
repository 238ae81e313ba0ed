/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_draw: draws a determinate program (R19).
 *
 * Any sequence of operations is drawn first; a task that conflicts with an earlier one that nothing puts before it gets
 * an explicit dependency on that one, and a scalar access that would not wait for all that it has to is left out. A
 * task that writes in parts while it reads the same bytes elsewhere becomes one part. So every program is determinate,
 * whatever its scopes and opt-outs, and the draws stay independent of each other.
 */
#ifndef HARNESS_PROPERTY_TASK_DRAW_H
#define HARNESS_PROPERTY_TASK_DRAW_H

#include "harness/choice/choice.h"
#include "harness/oracle/task_limits.h"

struct task_draw_rules {
    /* For host_build_graph: no inference, so every edge is explicit; no scopes, parts, dummies, scalar access. */
    bool graph;
    bool events;                      /* tasks may wait for SDMA event records */
    const struct task_limits *limits; /* the sizes under which the program will run */
};

void task_draw(struct choice *choice, const struct task_draw_rules *rules, struct task_program *program);

#endif
