/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that a launch runs on (R14): the context's own one, driven by the calling thread, or the one that is
 * running already when the caller is a simulated processor.
 */
#include <string.h>

#include "base/log.h"
#include "host/context.h"
#include "host/platform/engine_options.h"
#include "host/platform/sim.h"

static const char *const sim_end_names[] = {
    [EXEC_END_OK] = "it ended",
    [EXEC_END_OP_TIMEOUT] = "a processor did not get on within the op limit",
    [EXEC_END_SYNC_TIMEOUT] = "it did not end within the sync limit",
    [EXEC_END_USER_FAULT] = "user code faulted",
    [EXEC_END_DEADLOCK] = "deadlock",
    [EXEC_END_CANCELLED] = "it was cancelled",
};

int platform_set_engine(struct host_context *context, const struct pto_engine_options *options)
{
    struct platform *platform = context->platform;
    if (engine_options_take(context, options, &platform->options) != 0) {
        return -1;
    }
    platform->options_changed = true;
    return 0;
}

void sim_engine_destroy(struct platform *platform)
{
    struct exec_engine *engine =
        atomic_load_explicit(&platform->engine, memory_order_relaxed); /* relaxed: own lock held */
    if (platform->group != NULL) {
        exec_group_destroy(platform->group);
        platform->group = NULL;
    }
    exec_engine_destroy(engine);
    atomic_store_explicit(&platform->engine, NULL, memory_order_relaxed); /* relaxed: see platform_is_inside */
}

/* An engine cannot change its kind; another kind is another engine. */
static int sim_engine_ensure(struct host_context *context)
{
    struct platform *platform = context->platform;
    struct exec_engine *engine =
        atomic_load_explicit(&platform->engine, memory_order_relaxed); /* relaxed: own lock held */
    if (engine != NULL && !platform->options_changed) {
        return 0;
    }
    const struct exec_options options = engine_options_in_force(&platform->options);
    if (engine == NULL || exec_engine_configure(engine, &options) != 0) {
        struct exec_engine *made = NULL;
        int result = exec_engine_create(&options, &made);
        if (result != 0) {
            return host_error(context, -1, "no execution engine: %s", strerror(-result));
        }
        sim_engine_destroy(platform);
        atomic_store_explicit(&platform->engine, made, memory_order_relaxed); /* relaxed: see platform_is_inside */
    }
    platform->options_changed = false;
    return 0;
}

int sim_group_begin(struct host_context *context, struct exec_group **group)
{
    struct platform *platform = context->platform;
    struct exec_engine *joined = exec_current_engine();
    if (joined == NULL) {
        if (sim_engine_ensure(context) != 0) {
            return -1;
        }
        *group = platform->group;
        if (*group != NULL) {
            return 0;
        }
    }
    struct exec_engine *engine =
        joined != NULL ? joined : atomic_load_explicit(&platform->engine, memory_order_relaxed); /* relaxed: own lock */
    int result = exec_group_create(engine, "launch", group);
    if (result != 0) {
        return host_error(context, -1, "no group of processors: %s", strerror(-result));
    }
    if (joined == NULL) {
        platform->group = *group;
    }
    return 0;
}

int sim_group_run(struct host_context *context, struct exec_group *group)
{
    struct platform *platform = context->platform;
    struct exec_outcome *outcome = &platform->outcome;
    if (exec_group_run(group, outcome) == 0) {
        return 0;
    }
    log_message(LOG_LEVEL_ERROR, "host", "launch on device %d: %s (%s, signal %d)\n%s", context->device_id,
                sim_end_names[outcome->end], outcome->culprit, outcome->signal_number, outcome->report);
    return host_error(context, SIM_LAUNCH_FAILED,
                      "the launch ended badly: %s (processor \"%s\", signal %d, after %llu ns)",
                      sim_end_names[outcome->end], outcome->culprit, outcome->signal_number,
                      (unsigned long long)(outcome->end_ns - outcome->start_ns));
}

void sim_group_end(struct host_context *context, struct exec_group *group, bool failed)
{
    struct platform *platform = context->platform;
    bool own = group == platform->group;
    if (!own || failed) {
        exec_group_destroy(group);
    }
    if (own && failed) {
        platform->group = NULL;
    }
}
