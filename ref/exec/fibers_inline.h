/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fibers_inline: the switch itself. Inline because every return after a switch is mispredicted (the return-address
 * stack holds another processor's calls): the fewer frames between a blocking call and the jump, the better.
 */
#ifndef EXEC_FIBERS_INLINE_H
#define EXEC_FIBERS_INLINE_H

#include "exec/fibers.h"
#include "exec/policy_inline.h"
#include "exec/waits_inline.h"

/* What `to` (NULL: the driver) needs to be the running one; returns where to switch. */
EXEC_NO_TSAN static inline struct exec_context *exec_fibers_enter(struct exec_engine *engine, struct exec_processor *to)
{
    if (to == NULL) {
        exec_self_now = engine->outside;
        return &engine->root;
    }
    exec_self_now = &to->self;
    to->group->switches++;
    exec_state_set(to, EXEC_STATE_RUNNING);
    return &to->stack->context;
}

/* The processor is not over and not runnable (its state says why): runs others until somebody makes it runnable. */
EXEC_NO_TSAN static inline void exec_fibers_block(struct exec_processor *processor)
{
    struct exec_engine *engine = processor->engine;
    if (engine->policy.exploring || engine->policy.first == NULL) {
        exec_fibers_block_slow(processor);
        return;
    }
    struct exec_processor *next = exec_policy_next(&engine->policy, processor, EXEC_POINT_BLOCKED);
    exec_context_switch(&processor->stack->context, exec_fibers_enter(engine, next));
}

/* The processor stays runnable; others may run first. Round robin: it goes to the end of the queue. */
EXEC_NO_TSAN static inline void exec_fibers_point(struct exec_processor *processor, enum exec_point point)
{
    struct exec_engine *engine = processor->engine;
    if (!engine->policy.exploring && engine->policy.first == NULL) {
        return;
    }
    exec_state_set(processor, EXEC_STATE_READY);
    exec_policy_add(&engine->policy, processor);
    struct exec_processor *next = exec_policy_next(&engine->policy, processor, point);
    if (next == processor) {
        exec_state_set(processor, EXEC_STATE_RUNNING);
        return;
    }
    exec_context_switch(&processor->stack->context, exec_fibers_enter(engine, next));
}

#endif
