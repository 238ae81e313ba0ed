/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_code: runs code of the client's that belongs on the host, as one simulated processor, so that what it does wrong
 * stays inside (R14, R33): a fault ends the call and not the process, and what spins is given up after the op limit.
 *
 * Outside a processor the call has an engine of the context's own, driven by the calling thread; inside one it joins
 * the engine that is running. Virtual time is what the watchdog charges, since the code itself costs none.
 */
#ifndef HOST_USER_CODE_H
#define HOST_USER_CODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "exec/exec.h"

struct host_context;

struct user_code {
    _Atomic(struct exec_engine *) engine; /* NULL before the first call */
    struct exec_group *group;
    struct exec_options options;
    bool options_changed;        /* the engine has not been told yet */
    bool interrupted;            /* the watchdog interrupted the last call: that run is not reproducible */
    struct exec_outcome outcome; /* of the last call */
};

/* Limits for the next call. */
void user_code_configure(struct host_context *context, const struct pto_engine_options *options);

/*
 * Runs entry(argument) on a stack of its own. It brackets what is the user's with exec_user_enter and exec_user_leave.
 * Returns 0; -100 when it ended badly; -1 when it was not started; both with the context's error text.
 */
int user_code_run(struct host_context *context, void (*entry)(void *), void *argument);

/* The caller is the processor of such a call of this context. Any thread. */
bool user_code_is_inside(const struct host_context *context);

void user_code_release(struct host_context *context);

#endif
