/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orchestration: what an orchestration SO of the tensormap_and_ringbuffer runtime sees (device.md 2, 9; R1, R23).
 *
 * An orchestration is one or more C or C++ sources that include this header and define an entry:
 *
 *     #define PTO_ORCHESTRATION_UNIT      in exactly one source of the SO
 *     #include "abi/orchestration.h"
 *     PTO_ORCHESTRATION_ENTRY(args)
 *     {
 *         struct pto_tensor a;
 *         pto_tensor_from_continuous(&a, pto_chip_args_tensor(args, 0), false, 0);
 *         ...
 *
 * The entry runs on one AICPU processor. It builds tensors, submits tasks that run on cores later, and opens scopes;
 * the runtime infers what depends on what from the tensors (AUTO scope) or takes explicit dependencies only (MANUAL
 * scope). Nothing here may be called from another thread, or outside entry. In config, which runs before a runtime is
 * bound, and once the run is fatal, every call returns at once: empty outputs, 0, no effect.
 *
 * The call that makes a run fatal does not return to the orchestration, whose stack is abandoned, destructors included.
 * pto_report_fatal does return.
 */
#ifndef ABI_ORCHESTRATION_H
#define ABI_ORCHESTRATION_H

#include <string.h>

#include "abi/arg.h"
#include "abi/error_codes.h"
#include "abi/task_args.h"
#include "abi/tensor.h"
#include "abi/tensor_view.h"

PTO_BEGIN_DECLS

enum pto_scope_mode { PTO_SCOPE_AUTO = 0, PTO_SCOPE_MANUAL = 1 };

/*
 * What a submit returns: the task, and the tensors allocated for its create-info outputs, in the order they were added.
 * The pointers are valid until the scope of the submit ends.
 */
struct pto_task_outputs {
    uint64_t task_id; /* PTO_TASK_ID_INVALID: nothing was submitted */
    uint32_t output_count;
    uint32_t reserved;
    const struct pto_tensor *tensors[PTO_CORE_MAX_TENSOR_ARGS];
};
PTO_ASSERT_SIZE(struct pto_task_outputs, 144);
PTO_ASSERT_FIELD(struct pto_task_outputs, task_id, 0);
PTO_ASSERT_FIELD(struct pto_task_outputs, output_count, 8);
PTO_ASSERT_FIELD(struct pto_task_outputs, tensors, 16);

/* Returned by the optional config function: 0 asks for nothing, n for at least n tensors and scalars together. */
struct pto_orchestration_config {
    int32_t expected_arg_count;
};
PTO_ASSERT_SIZE(struct pto_orchestration_config, 4);

struct pto_orchestration_ops;

/* The head of the runtime as an orchestration sees it. Whatever follows belongs to the runtime. */
struct pto_runtime_handle {
    const struct pto_orchestration_ops *ops;
    uint8_t pending_scope_mode; /* written right before scope_begin, which takes it and resets it to AUTO */
    uint8_t reserved[7];
};
PTO_ASSERT_SIZE(struct pto_runtime_handle, 16);
PTO_ASSERT_FIELD(struct pto_runtime_handle, ops, 0);
PTO_ASSERT_FIELD(struct pto_runtime_handle, pending_scope_mode, 8);

/* What the runtime offers. The order and the types are the ABI; 144-byte results go through the hidden pointer. */
struct pto_orchestration_ops {
    struct pto_task_outputs (*submit_task)(struct pto_runtime_handle *rt, const struct pto_mixed_kernels *kernels,
                                           const struct pto_arg *arg);
    void (*scope_begin)(struct pto_runtime_handle *rt);
    void (*scope_end)(struct pto_runtime_handle *rt);
    void (*orchestration_done)(struct pto_runtime_handle *rt);
    bool (*is_fatal)(struct pto_runtime_handle *rt);
    /* `format` may be NULL. */
    void (*report_fatal)(struct pto_runtime_handle *rt, int32_t code, const char *function, const char *format, ...)
        PTO_PRINTF(4, 5);
    void (*log_error)(const char *function, const char *format, ...) PTO_PRINTF(2, 3);
    void (*log_warn)(const char *function, const char *format, ...) PTO_PRINTF(2, 3);
    void (*log_debug)(const char *function, const char *format, ...) PTO_PRINTF(2, 3);
    void (*log_info_v)(const char *function, int tier, const char *format, ...) PTO_PRINTF(3, 4);
    uint64_t (*get_tensor_data)(struct pto_runtime_handle *rt, const struct pto_tensor *tensor, uint32_t ndims,
                                const uint32_t *indices);
    void (*set_tensor_data)(struct pto_runtime_handle *rt, const struct pto_tensor *tensor, uint32_t ndims,
                            const uint32_t *indices, uint64_t value);
    struct pto_task_outputs (*alloc_tensors)(struct pto_runtime_handle *rt, const struct pto_arg *arg);
    struct pto_task_outputs (*submit_dummy_task)(struct pto_runtime_handle *rt, const struct pto_arg *arg);
};
PTO_ASSERT_SIZE(struct pto_orchestration_ops, 112);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, submit_task, 0);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, scope_begin, 8);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, scope_end, 16);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, orchestration_done, 24);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, is_fatal, 32);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, report_fatal, 40);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, log_error, 48);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, log_warn, 56);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, log_debug, 64);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, log_info_v, 72);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, get_tensor_data, 80);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, set_tensor_data, 88);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, alloc_tensors, 96);
PTO_ASSERT_FIELD(struct pto_orchestration_ops, submit_dummy_task, 104);

