/* SPDX-License-Identifier: Apache-2.0 */
/* chip_worker_state: what the files of the ChipWorker share; nobody else includes it. */
#ifndef WORKER_CHIP_WORKER_STATE_H
#define WORKER_CHIP_WORKER_STATE_H

#include <stdbool.h>

#include "worker/chip_worker.h"

#define CHIP_WORKER_ERROR_BYTES 1536u

/* The 26 functions of an open runtime, resolved in the order of the ABI. */
struct chip_worker_api {
#define CHIP_WORKER_MEMBER(name) __typeof__(name) *name;
    PTO_RUNTIME_C_API_NAMES(CHIP_WORKER_MEMBER)
#undef CHIP_WORKER_MEMBER
};

enum chip_worker_phase { CHIP_WORKER_FRESH, CHIP_WORKER_READY, CHIP_WORKER_FINAL };

struct chip_worker {
    enum chip_worker_phase phase;
    void *library; /* open from init to finalize, as is everything below */
    struct chip_worker_api api;
    const struct pto_debug_api *debug;
    void *context;
    void *runtime_buffer;
    int device_id;
    void *comm_handle; /* NULL: no session */
    void *comm_stream;
    struct pto_chip_args view_args; /* scratch of run_view */
    char error[CHIP_WORKER_ERROR_BYTES];
};

/* Writes the text and returns `code`. */
int chip_worker_fail(struct chip_worker *worker, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "<call> failed with code N: <the runtime's last error>"; returns `code`. */
int chip_worker_fail_runtime(struct chip_worker *worker, const char *call, int code, int returned);
/* 0, or CHIP_WORKER_STATE with a text that names the call. */
int chip_worker_require_ready(struct chip_worker *worker, const char *call);

/* chip_worker_load: opens the library and resolves everything. On failure nothing is open. */
int chip_worker_open_library(struct chip_worker *worker, const char *path);
void chip_worker_close_library(struct chip_worker *worker);

#endif
