/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops: the fourteen calls of an orchestration (device.md 2.2, 9.2). Each one leaves user code on the way in and enters
 * it again on the way out, so that the watchdog of R33 never interrupts the runtime itself.
 */
#include <stdio.h>
#include <string.h>

#include "aicpu/trb/orchestrator.h"
#include "base/log.h"

#define TRB_INFO_TIER 5 /* tiers up to this one are informative, higher ones chatty */

static struct trb_orchestrator *orchestrator_of(struct pto_runtime_handle *rt)
{
    return (struct trb_orchestrator *)(void *)rt; /* its first member */
}

/*
 * Usual results are put together from registers: a copy would read back what was just stored in pieces, and wait until
 * the task's own stores, most of them cache misses, have drained.
 */
static struct pto_task_outputs submit(struct pto_runtime_handle *rt, enum trb_request_kind kind,
                                      const struct pto_mixed_kernels *kernels, const struct pto_arg *arg)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    struct trb_submitted submitted;
    uint64_t id = PTO_TASK_ID_INVALID;
    uint32_t count = 0;
    exec_user_leave();
    if (!trb_run_failed(orchestrator->run)) {
        if (arg == NULL || (kind == TRB_KERNELS && kernels == NULL)) {
            trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "submit: %s is NULL", arg == NULL ? "the Arg" : "the kernels");
        }
        if (trb_submit(orchestrator, kind, kernels, arg, &submitted)) {
            id = submitted.id;
            count = submitted.output_count;
        }
    }
    exec_user_enter();
    if (count <= 1) {
        return (struct pto_task_outputs){
            .task_id = id, .output_count = count, .tensors = {count != 0 ? submitted.outputs[0] : NULL}};
    }
    struct pto_task_outputs outputs = {.task_id = id, .output_count = count};
    memcpy(outputs.tensors, submitted.outputs, sizeof(outputs.tensors));
    return outputs;
}

static struct pto_task_outputs op_submit_task(struct pto_runtime_handle *rt, const struct pto_mixed_kernels *kernels,
                                              const struct pto_arg *arg)
{
    return submit(rt, TRB_KERNELS, kernels, arg);
}

static struct pto_task_outputs op_alloc_tensors(struct pto_runtime_handle *rt, const struct pto_arg *arg)
{
    return submit(rt, TRB_ALLOCATION, NULL, arg);
}

static struct pto_task_outputs op_submit_dummy_task(struct pto_runtime_handle *rt, const struct pto_arg *arg)
{
    return submit(rt, TRB_DUMMY, NULL, arg);
}

static void op_scope_begin(struct pto_runtime_handle *rt)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    uint32_t mode = rt->pending_scope_mode;
    rt->pending_scope_mode = PTO_SCOPE_AUTO;
    exec_user_leave();
    if (!trb_run_failed(orchestrator->run)) {
        trb_open_scope(orchestrator, mode);
    }
    exec_user_enter();
}

static void op_scope_end(struct pto_runtime_handle *rt)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    exec_user_leave();
    if (!trb_run_failed(orchestrator->run)) {
        if (orchestrator->scopes.depth <= 1) {
            trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scope_end: no scope of the orchestration is open");
        }
        trb_close_scope(orchestrator);
    }
    exec_user_enter();
}

static void op_orchestration_done(struct pto_runtime_handle *rt)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    exec_user_leave();
    if (!trb_run_failed(orchestrator->run)) {
        orchestrator->closed = true;
        trb_orchestrator_announce(orchestrator);
    }
    exec_user_enter();
}

static bool op_is_fatal(struct pto_runtime_handle *rt)
{
    /* A load, called before every other operation: not worth leaving user code for. */
    return trb_run_failed(orchestrator_of(rt)->run);
}

static void op_report_fatal(struct pto_runtime_handle *rt, int32_t code, const char *function, const char *format, ...)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    char text[384] = "";
    va_list arguments;
    exec_user_leave();
    if (format != NULL) {
        va_start(arguments, format);
        int length = vsnprintf(text, sizeof(text), format, arguments);
        (void)length;
        va_end(arguments);
    }
    trb_latch(orchestrator->run, TRB_ORCHESTRATOR, 0, code != 0 ? code : PTO_ERR_EXPLICIT_ORCH_FATAL, "%s: %s",
              function != NULL ? function : "orchestration", text);
    exec_user_enter();
}