/* ---- what an orchestration SO exports ---------------------------------------------------------------------------- */

/* Default symbols; a ChipCallable may name others of the same type (func_name, config_name). */
#define PTO_ORCHESTRATION_DEFAULT_ENTRY "aicpu_orchestration_entry"
#define PTO_ORCHESTRATION_DEFAULT_CONFIG "aicpu_orchestration_config"
#define PTO_ORCHESTRATION_BIND "framework_bind_runtime"

/* Required. `args` and what it points to live until the entry has returned. */
PTO_EXPORT void aicpu_orchestration_entry(const struct pto_chip_args *args);
/* Optional. Called when the SO is loaded, before a runtime is bound. */
PTO_EXPORT struct pto_orchestration_config aicpu_orchestration_config(const struct pto_chip_args *args);
/* From the unit: stores the handle for the calls below; NULL unbinds. */
PTO_EXPORT void framework_bind_runtime(struct pto_runtime_handle *rt);
/* From the unit, hidden: the handle or NULL. */
PTO_HIDDEN struct pto_runtime_handle *framework_current_runtime(void);

#define PTO_ORCHESTRATION_ENTRY(args) void aicpu_orchestration_entry(const struct pto_chip_args *args)
#define PTO_ORCHESTRATION_CONFIG(args) \
    struct pto_orchestration_config aicpu_orchestration_config(const struct pto_chip_args *args)

/* ---- what it calls --------------------------------------------------------------------------------------------- */

static inline struct pto_task_outputs pto_no_outputs(void)
{
    struct pto_task_outputs none;
    memset(&none, 0, sizeof(none));
    none.task_id = PTO_TASK_ID_INVALID;
    return none;
}

/* The bound runtime if it still takes orders, otherwise NULL. */
static inline struct pto_runtime_handle *pto_live_runtime(void)
{
    struct pto_runtime_handle *rt = framework_current_runtime();
    return rt != NULL && !rt->ops->is_fatal(rt) ? rt : NULL;
}

/* True once the run has failed, and when no runtime is bound. A long orchestration may look and return early. */
static inline bool pto_is_fatal(void)
{
    return pto_live_runtime() == NULL;
}

/* Submits a task that runs these kernels on the lanes of one cluster per block, all with the same arguments. */
static inline struct pto_task_outputs pto_submit(const struct pto_mixed_kernels *kernels, const struct pto_arg *arg)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    return rt != NULL ? rt->ops->submit_task(rt, kernels, arg) : pto_no_outputs();
}

/* Submits a task for a matrix core. */
static inline struct pto_task_outputs pto_submit_aic(int32_t kernel_id, const struct pto_arg *arg)
{
    struct pto_mixed_kernels kernels = {kernel_id, PTO_KERNEL_NONE, PTO_KERNEL_NONE};
    return pto_submit(&kernels, arg);
}

/* Submits a task for one vector core. */
static inline struct pto_task_outputs pto_submit_aiv(int32_t kernel_id, const struct pto_arg *arg)
{
    struct pto_mixed_kernels kernels = {PTO_KERNEL_NONE, kernel_id, PTO_KERNEL_NONE};
    return pto_submit(&kernels, arg);
}

/* Submits a task that runs nothing and only orders others. */
static inline struct pto_task_outputs pto_submit_dummy(const struct pto_arg *arg)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    return rt != NULL ? rt->ops->submit_dummy_task(rt, arg) : pto_no_outputs();
}

