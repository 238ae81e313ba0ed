/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlap: whether an access that is about to be submitted touches bytes that an earlier access touches
 * (device.md 1.12, R19).
 *
 * Judged in bytes, so it holds across base addresses and element types. It errs to one side only: NO_OVERLAP is said
 * only of disjoint accesses, COVERED only when the probe contains every byte of the entry. Rectangles of one row-major
 * buffer, cut by the same strides, are told apart exactly; other strided pairs by their outer byte ranges.
 */
#ifndef AICPU_TRB_OVERLAP_H
#define AICPU_TRB_OVERLAP_H

#include "abi/tensor.h"

enum trb_overlap {
    TRB_NO_OVERLAP = 0,
    TRB_COVERED, /* the probe contains the entry */
    TRB_OTHER,   /* they may share a byte, or the probe is a newer version of the same buffer */
};

enum trb_access { TRB_WRITER = 0, TRB_READER = 1 };

/* One access of one task, as the tensor map keeps it. The first line is all that most contiguous accesses need. */
struct trb_map_entry {
    uint64_t first_byte; /* address of the first byte touched ... */
    uint64_t end_byte;   /* ... and behind the last one */
    uint64_t buffer_addr;
    uint64_t producer; /* id of the task */
    int32_t version;
    uint32_t next; /* in the list of its region and kind, newest first; indices into the pool, 0 = none */
    uint32_t previous;
    uint32_t next_of_task;
    uint32_t region;
    uint8_t dtype;
    uint8_t ndims;
    bool contiguous;
    uint8_t access : 7;             /* enum trb_access */
    bool is_listed : 1;             /* false: superfluous, only waiting for its task to retire */
    uint64_t start_offset;          /* elements */
    uint32_t shapes[PTO_MAX_DIMS];  /* second line: written where trb_entry_needs_grid */
    uint32_t strides[PTO_MAX_DIMS]; /* elements */
    uint8_t reserved[24];
} PTO_ALIGNED(64);
_Static_assert(sizeof(struct trb_map_entry) == 128, "two cache lines");
_Static_assert(offsetof(struct trb_map_entry, shapes) == 64, "the first line judges contiguous accesses");

/* The byte addresses between which a refreshed tensor lies. */
struct trb_span {
    uint64_t first;
    uint64_t end;
};

static inline struct trb_span trb_span_of(const struct pto_tensor *tensor)
{
    /* A refreshed tensor lies inside its buffer, whose end fits in 64 bits: nothing here overflows. */
    uint64_t element = pto_data_type_bytes(tensor->dtype);
    struct trb_span span;
    span.first = tensor->buffer_addr + tensor->start_offset * element;
    span.end = span.first + tensor->extent_elements * element;
    return span;
}

/*
 * Contiguous accesses of rank 1 and 2 fill their byte range as far as any rectangle of their grid can tell; of higher
 * ranks they may lie in a hole of another rectangle.
 */
static inline bool trb_entry_needs_grid(bool contiguous, uint32_t ndims)
{
    return !contiguous || ndims > 2;
}

/* Writes what the verdict needs to know of a refreshed tensor; links, producer and access are the caller's. */
static inline void trb_map_entry_describe(struct trb_map_entry *entry, const struct pto_tensor *tensor)
{
    struct trb_span span = trb_span_of(tensor);
    entry->first_byte = span.first;
    entry->end_byte = span.end;
    entry->buffer_addr = tensor->buffer_addr;
    entry->version = tensor->version;
    entry->dtype = tensor->dtype;
    entry->ndims = (uint8_t)tensor->ndims;
    entry->contiguous = tensor->is_contiguous;
    entry->start_offset = tensor->start_offset;
    if (trb_entry_needs_grid(tensor->is_contiguous, tensor->ndims)) {
        for (uint32_t i = 0; i < tensor->ndims; i++) {
            entry->shapes[i] = tensor->shapes[i];
            entry->strides[i] = tensor->strides[i];
        }
    }
}

/* True when both are rectangles of one row-major grid: equal strides, each a multiple of the next, the last one 1. */
static inline bool trb_same_grid(const struct pto_tensor *probe, const uint32_t *strides)
{
    uint32_t n = probe->ndims;
    if (probe->strides[n - 1] != 1) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (probe->strides[i] != strides[i] || (i > 0 && strides[i - 1] % strides[i] != 0)) {
            return false;
        }
    }
    return true;
}

/* Two rectangles of one grid, compared dimension by dimension. */
static inline enum trb_overlap trb_overlap_grid(const struct pto_tensor *probe, const struct trb_map_entry *entry,
                                                const uint32_t *shapes)
{
    uint64_t probe_rest = probe->start_offset;
    uint64_t entry_rest = entry->start_offset;
    bool disjoint = false;
    bool covered = true;
    for (uint32_t i = 0; i < probe->ndims; i++) {
        uint64_t stride = probe->strides[i];
        uint64_t p = probe_rest / stride;
        uint64_t e = entry_rest / stride;
        probe_rest %= stride;
        entry_rest %= stride;
        uint64_t p_end = p + probe->shapes[i];
        uint64_t e_end = e + shapes[i];
        /* Running over the edge of a row means that dimensions are not independent. */
        if (i > 0 && (p_end > probe->strides[i - 1] / stride || e_end > probe->strides[i - 1] / stride)) {
            return TRB_OTHER;
        }
        disjoint = disjoint || p_end <= e || e_end <= p;
        covered = covered && p <= e && e_end <= p_end;
    }
    return disjoint ? TRB_NO_OVERLAP : covered ? TRB_COVERED : TRB_OTHER;
}

/* The verdict with the probe's span at hand. The probe is refreshed (pto_tensor_refresh). */
static inline enum trb_overlap trb_overlap_judge(const struct pto_tensor *probe, struct trb_span span,
                                                 const struct trb_map_entry *entry)
{
    bool same_buffer = probe->buffer_addr == entry->buffer_addr;
    if (same_buffer && probe->version > entry->version) {
        return TRB_OTHER;
    }
    if (span.end <= entry->first_byte || entry->end_byte <= span.first) {
        return TRB_NO_OVERLAP;
    }
    if (probe->is_contiguous) {
        if (span.first <= entry->first_byte && entry->end_byte <= span.end) {
            return TRB_COVERED;
        }
        if (entry->contiguous) {
            return TRB_OTHER;
        }
    }
    if (!same_buffer || probe->dtype != entry->dtype || probe->ndims != entry->ndims) {
        return TRB_OTHER;
    }
    if (!trb_entry_needs_grid(entry->contiguous, entry->ndims) || !trb_same_grid(probe, entry->strides)) {
        return TRB_OTHER;
    }
    return trb_overlap_grid(probe, entry, entry->shapes);
}

/* Whether `probe`, submitted later, touches what `entry` touches. */
static inline enum trb_overlap trb_overlap_verdict(const struct pto_tensor *probe, const struct trb_map_entry *entry)
{
    return trb_overlap_judge(probe, trb_span_of(probe), entry);
}

#endif
