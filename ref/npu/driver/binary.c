/* SPDX-License-Identifier: Apache-2.0 */
/* AICore images, and AICPU binaries described by JSON. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/os.h"
#include "npu/driver/state.h"

#define BINARY_DESCRIPTION_BYTES_MAX (1u << 20)
#define BINARY_OPS_MAX 1024u
#define BINARY_LIBRARY "AICPUKernel"

/* ---- AICore images ---- */

static bool image_is_elf(const rtDevBinary_t *binary)
{
    const uint8_t *bytes = binary->data;
    return binary->length >= sizeof(Elf64_Ehdr) && memcmp(bytes, ELFMAG, SELFMAG) == 0 &&
           bytes[EI_CLASS] == ELFCLASS64 && bytes[EI_DATA] == ELFDATA2LSB;
}

rtError_t rtRegisterAllKernel(const rtDevBinary_t *binary, void **handle)
{
    struct driver_call call;
    if (handle != NULL) {
        *handle = NULL;
    }
    if (!driver_begin(&call, "driver.rtRegisterAllKernel", DRIVER_NEEDS_SOUND | DRIVER_LAUNCHES)) {
        return call.code;
    }
    if (handle == NULL || binary == NULL || binary->magic != RT_DEV_BINARY_MAGIC_ELF || binary->data == NULL ||
        !image_is_elf(binary)) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    struct driver_image *image = os_zalloc("driver.image", sizeof(*image));
    if (image == NULL) {
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    if (npu_hbm_alloc(call.device->owner, PTO_MEMORY_PROGRAM, -1, binary->length, &image->bytes) != 0) {
        free(image);
        return driver_end(&call, DRIVER_OUT_OF_MEMORY);
    }
    memcpy(image->bytes, binary->data, binary->length);
    image->size = binary->length;
    image->next = call.device->images;
    call.device->images = image;
    call.device->counters.registrations++;
    *handle = image;
    return driver_end(&call, DRIVER_OK);
}

void driver_image_free(struct driver_device *device, struct driver_image *image)
{
    struct driver_image **link = &device->images;
    while (*link != image) {
        link = &(*link)->next;
    }
    *link = image->next;
    os_close_image(image->handle);
    (void)npu_hbm_free(device->owner, image->bytes);
    free(image);
}

/* ---- AICPU binaries ---- */

void driver_binary_free(struct driver_device *device, struct driver_binary *binary)
{
    struct driver_binary **link = &device->binaries;
    while (*link != NULL && *link != binary) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = binary->next;
    }
    for (size_t i = 0; i < binary->count; i++) {
        driver_program_put(binary->ops[i].program);
    }
    free(binary);
}

/* Copies a text of the description; false when it is absent, empty or too long. */
static bool binary_text(const json_t *value, char text[DRIVER_NAME_BYTES])
{
    const char *given = json_string_value(value);
    size_t length = given != NULL ? strlen(given) : 0;
    if (length == 0 || length >= DRIVER_NAME_BYTES) {
        return false;
    }
    memcpy(text, given, length + 1);
    return true;
}

/* Fills in one op; its program has one more user then. */
static int binary_add_op(struct driver_binary *binary, const char *name, const json_t *description)
{
    struct driver_op *op = &binary->ops[binary->count];
    const json_t *information = json_object_get(description, "opInfo");
    char library[DRIVER_NAME_BYTES];
    char file[DRIVER_NAME_BYTES];
    size_t length = strlen(name);
    if (length == 0 || length >= DRIVER_NAME_BYTES ||
        !binary_text(json_object_get(information, "opKernelLib"), library) || strcmp(library, BINARY_LIBRARY) != 0 ||
        !binary_text(json_object_get(information, "functionName"), op->function) ||
        !binary_text(json_object_get(information, "kernelSo"), file) || strchr(file, '/') != NULL ||
        strcmp(file, "..") == 0 || strcmp(file, ".") == 0) {
        return DRIVER_INVALID_PARAMETER;
    }
    memcpy(op->name, name, length + 1);
    op->program = driver_program_get(file);
    if (op->program == NULL) {
        return DRIVER_OUT_OF_MEMORY;
    }
    binary->count++;
    return DRIVER_OK;
}

