/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/context.h"

EXEC_NO_TSAN void exec_context_make(struct exec_context *context, void *bottom, size_t bytes,
                                    void (*entry)(struct exec_transfer arrived))
{
    context->bottom = bottom;
    context->bytes = bytes;
    context->fake_stack = NULL;
    context->resume_at = make_fcontext((char *)bottom + bytes, bytes, entry);
#if EXEC_TSAN
    /* A fiber that was abandoned keeps its shadow call stack; a fresh one starts empty. */
    exec_context_drop(context);
    context->tsan_fiber = __tsan_create_fiber(0);
#endif
}

EXEC_NO_TSAN void exec_context_drop(struct exec_context *context)
{
#if EXEC_TSAN
    if (context->tsan_fiber != NULL) {
        __tsan_destroy_fiber(context->tsan_fiber);
    }
#endif
    context->tsan_fiber = NULL;
}

EXEC_NO_TSAN void exec_context_adopt(struct exec_context *context)
{
#if EXEC_TSAN
    context->tsan_fiber = __tsan_get_current_fiber();
#else
    (void)context;
#endif
}

EXEC_NO_TSAN void exec_context_release_for(struct exec_context *now, struct exec_context *context, void *address)
{
#if EXEC_TSAN
    __tsan_switch_to_fiber(context->tsan_fiber, __tsan_switch_to_fiber_no_sync);
    __tsan_release(address);
    __tsan_switch_to_fiber(now->tsan_fiber, __tsan_switch_to_fiber_no_sync);
#else
    (void)now;
    (void)context;
    (void)address;
#endif
}
