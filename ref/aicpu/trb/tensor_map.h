/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensor_map: which live tasks access which bytes, so that a new access finds the tasks it has to wait for
 * (device.md 1.12, R19).
 *
 * Every access of a live task is an *entry*, a writer or a reader. Entries hang off *regions*, one per distinct buffer
 * base address: the usual case, the same buffer again, is one hash lookup and a walk over entries that matter. Buffers
 * with other bases may share bytes too; regions are therefore also indexed by address granules of their own size, and a
 * region that has such a neighbour is marked, so that only accesses to marked regions look further.
 *
 * Cost: constant for a buffer without neighbours, apart from the overlapping entries themselves. Nothing grows with
 * retired tasks: their entries are freed in time proportional to their number. A region without entries is kept for a
 * while, since buffers tend to come back, and gives way when there are too many.
 *
 * Private to the orchestrator: no locks. Indices into the pools are never 0.
 */
#ifndef AICPU_TRB_TENSOR_MAP_H
#define AICPU_TRB_TENSOR_MAP_H

#include <stddef.h>

#include "aicpu/trb/overlap.h"

#define TRB_MAP_BUCKETS 32768u
#define TRB_MAP_KEPT_REGIONS 4096u /* regions without entries that stay */
#define TRB_MAP_MIN_LEVEL 6u       /* granules are at least 64 bytes */
#define TRB_MAP_LEVELS 64u

/* For functions that do nothing but prefetch: unless it inlines them, gcc finds them without effect and drops them. */
#define TRB_PREFETCHER __attribute__((always_inline))

/* A buffer. */
struct trb_region {
    uint64_t base;
    uint64_t end;         /* behind the largest buffer seen at this base */
    uint64_t owner;       /* owner_task_id of its tensors, PTO_TASK_ID_INVALID: external */
    uint64_t newest_task; /* last task that used the newest version */
    int32_t version;      /* newest one among the entries; meaningless when newest_task is invalid */
    uint32_t lists[2];    /* newest entry first, by enum trb_access */
    uint32_t next;        /* in its hash bucket */
    uint32_t kept_previous;
    uint32_t kept_next;
    uint32_t uses; /* entries in the pool, listed or not */
    uint8_t level; /* log2 of its granules */
    bool has_neighbours;
    bool is_kept; /* without entries, on the list of those that may give way */
    bool is_live;
};
_Static_assert(sizeof(struct trb_region) == 64, "one cache line");

struct trb_map {
    struct trb_map_entry *entries;
    struct trb_region *regions;
    uint32_t *granule_next; /* two links per region: a region covers at most two granules of its level */
    uint32_t *buckets;      /* base address -> region */
    uint32_t *granules;     /* (level, granule) -> link; link / 2 is the region */
    uint32_t entry_limit;
    uint32_t entry_top;
    uint32_t entry_free;
    uint32_t entries_used;
    uint32_t region_limit;
    uint32_t region_top;
    uint32_t region_free;
    uint32_t kept_first;
    uint32_t kept_last;
    uint32_t kept_count;
    uint64_t levels; /* bit l: some region has level l */
    uint32_t level_regions[TRB_MAP_LEVELS];
    void *memory;
    size_t memory_bytes;
};

static inline uint32_t trb_map_bucket(uint64_t base)
{
    return (uint32_t)((base * 0x9E3779B97F4A7C15ull) >> 49) & (TRB_MAP_BUCKETS - 1u);
}

/* Brings the region of a buffer near. */
TRB_PREFETCHER static inline void trb_map_prefetch(const struct trb_map *map, uint64_t base)
{
    __builtin_prefetch(&map->regions[map->buckets[trb_map_bucket(base)]], 1);
}

/* Asked for every access that overlaps. True: its task does not matter any more, and the entry can be forgotten. */
typedef bool trb_map_edge(void *context, uint64_t producer);

/* Room for so many entries and regions. Fault site "aicpu.tensor_map". Returns 0, -ENOMEM. */
int trb_map_create(struct trb_map *map, uint32_t entries, uint32_t regions);
void trb_map_destroy(struct trb_map *map);
/* Forgets everything, whatever state it is in. */
void trb_map_clear(struct trb_map *map);

/* The region of a refreshed tensor's buffer, made when it is new. 0: as many buffers have entries as there may be. */
uint32_t trb_map_region(struct trb_map *map, const struct pto_tensor *tensor);
/* To be called after trb_map_region when no insertion follows: an empty region may give way. */
void trb_map_leave(struct trb_map *map, uint32_t region);

/* True when the tensor is older than a version that a live task uses. `first_alive`: per ring, the oldest local id
 * alive. */
bool trb_map_is_outdated(const struct trb_map *map, uint32_t region, const struct pto_tensor *tensor,
                         const uint32_t *first_alive);

/*
 * Calls `edge` for the task of every entry that an access of `tensor` has to follow: writers, and for a write also
 * readers. A write makes entries that it covers superfluous, since whatever conflicts with them conflicts with it.
 */
void trb_map_visit(struct trb_map *map, uint32_t region, const struct pto_tensor *tensor, bool writes,
                   trb_map_edge *edge, void *context);

/* The same for the readers alone, without making anything superfluous. */
void trb_map_visit_readers(struct trb_map *map, uint32_t region, const struct pto_tensor *tensor, trb_map_edge *edge,
                           void *context);

/* Lists an access; `chain` is the head of its task's entries, 0 at first. False: the pool is exhausted, nothing
 * changed. */
bool trb_map_insert(struct trb_map *map, uint32_t region, const struct pto_tensor *tensor, enum trb_access access,
                    uint64_t task, uint32_t *chain);

/* Frees the entries of a task and empties `chain`. */
void trb_map_retire(struct trb_map *map, uint32_t *chain);

/* Entries that are listed or wait for their task to retire. */
static inline uint32_t trb_map_entries_used(const struct trb_map *map)
{
    return map->entries_used;
}

#endif
