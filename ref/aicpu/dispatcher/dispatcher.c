/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatcher: the bootstrap program (abi/bootstrap.h, R16). It runs on the AICPU of a device and writes the program
 * that it is given into the device's kernel directory, from where the driver then starts it by name.
 *
 * The file appears by an atomic rename, so a second bootstrap of the same program, from this process or another, never
 * shows half a file to a driver that loads it at that moment.
 */
#include <string.h>

#include "abi/bootstrap.h"
#include "abi/layout.h"
#include "base/elf_build_id.h"
#include "base/log.h"
#include "base/os.h"

typedef int dispatcher_entry(void *kernel_args);

PTO_EXPORT dispatcher_entry StaticTileFwkBackendKernelServer;
PTO_EXPORT dispatcher_entry DynTileFwkBackendKernelServer;
PTO_EXPORT dispatcher_entry DynTileFwkBackendKernelServerInit;

#define DISPATCHER_FAILED 1

/* The driver resolves all three names; only the last one has work to do. */
int StaticTileFwkBackendKernelServer(void *kernel_args)
{
    (void)kernel_args;
    return 0;
}

int DynTileFwkBackendKernelServer(void *kernel_args)
{
    (void)kernel_args;
    return 0;
}

int DynTileFwkBackendKernelServerInit(void *kernel_args)
{
    const struct pto_kernel_args_a2a3 *args = kernel_args;
    if (args == NULL || args->device_args == 0) {
        return DISPATCHER_FAILED;
    }
    struct pto_bootstrap_args *bootstrap = (struct pto_bootstrap_args *)(uintptr_t)args->device_args;
    if (bootstrap->inner_so_bin == 0 || bootstrap->inner_so_len == 0) {
        return DISPATCHER_FAILED;
    }
    const void *bytes = (const void *)(uintptr_t)bootstrap->inner_so_bin;
    char name[PTO_BOOTSTRAP_NAME_BYTES];
    char path[sizeof(PTO_BOOTSTRAP_DIRECTORY) + sizeof(name)];
    pto_bootstrap_name(name, elf_build_id_key(bytes, bootstrap->inner_so_len), bootstrap->device_id, bootstrap->twin);
    (void)snprintf(path, sizeof(path), "%s/%s", PTO_BOOTSTRAP_DIRECTORY, name);
    int result = os_replace_file("dispatcher.program", path, bytes, bootstrap->inner_so_len);
    if (result != 0) {
        log_message(LOG_LEVEL_ERROR, "dispatcher", "%s with %llu bytes was not written: %s", path,
                    (unsigned long long)bootstrap->inner_so_len, strerror(-result));
        return DISPATCHER_FAILED;
    }
    bootstrap->installed = 1;
    return 0;
}
