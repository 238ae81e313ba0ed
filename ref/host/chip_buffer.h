/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chip_buffer: one device buffer per distinct ChipCallable content, leased by the registrations that have it (R6, R7,
 * R8).
 *
 * The device copy differs from the content in one thing: each child's resolved_addr holds the address at which the
 * platform runs the kernel. The orchestration that the AICPU loads is the slice at offset 8852 of that copy, never a
 * second one.
 */
#ifndef HOST_CHIP_BUFFER_H
#define HOST_CHIP_BUFFER_H

#include <stdint.h>

#include "base/chip_image.h"

struct host_context;
struct platform_kernel;

struct chip_kernel {
    int32_t func_id;
    uint64_t address;               /* device address of the CoreCallable */
    uint64_t entry;                 /* what its resolved_addr says: where the kernel runs */
    struct platform_kernel *kernel; /* what the platform keeps for it */
};

struct chip_buffer {
    struct chip_buffer *next;
    uint64_t serial; /* unique in the context: tells a buffer from an earlier one at the same address */
    uint64_t hash;   /* of the content; a hit is confirmed byte by byte */
    uint32_t leases;
    void *device;
    struct chip_image image; /* over our own copy of the content */
    struct chip_kernel *kernels;
    uint32_t kernel_count;
};

struct chip_buffer_list {
    struct chip_buffer *first;
    uint64_t next_serial;
};

/*
 * Takes a lease of the buffer with this content, uploading it and loading its kernels when it is the first one. Returns
 * 0, or -1 with the context's error text and nothing changed.
 */
int chip_buffer_acquire(struct host_context *context, const struct chip_image *image, int32_t callable_id,
                        struct chip_buffer **chip);
/* Gives a lease back; the last one frees the device memory and unloads the kernels. */
void chip_buffer_release(struct host_context *context, struct chip_buffer *chip);

static inline uint64_t chip_buffer_orchestration(const struct chip_buffer *chip)
{
    return (uintptr_t)chip->device + (uint64_t)(chip->image.orchestration - chip->image.bytes);
}

#endif
