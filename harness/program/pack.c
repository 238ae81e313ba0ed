/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/pack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/callable.h"

struct error_text {
    char *text;
    size_t capacity;
};

static int check_name(const char *what, const char *name, struct error_text error)
{
    size_t length = name == NULL ? 0 : strlen(name);
    if (length >= PTO_CALLABLE_NAME_MAX) {
        (void)snprintf(error.text, error.capacity, "%s has %zu characters, at most %d fit", what, length,
                       PTO_CALLABLE_NAME_MAX - 1);
        return -EINVAL;
    }
    return 0;
}

static int check_request(const struct pack_request *request, struct error_text error)
{
    if (request->signature_count < 0 || request->signature_count > PTO_CHIP_MAX_TENSOR_ARGS) {
        (void)snprintf(error.text, error.capacity, "sig_count %d exceeds MaxSig %d", request->signature_count,
                       PTO_CHIP_MAX_TENSOR_ARGS);
        return -EINVAL;
    }
    if (request->child_count > PTO_MAX_CHILDREN) {
        (void)snprintf(error.text, error.capacity, "child_count %u exceeds MaxChildren %d", request->child_count,
                       PTO_MAX_CHILDREN);
        return -EINVAL;
    }
    for (uint32_t i = 0; i < request->child_count; i++) {
        int32_t count = request->children[i].signature_count;
        if (count < 0 || count > PTO_CORE_MAX_TENSOR_ARGS) {
            (void)snprintf(error.text, error.capacity, "sig_count %d of child %u exceeds MaxSig %d", count, i,
                           PTO_CORE_MAX_TENSOR_ARGS);
            return -EINVAL;
        }
    }
    int result = check_name("entry name", request->entry_name, error);
    return result != 0 ? result : check_name("config name", request->config_name, error);
}

/* The running end of storage after a part of `size` bytes at `start`; -EFBIG when the layout's 32 bits cannot say it. */
static int storage_end(uint64_t start, size_t size, uint64_t *end, struct error_text error)
{
    if (size > UINT32_MAX || __builtin_add_overflow(start, (uint64_t)size, end) || *end > UINT32_MAX) {
        (void)snprintf(error.text, error.capacity, "a part of %zu bytes at offset %llu exceeds 32 bits", size,
                       (unsigned long long)start);
        return -EFBIG;
    }
    return 0;
}

static uint64_t child_start(uint64_t end)
{
    return (end + PTO_CALLABLE_ALIGN - 1) / PTO_CALLABLE_ALIGN * PTO_CALLABLE_ALIGN;
}

static int measure(const struct pack_request *request, uint64_t *storage, struct error_text error)
{
    int result = storage_end(0, request->orchestration_size, storage, error);
    for (uint32_t i = 0; result == 0 && i < request->child_count; i++) {
        result = storage_end(child_start(*storage) + PTO_CORE_CALLABLE_BINARY_OFFSET, request->children[i].size, storage,
                             error);
    }
    return result;
}

/* `name` fits: check_name said so. */
static uint32_t copy_name(char *target, const char *name)
{
    size_t length = name == NULL ? 0 : strlen(name);
    if (length > 0) {
        memcpy(target, name, length);
    }
    return (uint32_t)length;
}

static void copy_bytes(void *target, const void *source, size_t size)
{
    if (size > 0) {
        memcpy(target, source, size);
    }
}

/* The image is zeroed and large enough: measure said so. */
static void fill(const struct pack_request *request, struct pto_chip_callable *chip)
{
    unsigned char *storage = (unsigned char *)chip + PTO_CHIP_CALLABLE_STORAGE_OFFSET;
    copy_bytes(chip->signature, request->signature, (size_t)request->signature_count * sizeof(int32_t));
    chip->sig_count = request->signature_count;
    chip->binary_size = (uint32_t)request->orchestration_size;
    chip->func_name_len = copy_name(chip->func_name, request->entry_name);
    chip->config_name_len = copy_name(chip->config_name, request->config_name);
    chip->child_count = (int32_t)request->child_count;
    copy_bytes(storage, request->orchestration, request->orchestration_size);
    uint64_t end = request->orchestration_size;
    for (uint32_t i = 0; i < request->child_count; i++) {
        const struct pack_child *child = &request->children[i];
        uint64_t start = child_start(end);
        struct pto_core_callable core = {.sig_count = child->signature_count, .binary_size = (uint32_t)child->size};
        copy_bytes(core.signature, child->signature, (size_t)child->signature_count * sizeof(int32_t));
        memcpy(storage + start, &core, sizeof(core));
        copy_bytes(storage + start + PTO_CORE_CALLABLE_BINARY_OFFSET, child->bytes, child->size);
        chip->child_func_ids[i] = child->func_id;
        chip->child_offsets[i] = (uint32_t)start;
        end = start + PTO_CORE_CALLABLE_BINARY_OFFSET + child->size;
    }
}

int pack_image(const struct pack_request *request, void **image, size_t *bytes, char *error, size_t error_capacity)
{
    struct error_text text = {error, error_capacity};
    uint64_t storage = 0;
    int result = check_request(request, text);
    if (result == 0) {
        result = measure(request, &storage, text);
    }
    if (result != 0) {
        return result;
    }
    size_t total = PTO_CHIP_CALLABLE_STORAGE_OFFSET + (size_t)storage;
    struct pto_chip_callable *chip = calloc(1, total);
    if (chip == NULL) {
        (void)snprintf(error, error_capacity, "no memory for an image of %zu bytes", total);
        return -ENOMEM;
    }
    fill(request, chip);
    *image = chip;
    *bytes = total;
    return 0;
}
