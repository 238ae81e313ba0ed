/* SPDX-License-Identifier: Apache-2.0 */
#include "npu/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/os.h"
#include "npu/hbm.h"
#include "npu/redzone.h"

#define MEMORY_PAGE_BYTES 4096u

struct memory_layout {
    size_t body;  /* bytes rounded up to pages */
    size_t total; /* with a guard page on each side */
};

static int memory_layout_of(uint64_t bytes, struct memory_layout *layout)
{
    uint64_t body;
    if (__builtin_add_overflow(bytes, MEMORY_PAGE_BYTES - 1, &body)) {
        return -ENOMEM;
    }
    body -= body % MEMORY_PAGE_BYTES;
    uint64_t total;
    if (__builtin_add_overflow(body, 2 * MEMORY_PAGE_BYTES, &total)) {
        return -ENOMEM;
    }
    *layout = (struct memory_layout){.body = body, .total = total};
    return 0;
}

static int memory_guard(uint8_t *page)
{
    int fault = fault_hit("hbm.guard");
    if (fault != 0) {
        return -fault;
    }
    return mprotect(page, MEMORY_PAGE_BYTES, PROT_NONE) == 0 ? 0 : -errno;
}

static int memory_get_mapped(const char *site, uint64_t bytes, void **address)
{
    struct memory_layout layout;
    int result = memory_layout_of(bytes, &layout);
    void *base = NULL;
    if (result != 0 || (result = os_map(site, layout.total, &base)) != 0) {
        return result;
    }
    uint8_t *body = (uint8_t *)base + MEMORY_PAGE_BYTES;
    result = memory_guard(base);
    if (result == 0) {
        result = memory_guard(body + layout.body);
    }
    if (result != 0) {
        os_unmap(base, layout.total);
        return result;
    }
    npu_redzone_close(body + bytes, layout.body - bytes);
    *address = body;
    return 0;
}

int npu_memory_get(const char *site, uint64_t bytes, size_t alignment, bool zeroed, void **address)
{
    if (bytes >= NPU_HBM_MAPPED_BYTES) {
        return memory_get_mapped(site, bytes, address);
    }
    void *block = os_aligned_alloc(site, alignment, bytes);
    if (block == NULL) {
        return -ENOMEM;
    }
    if (zeroed) {
        memset(block, 0, bytes);
    }
    *address = block;
    return 0;
}

void npu_memory_put(void *address, uint64_t bytes)
{
    if (bytes < NPU_HBM_MAPPED_BYTES) {
        free(address);
        return;
    }
    struct memory_layout layout;
    if (memory_layout_of(bytes, &layout) == 0) {
        /* The shadow outlives the mapping: what comes to lie here next must not inherit the redzone, nor those that an
         * owner had made inside, whom a reset of the device did not ask. */
        npu_redzone_open(address, layout.body);
        os_unmap((uint8_t *)address - MEMORY_PAGE_BYTES, layout.total);
    }
}
