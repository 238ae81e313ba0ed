/* SPDX-License-Identifier: Apache-2.0 */
/* The stage on the host: the orchestration's shared object, and one call of its entry. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/error_codes.h"
#include "base/cxx_guard.h"
#include "base/os.h"
#include "exec/exec.h"
#include "host/context.h"
#include "host/runtime/hbg.h"
#include "host/runtime/runtime.h"

static int hbg_resolve(struct host_context *context, int32_t callable_id, const char *name,
                       struct runtime_callable *callable)
{
    void *entry = dlsym(callable->handle, name);
    if (entry == NULL) {
        return host_error(context, -1, "callable_id %d: its orchestration has no symbol '%s'", callable_id, name);
    }
    int result = exec_user_image_add(entry);
    if (result != 0) {
        return host_error(context, -1, "callable_id %d: '%s' is not code that can be watched: %s", callable_id, name,
                          strerror(-result));
    }
    callable->entry = entry;
    return 0;
}

int runtime_open_callable(struct host_context *context, int32_t callable_id, const struct chip_buffer *chip,
                          struct runtime_callable **opened)
{
    const struct chip_image *image = &chip->image;
    struct runtime_callable *made = os_zalloc("host.graph_callable", sizeof(*made));
    if (made == NULL) {
        return host_error(context, -1, "callable_id %d: no host memory to open its orchestration", callable_id);
    }
    char pattern[96];
    char text[512];
    (void)snprintf(pattern, sizeof(pattern), "orch_so_%ld_%d_%d_cid%d_XXXXXX.so", (long)getpid(), context->serial,
                   context->device_id, callable_id);
    if (os_load_image("host.orchestration", "/tmp", pattern, image->orchestration, image->orchestration_size,
                      &made->handle, text, sizeof(text)) != 0) {
        free(made);
        return host_error(context, -1, "callable_id %d: the orchestration is not loaded: %s", callable_id, text);
    }
    if (hbg_resolve(context, callable_id, image->func_name, made) != 0) {
        runtime_close_callable(context, made);
        return -1;
    }
    context->counters.host_dlopens++;
    *opened = made;
    return 0;
}

void runtime_close_callable(struct host_context *context, struct runtime_callable *opened)
{
    size_t stuck = os_stuck_images();
    if (opened->entry != NULL) {
        exec_user_image_remove(opened->entry);
    }
    os_close_image(opened->handle);
    context->counters.not_unloadable += os_stuck_images() > stuck;
    free(opened);
}

/* One call of the entry, guarded twice: against exceptions in here, against everything else by user_code. */
struct hbg_call {
    struct runtime *runtime;
    pto_graph_entry_fn *entry;
    const struct pto_chip_args *args;
    int returned;
};

static void hbg_call_entry(void *argument)
{
    struct hbg_call *call = argument;
    call->returned = call->entry(&call->runtime->handle, call->args);
}

static void hbg_call_guarded(void *argument)
{
    struct hbg_call *call = argument;
    char what[256] = "";
    /* Relaxed: only this thread recognises itself in it, and the others are turned away all the same. */
    atomic_store_explicit(&call->runtime->builder, (uintptr_t)pthread_self(), memory_order_relaxed);
    exec_user_enter();
    int result = cxx_guard_call(hbg_call_entry, call, what, sizeof(what));
    exec_user_leave();
    if (result != 0) {
        hbg_latch(call->runtime, -PTO_ERR_INVALID_ARGS, "a C++ exception left the orchestration: %s", what);
    }
}

/* Calls that came from elsewhere meanwhile had no effect on the graph; who made them relied on them. */
static void hbg_check_foreign(struct runtime *runtime)
{
    /* Relaxed: a number. */
    uint32_t foreign = atomic_load_explicit(&runtime->foreign, memory_order_relaxed);
    if (foreign != 0) {
        hbg_latch(runtime, -PTO_ERR_INVALID_ARGS, "%u calls from another thread than the orchestration's", foreign);
    }
}

int hbg_build(struct host_context *context, const struct runtime_callable *callable, const struct pto_chip_args *args)
{
    struct runtime *runtime = context->runtime;
    struct hbg_call call = {.runtime = runtime, .args = args};
    memcpy(&call.entry, &callable->entry, sizeof(call.entry)); /* ISO C has no conversion from object pointers */
    runtime->task_count = 0;
    runtime->latched = 0;
    atomic_store_explicit(&runtime->foreign, 0, memory_order_relaxed); /* relaxed: see hbg_check_foreign */
    int result = user_code_run(context, hbg_call_guarded, &call);
    atomic_store_explicit(&runtime->builder, 0, memory_order_relaxed); /* relaxed: see hbg_call_guarded */
    if (runtime->latched == 0 && result == 0 && call.returned == 0) {
        hbg_check_foreign(runtime);
    }
    if (runtime->latched != 0) {
        return host_error(context, runtime->latched, "callable_id %d failed with %d (%s): %s", runtime->callable_id,
                          runtime->latched, pto_error_name(runtime->latched), runtime->text);
    }
    if (result == 0 && call.returned != 0) {
        result = host_error_because(context, call.returned, "callable_id %d: its orchestration returned %d",
                                    runtime->callable_id, call.returned);
    }
    return result;
}
