/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region_index: finds the regions of the tensor map, by base address and by the bytes they lie on.
 *
 * A region of n bytes is filed under granules of the smallest power of two >= n, of which it touches one or two.
 * Whoever looks for neighbours asks, for each granule size in use, the granules that his own bytes touch.
 */
#ifndef AICPU_TRB_REGION_INDEX_H
#define AICPU_TRB_REGION_INDEX_H

#include "aicpu/trb/tensor_map.h"

typedef void trb_region_visitor(struct trb_map *map, uint32_t region, void *context);

/* The region with this base, 0 when there is none. */
uint32_t trb_region_find(const struct trb_map *map, uint64_t base);

/* A new region for the bytes [base, end), filed and with its neighbours marked. 0 when the pool is exhausted. */
uint32_t trb_region_add(struct trb_map *map, uint64_t base, uint64_t end);

/* A region turned out to be larger. */
void trb_region_grow(struct trb_map *map, uint32_t region, uint64_t end);

/* Forgets a region that has no entries. */
void trb_region_drop(struct trb_map *map, uint32_t region);

/* Puts a region without entries behind those that give way first, and takes it out again when it is used. */
void trb_region_keep(struct trb_map *map, uint32_t region);
void trb_region_use(struct trb_map *map, uint32_t region);

/* Calls `visit` for every region that shares a byte with [first, end), maybe twice. It must not add or drop regions. */
void trb_region_each(struct trb_map *map, uint64_t first, uint64_t end, trb_region_visitor *visit, void *context);

#endif
