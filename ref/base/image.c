/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared-object images handed over as bytes: staged under the simulated root, loaded, and unlinked before anybody else
 * can depend on the file (R10). glibc knows a library by device and inode, and an unlinked file keeps its inode while
 * it is mapped, so equal names or equal bytes never give back an older library by accident.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/elf_segments.h"
#include "base/error_text.h"
#include "base/fault_step.h"
#include "base/image_cache.h"
#include "base/os.h"

#define IMAGE_SUFFIX ".so"

static _Atomic size_t image_open_count;
static _Atomic size_t image_staged_count;
static _Atomic size_t image_stuck_count;

struct image_stage {
    const char *site;
    const char *directory;
    const char *pattern;
    const void *bytes;
    size_t size;
    char path[PATH_MAX];
    struct error_text error;
};

static int image_create(struct image_stage *stage)
{
    size_t suffix = strlen(IMAGE_SUFFIX);
    char device_path[PATH_MAX];
    int length = snprintf(device_path, sizeof(device_path), "%s/%s", stage->directory, stage->pattern);
    if (strchr(stage->pattern, '/') != NULL || length >= (int)sizeof(device_path)) {
        return error_set(&stage->error, -EINVAL, "create %s/%s: not a name in that directory", stage->directory,
                         stage->pattern);
    }
    int result = os_root_path(device_path, stage->path, sizeof(stage->path));
    if (result != 0) {
        return error_set(&stage->error, result, "create %s: no path for it under the simulated root: %s", device_path,
                         strerror(-result));
    }
    result = os_root_make_parents(stage->path);
    if (result == 0) {
        result = -fault_step(stage->site, "create");
    }
    int file = result == 0 ? mkostemps(stage->path, (int)suffix, O_CLOEXEC) : -1;
    if (file < 0) {
        result = result != 0 ? result : -errno;
        return error_set(&stage->error, result, "create %s for %zu bytes: %s", stage->path, stage->size,
                         strerror(-result));
    }
    /* Relaxed: a statistic. */
    (void)atomic_fetch_add_explicit(&image_staged_count, 1, memory_order_relaxed);
    return file;
}

static int image_write(struct image_stage *stage, int file)
{
    const char *bytes = stage->bytes;
    size_t done = 0;
    while (done < stage->size) {
        int fault = fault_step(stage->site, "write");
        ssize_t put = fault != 0 ? -1 : write(file, bytes + done, stage->size - done);
        if (put < 0 && (fault != 0 || errno != EINTR)) {
            int error = fault != 0 ? fault : errno;
            return error_set(&stage->error, -error, "write %s: %zu of %zu bytes: %s", stage->path, done, stage->size,
                             strerror(error));
        }
        done += put > 0 ? (size_t)put : 0;
    }
    int fault = fault_step(stage->site, "chmod");
    if (fault != 0 || fchmod(file, 0755) != 0) {
        int error = fault != 0 ? fault : errno;
        return error_set(&stage->error, -error, "chmod 0755 %s: %s", stage->path, strerror(error));
    }
    return 0;
}

static int image_open(struct image_stage *stage, void **handle)
{
    int fault = fault_step(stage->site, "dlopen");
    if (fault != 0) {
        return error_set(&stage->error, -fault, "dlopen %s (%zu bytes): %s", stage->path, stage->size, strerror(fault));
    }
    void *opened = dlopen(stage->path, RTLD_NOW | RTLD_LOCAL | IMAGE_CACHE_DLOPEN_FLAGS);
    if (opened == NULL) {
        const char *reason = dlerror();
        size_t prefix = strlen(stage->path);
        if (reason != NULL && strncmp(reason, stage->path, prefix) == 0 && strncmp(reason + prefix, ": ", 2) == 0) {
            reason += prefix + 2; /* the path is in the text already, and there is little room */
        }
        return error_set(&stage->error, -ENOEXEC, "dlopen %s (%zu bytes): %s", stage->path, stage->size,
                         reason != NULL ? reason : "no reason given");
    }
    *handle = opened;
    return 0;
}

static int image_stage_and_open(struct image_stage *stage, void **handle)
{
    struct error_text reason;
    int result = elf_segments_check(stage->bytes, stage->size, &reason);
    if (result != 0) {
        return error_set(&stage->error, result, "%s/%s is not loaded: %s", stage->directory, stage->pattern,
                         reason.text);
    }
    int file = image_create(stage);
    if (file < 0) {
        return file;
    }
    result = image_write(stage, file);
    (void)close(file);
    if (result == 0) {
        result = image_open(stage, handle);
    }
    (void)unlink(stage->path);
    (void)atomic_fetch_sub_explicit(&image_staged_count, 1, memory_order_relaxed); /* relaxed: a statistic */
    return result;
}

int os_load_image(const char *site, const char *directory, const char *name_pattern, const void *bytes, size_t size,
                  void **handle, char *error_text, size_t error_capacity)
{
    struct image_stage stage = {
        .site = site, .directory = directory, .pattern = name_pattern, .bytes = bytes, .size = size};
    void *opened = image_cache_find(bytes, size);
    if (opened == NULL) {
        int result = image_stage_and_open(&stage, &opened);
        if (result != 0) {
            (void)snprintf(error_text, error_capacity, "%s", stage.error.text);
            return result;
        }
        image_cache_keep(bytes, size, opened);
    }
    (void)atomic_fetch_add_explicit(&image_open_count, 1, memory_order_relaxed); /* relaxed: a statistic */
    *handle = opened;
    return 0;
}

struct image_search {
    const char *name;
    bool found;
};

static int image_match_name(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct image_search *search = context;
    search->found = info->dlpi_name != NULL && strcmp(info->dlpi_name, search->name) == 0;
    return search->found;
}

/* dlclose succeeds even when the linker keeps the library (unique C++ symbols); its name still listed tells (R9). */
static void image_unload(void *handle)
{
    char name[PATH_MAX] = "";
    struct link_map *map = NULL;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
        (void)snprintf(name, sizeof(name), "%s", map->l_name);
    }
    (void)dlclose(handle);
    struct image_search search = {.name = name};
    if (name[0] != '\0' && dl_iterate_phdr(image_match_name, &search) != 0) {
        (void)atomic_fetch_add_explicit(&image_stuck_count, 1, memory_order_relaxed); /* relaxed: a statistic */
    }
}

void os_close_image(void *handle)
{
    if (handle == NULL) {
        return;
    }
    if (!image_cache_holds(handle)) {
        image_unload(handle);
    }
    (void)atomic_fetch_sub_explicit(&image_open_count, 1, memory_order_relaxed); /* relaxed: a statistic */
}

size_t os_open_images(void)
{
    return atomic_load_explicit(&image_open_count, memory_order_relaxed); /* relaxed: a statistic */
}

size_t os_staged_files(void)
{
    return atomic_load_explicit(&image_staged_count, memory_order_relaxed); /* relaxed: a statistic */
}

size_t os_stuck_images(void)
{
    return atomic_load_explicit(&image_stuck_count, memory_order_relaxed); /* relaxed: a statistic */
}
