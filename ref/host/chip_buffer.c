/* SPDX-License-Identifier: Apache-2.0 */
#include "host/chip_buffer.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"

static struct chip_buffer *chip_find(const struct chip_buffer_list *list, const struct chip_image *image, uint64_t hash)
{
    struct chip_buffer *chip = list->first;
    while (chip != NULL && (chip->hash != hash || chip->image.size != image->size ||
                            memcmp(chip->image.bytes, image->bytes, image->size) != 0)) {
        chip = chip->next;
    }
    return chip;
}

static void chip_free(struct host_context *context, struct chip_buffer *chip)
{
    for (uint32_t i = 0; i < chip->kernel_count; i++) {
        platform_kernel_unload(context, chip->kernels[i].kernel);
    }
    if (chip->device != NULL) {
        platform_memory_free(context, chip->device);
    }
    free(chip->kernels);
    free((void *)(uintptr_t)chip->image.bytes);
    free(chip);
}

/* Our own copy of the content and room for the kernels; nothing on the device yet. */
static struct chip_buffer *chip_copy_content(struct host_context *context, const struct chip_image *image,
                                             uint64_t hash)
{
    struct chip_buffer *chip = os_zalloc("host.chip_buffer", sizeof(*chip));
    uint8_t *bytes = os_alloc("host.chip_content", image->size);
    size_t children = (size_t)image->child_count;
    struct chip_kernel *kernels = children != 0 ? os_zalloc("host.chip_kernels", children * sizeof(*kernels)) : NULL;
    if (chip == NULL || bytes == NULL || (children != 0 && kernels == NULL)) {
        free(kernels);
        free(bytes);
        free(chip);
        (void)host_error(context, -1, "no host memory for a ChipCallable of %llu bytes with %zu kernels",
                         (unsigned long long)image->size, children);
        return NULL;
    }
    memcpy(bytes, image->bytes, image->size);
    chip->hash = hash;
    chip->image = *image;
    chip->image.bytes = bytes;
    chip->image.orchestration = bytes + (image->orchestration - image->bytes);
    chip->image.func_name = (const char *)bytes + (image->func_name - (const char *)image->bytes);
    chip->image.config_name = (const char *)bytes + (image->config_name - (const char *)image->bytes);
    chip->kernels = kernels;
    return chip;
}

/* Loads every kernel and writes its address into the device copy. */
static int chip_load_kernels(struct host_context *context, struct chip_buffer *chip)
{
    for (int32_t i = 0; i < chip->image.child_count; i++) {
        struct chip_image_child child;
        chip_image_child(&chip->image, i, &child);
        uint64_t offset = (uint64_t)(child.callable - chip->image.bytes);
        struct chip_kernel *kernel = &chip->kernels[i];
        uint64_t entry = 0;
        kernel->func_id = child.func_id;
        kernel->address = (uintptr_t)chip->device + offset;
        if (platform_kernel_load(context, &child, kernel->address, &kernel->kernel, &entry) != 0) {
            return -1;
        }
        chip->kernel_count++;
        kernel->entry = entry;
        void *slot = (uint8_t *)chip->device + offset + offsetof(struct pto_core_callable, resolved_addr);
        int result = platform_copy_in(context, slot, &entry, sizeof(entry));
        if (result != 0) {
            return host_error_because(context, -1, "func_id %d: its address was not written to the device",
                                      child.func_id);
        }
    }
    return 0;
}

int chip_buffer_acquire(struct host_context *context, const struct chip_image *image, int32_t callable_id,
                        struct chip_buffer **chip)
{
    uint64_t hash = hash_bytes(image->bytes, image->size);
    struct chip_buffer *found = chip_find(&context->chips, image, hash);
    if (found != NULL) {
        found->leases++;
        *chip = found;
        return 0;
    }
    struct chip_buffer *made = chip_copy_content(context, image, hash);
    if (made == NULL) {
        return -1;
    }
    int result = platform_memory_alloc(context, PTO_MEMORY_CHIP_BUFFER, callable_id, image->size, &made->device);
    if (result != 0) {
        (void)host_error_because(context, -1, "callable_id %d: no device memory for its %llu bytes", callable_id,
                                 (unsigned long long)image->size);
        goto fail;
    }
    result = platform_copy_in(context, made->device, made->image.bytes, image->size);
    if (result != 0) {
        (void)host_error_because(context, -1, "callable_id %d: its %llu bytes were not copied to the device",
                                 callable_id, (unsigned long long)image->size);
        goto fail;
    }
    if (chip_load_kernels(context, made) != 0) {
        goto fail;
    }
    made->leases = 1;
    made->serial = ++context->chips.next_serial;
    made->next = context->chips.first;
    context->chips.first = made;
    *chip = made;
    return 0;

fail:
    chip_free(context, made);
    return -1;
}

void chip_buffer_release(struct host_context *context, struct chip_buffer *chip)
{
    if (--chip->leases != 0) {
        return;
    }
    struct chip_buffer **link = &context->chips.first;
    while (*link != chip) {
        link = &(*link)->next;
    }
    *link = chip->next;
    chip_free(context, chip);
}
