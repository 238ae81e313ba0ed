/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that a run of a session works on (R14): the session's own one, driven by the calling thread, or the one
 * that is running already when the caller is a simulated processor.
 */
#include <string.h>

#include "npu/driver/state.h"

#define ENGINE_NS_PER_MS UINT64_C(1000000)

/* What the client asked of the session comes first, then what the driver's calls say. */
static struct exec_options engine_options(const struct npu_driver_session *session, int32_t milliseconds)
{
    struct exec_options options = session->options;
    options.deadline_scale = options.deadline_scale != 0 ? options.deadline_scale : exec_tool_deadline_scale();
    if (options.op_limit_ns == 0) {
        options.op_limit_ns = session->device->op_limit_ns;
    }
    if (options.sync_limit_ns == 0 && milliseconds > 0) {
        options.sync_limit_ns = (uint64_t)milliseconds * ENGINE_NS_PER_MS;
    }
    return options;
}

static bool engine_has(const struct exec_options *left, const struct exec_options *right)
{
    return left->kind == right->kind && left->policy == right->policy && left->seed == right->seed &&
           left->pct_depth == right->pct_depth && left->pct_steps == right->pct_steps &&
           left->choose == right->choose && left->choose_context == right->choose_context &&
           left->picked == right->picked && left->picked_context == right->picked_context &&
           left->op_limit_ns == right->op_limit_ns && left->sync_limit_ns == right->sync_limit_ns &&
           left->stall_limit_ns == right->stall_limit_ns && left->deadline_scale == right->deadline_scale;
}

void driver_engine_free(struct npu_driver_session *session)
{
    if (session->group != NULL) {
        exec_group_destroy(session->group);
        session->group = NULL;
    }
    /* Relaxed: the lock is held. */
    exec_engine_destroy(atomic_load_explicit(&session->engine, memory_order_relaxed));
    atomic_store_explicit(&session->engine, NULL, memory_order_relaxed); /* relaxed: as above */
}

/* An engine cannot change its kind; another kind is another engine. */
static int engine_ensure(struct npu_driver_session *session, int32_t milliseconds)
{
    struct exec_engine *engine = atomic_load_explicit(&session->engine, memory_order_relaxed); /* relaxed: as above */
    const struct exec_options options = engine_options(session, milliseconds);
    if (engine != NULL && engine_has(&options, &session->configured)) {
        return 0;
    }
    if (engine == NULL || exec_engine_configure(engine, &options) != 0) {
        struct exec_engine *made = NULL;
        int result = exec_engine_create(&options, &made);
        if (result != 0) {
            return result;
        }
        driver_engine_free(session);
        atomic_store_explicit(&session->engine, made, memory_order_relaxed); /* relaxed: as above */
    }
    session->configured = options;
    return 0;
}

int driver_engine_begin(struct npu_driver_session *session, int32_t milliseconds, struct exec_group **group)
{
    struct exec_engine *engine = exec_current_engine();
    bool joins = engine != NULL;
    if (!joins) {
        int result = engine_ensure(session, milliseconds);
        if (result != 0) {
            return result;
        }
        engine = atomic_load_explicit(&session->engine, memory_order_relaxed); /* relaxed: the lock is held */
        if (session->group != NULL) {
            *group = session->group;
            session->runner = engine;
            return 0;
        }
    }
    int result = exec_group_create(engine, "launch", group);
    if (result == 0) {
        session->runner = engine;
        session->group = joins ? session->group : *group;
    }
    return result;
}

void driver_engine_end(struct npu_driver_session *session, struct exec_group *group, bool failed)
{
    bool own = group == session->group;
    if (!own || failed) {
        exec_group_destroy(group);
    }
    if (own && failed) {
        session->group = NULL;
    }
    session->runner = NULL;
}
