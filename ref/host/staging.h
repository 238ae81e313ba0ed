/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staging: the host tensors of a run on their way to the device and back (R11, R12).
 *
 * All host tensors of a run lie in one retained device buffer (kind STAGING), each 64-aligned behind a redzone. It
 * grows when a run needs more and is released with the last callable or at finalize. child_memory tensors pass through
 * untouched. Only a run that succeeded is copied back.
 */
#ifndef HOST_STAGING_H
#define HOST_STAGING_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/limits.h"
#include "abi/task_args.h"
#include "base/chip_image.h"

struct host_context;

enum staging_flow {
    STAGING_PASS = 0, /* child memory: not ours */
    STAGING_IN = 1,
    STAGING_OUT = 2,
    STAGING_BOTH = STAGING_IN | STAGING_OUT,
};

struct staged_tensor {
    void *host;
    uint8_t *device;
    uint64_t bytes;
    uint64_t offset; /* from the start of the buffer */
    enum staging_flow flow;
    bool declared_output; /* the signature says OUT or INOUT */
};

struct staging {
    uint8_t *buffer; /* device memory; NULL: none retained */
    uint64_t capacity;
    struct staged_tensor tensors[PTO_CHIP_MAX_TENSOR_ARGS]; /* of the run under way */
    int32_t count;
    uint64_t planned; /* bytes of buffer that the run under way needs */
};

/*
 * Judges every tensor and plans where it goes; allocates nothing (R4). `args` has passed chip_args_check. Returns 0, or
 * -1 with the context's error text.
 */
int staging_plan(struct host_context *context, const struct chip_image *image, const struct pto_chip_args *args);

/*
 * Makes the buffer large enough for the plan, copies inputs in, zeroes pure outputs, and writes the device addresses
 * into `rewritten`, which is a copy of the planned args->tensors. Returns 0, or -1 with the context's error text.
 */
int staging_bind(struct host_context *context, struct pto_continuous_tensor *rewritten);

/*
 * Copies the outputs of a successful run back. packed_address and packed_bytes, both non-zero: the packed graph output,
 * which takes the place of the first declared output's own bytes (R12). Returns 0, or -1 at the first copy that failed.
 */
int staging_copy_back(struct host_context *context, uint64_t packed_address, uint64_t packed_bytes);

void staging_release(struct host_context *context);

#endif
