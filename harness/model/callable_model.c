/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/model/callable_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct callable_model_rules callable_model_rules_of(const struct variant *variant)
{
    return (struct callable_model_rules){.host_loads = strcmp(variant->runtime, "hbg") == 0};
}

void callable_model_start(struct callable_model *model, const struct callable_model_rules *rules,
                          const struct callable_model_content contents[CALLABLE_KIND_COUNT])
{
    memset(model, 0, sizeof(*model));
    model->rules = *rules;
    memcpy(model->contents, contents, sizeof(model->contents));
    for (size_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        model->entries[i] = -1;
    }
}

static bool callable_model_valid(int32_t callable_id)
{
    return callable_id >= 0 && callable_id < PTO_MAX_CALLABLE_IDS;
}

int callable_model_kind(const struct callable_model *model, int32_t callable_id)
{
    return callable_model_valid(callable_id) ? model->entries[callable_id] : -1;
}

int callable_model_init(struct callable_model *model, int device_id)
{
    if (device_id < 0 || (model->bound && device_id != model->device_id)) {
        return -1;
    }
    model->bound = true;
    model->device_id = device_id;
    return 0;
}

int callable_model_prepare(struct callable_model *model, int32_t callable_id, enum callable_kind kind)
{
    if (!callable_model_valid(callable_id) || !model->bound || model->entries[callable_id] >= 0) {
        return -1;
    }
    model->entries[callable_id] = (int)kind;
    model->loaded[callable_id] = model->rules.host_loads;
    model->dlopens += model->rules.host_loads;
    return 0;
}

static uint64_t callable_model_registered(const struct callable_model *model)
{
    uint64_t count = 0;
    for (size_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        count += model->entries[i] >= 0;
    }
    return count;
}

int callable_model_unregister(struct callable_model *model, int32_t callable_id)
{
    if (!callable_model_valid(callable_id)) {
        return -1;
    }
    if (model->entries[callable_id] >= 0) {
        model->entries[callable_id] = -1;
        model->loaded[callable_id] = false;
        if (callable_model_registered(model) == 0) {
            model->staged = false;
            model->staged_bytes = 0;
        }
    }
    return 0;
}

int callable_model_finalize(struct callable_model *model)
{
    for (size_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        model->entries[i] = -1;
        model->loaded[i] = false;
    }
    model->bound = false;
    model->staged = false;
    model->staged_bytes = 0;
    model->client_bytes = 0;
    model->most_blocks = 0;
    model->register_bytes = 0;
    memset(model->ring_bytes, 0, sizeof(model->ring_bytes));
    model->graph_bytes = 0;
    model->had_tasks = false;
    return 0;
}

int callable_model_run(struct callable_model *model, int32_t callable_id, uint32_t blocks, uint64_t bytes)
{
    if (!callable_model_valid(callable_id) || !model->bound || model->entries[callable_id] < 0) {
        return -1;
    }
    model->dlopens += !model->loaded[callable_id];
    model->loaded[callable_id] = true;
    model->runs++;
    model->had_tasks |= callable_specs[model->entries[callable_id]].tasks != 0;
    if (!model->rules.host_loads) { /* a graph builder copies for itself */
        model->staged = true;
        model->staged_bytes = bytes > model->staged_bytes ? bytes : model->staged_bytes;
    }
    if (blocks > model->most_blocks) {
        model->most_blocks = blocks;
        model->register_bytes = 0; /* grows with the blocks: seen anew */
    }
    return 0;
}

void callable_model_malloc(struct callable_model *model, uint64_t bytes)
{
    model->client_bytes += bytes;
}

void callable_model_free(struct callable_model *model, uint64_t bytes)
{
    model->client_bytes -= bytes;
}

/* What the registrations alone determine. */
struct callable_model_sums {
    uint64_t registered;
    uint64_t buffers;
    uint64_t bytes;
    uint64_t kernels;
    uint64_t loaded;
};

static void callable_model_sum(const struct callable_model *model, struct callable_model_sums *sums)
{
    bool present[CALLABLE_KIND_COUNT] = {false};
    *sums = (struct callable_model_sums){0};
    for (size_t i = 0; i < PTO_MAX_CALLABLE_IDS; i++) {
        int kind = model->entries[i];
        sums->loaded += model->loaded[i]; /* per id */
        if (kind < 0) {
            continue;
        }
        sums->registered++;
        if (!present[kind]) {
            present[kind] = true;
            sums->buffers++;
            sums->bytes += model->contents[kind].bytes;
            sums->kernels += model->contents[kind].children;
        }
    }
}

struct callable_model_check {
    const char *name;
    uint64_t found;
    uint64_t least;
    uint64_t most;
};

static int callable_model_check_all(const struct callable_model_check *checks, size_t count, char *text,
                                    size_t capacity)
{
    for (size_t i = 0; i < count; i++) {
        if (checks[i].found < checks[i].least || checks[i].found > checks[i].most) {
            (void)snprintf(text, capacity, "%s: %" PRIu64 ", expected %" PRIu64 "..%" PRIu64, checks[i].name,
                           checks[i].found, checks[i].least, checks[i].most);
            return -1;
        }
    }
    return 0;
}

