/* SPDX-License-Identifier: Apache-2.0 */
#include "host/staging.h"

#include <errno.h>

#include <string.h>

#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"

#define STAGING_ALIGN 64u
#define STAGING_REDZONE_BYTES 64u
#define STAGING_GRANULE 4096u /* the buffer grows in these steps */

/* What the signature says about tensor `index`; SCALAR or nothing means both ways (R11). */
static enum staging_flow staging_direction(const struct chip_image *image, int32_t index, bool *declared_output)
{
    int32_t direction = index < image->sig_count ? chip_image_signature(image, index) : PTO_SCALAR;
    *declared_output = direction == PTO_OUT || direction == PTO_INOUT;
    if (direction == PTO_IN) {
        return STAGING_IN;
    }
    return direction == PTO_OUT ? STAGING_OUT : STAGING_BOTH;
}

static bool staging_overlap(const struct staged_tensor *a, const struct staged_tensor *b)
{
    uint64_t a_start = (uintptr_t)a->host;
    uint64_t b_start = (uintptr_t)b->host;
    if (a->bytes == 0 || b->bytes == 0) {
        return false;
    }
    return a_start <= b_start ? b_start - a_start < a->bytes : a_start - b_start < b->bytes;
}

/* One host range given twice with an output among them: which of the two results would be right? (R11) */
static int staging_check_overlaps(struct host_context *context)
{
    const struct staging *staging = &context->staging;
    for (int32_t i = 0; i < staging->count; i++) {
        const struct staged_tensor *output = &staging->tensors[i];
        for (int32_t j = 0; j < staging->count && (output->flow & STAGING_OUT) != 0; j++) {
            const struct staged_tensor *other = &staging->tensors[j];
            if (j != i && other->flow != STAGING_PASS && staging_overlap(output, other)) {
                return host_error(
                    context, -1, "tensor %d (output, %llu bytes at %p) and tensor %d (%llu bytes at %p) overlap", i,
                    (unsigned long long)output->bytes, output->host, j, (unsigned long long)other->bytes, other->host);
            }
        }
    }
    return 0;
}

int staging_plan(struct host_context *context, const struct chip_image *image, const struct pto_chip_args *args)
{
    struct staging *staging = &context->staging;
    uint64_t end = STAGING_REDZONE_BYTES;
    staging->count = args->tensor_count;
    for (int32_t i = 0; i < args->tensor_count; i++) {
        const struct pto_continuous_tensor *tensor = &args->tensors[i];
        struct staged_tensor *staged = &staging->tensors[i];
        *staged = (struct staged_tensor){.host = (void *)(uintptr_t)tensor->data};
        enum staging_flow flow = staging_direction(image, i, &staged->declared_output);
        if (tensor->child_memory != 0) {
            continue; /* flow stays STAGING_PASS */
        }
        if (staged->host == NULL) {
            return host_error(context, -1, "tensor %d: its host address is NULL", i);
        }
        (void)pto_continuous_tensor_check(tensor, &staged->bytes, NULL, 0); /* run_check let only tensors through */
        uint64_t last;
        if (__builtin_add_overflow((uintptr_t)staged->host, staged->bytes, &last)) {
            return host_error(context, -1, "tensor %d: %llu bytes at %p wrap around the address space", i,
                              (unsigned long long)staged->bytes, staged->host);
        }
        staged->flow = flow;
        staged->offset = end;
        uint64_t padding = STAGING_REDZONE_BYTES + (STAGING_ALIGN - staged->bytes % STAGING_ALIGN) % STAGING_ALIGN;
        if (__builtin_add_overflow(end, staged->bytes, &end) || __builtin_add_overflow(end, padding, &end)) {
            return host_error(context, -1, "tensor %d: %llu bytes more than 64 bits can count", i,
                              (unsigned long long)staged->bytes);
        }
    }
    staging->planned = end;
    return staging_check_overlaps(context);
}

