/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arg_with_deps: an Arg that owns its explicit dependencies (device.md 1.4, ArgWithDeps).
 *
 * Dependencies are added one by one; pto_arg_bind_deps hands them to the Arg, right before each submit. The object may
 * be submitted again, with more dependencies or the same. It is a convenience of orchestrations: the runtime sees an
 * Arg.
 */
#ifndef ABI_ARG_WITH_DEPS_H
#define ABI_ARG_WITH_DEPS_H

#include "abi/arg.h"

PTO_BEGIN_DECLS

#define PTO_ARG_MAX_OWN_DEPS 16u

struct pto_arg_with_deps {
    struct pto_arg arg;
    uint64_t task_ids[PTO_ARG_MAX_OWN_DEPS];
    uint32_t count;
};

static inline void pto_arg_with_deps_init(struct pto_arg_with_deps *deps)
{
    pto_arg_init(&deps->arg);
    deps->count = 0;
}

/* Makes the task wait for one more. Returns 0, or -PTO_ERR_INVALID_ARGS for a seventeenth, which the Arg remembers. */
static inline int pto_add_dep(struct pto_arg_with_deps *deps, uint64_t task_id)
{
    if (deps->count >= PTO_ARG_MAX_OWN_DEPS) {
        return pto_arg_fail(&deps->arg, "more than 16 own dependencies");
    }
    deps->task_ids[deps->count++] = task_id;
    return 0;
}

/* The Arg with its dependencies, for a submit. `deps` must stay where it is until the submit has returned. */
static inline struct pto_arg *pto_arg_bind_deps(struct pto_arg_with_deps *deps)
{
    deps->arg.explicit_deps = deps->count > 0 ? deps->task_ids : NULL;
    deps->arg.explicit_dep_count = deps->count;
    return &deps->arg;
}

PTO_END_DECLS

#endif
