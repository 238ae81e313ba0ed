/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/tensor_map.h"

#include <errno.h>
#include <string.h>

#include "abi/task_id.h"
#include "aicpu/trb/region_index.h"
#include "base/os.h"

int trb_map_create(struct trb_map *map, uint32_t entries, uint32_t regions)
{
    memset(map, 0, sizeof(*map));
    size_t entry_bytes = ((size_t)entries + 1) * sizeof(struct trb_map_entry);
    size_t region_bytes = ((size_t)regions + 1) * sizeof(struct trb_region);
    size_t link_bytes = ((size_t)regions + 1) * 2 * sizeof(uint32_t);
    size_t bucket_bytes = TRB_MAP_BUCKETS * sizeof(uint32_t);
    size_t bytes = entry_bytes + region_bytes + link_bytes + 2 * bucket_bytes;
    int rc = os_map("aicpu.tensor_map", bytes, &map->memory);
    if (rc != 0) {
        map->memory = NULL;
        return -ENOMEM;
    }
    map->memory_bytes = bytes;
    unsigned char *at = map->memory;
    map->entries = (struct trb_map_entry *)(void *)at;
    map->regions = (struct trb_region *)(void *)(at + entry_bytes);
    map->granule_next = (uint32_t *)(void *)(at + entry_bytes + region_bytes);
    map->buckets = (uint32_t *)(void *)(at + entry_bytes + region_bytes + link_bytes);
    map->granules = map->buckets + TRB_MAP_BUCKETS;
    map->entry_limit = entries;
    map->region_limit = regions;
    map->entry_top = 1;
    map->region_top = 1;
    return 0;
}

void trb_map_destroy(struct trb_map *map)
{
    if (map->memory != NULL) {
        os_unmap(map->memory, map->memory_bytes);
    }
    memset(map, 0, sizeof(*map));
}

void trb_map_clear(struct trb_map *map)
{
    memset(map->buckets, 0, 2 * TRB_MAP_BUCKETS * sizeof(uint32_t));
    memset(map->level_regions, 0, sizeof(map->level_regions));
    map->levels = 0;
    map->entry_top = 1;
    map->entry_free = 0;
    map->entries_used = 0;
    map->region_top = 1;
    map->region_free = 0;
    map->kept_first = 0;
    map->kept_last = 0;
    map->kept_count = 0;
}

uint32_t trb_map_region(struct trb_map *map, const struct pto_tensor *tensor)
{
    uint64_t end = tensor->buffer_addr + tensor->buffer_bytes;
    uint32_t index = trb_region_find(map, tensor->buffer_addr);
    if (index == 0) {
        return trb_region_add(map, tensor->buffer_addr, end);
    }
    if (map->regions[index].end < end) {
        trb_region_grow(map, index, end);
    }
    return index;
}

/* A region lost its last entry. Buffers from the heap do not come back as such; others are likely to. */
static void empty_region(struct trb_map *map, uint32_t index)
{
    struct trb_region *region = &map->regions[index];
    if (region->is_kept) {
        return;
    }
    if (region->owner != PTO_TASK_ID_INVALID) {
        trb_region_drop(map, index);
        return;
    }
    region->newest_task = PTO_TASK_ID_INVALID;
    trb_region_keep(map, index);
    if (map->kept_count > TRB_MAP_KEPT_REGIONS) {
        trb_region_drop(map, map->kept_first);
    }
}

void trb_map_leave(struct trb_map *map, uint32_t region)
{
    if (map->regions[region].uses == 0) {
        empty_region(map, region);
    }
}

bool trb_map_is_outdated(const struct trb_map *map, uint32_t region, const struct pto_tensor *tensor,
                         const uint32_t *first_alive)
{
    const struct trb_region *found = &map->regions[region];
    uint64_t newest = found->newest_task;
    return newest != PTO_TASK_ID_INVALID && tensor->version < found->version && tensor->owner_task_id == found->owner &&
           pto_task_id_local(newest) >= first_alive[pto_task_id_ring(newest)];
}

/* Takes an entry out of its list. It stays in the pool, on its task's chain, until the task retires. */
static void unlist(struct trb_map *map, uint32_t index)
{
    struct trb_map_entry *entry = &map->entries[index];
    uint32_t *head = &map->regions[entry->region].lists[entry->access];
    *(entry->previous != 0 ? &map->entries[entry->previous].next : head) = entry->next;
    if (entry->next != 0) {
        map->entries[entry->next].previous = entry->previous;
    }
    entry->is_listed = false;
}

