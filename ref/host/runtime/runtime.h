/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime: how the host part of a device runtime binds a run and judges its result. Chosen at link time: trb, hbg.
 *
 * All functions run with the context's lock held and fill the context's error text when they fail.
 */
#ifndef HOST_RUNTIME_RUNTIME_H
#define HOST_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/task_args.h"
#include "base/chip_image.h"

struct chip_buffer;
struct host_context;
struct runtime_callable;

/* Fills context->runtime. Returns 0 or -ENOMEM. */
int runtime_create(struct host_context *context);
void runtime_destroy(struct host_context *context);
/* Gives the device memory back that the runtime retains between runs. */
void runtime_release(struct host_context *context);

/* Bytes of the buffer that a client hands to every run. It may be any 16-aligned memory and is not kept. */
size_t runtime_buffer_bytes(void);

/* What this runtime asks of a callable beside a sound image. Returns 0 or -1. */
int runtime_check_callable(struct host_context *context, const struct chip_image *image);

/*
 * What the runtime keeps on the host for a callable that is being registered, besides its lease; NULL: nothing. Returns
 * 0 or -1 with nothing held.
 */
int runtime_open_callable(struct host_context *context, int32_t callable_id, const struct chip_buffer *chip,
                          struct runtime_callable **opened);
/* What runtime_open_callable gave. */
void runtime_close_callable(struct host_context *context, struct runtime_callable *opened);

/* Judges the arguments of a run, which have passed chip_args_check, before anything is allocated (R4). 0 or -1. */
int runtime_plan(struct host_context *context, const struct chip_image *image, const struct pto_chip_args *args);

struct runtime_run {
    void *buffer;                     /* of runtime_buffer_bytes() */
    int32_t callable_id;              /* registered */
    const struct pto_chip_args *args; /* checked */
    uint32_t block_dim;
    uint32_t aicpu_threads;
};

/*
 * Brings arguments and runtime image to the device. Returns 0 and the image's device address, or the result of the run:
 * then nothing may be launched. runtime_end follows in either case.
 */
int runtime_bind(struct host_context *context, const struct runtime_run *run, uint64_t *runtime_args);

/*
 * After the launch: takes over what the AICPU reports (R9), decides the result of the run, and copies outputs back when
 * it is 0. `launch_result` is platform_launch's, `ended` says whether the device programs ended by themselves.
 */
int runtime_finish(struct host_context *context, const struct runtime_run *run, int launch_result, bool ended);

/* Gives back what belongs to the run alone, whatever became of it. */
void runtime_end(struct host_context *context);

#endif
