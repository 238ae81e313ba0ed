/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/chip_worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "worker/chip_worker_state.h"

int chip_worker_fail(struct chip_worker *worker, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(worker->error, sizeof(worker->error), format, arguments);
    va_end(arguments);
    return code;
}

int chip_worker_fail_runtime(struct chip_worker *worker, const char *call, int code, int returned)
{
    const char *reason =
        worker->debug != NULL && worker->context != NULL ? worker->debug->last_error(worker->context) : "";
    return chip_worker_fail(worker, code, "%s failed with code %d%s%s", call, returned, reason[0] != '\0' ? ": " : "",
                            reason);
}

int chip_worker_require_ready(struct chip_worker *worker, const char *call)
{
    if (worker->phase == CHIP_WORKER_READY) {
        return 0;
    }
    return chip_worker_fail(worker, CHIP_WORKER_STATE, "%s: the ChipWorker is not initialized%s", call,
                            worker->phase == CHIP_WORKER_FINAL ? " any more: it was finalized" : "; call init first");
}

struct chip_worker *chip_worker_create(void)
{
    struct chip_worker *worker = os_zalloc("worker.record", sizeof(*worker));
    if (worker != NULL) {
        worker->device_id = -1;
    }
    return worker;
}

void chip_worker_destroy(struct chip_worker *worker)
{
    if (worker != NULL) {
        (void)chip_worker_finalize(worker);
        free(worker);
    }
}

/* The files that init reads; freed when it returns, since the runtime keeps its own copies. */
struct chip_worker_files {
    void *aicpu;
    size_t aicpu_bytes;
    void *aicore;
    size_t aicore_bytes;
    void *dispatcher;
    size_t dispatcher_bytes;
};

static int worker_read_file(struct chip_worker *worker, const char *site, const char *path, void **bytes, size_t *size)
{
    int result = path != NULL ? os_read_file(site, path, bytes, size) : -1;
    if (path == NULL) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "Failed to open binary file: %s has no path", site);
    }
    if (result != 0) {
        return chip_worker_fail(worker, CHIP_WORKER_FILE, "Failed to open binary file: %s: %s", path,
                                strerror(-result));
    }
    return 0;
}

static int worker_read_files(struct chip_worker *worker, const struct chip_worker_options *options,
                             struct chip_worker_files *files)
{
    int result = worker_read_file(worker, "worker.aicpu", options->aicpu_path, &files->aicpu, &files->aicpu_bytes);
    if (result == 0) {
        result = worker_read_file(worker, "worker.aicore", options->aicore_path, &files->aicore, &files->aicore_bytes);
    }
    if (result == 0 && options->dispatcher_path != NULL && options->dispatcher_path[0] != '\0') {
        result = worker_read_file(worker, "worker.dispatcher", options->dispatcher_path, &files->dispatcher,
                                  &files->dispatcher_bytes);
    }
    return result;
}

/* Gives back what init has made so far; the worker is fresh again, its error text kept. */
static void worker_close(struct chip_worker *worker)
{
    if (worker->context != NULL) {
        worker->api.destroy_device_context(worker->context);
        worker->context = NULL;
    }
    free(worker->runtime_buffer);
    worker->runtime_buffer = NULL;
    chip_worker_close_library(worker);
    worker->device_id = -1;
}

static int worker_bind(struct chip_worker *worker, const struct chip_worker_options *options)
{
    struct chip_worker_files files = {0};
    int result = worker_read_files(worker, options, &files);
    if (result == 0) {
        int code = worker->api.simpler_init(worker->context, options->device_id, files.aicpu, files.aicpu_bytes,
                                            files.aicore, files.aicore_bytes, files.dispatcher, files.dispatcher_bytes);
        result = code != 0 ? chip_worker_fail_runtime(worker, "simpler_init", code, code) : 0;
    }
    free(files.aicpu);
    free(files.aicore);
    free(files.dispatcher);
    return result;
}

static int worker_open(struct chip_worker *worker, const struct chip_worker_options *options)
{
    int result = chip_worker_open_library(worker, options->host_library);
    if (result != 0) {
        return result;
    }
    worker->context = worker->api.create_device_context();
    if (worker->context == NULL) {
        return chip_worker_fail(worker, CHIP_WORKER_RUNTIME, "create_device_context returned NULL");
    }
    size_t bytes = worker->api.get_runtime_size();
    worker->runtime_buffer = os_alloc("worker.runtime_buffer", bytes);
    if (worker->runtime_buffer == NULL) {
        return chip_worker_fail(worker, CHIP_WORKER_MEMORY, "no memory for the runtime buffer of %zu bytes", bytes);
    }
    return worker_bind(worker, options);
}

int chip_worker_init(struct chip_worker *worker, const struct chip_worker_options *options)
{
    if (worker->phase == CHIP_WORKER_FINAL) {
        return chip_worker_fail(worker, CHIP_WORKER_STATE, "ChipWorker already finalized; make a new one");
    }
    if (worker->phase == CHIP_WORKER_READY) {
        return chip_worker_fail(worker, CHIP_WORKER_STATE, "ChipWorker already initialized on device %d",
                                worker->device_id);
    }
    if (options->device_id < 0) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "init requires a non-negative device_id, not %d",
                                options->device_id);
    }
    if (options->host_library == NULL) {
        return chip_worker_fail(worker, CHIP_WORKER_ARGUMENT, "init requires the path of a host runtime");
    }
    int result = worker_open(worker, options);
    if (result != 0) {
        worker_close(worker);
        return result;
    }
    worker->device_id = options->device_id;
    worker->phase = CHIP_WORKER_READY;
    return 0;
}

int chip_worker_finalize(struct chip_worker *worker)
{
    if (worker->phase == CHIP_WORKER_READY) {
        (void)chip_worker_comm_destroy_all(worker);
        (void)worker->api.finalize_device(worker->context);
        worker_close(worker);
    }
    worker->phase = CHIP_WORKER_FINAL;
    return 0;
}

const char *chip_worker_error(const struct chip_worker *worker)
{
    return worker->error;
}

void *chip_worker_context(const struct chip_worker *worker)
{
    return worker->context;
}

const struct pto_debug_api *chip_worker_debug(const struct chip_worker *worker)
{
    return worker->debug;
}
