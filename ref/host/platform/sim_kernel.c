/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels on sim: each child's bytes are a shared object of the host, opened once per chip buffer; resolved_addr is its
 * `kernel_entry` (host.md 1.9, 3.4). A kernel that asks for them gets the identity and pipe services of npu/pipes.h.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "host/context.h"
#include "host/platform/sim.h"

#define SIM_KERNEL_ENTRY "kernel_entry"
#define SIM_KERNEL_HOOKS "pto_sim_register_hooks"

struct platform_kernel {
    void *handle;
    void *entry; /* registered as user code */
};

typedef void sim_register_hooks(void *sub_block_id, void *pipe_shared_state);

static int sim_kernel_resolve(struct host_context *context, const struct chip_image_child *child,
                              struct platform_kernel *kernel)
{
    void *entry = dlsym(kernel->handle, SIM_KERNEL_ENTRY);
    if (entry == NULL) {
        return host_error(context, -1, "func_id %d: the kernel of %u bytes has no symbol %s", child->func_id,
                          child->binary_size, SIM_KERNEL_ENTRY);
    }
    int result = exec_user_image_add(entry);
    if (result != 0) {
        return host_error(context, -1, "func_id %d: %s is not code that can be watched: %s", child->func_id,
                          SIM_KERNEL_ENTRY, strerror(-result));
    }
    kernel->entry = entry;
    sim_register_hooks *hooks;
    void *symbol = dlsym(kernel->handle, SIM_KERNEL_HOOKS);
    memcpy(&hooks, &symbol, sizeof(hooks)); /* ISO C has no conversion between object and function pointers */
    if (symbol != NULL) {
        uint32_t (*sub_block_id)(void) = npu_sub_block_id;
        void *(*pipe_shared_state)(uint64_t, size_t) = npu_pipe_shared_state;
        void *services[2];
        memcpy(&services[0], &sub_block_id, sizeof(services[0]));
        memcpy(&services[1], &pipe_shared_state, sizeof(services[1]));
        hooks(services[0], services[1]);
    }
    return 0;
}

int platform_kernel_load(struct host_context *context, const struct chip_image_child *child, uint64_t address,
                         struct platform_kernel **kernel, uint64_t *entry)
{
    (void)address; /* the code does not run from device memory here */
    struct platform_kernel *made = os_zalloc("sim.kernel.record", sizeof(*made));
    if (made == NULL) {
        return host_error(context, -1, "func_id %d: no host memory to open its kernel", child->func_id);
    }
    char name[96];
    char text[512];
    (void)snprintf(name, sizeof(name), "kernel_%d_%ld_%d_%d_XXXXXX.so", child->func_id, (long)getpid(), context->serial,
                   context->device_id);
    if (os_load_image("sim.kernel", "/tmp", name, child->binary, child->binary_size, &made->handle, text,
                      sizeof(text)) != 0) {
        free(made);
        return host_error(context, -1, "func_id %d: %s", child->func_id, text);
    }
    context->platform->kernel_handles++;
    if (sim_kernel_resolve(context, child, made) != 0) {
        platform_kernel_unload(context, made);
        return -1;
    }
    *kernel = made;
    *entry = (uintptr_t)made->entry;
    return 0;
}

void platform_kernel_unload(struct host_context *context, struct platform_kernel *kernel)
{
    if (kernel->entry != NULL) {
        exec_user_image_remove(kernel->entry);
    }
    os_close_image(kernel->handle);
    context->platform->kernel_handles--;
    free(kernel);
}