/* Retained memory: absent before the first run, present and constant after it, gone at finalize. */
static int callable_model_compare_retained(struct callable_model *model, const uint64_t *by_kind, char *text,
                                           size_t capacity)
{
    bool ran = model->most_blocks != 0;
    bool rings = ran && !model->rules.host_loads;
    if (rings && model->ring_bytes[0] == 0) {
        model->ring_bytes[0] = by_kind[PTO_MEMORY_RING_HEAP];
        model->ring_bytes[1] = by_kind[PTO_MEMORY_RING_SHARED];
    }
    if (ran && model->register_bytes == 0) {
        model->register_bytes = by_kind[PTO_MEMORY_REGISTERS];
    }
    bool graph = model->had_tasks && model->rules.host_loads; /* the table of tasks is kept (R34) */
    if (graph && model->graph_bytes == 0) {
        model->graph_bytes = by_kind[PTO_MEMORY_GRAPH];
    }
    uint64_t something = rings ? 1 : 0;
    uint64_t staged = model->staged_bytes;
    const struct callable_model_check checks[] = {
        {"ring heap bytes", by_kind[PTO_MEMORY_RING_HEAP], something, model->ring_bytes[0]},
        {"ring heap bytes", by_kind[PTO_MEMORY_RING_HEAP], model->ring_bytes[0], model->ring_bytes[0]},
        {"ring shared memory bytes", by_kind[PTO_MEMORY_RING_SHARED], something, model->ring_bytes[1]},
        {"ring shared memory bytes", by_kind[PTO_MEMORY_RING_SHARED], model->ring_bytes[1], model->ring_bytes[1]},
        {"graph bytes", by_kind[PTO_MEMORY_GRAPH], graph ? 1 : 0, model->graph_bytes},
        {"graph bytes", by_kind[PTO_MEMORY_GRAPH], model->graph_bytes, model->graph_bytes},
        {"register bytes", by_kind[PTO_MEMORY_REGISTERS], ran ? 1 : 0, model->register_bytes},
        {"register bytes", by_kind[PTO_MEMORY_REGISTERS], model->register_bytes, model->register_bytes},
        {"runtime bytes", by_kind[PTO_MEMORY_RUNTIME], model->bound ? 1 : 0, model->bound ? UINT64_MAX : 0},
        /* How much is kept beyond what the largest run needed is the runtime's own business, within reason. */
        {"staging bytes", by_kind[PTO_MEMORY_STAGING], staged, model->staged ? 4 * staged + 65536 : 0},
    };
    return callable_model_check_all(checks, sizeof(checks) / sizeof(checks[0]), text, capacity);
}

int callable_model_compare(struct callable_model *model, const struct pto_statistics *statistics, char *text,
                           size_t capacity)
{
    struct callable_model_sums sums;
    callable_model_sum(model, &sums);
    const uint64_t *by_kind = statistics->device_bytes_by_kind;
    uint64_t total = 0;
    for (size_t kind = 0; kind < PTO_MEMORY_KIND_COUNT; kind++) {
        total += by_kind[kind];
    }
#define EXACTLY(name, found, expected)  \
    {                                   \
        name, found, expected, expected \
    }
    const struct callable_model_check checks[] = {
        EXACTLY("registered callables", statistics->registered_callables, sums.registered),
        EXACTLY("chip buffers", statistics->chip_buffers, sums.buffers),
        EXACTLY("chip buffer leases", statistics->chip_leases, sums.registered),
        EXACTLY("chip buffer bytes", by_kind[PTO_MEMORY_CHIP_BUFFER], sums.bytes),
        EXACTLY("kernel handles", statistics->kernel_handles, sums.kernels),
        EXACTLY("orchestration handles", statistics->orchestration_handles, sums.loaded),
        EXACTLY("AICPU dlopens", statistics->aicpu_dlopens, model->rules.host_loads ? 0 : model->dlopens),
        EXACTLY("host dlopens", statistics->host_dlopens, model->rules.host_loads ? model->dlopens : 0),
        EXACTLY("client bytes", by_kind[PTO_MEMORY_CLIENT], model->client_bytes),
        EXACTLY("communication bytes", by_kind[PTO_MEMORY_COMM], 0),
        EXACTLY("all device bytes", statistics->device_bytes, total),
        EXACTLY("staged files", statistics->staged_files, 0),
        EXACTLY("runs", statistics->runs, model->runs),
        EXACTLY("failed runs", statistics->failed_runs, 0),
    };
#undef EXACTLY
    int result = callable_model_check_all(checks, sizeof(checks) / sizeof(checks[0]), text, capacity);
    return result != 0 ? result : callable_model_compare_retained(model, by_kind, text, capacity);
}
