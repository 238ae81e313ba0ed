/* SPDX-License-Identifier: Apache-2.0 */
/* The SOs that the device executes as programs: found, loaded when first needed, and kept. */
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/kernel_args.h"
#include "base/os.h"
#include "npu/driver/state.h"
#include "npu/program_states.h"

#define PROGRAM_SERVER_INIT "DynTileFwkBackendKernelServerInit"
#define PROGRAM_SERVER "DynTileFwkBackendKernelServer"
#define PROGRAM_DEVICE_ARGS_OFFSET 40u

static struct driver_program *program_list;

struct driver_program *driver_program_get(const char *name)
{
    struct driver_program *program = program_list;
    while (program != NULL && strcmp(program->name, name) != 0) {
        program = program->next;
    }
    if (program == NULL) {
        program = os_zalloc("driver.program.record", sizeof(*program));
        if (program == NULL) {
            return NULL;
        }
        (void)snprintf(program->name, sizeof(program->name), "%s", name);
        program->next = program_list;
        program_list = program;
    }
    program->users++;
    return program;
}

void driver_program_put(struct driver_program *program)
{
    if (--program->users != 0) {
        return;
    }
    struct driver_program **link = &program_list;
    while (*link != program) {
        link = &(*link)->next;
    }
    *link = program->next;
    if (program->handle != NULL) {
        npu_program_states_release(program->device_id, program->handle);
    }
    os_close_image(program->handle);
    free(program);
}

size_t driver_programs_loaded(void)
{
    size_t count = 0;
    for (const struct driver_program *program = program_list; program != NULL; program = program->next) {
        count += program->handle != NULL;
    }
    return count;
}

void driver_server_free(struct driver_device *device)
{
    os_close_image(device->server);
    device->server = NULL;
}

static int program_fail(char text[DRIVER_TEXT_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

static int program_fail(char text[DRIVER_TEXT_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, DRIVER_TEXT_BYTES, format, arguments);
    va_end(arguments);
    return -1;
}

static int program_open(const char *site, const char *what, const void *bytes, size_t size, void **handle,
                        char text[DRIVER_TEXT_BYTES])
{
    char pattern[64];
    (void)snprintf(pattern, sizeof(pattern), "loaded_%s_%ld_XXXXXX.so", what, (long)getpid());
    if (os_load_image(site, DRIVER_KERNEL_DIRECTORY, pattern, bytes, size, handle, text, DRIVER_TEXT_BYTES) != 0) {
        *handle = NULL;
        return -1;
    }
    return 0;
}

/* ISO C has no conversion between object and function pointers: the address is copied. */
static int program_symbol(void *handle, const char *library, const char *symbol, void *slot,
                          char text[DRIVER_TEXT_BYTES])
{
    void *address = dlsym(handle, symbol);
    if (address == NULL) {
        return program_fail(text, "%.96s has no symbol %.96s", library, symbol);
    }
    memcpy(slot, &address, sizeof(address));
    return 0;
}

static int program_load_file(struct driver_program *program, char text[DRIVER_TEXT_BYTES])
{
    char device_path[DRIVER_NAME_BYTES + sizeof(DRIVER_KERNEL_DIRECTORY)];
    char path[PATH_MAX];
    void *bytes = NULL;
    size_t size = 0;
    if (program->handle != NULL) {
        return 0;
    }
    (void)snprintf(device_path, sizeof(device_path), "%s/%s", DRIVER_KERNEL_DIRECTORY, program->name);
    int result = os_root_path(device_path, path, sizeof(path));
    if (result == 0) {
        result = os_read_file("driver.program.file", path, &bytes, &size);
    }
    if (result != 0) {
        return program_fail(text, "read %.160s: %s", device_path, strerror(-result));
    }
    result = program_open("driver.program", "aicpu", bytes, size, &program->handle, text);
    free(bytes);
    return result;
}

static int program_load_server(struct driver_device *device, const struct driver_task *task,
                               char text[DRIVER_TEXT_BYTES])
{
    uint64_t address;
    struct pto_device_args args;
    if (device->server != NULL) {
        return 0;
    }
    memcpy(&address, task->args + PROGRAM_DEVICE_ARGS_OFFSET, sizeof(address));
    if (!driver_holds(device, (const void *)(uintptr_t)address, sizeof(args))) {
        return program_fail(text, "device_args 0x%llx is no device memory", (unsigned long long)address);
    }
    memcpy(&args, (const void *)(uintptr_t)address, sizeof(args));
    if (!driver_holds(device, (const void *)(uintptr_t)args.aicpu_so_bin, args.aicpu_so_len)) {
        return program_fail(text, "the SO at 0x%llx of %llu bytes is no device memory",
                            (unsigned long long)args.aicpu_so_bin, (unsigned long long)args.aicpu_so_len);
    }
    return program_open("driver.server", "server", (const void *)(uintptr_t)args.aicpu_so_bin, args.aicpu_so_len,
                        &device->server, text);
}

static int program_load_image(struct driver_image *image, char text[DRIVER_TEXT_BYTES])
{
    if (image->entry != NULL) {
        return 0;
    }
    if (image->handle == NULL &&
        program_open("driver.image.load", "aicore", image->bytes, image->size, &image->handle, text) != 0) {
        return -1;
    }
    return program_symbol(image->handle, "the AICore image", PTO_AICORE_EXECUTE_SYMBOL, &image->entry, text);
}

int driver_task_resolve(struct driver_device *device, struct driver_task *task, char text[DRIVER_TEXT_BYTES])
{
    if (task->hangs || task->entry != NULL || task->core_entry != NULL) {
        return 0;
    }
    switch (task->kind) {
    case DRIVER_TASK_FUNCTION:
        if (program_load_file(task->program, text) != 0) {
            return -1;
        }
        task->program->device_id = device->id;
        return program_symbol(task->program->handle, task->program->name, task->function, &task->entry, text);
    case DRIVER_TASK_SERVER_INIT:
        if (program_load_server(device, task, text) != 0) {
            return -1;
        }
        return program_symbol(device->server, "the kernel server", PROGRAM_SERVER_INIT, &task->entry, text);
    case DRIVER_TASK_SERVER:
        if (device->server == NULL) {
            return program_fail(text, "no kernel server was loaded");
        }
        return program_symbol(device->server, "the kernel server", PROGRAM_SERVER, &task->entry, text);
    case DRIVER_TASK_AICORE:
        if (program_load_image(task->image, text) != 0) {
            return -1;
        }
        task->core_entry = task->image->entry;
        return 0;
    }
    return program_fail(text, "unknown kind of work");
}