/* Allocates the create-info outputs of `arg` (nothing else may be in it) without running anything. */
static inline struct pto_task_outputs pto_alloc_tensors(const struct pto_arg *arg)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    return rt != NULL ? rt->ops->alloc_tensors(rt, arg) : pto_no_outputs();
}

/* Output i of a submit, NULL when there is none (which every builder refuses politely). */
static inline const struct pto_tensor *pto_output(const struct pto_task_outputs *outputs, uint32_t i)
{
    return i < outputs->output_count && i < PTO_CORE_MAX_TENSOR_ARGS ? outputs->tensors[i] : NULL;
}

/* Opens a scope: its tasks' buffers live until it ends and every reader is done. AUTO inside MANUAL is fatal. */
static inline void pto_scope_begin(enum pto_scope_mode mode)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    if (rt != NULL) {
        rt->pending_scope_mode = (uint8_t)mode;
        rt->ops->scope_begin(rt);
    }
}

static inline void pto_scope_end(void)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    if (rt != NULL) {
        rt->ops->scope_end(rt);
    }
}

static inline void pto_scope_leave(const int *scope)
{
    (void)scope;
    pto_scope_end();
}

#define PTO_JOIN_(a, b) a##b
#define PTO_JOIN(a, b) PTO_JOIN_(a, b)

/* PTO_SCOPE(PTO_SCOPE_AUTO) { ... }: the scope ends however the block is left: at its end, by break, return or goto. */
#define PTO_SCOPE(mode) PTO_SCOPE_NAMED_(mode, PTO_JOIN(pto_scope_open_, __COUNTER__))
#define PTO_SCOPE_NAMED_(mode, open) \
    for (int open __attribute__((cleanup(pto_scope_leave))) = (pto_scope_begin(mode), 1); open != 0; open = 0)

/* Tells the runtime that no more tasks come. The runtime does so itself when the entry returns. */
static inline void pto_orchestration_done(void)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    if (rt != NULL) {
        rt->ops->orchestration_done(rt);
    }
}

/*
 * One element of a tensor, zero-extended, after every task that writes it has completed. Blocks; without progress the
 * run fails with PTO_ERR_TENSOR_WAIT_TIMEOUT.
 */
static inline uint64_t pto_get_scalar(const struct pto_tensor *tensor, uint32_t ndims, const uint32_t *indices)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    return rt != NULL ? rt->ops->get_tensor_data(rt, tensor, ndims, indices) : 0;
}

/* Stores one element, the low bytes of `value`, after every task that writes or reads it. Blocks likewise. */
static inline void pto_set_scalar(const struct pto_tensor *tensor, uint32_t ndims, const uint32_t *indices,
                                  uint64_t value)
{
    struct pto_runtime_handle *rt = pto_live_runtime();
    if (rt != NULL) {
        rt->ops->set_tensor_data(rt, tensor, ndims, indices, value);
    }
}

/* Runs `call` with `pto_rt` naming the bound runtime, if there is one. */
#define PTO_WITH_RUNTIME_(call)                                          \
    do {                                                                 \
        struct pto_runtime_handle *pto_rt = framework_current_runtime(); \
        if (pto_rt != NULL) {                                            \
            call;                                                        \
        }                                                                \
    } while (0)

/* pto_report_fatal(code, format, ...) fails the run with `code`, 0 for PTO_ERR_EXPLICIT_ORCH_FATAL, and returns. */
#define pto_report_fatal(code, ...) PTO_WITH_RUNTIME_(pto_rt->ops->report_fatal(pto_rt, code, __func__, __VA_ARGS__))

/* Messages, printf-like, through the runtime's log. Tiers of PTO_LOG_INFO are 0 (always) to 9 (chatty). */
#define PTO_LOG_ERROR(...) PTO_WITH_RUNTIME_(pto_rt->ops->log_error(__func__, __VA_ARGS__))
#define PTO_LOG_WARN(...) PTO_WITH_RUNTIME_(pto_rt->ops->log_warn(__func__, __VA_ARGS__))
#define PTO_LOG_DEBUG(...) PTO_WITH_RUNTIME_(pto_rt->ops->log_debug(__func__, __VA_ARGS__))
#define PTO_LOG_INFO(tier, ...) PTO_WITH_RUNTIME_(pto_rt->ops->log_info_v(__func__, tier, __VA_ARGS__))

PTO_END_DECLS

#ifdef PTO_ORCHESTRATION_UNIT
#include "abi/orchestration_unit.h"
#endif

#endif
