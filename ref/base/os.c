/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fault_step.h"

void *os_alloc(const char *site, size_t bytes)
{
    return fault_hit(site) == 0 ? malloc(bytes != 0 ? bytes : 1) : NULL;
}

void *os_zalloc(const char *site, size_t bytes)
{
    return fault_hit(site) == 0 ? calloc(1, bytes != 0 ? bytes : 1) : NULL;
}

void *os_aligned_alloc(const char *site, size_t alignment, size_t bytes)
{
    void *memory = NULL;
    if (fault_hit(site) != 0 || posix_memalign(&memory, alignment, bytes != 0 ? bytes : 1) != 0) {
        return NULL;
    }
    return memory;
}

int os_map(const char *site, size_t bytes, void **address)
{
    int fault = fault_hit(site);
    if (fault != 0) {
        return -fault;
    }
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return -errno;
    }
    *address = memory;
    return 0;
}

void os_unmap(void *address, size_t bytes)
{
    if (address != NULL) {
        (void)munmap(address, bytes);
    }
}

static int os_read_fully(const char *site, int file, uint8_t *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        int fault = fault_step(site, "read");
        ssize_t got = fault != 0 ? -1 : read(file, bytes + done, size - done);
        if (got < 0 && (fault != 0 || errno != EINTR)) {
            return fault != 0 ? -fault : -errno;
        }
        if (got == 0) {
            return -EIO; /* shorter than fstat said: somebody truncates it under us */
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int os_read_file(const char *site, const char *path, void **bytes, size_t *size)
{
    int result = -fault_step(site, "open");
    if (result != 0) {
        return result;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    uint8_t *content = NULL;
    struct stat status;
    if (fstat(file, &status) != 0) {
        result = -errno;
        goto fail;
    }
    if (!S_ISREG(status.st_mode)) {
        result = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
        goto fail;
    }
    size_t length = (size_t)status.st_size;
    int fault = fault_step(site, "alloc");
    content = fault == 0 ? malloc(length != 0 ? length : 1) : NULL;
    if (content == NULL) {
        result = fault != 0 ? -fault : -ENOMEM;
        goto fail;
    }
    result = os_read_fully(site, file, content, length);
    if (result != 0) {
        goto fail;
    }
    (void)close(file);
    *bytes = content;
    *size = length;
    return 0;

fail:
    free(content);
    (void)close(file);
    return result;
}
