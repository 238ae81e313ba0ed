/* SPDX-License-Identifier: Apache-2.0 */
#include "host/user_code.h"

#include <string.h>

#include "base/log.h"
#include "host/context.h"

#define USER_CODE_FAILED (-100) /* R24, R33 */

void user_code_configure(struct host_context *context, const struct pto_engine_options *options)
{
    struct user_code *user = &context->user;
    user->options = (struct exec_options){
        .kind = EXEC_FIBERS,
        .op_limit_ns = options->op_limit_ns,
        .sync_limit_ns = options->sync_limit_ns,
        .stall_limit_ns = options->stall_limit_ns,
    };
    user->options_changed = true;
}

static struct exec_engine *user_code_engine(const struct user_code *user)
{
    /* Relaxed: whoever needs more than the address holds the context's lock. */
    return atomic_load_explicit(&user->engine, memory_order_relaxed);
}

bool user_code_is_inside(const struct host_context *context)
{
    struct exec_engine *own = user_code_engine(&context->user);
    return own != NULL && exec_current_engine() == own;
}

void user_code_release(struct host_context *context)
{
    struct user_code *user = &context->user;
    struct exec_engine *engine = user_code_engine(user);
    exec_group_destroy(user->group);
    user->group = NULL;
    exec_engine_destroy(engine);
    atomic_store_explicit(&user->engine, NULL, memory_order_relaxed); /* relaxed: see user_code_engine */
}

/* The group for a call from outside any processor, kept from call to call. */
static int user_code_ensure(struct host_context *context)
{
    struct user_code *user = &context->user;
    struct exec_engine *engine = user_code_engine(user);
    int result = 0;
    if (engine == NULL) {
        result = exec_engine_create(&user->options, &engine);
        if (result == 0) {
            atomic_store_explicit(&user->engine, engine, memory_order_relaxed); /* relaxed: see user_code_engine */
        }
    } else if (user->options_changed) {
        result = exec_engine_configure(engine, &user->options);
    }
    if (result == 0) {
        user->options_changed = false;
    }
    if (result == 0 && user->group == NULL) {
        result = exec_group_create(engine, "orchestration", &user->group);
        user->group = result == 0 ? user->group : NULL;
    }
    return result;
}

static int user_code_begin(struct host_context *context, struct exec_group **group)
{
    struct exec_engine *joined = exec_current_engine();
    int result;
    if (joined != NULL) {
        result = exec_group_create(joined, "orchestration", group);
    } else {
        result = user_code_ensure(context);
        *group = context->user.group;
    }
    return result == 0 ? 0 : host_error(context, -1, "no processor for the orchestration: %s", strerror(-result));
}

/* A group that is not kept, or in which something is left over, goes. */
static void user_code_end(struct user_code *user, struct exec_group *group, bool failed)
{
    if (group != user->group) {
        exec_group_destroy(group);
    } else if (failed) {
        exec_group_destroy(group);
        user->group = NULL;
    }
}

static int user_code_failed(struct host_context *context)
{
    const struct exec_outcome *outcome = &context->user.outcome;
    const char *why = "it was cancelled";
    if (outcome->end == EXEC_END_USER_FAULT) {
        why = "it faulted";
    } else if (outcome->end == EXEC_END_OP_TIMEOUT || outcome->end == EXEC_END_SYNC_TIMEOUT) {
        why = "it did not get on within the op limit";
    } else if (outcome->end == EXEC_END_DEADLOCK) {
        why = "it waits for something that cannot happen";
    }
    log_message(LOG_LEVEL_ERROR, "host", "the orchestration on the host: %s (signal %d)\n%s", why,
                outcome->signal_number, outcome->report);
    return host_error(context, USER_CODE_FAILED, "the orchestration ended badly: %s (signal %d)", why,
                      outcome->signal_number);
}

int user_code_run(struct host_context *context, void (*entry)(void *), void *argument)
{
    struct user_code *user = &context->user;
    struct exec_group *group = NULL;
    if (user_code_begin(context, &group) != 0) {
        return -1;
    }
    int result = exec_spawn(group, "orchestration", EXEC_ORCHESTRATION_STACK_BYTES, entry, argument);
    if (result != 0) {
        user_code_end(user, group, true);
        return host_error(context, -1, "no processor for the orchestration: %s", strerror(-result));
    }
    result = exec_group_run(group, &user->outcome);
    user->interrupted = !user->outcome.reproducible;
    user_code_end(user, group, false);
    return result == 0 ? 0 : user_code_failed(context);
}