struct visit {
    const struct pto_tensor *tensor;
    struct trb_span span;
    bool lists[2]; /* by enum trb_access: which entries to look at */
    bool forgets;  /* covered entries become superfluous */
    uint32_t home; /* the tensor's own region */
    trb_map_edge *edge;
    void *context;
};

static void visit_list(struct trb_map *map, uint32_t head, const struct visit *visit)
{
    for (uint32_t index = head; index != 0;) {
        struct trb_map_entry *entry = &map->entries[index];
        uint32_t next = entry->next;
        enum trb_overlap verdict = trb_overlap_judge(visit->tensor, visit->span, entry);
        if (verdict != TRB_NO_OVERLAP &&
            (visit->edge(visit->context, entry->producer) || (visit->forgets && verdict == TRB_COVERED))) {
            unlist(map, index);
        }
        index = next;
    }
}

static void visit_region(struct trb_map *map, uint32_t region, const struct visit *visit)
{
    for (uint32_t access = TRB_WRITER; access <= TRB_READER; access++) {
        if (visit->lists[access]) {
            visit_list(map, map->regions[region].lists[access], visit);
        }
    }
}

static void visit_neighbour(struct trb_map *map, uint32_t region, void *context)
{
    const struct visit *visit = context;
    if (region != visit->home) {
        visit_region(map, region, visit);
    }
}

static void visit_all(struct trb_map *map, struct visit *visit)
{
    visit->span = trb_span_of(visit->tensor);
    visit_region(map, visit->home, visit);
    if (map->regions[visit->home].has_neighbours) {
        trb_region_each(map, visit->span.first, visit->span.end, visit_neighbour, visit);
    }
}

void trb_map_visit(struct trb_map *map, uint32_t region, const struct pto_tensor *tensor, bool writes,
                   trb_map_edge *edge, void *context)
{
    struct visit visit = {.tensor = tensor,
                          .lists = {[TRB_WRITER] = true, [TRB_READER] = writes},
                          .forgets = writes,
                          .home = region,
                          .edge = edge,
                          .context = context};
    visit_all(map, &visit);
}

void trb_map_visit_readers(struct trb_map *map, uint32_t region, const struct pto_tensor *tensor, trb_map_edge *edge,
                           void *context)
{
    struct visit visit = {
        .tensor = tensor, .lists = {[TRB_READER] = true}, .home = region, .edge = edge, .context = context};
    visit_all(map, &visit);
}

static void note_version(struct trb_region *region, const struct pto_tensor *tensor, uint64_t task)
{
    if (region->newest_task == PTO_TASK_ID_INVALID || region->owner != tensor->owner_task_id ||
        tensor->version >= region->version) {
        region->owner = tensor->owner_task_id;
        region->version = tensor->version;
        region->newest_task = task;
    }
}

bool trb_map_insert(struct trb_map *map, uint32_t region, const struct pto_tensor *tensor, enum trb_access access,
                    uint64_t task, uint32_t *chain)
{
    uint32_t index = map->entry_free;
    if (index != 0) {
        map->entry_free = map->entries[index].next;
    } else if (map->entry_top <= map->entry_limit) {
        index = map->entry_top++;
    } else {
        return false;
    }
    struct trb_region *home = &map->regions[region];
    struct trb_map_entry *entry = &map->entries[index];
    uint32_t *head = &home->lists[access];
    trb_map_entry_describe(entry, tensor);
    entry->producer = task;
    entry->access = access & 1u;
    entry->is_listed = true;
    entry->region = region;
    entry->previous = 0;
    entry->next = *head;
    if (*head != 0) {
        map->entries[*head].previous = index;
    }
    *head = index;
    entry->next_of_task = *chain;
    *chain = index;
    home->uses++;
    map->entries_used++;
    trb_region_use(map, region);
    note_version(home, tensor, task);
    return true;
}

void trb_map_retire(struct trb_map *map, uint32_t *chain)
{
    for (uint32_t index = *chain; index != 0;) {
        struct trb_map_entry *entry = &map->entries[index];
        uint32_t next = entry->next_of_task;
        if (entry->is_listed) {
            unlist(map, index);
        }
        uint32_t region = entry->region;
        entry->next = map->entry_free;
        map->entry_free = index;
        map->entries_used--;
        if (--map->regions[region].uses == 0) {
            empty_region(map, region);
        }
        index = next;
    }
    *chain = 0;
}
