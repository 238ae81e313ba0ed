/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/property/guarded.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/choice/unwatched.h"

UNWATCHED_BEGIN

int guarded_open(struct guarded *guarded, size_t capacity)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t usable = (capacity + page - 1) / page * page;
    size_t mapped = usable + page;
    void *map = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        return -errno;
    }
    if (mprotect((uint8_t *)map + usable, page, PROT_NONE) != 0) {
        int error = errno;
        (void)munmap(map, mapped);
        return -error;
    }
    *guarded = (struct guarded){.map = map, .usable = usable, .mapped = mapped};
    return 0;
}

void guarded_close(struct guarded *guarded)
{
    if (guarded->map != NULL) {
        (void)munmap(guarded->map, guarded->mapped);
    }
    *guarded = (struct guarded){0};
}

uint8_t *guarded_place(const struct guarded *guarded, size_t size)
{
    return guarded->map + guarded->usable - size;
}

UNWATCHED_END
