/* SPDX-License-Identifier: Apache-2.0 */
/* Files that stay under the simulated root (R10), put there by an atomic rename: a reader sees all bytes or none. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault_step.h"
#include "base/os.h"

#define REPLACE_SUFFIX ".tmp.XXXXXX"

static int replace_write(const char *site, int file, const void *bytes, size_t size)
{
    const char *from = bytes;
    size_t done = 0;
    while (done < size) {
        int fault = fault_step(site, "write");
        ssize_t put = fault != 0 ? -1 : write(file, from + done, size - done);
        if (put < 0 && (fault != 0 || errno != EINTR)) {
            return fault != 0 ? -fault : -errno;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    int fault = fault_step(site, "chmod");
    if (fault != 0) {
        return -fault;
    }
    return fchmod(file, 0755) == 0 ? 0 : -errno;
}

static int replace_rename(const char *site, const char *from, const char *to)
{
    int fault = fault_step(site, "rename");
    if (fault != 0) {
        return -fault;
    }
    return rename(from, to) == 0 ? 0 : -errno;
}

int os_replace_file(const char *site, const char *device_path, const void *bytes, size_t size)
{
    char path[PATH_MAX];
    char temporary[PATH_MAX + sizeof(REPLACE_SUFFIX)];
    int result = os_root_path(device_path, path, sizeof(path));
    if (result == 0) {
        result = os_root_make_parents(path);
    }
    if (result == 0) {
        result = -fault_step(site, "create");
    }
    if (result != 0) {
        return result;
    }
    (void)snprintf(temporary, sizeof(temporary), "%s" REPLACE_SUFFIX, path);
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    result = replace_write(site, file, bytes, size);
    (void)close(file);
    if (result == 0) {
        result = replace_rename(site, temporary, path);
    }
    if (result != 0) {
        (void)unlink(temporary);
    }
    return result;
}

void os_remove_file(const char *device_path)
{
    char path[PATH_MAX];
    if (os_root_path(device_path, path, sizeof(path)) == 0) {
        (void)unlink(path);
    }
}
