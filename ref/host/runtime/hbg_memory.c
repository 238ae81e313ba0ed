/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "host/context.h"
#include "host/platform/memory.h"
#include "host/platform/platform.h"
#include "host/runtime/hbg.h"

#define HBG_FIRST_PAIRS 16u

/* Newest first: builders that free at all free what they allocated last. */
struct hbg_allocation {
    struct hbg_allocation *next;
    void *address;
};

void *hbg_memory_alloc(struct runtime *runtime, size_t bytes)
{
    struct hbg_allocation *made = os_alloc("host.graph_allocation", sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    if (platform_memory_alloc(runtime->context, PTO_MEMORY_GRAPH, runtime->callable_id, bytes, &made->address) != 0) {
        free(made);
        return NULL;
    }
    made->next = runtime->allocations;
    runtime->allocations = made;
    return made->address;
}

/* Frees what the link leads to, and closes the gap. */
static void hbg_free_allocation(struct runtime *runtime, struct hbg_allocation **link)
{
    struct hbg_allocation *allocation = *link;
    *link = allocation->next;
    platform_memory_free(runtime->context, allocation->address);
    free(allocation);
}

bool hbg_memory_free(struct runtime *runtime, void *device)
{
    struct hbg_allocation **link = &runtime->allocations;
    while (*link != NULL && (*link)->address != device) {
        link = &(*link)->next;
    }
    if (*link == NULL) {
        return false;
    }
    hbg_free_allocation(runtime, link);
    return true;
}

static int hbg_grow_pairs(struct runtime *runtime)
{
    size_t capacity = runtime->pair_capacity != 0 ? 2 * runtime->pair_capacity : HBG_FIRST_PAIRS;
    size_t bytes;
    if (__builtin_mul_overflow(capacity, sizeof(*runtime->pairs), &bytes)) {
        return -ENOMEM;
    }
    struct hbg_pair *pairs = os_alloc("host.graph_pairs", bytes);
    if (pairs == NULL) {
        return -ENOMEM;
    }
    if (runtime->pair_count != 0) {
        memcpy(pairs, runtime->pairs, runtime->pair_count * sizeof(*pairs));
    }
    free(runtime->pairs);
    runtime->pairs = pairs;
    runtime->pair_capacity = capacity;
    return 0;
}

int hbg_memory_record(struct runtime *runtime, const struct hbg_pair *pair)
{
    if (runtime->pair_count == runtime->pair_capacity && hbg_grow_pairs(runtime) != 0) {
        return -ENOMEM;
    }
    runtime->pairs[runtime->pair_count++] = *pair;
    return 0;
}

int hbg_memory_copy_back(struct runtime *runtime)
{
    struct host_context *context = runtime->context;
    for (size_t i = 0; i < runtime->pair_count; i++) {
        const struct hbg_pair *pair = &runtime->pairs[i];
        int result = platform_memory_check(context, pair->device, pair->bytes);
        if (result == 0) {
            result = platform_copy_out(context, pair->host, pair->device, pair->bytes);
        }
        if (result != 0) {
            return host_error(context, -1, "pair %zu: copying %zu bytes at %p from the device failed: %s", i,
                              pair->bytes, pair->device, host_reason(context, result));
        }
    }
    return 0;
}

void hbg_memory_end(struct runtime *runtime)
{
    runtime->pair_count = 0;
    while (runtime->allocations != NULL) {
        hbg_free_allocation(runtime, &runtime->allocations);
    }
}
