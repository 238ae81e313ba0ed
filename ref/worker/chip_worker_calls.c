/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of an initialised ChipWorker: callables, runs, device memory. */
#include "worker/chip_worker_state.h"

int chip_worker_prepare(struct chip_worker *worker, int32_t callable_id, const void *callable)
{
    int result = chip_worker_require_ready(worker, "prepare_callable");
    if (result != 0) {
        return result;
    }
    if (callable == NULL) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "callable must not be null (callable_id %d)",
                                callable_id);
    }
    result = worker->api.prepare_callable(worker->context, callable_id, callable);
    return result != 0 ? chip_worker_fail_runtime(worker, "prepare_callable", result, result) : 0;
}

static int worker_check_config(struct chip_worker *worker, const struct pto_call_config *config)
{
    char text[256] = "config must not be null";
    if (config == NULL || pto_call_config_validate(config, text, sizeof(text)) != 0) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "run_prepared: %s", text);
    }
    return 0;
}

int chip_worker_run(struct chip_worker *worker, int32_t callable_id, const struct pto_chip_args *args,
                    const struct pto_call_config *config, struct pto_run_timing *timing)
{
    if (timing != NULL) {
        *timing = (struct pto_run_timing){0};
    }
    int result = worker_check_config(worker, config);
    if (result == 0) {
        result = chip_worker_require_ready(worker, "run_prepared");
    }
    if (result != 0) {
        return result;
    }
    result = worker->api.run_prepared(worker->context, worker->runtime_buffer, callable_id, args, config->block_dim,
                                      config->aicpu_thread_num, config->enable_l2_swimlane, config->enable_dump_tensor,
                                      config->enable_pmu, config->enable_dep_gen, config->output_prefix, timing);
    return result != 0 ? chip_worker_fail_runtime(worker, "run_prepared", result, result) : 0;
}

int chip_worker_run_view(struct chip_worker *worker, int32_t callable_id, const struct pto_task_args_view *view,
                         const struct pto_call_config *config, struct pto_run_timing *timing)
{
    if (timing != NULL) {
        *timing = (struct pto_run_timing){0};
    }
    if (view == NULL) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "run_prepared: the arguments must not be null");
    }
    int code = pto_chip_args_from_view(&worker->view_args, view);
    if (code != 0) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT,
                                "run_prepared: %s: tensor_count %d of 0..%d, scalar_count %d of 0..%d",
                                pto_args_error_text(code), view->tensor_count, PTO_CHIP_MAX_TENSOR_ARGS,
                                view->scalar_count, PTO_CHIP_MAX_SCALAR_ARGS);
    }
    return chip_worker_run(worker, callable_id, &worker->view_args, config, timing);
}

int chip_worker_unregister(struct chip_worker *worker, int32_t callable_id)
{
    int result = chip_worker_require_ready(worker, "unregister_callable");
    if (result != 0) {
        return result;
    }
    result = worker->api.unregister_callable(worker->context, callable_id);
    return result != 0 ? chip_worker_fail_runtime(worker, "unregister_callable", result, result) : 0;
}

size_t chip_worker_aicpu_dlopen_count(struct chip_worker *worker)
{
    return worker->phase == CHIP_WORKER_READY ? worker->api.get_aicpu_dlopen_count(worker->context) : 0;
}

size_t chip_worker_host_dlopen_count(struct chip_worker *worker)
{
    return worker->phase == CHIP_WORKER_READY ? worker->api.get_host_dlopen_count(worker->context) : 0;
}

int chip_worker_malloc(struct chip_worker *worker, size_t bytes, void **address)
{
    int result = chip_worker_require_ready(worker, "malloc");
    if (result != 0) {
        return result;
    }
    void *memory = worker->api.device_malloc_ctx(worker->context, bytes);
    if (memory == NULL) {
        return chip_worker_fail_runtime(worker, "malloc", CHIP_WORKER_RUNTIME, -1);
    }
    *address = memory;
    return 0;
}

int chip_worker_free(struct chip_worker *worker, void *address)
{
    int result = chip_worker_require_ready(worker, "free");
    if (result == 0) {
        worker->api.device_free_ctx(worker->context, address);
    }
    return result;
}

int chip_worker_copy_to(struct chip_worker *worker, void *device, const void *host, size_t bytes)
{
    int result = chip_worker_require_ready(worker, "copy_to");
    if (result != 0) {
        return result;
    }
    result = worker->api.copy_to_device_ctx(worker->context, device, host, bytes);
    return result != 0 ? chip_worker_fail_runtime(worker, "copy_to", result, result) : 0;
}

int chip_worker_copy_from(struct chip_worker *worker, void *host, const void *device, size_t bytes)
{
    int result = chip_worker_require_ready(worker, "copy_from");
    if (result != 0) {
        return result;
    }
    result = worker->api.copy_from_device_ctx(worker->context, host, device, bytes);
    return result != 0 ? chip_worker_fail_runtime(worker, "copy_from", result, result) : 0;
}
