/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/orchestration_table.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "exec/exec.h"

/* Where the device keeps orchestrations, in the order in which they are tried. */
static const char *const directories[] = {
    "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device", "/usr/lib64", "/lib64", "/var/tmp", "/tmp",
};

static int open_staged(const struct pto_device_block *block, int32_t callable_id,
                       const struct orchestration_source *source, void **handle, char *text, size_t capacity)
{
    char pattern[128];
    int rc = -ENOENT;
    (void)snprintf(pattern, sizeof(pattern), "libdevice_orch_%ld_%d_%d_cid%d_XXXXXX.so", (long)getpid(),
                   block->context_serial, block->device_id, callable_id);
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        rc = os_load_image("aicpu.orchestration", directories[i], pattern, source->bytes, source->size, handle, text,
                           capacity);
        /* Another directory does not make the bytes better. */
        if (rc == 0 || rc == -ENOEXEC) {
            break;
        }
    }
    return rc;
}

static int resolve(struct orchestration *orchestration, int32_t callable_id, const struct orchestration_source *source,
                   char *text, size_t capacity)
{
    orchestration->entry = dlsym(orchestration->handle, source->entry_name);
    if (orchestration->entry == NULL) {
        (void)snprintf(text, capacity, "the orchestration of callable %d has no entry '%s'", callable_id,
                       source->entry_name);
        return -ENOENT;
    }
    orchestration->config = dlsym(orchestration->handle, source->config_name);
    if (orchestration->config == NULL) {
        log_message(LOG_LEVEL_WARN, "aicpu", "the orchestration of callable %d has no '%s': arguments are not checked",
                    callable_id, source->config_name);
    }
    orchestration->bind = dlsym(orchestration->handle, source->bind_name);
    if (orchestration->bind == NULL) {
        log_message(LOG_LEVEL_WARN, "aicpu", "the orchestration of callable %d has no '%s': it can submit nothing",
                    callable_id, source->bind_name);
    }
    return 0;
}

int orchestration_load(struct orchestration_table *table, struct pto_device_block *block, int32_t callable_id,
                       const struct orchestration_source *source, char *text, size_t capacity)
{
    struct orchestration loaded = {0};
    orchestration_unload(table, block, callable_id);
    int rc = open_staged(block, callable_id, source, &loaded.handle, text, capacity);
    if (rc != 0) {
        return rc;
    }
    rc = resolve(&loaded, callable_id, source, text, capacity);
    if (rc != 0) {
        goto fail;
    }
    rc = exec_user_image_add(loaded.entry);
    if (rc != 0) {
        (void)snprintf(text, capacity, "the orchestration of callable %d cannot be watched: error %d", callable_id, rc);
        goto fail;
    }
    table->entries[callable_id] = loaded;
    block->orchestration_handles++;
    return 0;
fail:
    os_close_image(loaded.handle);
    return rc;
}

void orchestration_unload(struct orchestration_table *table, struct pto_device_block *block, int32_t callable_id)
{
    struct orchestration *held = &table->entries[callable_id];
    if (held->handle == NULL) {
        return;
    }
    size_t stuck = os_stuck_images();
    exec_user_image_remove(held->entry);
    os_close_image(held->handle);
    block->not_unloadable += os_stuck_images() > stuck;
    block->orchestration_handles--;
    *held = (struct orchestration){0};
}

void orchestration_unload_set(struct orchestration_table *table, struct pto_device_block *block, uint64_t callables)
{
    for (; callables != 0; callables &= callables - 1) {
        orchestration_unload(table, block, __builtin_ctzll(callables));
    }
}
