/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two device programs on sim: loaded once per context by the first launch, kept until finalize or until other
 * images come (design section 2).
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "host/context.h"
#include "host/platform/sim.h"
#include "host/runtime/runtime.h"

static bool sim_image_is(const struct sim_image *image, const void *bytes, size_t size)
{
    size_t given = bytes != NULL ? size : 0;
    return image->size == given && (given == 0 || memcmp(image->bytes, bytes, given) == 0);
}

static int sim_image_copy(const void *bytes, size_t size, struct sim_image *image)
{
    *image = (struct sim_image){0};
    if (bytes == NULL || size == 0) {
        return 0;
    }
    image->bytes = os_alloc("sim.program.copy", size);
    if (image->bytes == NULL) {
        return -1;
    }
    memcpy(image->bytes, bytes, size);
    image->size = size;
    return 0;
}

int platform_set_images(struct host_context *context, const struct host_images *images)
{
    struct platform *platform = context->platform;
    if (sim_image_is(&platform->aicpu, images->aicpu, images->aicpu_bytes) &&
        sim_image_is(&platform->aicore, images->aicore, images->aicore_bytes)) {
        return 0;
    }
    struct sim_image aicpu;
    struct sim_image aicore = {0};
    if (sim_image_copy(images->aicpu, images->aicpu_bytes, &aicpu) != 0 ||
        sim_image_copy(images->aicore, images->aicore_bytes, &aicore) != 0) {
        free(aicpu.bytes);
        return host_error(context, -1, "no host memory for device programs of %zu and %zu bytes", images->aicpu_bytes,
                          images->aicore_bytes);
    }
    sim_programs_stop(context);
    callable_forget_loaded(&context->callables);
    free(platform->aicpu.bytes);
    free(platform->aicore.bytes);
    platform->aicpu = aicpu;
    platform->aicore = aicore;
    return 0;
}

/* ISO C has no conversion between object and function pointers: the address is copied. */
static int sim_resolve(struct host_context *context, void *handle, const char *program, const char *symbol, void *slot)
{
    void *address = dlsym(handle, symbol);
    if (address == NULL) {
        return host_error(context, -1, "the %s program has no symbol %s", program, symbol);
    }
    memcpy(slot, &address, sizeof(address));
    return 0;
}

static int sim_image_load(struct host_context *context, struct sim_image *image, const char *program, const char *site)
{
    if (image->bytes == NULL) {
        return host_error(context, -1, "the %s program is not loaded: simpler_init was given 0 bytes", program);
    }
    char name[96];
    char text[512];
    (void)snprintf(name, sizeof(name), "%s_sim_%ld_%d_%d_XXXXXX.so", program, (long)getpid(), context->serial,
                   context->device_id);
    if (os_load_image(site, "/tmp", name, image->bytes, image->size, &image->handle, text, sizeof(text)) != 0) {
        image->handle = NULL;
        return host_error(context, -1, "the %s program is not loaded: %s", program, text);
    }
    return 0;
}

static void sim_image_unload(struct sim_image *image)
{
    if (image->handle != NULL) {
        os_close_image(image->handle);
        image->handle = NULL;
    }
}

static int sim_load_aicpu(struct host_context *context)
{
    struct platform *platform = context->platform;
    struct sim_image *image = &platform->aicpu;
    if (image->handle != NULL) {
        return 0;
    }
    if (sim_image_load(context, image, "aicpu", "sim.aicpu") != 0) {
        return -1;
    }
    if (sim_resolve(context, image->handle, "aicpu", PTO_AICPU_INIT_SYMBOL, &platform->aicpu_init) != 0 ||
        sim_resolve(context, image->handle, "aicpu", PTO_AICPU_EXEC_SYMBOL, &platform->aicpu_exec) != 0 ||
        sim_resolve(context, image->handle, "aicpu", PTO_AICPU_EXIT_SYMBOL, &platform->aicpu_exit) != 0) {
        sim_image_unload(image);
        return -1;
    }
    return 0;
}

static int sim_load_aicore(struct host_context *context)
{
    struct platform *platform = context->platform;
    struct sim_image *image = &platform->aicore;
    if (image->handle != NULL) {
        return 0;
    }
    if (sim_image_load(context, image, "aicore", "sim.aicore") != 0) {
        return -1;
    }
    if (sim_resolve(context, image->handle, "aicore", PTO_AICORE_EXECUTE_SYMBOL, &platform->aicore_execute) != 0) {
        sim_image_unload(image);
        return -1;
    }
    return 0;
}

int sim_programs_load(struct host_context *context)
{
    return sim_load_aicpu(context) != 0 ? -1 : sim_load_aicore(context);
}

void sim_programs_stop(struct host_context *context)
{
    struct platform *platform = context->platform;
    bool started = false;
    if (platform->aicpu.handle != NULL && platform->block != NULL && platform->block->state != 0) {
        int result = sim_launch_single(context, platform->aicpu_exit, &started);
        if (!started) {
            /* No processor to be had: the exit entry waits for nobody, so the calling thread can run it. */
            result = platform->aicpu_exit(platform->kernel_args);
        }
        if (result != 0) {
            log_message(LOG_LEVEL_ERROR, "host", "the AICPU program's exit returned %d: %s", result,
                        platform->block->message);
        }
        platform->block->state = 0;
    }
    if (platform->block != NULL) {
        platform->block->unload_callables = 0;
        platform->block->orchestration_handles = 0;
    }
    sim_image_unload(&platform->aicpu);
    sim_image_unload(&platform->aicore);
}
