/* SPDX-License-Identifier: Apache-2.0 */
#include "aicpu/trb/region_index.h"

#include "abi/task_id.h"

static uint32_t granule_bucket(uint32_t level, uint64_t granule)
{
    return (uint32_t)(((granule + level) * 0xD6E8FEB86659FD93ull) >> 49) & (TRB_MAP_BUCKETS - 1u);
}

static uint32_t level_of(uint64_t bytes)
{
    uint32_t level = bytes <= 1 ? 0 : 64u - (uint32_t)__builtin_clzll(bytes - 1);
    /* A buffer of more than half the address space touches at most two granules of that size all the same. */
    return level < TRB_MAP_MIN_LEVEL ? TRB_MAP_MIN_LEVEL : level > 63 ? 63 : level;
}

static void file_link(struct trb_map *map, uint32_t level, uint64_t granule, uint32_t link)
{
    uint32_t *head = &map->granules[granule_bucket(level, granule)];
    map->granule_next[link] = *head;
    *head = link;
}

static void unfile_link(struct trb_map *map, uint32_t level, uint64_t granule, uint32_t link)
{
    uint32_t *at = &map->granules[granule_bucket(level, granule)];
    while (*at != link) {
        at = &map->granule_next[*at];
    }
    *at = map->granule_next[link];
}

static void file_region(struct trb_map *map, uint32_t index)
{
    struct trb_region *region = &map->regions[index];
    region->level = (uint8_t)level_of(region->end - region->base);
    uint64_t first = region->base >> region->level;
    uint64_t last = (region->end - 1) >> region->level;
    file_link(map, region->level, first, 2 * index);
    if (last != first) {
        file_link(map, region->level, last, 2 * index + 1);
    }
    map->level_regions[region->level]++;
    map->levels |= 1ull << region->level;
}

static void unfile_region(struct trb_map *map, uint32_t index)
{
    struct trb_region *region = &map->regions[index];
    uint64_t first = region->base >> region->level;
    uint64_t last = (region->end - 1) >> region->level;
    unfile_link(map, region->level, first, 2 * index);
    if (last != first) {
        unfile_link(map, region->level, last, 2 * index + 1);
    }
    if (--map->level_regions[region->level] == 0) {
        map->levels &= ~(1ull << region->level);
    }
}

static void mark_neighbour(struct trb_map *map, uint32_t index, void *context)
{
    uint32_t self = *(const uint32_t *)context;
    if (index != self) {
        map->regions[index].has_neighbours = true;
        map->regions[self].has_neighbours = true;
    }
}

static void mark_neighbours(struct trb_map *map, uint32_t index)
{
    const struct trb_region *region = &map->regions[index];
    trb_region_each(map, region->base, region->end, mark_neighbour, &index);
}

static uint32_t take_region(struct trb_map *map)
{
    if (map->region_free == 0 && map->region_top > map->region_limit) {
        if (map->kept_first == 0) {
            return 0;
        }
        trb_region_drop(map, map->kept_first);
    }
    uint32_t index = map->region_free;
    if (index != 0) {
        map->region_free = map->regions[index].next;
        return index;
    }
    return map->region_top++;
}

uint32_t trb_region_find(const struct trb_map *map, uint64_t base)
{
    uint32_t index = map->buckets[trb_map_bucket(base)];
    while (index != 0 && map->regions[index].base != base) {
        index = map->regions[index].next;
    }
    return index;
}

uint32_t trb_region_add(struct trb_map *map, uint64_t base, uint64_t end)
{
    uint32_t index = take_region(map);
    if (index == 0) {
        return 0;
    }
    uint32_t *head = &map->buckets[trb_map_bucket(base)];
    map->regions[index] = (struct trb_region){.base = base,
                                              .end = end,
                                              .owner = PTO_TASK_ID_INVALID,
                                              .newest_task = PTO_TASK_ID_INVALID,
                                              .next = *head,
                                              .is_live = true};
    *head = index;
    file_region(map, index);
    mark_neighbours(map, index);
    return index;
}

void trb_region_grow(struct trb_map *map, uint32_t region, uint64_t end)
{
    unfile_region(map, region);
    map->regions[region].end = end;
    file_region(map, region);
    mark_neighbours(map, region);
}

void trb_region_drop(struct trb_map *map, uint32_t region)
{
    trb_region_use(map, region);
    uint32_t *at = &map->buckets[trb_map_bucket(map->regions[region].base)];
    while (*at != region) {
        at = &map->regions[*at].next;
    }
    *at = map->regions[region].next;
    unfile_region(map, region);
    map->regions[region].is_live = false;
    map->regions[region].next = map->region_free;
    map->region_free = region;
}

void trb_region_keep(struct trb_map *map, uint32_t region)
{
    struct trb_region *kept = &map->regions[region];
    kept->is_kept = true;
    kept->kept_next = 0;
    kept->kept_previous = map->kept_last;
    *(map->kept_last != 0 ? &map->regions[map->kept_last].kept_next : &map->kept_first) = region;
    map->kept_last = region;
    map->kept_count++;
}

void trb_region_use(struct trb_map *map, uint32_t region)
{
    struct trb_region *kept = &map->regions[region];
    if (!kept->is_kept) {
        return;
    }
    kept->is_kept = false;
    *(kept->kept_previous != 0 ? &map->regions[kept->kept_previous].kept_next : &map->kept_first) = kept->kept_next;
    *(kept->kept_next != 0 ? &map->regions[kept->kept_next].kept_previous : &map->kept_last) = kept->kept_previous;
    map->kept_count--;
}

static void visit_if_shared(struct trb_map *map, uint32_t index, uint64_t first, uint64_t end,
                            trb_region_visitor *visit, void *context)
{
    const struct trb_region *region = &map->regions[index];
    if (region->is_live && region->base < end && first < region->end) {
        visit(map, index, context);
    }
}

void trb_region_each(struct trb_map *map, uint64_t first, uint64_t end, trb_region_visitor *visit, void *context)
{
    uint64_t granules = 0;
    for (uint64_t levels = map->levels; levels != 0; levels &= levels - 1) {
        uint32_t level = (uint32_t)__builtin_ctzll(levels);
        granules += ((end - 1) >> level) - (first >> level) + 1;
    }
    if (granules > map->region_top) {
        for (uint32_t i = 1; i < map->region_top; i++) {
            visit_if_shared(map, i, first, end, visit, context);
        }
        return;
    }
    for (uint64_t levels = map->levels; levels != 0; levels &= levels - 1) {
        uint32_t level = (uint32_t)__builtin_ctzll(levels);
        for (uint64_t granule = first >> level; granule <= (end - 1) >> level; granule++) {
            uint32_t link = map->granules[granule_bucket(level, granule)];
            for (; link != 0; link = map->granule_next[link]) {
                visit_if_shared(map, link / 2, first, end, visit, context);
            }
        }
    }
}