static int binary_parse(struct driver_device *device, const json_t *root, struct driver_binary **binary)
{
    size_t count = json_object_size(root);
    if (count == 0 || count > BINARY_OPS_MAX) {
        return DRIVER_INVALID_PARAMETER;
    }
    struct driver_binary *made = os_zalloc("driver.binary.record", sizeof(*made) + count * sizeof(made->ops[0]));
    if (made == NULL) {
        return DRIVER_OUT_OF_MEMORY;
    }
    int code = DRIVER_OK;
    void *walk = json_object_iter((json_t *)(uintptr_t)root);
    while (walk != NULL && code == DRIVER_OK) {
        code = binary_add_op(made, json_object_iter_key(walk), json_object_iter_value(walk));
        walk = json_object_iter_next((json_t *)(uintptr_t)root, walk);
    }
    if (code != DRIVER_OK) {
        driver_binary_free(device, made);
        return code;
    }
    *binary = made;
    return DRIVER_OK;
}

static bool binary_mode_is_known(const rtLoadBinaryConfig_t *config)
{
    for (size_t i = 0; i < config->numOpt; i++) {
        if (config->options[i].optionId != RT_LOAD_BINARY_OPT_CPU_KERNEL_MODE || config->options[i].value != 0) {
            return false;
        }
    }
    return config->numOpt != 0;
}

/* A description that cannot be read is as bad as a malformed one; without memory for it, it is the memory. */
static int binary_read(struct driver_device *device, const char *path, struct driver_binary **binary)
{
    void *bytes = NULL;
    size_t size = 0;
    int result = os_read_file("driver.binary", path, &bytes, &size);
    if (result != 0) {
        return result == -ENOMEM ? (int)DRIVER_OUT_OF_MEMORY : (int)DRIVER_INVALID_PARAMETER;
    }
    json_t *root = size <= BINARY_DESCRIPTION_BYTES_MAX ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(bytes);
    int code = json_is_object(root) ? binary_parse(device, root, binary) : (int)DRIVER_INVALID_PARAMETER;
    json_decref(root);
    return code;
}

rtError_t rtsBinaryLoadFromFile(const char *path, const rtLoadBinaryConfig_t *config, rtBinHandle *binary)
{
    struct driver_call call;
    if (binary != NULL) {
        *binary = NULL;
    }
    if (!driver_begin(&call, "driver.rtsBinaryLoadFromFile", DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    if (path == NULL || config == NULL || (config->numOpt != 0 && config->options == NULL) || binary == NULL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    if (!binary_mode_is_known(config)) {
        return driver_end(&call, DRIVER_NOT_SUPPORTED);
    }
    struct driver_binary *made = NULL;
    int code = binary_read(call.device, path, &made);
    if (code == DRIVER_OK) {
        made->next = call.device->binaries;
        call.device->binaries = made;
        call.device->counters.binary_loads++;
        *binary = made;
    }
    return driver_end(&call, code);
}

static struct driver_binary *binary_find(const struct driver_device *device, const void *handle)
{
    struct driver_binary *binary = device->binaries;
    while (binary != NULL && binary != handle) {
        binary = binary->next;
    }
    return binary;
}

rtError_t rtsBinaryUnload(rtBinHandle binary)
{
    struct driver_call call;
    if (!driver_begin(&call, "driver.rtsBinaryUnload", DRIVER_NEEDS_CONTEXT)) {
        return call.code;
    }
    if (binary_find(call.device, binary) == NULL) {
        return driver_end(&call, DRIVER_INVALID_PARAMETER);
    }
    int waited = driver_device_quiet(call.device);
    if (!driver_call_stands(&call)) {
        return driver_end(&call, DRIVER_NO_CONTEXT);
    }
    if (waited != 0) {
        return driver_end(&call, DRIVER_INTERNAL);
    }
    struct driver_binary *found = binary_find(call.device, binary); /* another unload may have come first */
    if (found != NULL) {
        driver_binary_free(call.device, found);
    }
    return driver_end(&call, DRIVER_OK);
}

rtError_t rtsFuncGetByName(rtBinHandle binary, const char *op, rtFuncHandle *function)
{
    struct driver_call call;
    if (function != NULL) {
        *function = NULL;
    }
    if (!driver_begin(&call, "driver.rtsFuncGetByName", DRIVER_NEEDS_SOUND)) {
        return call.code;
    }
    struct driver_binary *found = binary_find(call.device, binary);
    for (size_t i = 0; found != NULL && op != NULL && function != NULL && i < found->count; i++) {
        if (strcmp(found->ops[i].name, op) == 0) {
            *function = &found->ops[i];
            return driver_end(&call, DRIVER_OK);
        }
    }
    return driver_end(&call, DRIVER_INVALID_PARAMETER);
}
