/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_client: the bare C ABI of one host runtime, for tests that need more than ChipWorker lets through.
 *
 * Opens the library, resolves the 26 names in their order and the optional pto_debug_api, reads the device images, and
 * keeps one runtime buffer. It adds no checks: what a test passes is what the runtime sees. One thread at a time per
 * client, except for calls through `api` with a runtime buffer of the caller's own.
 */
#ifndef HARNESS_MODEL_RUNTIME_CLIENT_H
#define HARNESS_MODEL_RUNTIME_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "abi/runtime_c_api.h"
#include "abi/task_args.h"
#include "harness/program/variant.h"

#define RUNTIME_API_MEMBER(name) __typeof__(name) *name;
struct runtime_api {
    PTO_RUNTIME_C_API_NAMES(RUNTIME_API_MEMBER)
};

struct runtime_client {
    void *library;
    struct runtime_api api;
    const struct pto_debug_api *debug; /* NULL for a runtime without it */
    void *aicpu;
    size_t aicpu_size;
    void *aicore;
    size_t aicore_size;
    void *dispatcher; /* onboard only */
    size_t dispatcher_size;
    void *runtime_buffer;
};

/* Opens a variant below `artefacts`. Returns 0, or negative with the reason in `error` and nothing held. */
int runtime_client_open(struct runtime_client *client, const char *artefacts, const struct variant *variant,
                        char *error, size_t error_capacity);
/* Contexts must have been destroyed. In fuzz builds the library stays loaded (design section 2). */
void runtime_client_close(struct runtime_client *client);

/* simpler_init with the variant's images. */
int runtime_client_init(const struct runtime_client *client, void *context, int device_id);

/* run_prepared without diagnostics and timing. */
int runtime_client_run(const struct runtime_client *client, void *context, int32_t callable_id,
                       const struct pto_chip_args *args, int block_dim, int threads);

#endif
