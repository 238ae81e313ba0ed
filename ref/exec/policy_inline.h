/* SPDX-License-Identifier: Apache-2.0 */
/* policy_inline: adding to and taking from the runnable set; round robin inline, since every switch comes through here.
 */
#ifndef EXEC_POLICY_INLINE_H
#define EXEC_POLICY_INLINE_H

#include "exec/processor.h"

EXEC_NO_TSAN static inline void exec_policy_add(struct exec_policy_state *state, struct exec_processor *processor)
{
    if (state->exploring) {
        exec_policy_add_explored(state, processor);
        return;
    }
    processor->next = NULL;
    if (state->first == NULL) {
        state->first = processor;
    } else {
        state->last->next = processor;
    }
    state->last = processor;
}

EXEC_NO_TSAN static inline bool exec_policy_empty(const struct exec_policy_state *state)
{
    return state->exploring ? state->ready_count == 0 : state->first == NULL;
}

/* Takes the next processor out of the set, NULL when it is empty. `caller` is whose place it takes (NULL: the driver).
 */
EXEC_NO_TSAN static inline struct exec_processor *exec_policy_next(struct exec_policy_state *state,
                                                                   struct exec_processor *caller, enum exec_point point)
{
    if (state->exploring) {
        return exec_policy_next_explored(state, caller, point);
    }
    struct exec_processor *next = state->first;
    if (next != NULL) {
        state->first = next->next;
    }
    return next;
}

#endif
