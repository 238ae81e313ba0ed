/* SPDX-License-Identifier: Apache-2.0 */
/* engine_options: what both platforms make of the client's choice of engine (abi/debug_api.h). */
#ifndef HOST_PLATFORM_ENGINE_OPTIONS_H
#define HOST_PLATFORM_ENGINE_OPTIONS_H

#include "abi/debug_api.h"
#include "exec/exec.h"
#include "host/context.h"

_Static_assert(PTO_POINT_KEEP == (int)EXEC_POINT_KEEP && PTO_POINT_YIELD == (int)EXEC_POINT_YIELD &&
                   PTO_POINT_BLOCKED == (int)EXEC_POINT_BLOCKED,
               "points go through as they are");

/* Returns 0, or -1 with error text and `to` unchanged. */
static inline int engine_options_take(struct host_context *context, const struct pto_engine_options *options,
                                      struct exec_options *to)
{
    bool kind_known = options->kind == PTO_ENGINE_FIBERS || options->kind == PTO_ENGINE_THREADS;
    bool policy_known = options->policy >= PTO_POLICY_ROUND_ROBIN && options->policy <= PTO_POLICY_CHOICE;
    if (!kind_known || !policy_known) {
        return host_error(context, -1, "engine kind %d or policy %d is unknown", options->kind, options->policy);
    }
    if (options->policy == PTO_POLICY_CHOICE && options->choose == NULL) {
        return host_error(context, -1, "the choice policy needs a choose function");
    }
    bool tells = options->size >= sizeof(*options);
    *to = (struct exec_options){
        .kind = (enum exec_kind)options->kind,
        .policy = (enum exec_policy)options->policy,
        .seed = options->seed,
        .pct_depth = options->pct_depth,
        .pct_steps = options->pct_steps,
        .choose = options->choose,
        .choose_context = options->choose_context,
        .picked = tells ? options->picked : NULL,
        .picked_context = tells ? options->picked_context : NULL,
        .op_limit_ns = options->op_limit_ns,
        .sync_limit_ns = options->sync_limit_ns,
        .stall_limit_ns = options->stall_limit_ns,
        .deadline_scale = options->deadline_scale,
    };
    return 0;
}

/* The options in force; slow tools get longer deadlines unless the client chose. */
static inline struct exec_options engine_options_in_force(const struct exec_options *chosen)
{
    struct exec_options options = *chosen;
    options.deadline_scale = options.deadline_scale != 0 ? options.deadline_scale : exec_tool_deadline_scale();
    return options;
}

#endif
