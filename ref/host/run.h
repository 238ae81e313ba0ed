/* SPDX-License-Identifier: Apache-2.0 */
/* run: one run_prepared, from its checks to the result (host.md 3.5; R5, R8, R11-R14). */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include <stdint.h>

#include "abi/runtime_c_api.h"

struct host_context;

/* The arguments of run_prepared as they came in. */
struct run_request {
    void *runtime_buffer;
    int32_t callable_id;
    const void *args;
    int block_dim;
    int aicpu_threads;
    int l2_swimlane;
    int dump_tensor;
    int pmu;
    int dep_gen;
    const char *output_prefix;
};

/* Returns 0, -1 for what was rejected or failed on the host, or the device's code. `timing` (may be NULL) is
 * filled when the run reached its end, whatever its result. */
int run_prepared_callable(struct host_context *context, const struct run_request *request,
                          struct pto_run_timing *timing);

#endif