/* On failure nothing is retained: the old buffer was too small anyway. */
static int staging_ensure(struct host_context *context, uint64_t bytes)
{
    struct staging *staging = &context->staging;
    if (bytes <= staging->capacity) {
        return 0;
    }
    staging_release(context);
    uint64_t rounded = bytes + (STAGING_GRANULE - bytes % STAGING_GRANULE) % STAGING_GRANULE;
    void *buffer = NULL;
    int result = rounded < bytes ? -ENOMEM : platform_memory_alloc(context, PTO_MEMORY_STAGING, -1, rounded, &buffer);
    if (result != 0) {
        return host_error_because(context, -1, "no device memory to stage %llu bytes of tensors",
                                  (unsigned long long)bytes);
    }
    staging->buffer = buffer;
    staging->capacity = rounded;
    return 0;
}

static int staging_copy_in(struct host_context *context, const struct staged_tensor *staged, int32_t index)
{
    int result = 0;
    if ((staged->flow & STAGING_IN) != 0) {
        result = platform_copy_in(context, staged->device, staged->host, staged->bytes);
    } else {
        result = platform_zero(context, staged->device, staged->bytes);
    }
    return result == 0 ? 0
                       : host_error_because(context, -1, "tensor %d: copying %llu bytes to the device failed", index,
                                            (unsigned long long)staged->bytes);
}

int staging_bind(struct host_context *context, struct pto_continuous_tensor *rewritten)
{
    struct staging *staging = &context->staging;
    if (staging_ensure(context, staging->planned) != 0) {
        staging->count = 0;
        return -1;
    }
    platform_memory_guard(context, staging->buffer, staging->capacity, true);
    for (int32_t i = 0; i < staging->count; i++) {
        struct staged_tensor *staged = &staging->tensors[i];
        if (staged->flow == STAGING_PASS) {
            continue;
        }
        staged->device = staging->buffer + staged->offset;
        platform_memory_guard(context, staged->device, staged->bytes, false);
        rewritten[i].data = (uintptr_t)staged->device;
        if (staging_copy_in(context, staged, i) != 0) {
            staging->count = 0;
            return -1;
        }
    }
    return 0;
}

/* Where tensor `index` is copied back from, and how much of it. */
static int staging_source(struct host_context *context, int32_t index, uint64_t packed_address, uint64_t packed_bytes,
                          const void **source, uint64_t *bytes)
{
    const struct staged_tensor *staged = &context->staging.tensors[index];
    *source = staged->device;
    *bytes = staged->bytes;
    if (packed_address == 0) {
        return 0;
    }
    *source = (const void *)(uintptr_t)packed_address;
    *bytes = packed_bytes < staged->bytes ? packed_bytes : staged->bytes;
    if (platform_memory_check(context, *source, *bytes) != 0) {
        return host_error(context, -1, "the packed output, %llu bytes at %p, is not device memory of this context",
                          (unsigned long long)*bytes, *source);
    }
    return 0;
}

int staging_copy_back(struct host_context *context, uint64_t packed_address, uint64_t packed_bytes)
{
    const struct staging *staging = &context->staging;
    bool packed = packed_address != 0 && packed_bytes != 0;
    for (int32_t i = 0; i < staging->count; i++) {
        const struct staged_tensor *staged = &staging->tensors[i];
        uint64_t from = packed && staged->declared_output ? packed_address : 0;
        packed = packed && !staged->declared_output; /* the first declared output has it, child memory or not */
        if ((staged->flow & STAGING_OUT) == 0) {
            continue;
        }
        const void *source;
        uint64_t bytes;
        if (staging_source(context, i, from, packed_bytes, &source, &bytes) != 0) {
            return -1;
        }
        int result = platform_copy_out(context, staged->host, source, bytes);
        if (result != 0) {
            return host_error_because(context, -1, "tensor %d: copying %llu bytes from the device failed", i,
                                      (unsigned long long)bytes);
        }
    }
    return 0;
}

void staging_release(struct host_context *context)
{
    struct staging *staging = &context->staging;
    if (staging->buffer != NULL) {
        platform_memory_guard(context, staging->buffer, staging->capacity, false);
        platform_memory_free(context, staging->buffer);
    }
    staging->buffer = NULL;
    staging->capacity = 0;
}
