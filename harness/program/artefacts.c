/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/artefacts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LANDMARK "libnpu.so"

const char *const artefacts_archs[] = {"a2a3", "a5", NULL};
const char *const artefacts_runtimes[] = {"trb", "hbg", NULL};
const char *const artefacts_platforms[] = {"sim", "onboard", NULL};

const char *artefacts_runtime(const char *name)
{
    static const char *const long_names[] = {"tensormap_and_ringbuffer", "host_build_graph"};
    for (size_t i = 0; artefacts_runtimes[i] != NULL; i++) {
        if (strcmp(name, artefacts_runtimes[i]) == 0 || strcmp(name, long_names[i]) == 0) {
            return artefacts_runtimes[i];
        }
    }
    return NULL;
}

int artefacts_path(char *path, size_t capacity, const char *directory, const char *format, ...)
{
    int head = snprintf(path, capacity, "%s/", directory);
    if (head < 0 || (size_t)head >= capacity) {
        return -1;
    }
    va_list arguments;
    va_start(arguments, format);
    int tail = vsnprintf(path + head, capacity - (size_t)head, format, arguments);
    va_end(arguments);
    return tail < 0 || (size_t)tail >= capacity - (size_t)head ? -1 : 0;
}

int artefacts_host_runtime(char *path, size_t capacity, const char *directory, const char *arch, const char *runtime,
                           const char *platform)
{
    return artefacts_path(path, capacity, directory, "libhost_runtime_%s_%s_%s.so", arch, runtime, platform);
}

int artefacts_find(char *directory, size_t capacity)
{
    const char *given = getenv("TOUCHSTONE_ARTEFACTS");
    if (given != NULL && given[0] != 0) {
        int length = snprintf(directory, capacity, "%s", given);
        return length < 0 || (size_t)length >= capacity ? -1 : 0;
    }
    ssize_t length = readlink("/proc/self/exe", directory, capacity);
    if (length <= 0 || (size_t)length >= capacity) {
        return -1;
    }
    directory[length] = 0;
    for (char *slash = strrchr(directory, '/'); slash != NULL && slash != directory; slash = strrchr(directory, '/')) {
        char landmark[4096];
        *slash = 0;
        if (artefacts_path(landmark, sizeof(landmark), directory, LANDMARK) == 0 && access(landmark, F_OK) == 0) {
            return 0;
        }
    }
    return -1;
}
