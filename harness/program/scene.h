/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene: one program of the device runtime with its inputs and its golden result.
 *
 * A scene lives in st/scenes/NAME/: orchestration.c and kernels/ *.c (user code, built as separate shared objects) and
 * scene.c, which defines `const struct scene scene_NAME`. What runs on host_build_graph as well has
 * orchestration_hbg.c, with the entry SCENE_GRAPH_ENTRY, and kernels_hbg/ *.c under the same names. Kernels
 * that several scenes use are in st/scenes/kernels/, one source for both runtimes. The tool, the system tests and the
 * properties all run scenes through session.h.
 */
#ifndef HARNESS_PROGRAM_SCENE_H
#define HARNESS_PROGRAM_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/task_args.h"
#include "harness/choice/choice.h"

#define SCENE_MAX_KERNELS 16u
#define SCENE_MAX_TENSORS 16u
#define SCENE_MESSAGE_BYTES 256u
#define SCENE_GRAPH_ENTRY "build_graph" /* exported by every orchestration_hbg.c */

struct scene_kernel {
    const char *file; /* base name under kernels/, without ".c" */
    bool shared;      /* kernels/ is that of all scenes */
    int32_t func_id;
    int32_t signature[16]; /* enum pto_arg_direction */
    int32_t signature_count;
};

/* What a scene cannot be expressed on, and why, in words that follow "cannot: ". */
struct scene_limit {
    const char *pattern; /* as in struct scene's variants; NULL ends a list */
    const char *reason;
};

/* Host data of one run. Tensors point into buffers that scene_data_free releases. */
struct scene_data {
    struct pto_chip_args args;
    void *buffers[SCENE_MAX_TENSORS];
    size_t buffer_bytes[SCENE_MAX_TENSORS];
    uint64_t parameters[8]; /* the scene's own: sizes, repetition counts */
    void *golden;           /* malloc'ed, freed with the rest: what `make` expects of the outputs; NULL: nothing */
    uint32_t case_number;   /* set before `make`: which of the default inputs */
};

struct scene {
    const char *name;
    const char *summary;
    const char *orchestration_of;     /* the scene whose orchestrations it runs; NULL: its own */
    const char *const *variants;      /* NULL-terminated "arch/runtime/platform" patterns, "*" allowed per part */
    const struct scene_limit *limits; /* NULL: none; they win over `variants` */
    struct scene_kernel kernels[SCENE_MAX_KERNELS];
    uint32_t kernel_count;
    int32_t signature[128]; /* of the orchestration's tensors */
    int32_t signature_count;
    const char *entry_name;  /* NULL: default */
    const char *config_name; /* NULL: default */
    uint32_t default_blocks;
    uint32_t min_blocks; /* 0: any number will do */
    uint32_t default_threads;
    uint32_t cases;           /* how many default inputs there are; 0: one */
    int64_t expected_tasks;   /* of the default inputs; -1: not looked at */
    int32_t expected_result;  /* of run_prepared: 0, or the negated code of a negative scene */
    int32_t expected_onboard; /* the driver's code, which poisons the device (R17); 0: expected_result */
    /* Instead of expected_tasks where the inputs, or the runtime, decide. `graph`: on host_build_graph. */
    int64_t (*tasks)(const struct scene_data *data, bool graph);
    /*
     * Fills `data` (zeroed but for case_number): choice NULL = default inputs, otherwise everything is drawn from it.
     * 0 or negative.
     */
    int (*make)(struct scene_data *data, struct choice *choice);
    /* Compares the outputs after the run with the golden result. 0, or negative with the first difference in `message`.
     */
    int (*check)(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES]);
};

void scene_data_free(struct scene_data *data);
/* Allocates host memory for one more tensor argument and adds it to data->args. Returns the buffer, NULL when full. */
void *scene_add_tensor(struct scene_data *data, const uint32_t *shapes, uint32_t ndims, uint32_t dtype);

/* The same for a tensor of rank 1, and its floats are filled as scene_fill_floats does unless `salt` is 0. */
float *scene_add_floats(struct scene_data *data, uint64_t count, uint32_t salt, struct choice *choice);
/* data->golden with room for `count` floats, zeroed; NULL without memory. */
float *scene_add_golden(struct scene_data *data, uint64_t count);
/* Appends words to the arguments. */
void scene_add_scalars(struct scene_data *data, const uint64_t *words, size_t count);

/* How many default inputs the scene has, at least 1. */
uint32_t scene_case_count(const struct scene *scene);

/*
 * Fills `count` floats: drawn, or without a choice made up from `salt`. All are finite and small, and sums of them are
 * rounded, so that one taken in another order differs.
 */
void scene_fill_floats(float *values, size_t count, uint32_t salt, struct choice *choice);
/* 0 when each of `count` floats differs by `tolerance` at most (0: not in a bit); the first that does is told. */
int scene_compare_floats(const char *name, const float *values, const float *golden, size_t count, float tolerance,
                         char message[SCENE_MESSAGE_BYTES]);
/* The same, bit by bit, for the floats of tensor `i` and data->golden. */
int scene_check_floats(const struct scene_data *data, const char *name, size_t i, char message[SCENE_MESSAGE_BYTES]);
/* c = a * b; row-major m x k, k x n, m x n. Each sum in the order of k, as the kernels take it. */
void scene_matmul(const float *a, const float *b, float *c, size_t m, size_t k, size_t n);

/* The registry, made by the build from the folders below st/scenes; sorted by name. */
extern const struct scene *const scenes[];
extern const size_t scene_count;
const struct scene *scene_find(const char *name);

#endif
