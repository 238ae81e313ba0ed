/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform: how a host runtime reaches its device. Chosen at link time: sim launches both device programs on an exec
 * engine, onboard goes through the driver. Nothing outside this folder knows which one it is (design section 1).
 *
 * All functions run with the context's lock held. Where a function says "error text", it has filled the context's;
 * otherwise it returns a negative errno and the caller words it.
 */
#ifndef HOST_PLATFORM_PLATFORM_H
#define HOST_PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "abi/device_program.h"
#include "base/chip_image.h"

struct host_context;
struct host_images;
struct platform_kernel;

/* ---- with the context ----------------------------------------------------------------------------------------------
 */

/* Fills context->platform. Returns 0 or -ENOMEM. */
int platform_create(struct host_context *context);
void platform_destroy(struct host_context *context);
/* A number that no other context of the process has. */
int platform_next_serial(void);
/* The caller is a processor of the context's own launch, which holds the lock. Reads nothing that a run changes. */
bool platform_is_inside(const struct host_context *context);
/* From the next launch on. Returns 0, or -1 with error text and the old options in force. */
int platform_set_engine(struct host_context *context, const struct pto_engine_options *options);

/* ---- bound to a device ---------------------------------------------------------------------------------------------
 */

/*
 * Keeps copies of the program images. Other images than before: the programs that run are stopped and nothing counts as
 * loaded any more. Returns 0, or -1 with error text and nothing changed.
 */
int platform_set_images(struct host_context *context, const struct host_images *images);
/* The device memory that launches need. Returns 0 or -1 with error text; platform_detach undoes what was done. */
int platform_attach(struct host_context *context);
/* Has the AICPU program give its state back, and unloads both programs. */
void platform_stop_programs(struct host_context *context);
/* Stops the programs and gives everything else back. Idempotent; also after a failed attach. */
void platform_detach(struct host_context *context);
/* R17: 0, or the code that every call on a poisoned device gets, with error text. What begins a call. */
int platform_check_usable(struct host_context *context);
/* What the call returns instead of -1 when the device failed under it since: the driver's code; otherwise `result`. */
int platform_result(const struct host_context *context, int result);

/* Device memory. Addresses are not checked here. Return 0, or a negative errno or the negative code of the driver with
 * error text. */
int platform_copy_in(struct host_context *context, void *device, const void *host, uint64_t bytes);
int platform_copy_out(struct host_context *context, void *host, const void *device, uint64_t bytes);
int platform_zero(struct host_context *context, void *device, uint64_t bytes);

/*
 * Makes a kernel executable. `address` is the device address of its CoreCallable; `entry` is what resolved_addr
 * becomes. The handle may be NULL. Returns 0, or -1 with error text.
 */
int platform_kernel_load(struct host_context *context, const struct chip_image_child *child, uint64_t address,
                         struct platform_kernel **kernel, uint64_t *entry);
void platform_kernel_unload(struct host_context *context, struct platform_kernel *kernel);

struct platform_launch {
    uint64_t runtime_args; /* device address of the runtime image */
    uint32_t block_dim;    /* 1 .. the architecture's maximum */
};

struct platform_outcome {
    uint64_t device_wall_ns;
    uint64_t switches;
    bool reproducible;
    bool started; /* the launch reached the device */
    bool ended;   /* every processor ended by itself: what the device programs wrote is complete */
};

/* Blocks of a launch: 0 asks for all there are. Returns 0, or -1 with error text. */
int platform_resolve_blocks(struct host_context *context, int requested, uint32_t *block_dim);

/*
 * What a launch needs beside its arguments: loaded programs, register blocks, an engine. Returns 0, or the result of
 * the run (-1, the driver's code) with error text.
 */
int platform_prepare_launch(struct host_context *context, uint32_t block_dim);

/*
 * Launches the AICPU's init entry, then the AICPU and AICore programs together, and waits. Returns 0, the first
 * non-zero result of an AICPU thread, or the platform's code for a launch that ended badly (sim: -100), with error
 * text.
 */
int platform_launch(struct host_context *context, const struct platform_launch *launch,
                    struct platform_outcome *outcome);

/*
 * The launch was said to be done, and what the device shows of `what` says otherwise. Onboard that poisons it (R17):
 * work may still be queued that only a reset takes back. Returns the result of the call, with error text.
 */
int platform_distrust(struct host_context *context, const char *what, uint64_t found, uint64_t expected);

/*
 * Has the AICPU close what it loaded for a callable; nothing to do when it has no state. Returns 0, or -1 with error
 * text: then the next launch does it first.
 */
int platform_unload_callable(struct host_context *context, int32_t callable_id);

/* What the AICPU program tells about itself; zero when there is none. */
void platform_read_device_block(struct host_context *context, struct pto_device_block *block);
/* Fills the fields of the driver's objects; leaves them zero where there is no driver. */
void platform_driver_statistics(const struct host_context *context, struct pto_statistics *statistics);
/* Copies up to `capacity` of them, returns how many there are; 0 where there is no driver. */
size_t platform_driver_objects(const struct host_context *context, struct pto_driver_object *objects, size_t capacity);
/* Kernels that callables of the context have made executable. */
uint64_t platform_kernel_handles(const struct host_context *context);

/* ---- names of the C ABI that only some platforms serve
 * ----------------------------------------------------------------- */

int platform_ensure_acl_ready(struct host_context *context, int device_id);
void *platform_create_comm_stream(struct host_context *context);
int platform_destroy_comm_stream(struct host_context *context, void *stream);

#endif