static void op_log_error(const char *function, const char *format, ...)
{
    va_list arguments;
    exec_user_leave();
    va_start(arguments, format);
    log_message_v(LOG_LEVEL_ERROR, function, format, arguments);
    va_end(arguments);
    exec_user_enter();
}

static void op_log_warn(const char *function, const char *format, ...)
{
    va_list arguments;
    exec_user_leave();
    va_start(arguments, format);
    log_message_v(LOG_LEVEL_WARN, function, format, arguments);
    va_end(arguments);
    exec_user_enter();
}

static void op_log_debug(const char *function, const char *format, ...)
{
    va_list arguments;
    exec_user_leave();
    va_start(arguments, format);
    log_message_v(LOG_LEVEL_DEBUG, function, format, arguments);
    va_end(arguments);
    exec_user_enter();
}

static void op_log_info_v(const char *function, int tier, const char *format, ...)
{
    va_list arguments;
    exec_user_leave();
    va_start(arguments, format);
    log_message_v(tier <= TRB_INFO_TIER ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, function, format, arguments);
    va_end(arguments);
    exec_user_enter();
}

/* Checks a scalar access and finds the element. NULL: the tensor has no address, which is only logged. */
static void *locate(struct trb_orchestrator *orchestrator, const struct pto_tensor *tensor, uint32_t ndims,
                    const uint32_t *indices, struct pto_tensor *checked)
{
    if (tensor == NULL || indices == NULL) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scalar access: %s is NULL",
                 tensor == NULL ? "the tensor" : "the index list");
    }
    *checked = *tensor;
    if (!pto_tensor_is_valid(checked) || pto_tensor_refresh(checked) != 0 || ndims != checked->ndims) {
        trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scalar access: a tensor of rank %u is no good for %u indices",
                 checked->ndims, ndims);
    }
    if (checked->buffer_addr == 0) {
        log_message(LOG_LEVEL_ERROR, "aicpu", "scalar access to a tensor without an address");
        return NULL;
    }
    uint64_t offset = checked->start_offset;
    for (uint32_t i = 0; i < ndims; i++) {
        if (indices[i] >= checked->shapes[i]) {
            trb_fail(orchestrator, PTO_ERR_INVALID_ARGS, "scalar access: index %u of dimension %u is not below %u",
                     indices[i], i, checked->shapes[i]);
        }
        offset += (uint64_t)indices[i] * checked->strides[i];
    }
    return (void *)(uintptr_t)(checked->buffer_addr + offset * pto_data_type_bytes(checked->dtype));
}

static uint64_t op_get_tensor_data(struct pto_runtime_handle *rt, const struct pto_tensor *tensor, uint32_t ndims,
                                   const uint32_t *indices)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    uint64_t value = 0;
    exec_user_leave();
    if (!trb_run_failed(orchestrator->run)) {
        struct pto_tensor checked;
        const void *element = locate(orchestrator, tensor, ndims, indices, &checked);
        if (element != NULL && trb_wait_for_tensor(orchestrator, &checked, false)) {
            memcpy(&value, element, pto_data_type_bytes(checked.dtype));
        }
    }
    exec_user_enter();
    return value;
}

static void op_set_tensor_data(struct pto_runtime_handle *rt, const struct pto_tensor *tensor, uint32_t ndims,
                               const uint32_t *indices, uint64_t value)
{
    struct trb_orchestrator *orchestrator = orchestrator_of(rt);
    exec_user_leave();
    if (!trb_run_failed(orchestrator->run)) {
        struct pto_tensor checked;
        void *element = locate(orchestrator, tensor, ndims, indices, &checked);
        if (element != NULL && trb_wait_for_tensor(orchestrator, &checked, true)) {
            memcpy(element, &value, pto_data_type_bytes(checked.dtype));
        }
    }
    exec_user_enter();
}

const struct pto_orchestration_ops trb_ops = {
    .submit_task = op_submit_task,
    .scope_begin = op_scope_begin,
    .scope_end = op_scope_end,
    .orchestration_done = op_orchestration_done,
    .is_fatal = op_is_fatal,
    .report_fatal = op_report_fatal,
    .log_error = op_log_error,
    .log_warn = op_log_warn,
    .log_debug = op_log_debug,
    .log_info_v = op_log_info_v,
    .get_tensor_data = op_get_tensor_data,
    .set_tensor_data = op_set_tensor_data,
    .alloc_tensors = op_alloc_tensors,
    .submit_dummy_task = op_submit_dummy_task,
};
