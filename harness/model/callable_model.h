/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callable_model: what a context's callable table must look like after every call (R5-R9, R13), in the simplest terms:
 * an array of 64.
 *
 * One model serves all eight variants: they agree but for what struct callable_model_rules names.
 *
 * Each call of the model says what the runtime must return and moves the model on. callable_model_compare then checks
 * what pto_debug_api tells against it: registrations, buffers, leases, handles, dlopen counters, device bytes by kind.
 */
#ifndef HARNESS_MODEL_CALLABLE_MODEL_H
#define HARNESS_MODEL_CALLABLE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/debug_api.h"
#include "abi/limits.h"
#include "harness/model/callables.h"
#include "harness/program/variant.h"

/* Facts about the callables that the model does not compute itself. */
struct callable_model_content {
    uint64_t bytes;    /* size of the image: what its device buffer takes (R7) */
    uint32_t children; /* kernels */
};

/* In what the variants differ, as far as statistics show it. */
struct callable_model_rules {
    bool host_loads; /* host_build_graph: the host opens each orchestration at registration, the AICPU none */
};

struct callable_model {
    struct callable_model_rules rules;
    struct callable_model_content contents[CALLABLE_KIND_COUNT];
    int entries[PTO_MAX_CALLABLE_IDS]; /* enum callable_kind, -1: free */
    bool loaded[PTO_MAX_CALLABLE_IDS]; /* the orchestration is open */
    bool bound;
    int device_id;
    uint64_t dlopens;      /* of orchestrations, of the context, ever (R9) */
    uint64_t runs;         /* that reached the device */
    bool staged;           /* a run was staged since the staging buffer was last released */
    uint64_t staged_bytes; /* ... and the most that one of them needed */
    uint64_t client_bytes;
    uint32_t most_blocks;    /* of a run since the context was bound */
    uint64_t ring_bytes[2];  /* RING_HEAP and RING_SHARED seen after the first run; the same ever after */
    uint64_t graph_bytes;    /* GRAPH seen after the first run with tasks; the same ever after */
    bool had_tasks;          /* a run with tasks was made since the context was bound */
    uint64_t register_bytes; /* seen after the run with most_blocks */
};

struct callable_model_rules callable_model_rules_of(const struct variant *variant);

/* A context that was just created. `contents` is copied. */
void callable_model_start(struct callable_model *model, const struct callable_model_rules *rules,
                          const struct callable_model_content contents[CALLABLE_KIND_COUNT]);

/* Each returns what the call of that name must return. init always brings the same images, which changes nothing when
 * bound. */
int callable_model_init(struct callable_model *model, int device_id);
int callable_model_prepare(struct callable_model *model, int32_t callable_id, enum callable_kind kind);
int callable_model_unregister(struct callable_model *model, int32_t callable_id);
int callable_model_finalize(struct callable_model *model);
/* A run whose configuration and arguments are good, staging `bytes` of tensors. */
int callable_model_run(struct callable_model *model, int32_t callable_id, uint32_t blocks, uint64_t bytes);
void callable_model_malloc(struct callable_model *model, uint64_t bytes);
void callable_model_free(struct callable_model *model, uint64_t bytes);

/* Kind registered under the id, -1: none. Any id may be asked. */
int callable_model_kind(const struct callable_model *model, int32_t callable_id);

/*
 * Compares; notes ring and register sizes when they are seen for the first time. Returns 0, or -1 with the first
 * difference in `text`.
 */
int callable_model_compare(struct callable_model *model, const struct pto_statistics *statistics, char *text,
                           size_t capacity);

#endif
