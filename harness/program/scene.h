/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene: one program of the device runtime with its inputs and its golden result.
 *
 * A scene lives in st/scenes/NAME/: orchestration.c and kernels/ *.c (user code, built as separate shared objects) and
 * scene.c, which defines `const struct scene scene_NAME`. What runs on host_build_graph as well has
 * orchestration_hbg.c, with the entry SCENE_GRAPH_ENTRY, and kernels_hbg/ *.c under the same names. The tool, the
 * system tests and the properties all run scenes through session.h.
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
};

struct scene {
    const char *name;
    const char *summary;
    const char *const *variants;      /* NULL-terminated "arch/runtime/platform" patterns, "*" allowed per part */
    const struct scene_limit *limits; /* NULL: none; they win over `variants` */
    const char *kernels_of; /* NULL: its own folder's; else that of a folder whose kernels several scenes share */
    struct scene_kernel kernels[SCENE_MAX_KERNELS];
    uint32_t kernel_count;
    int32_t signature[128]; /* of the orchestration's tensors */
    int32_t signature_count;
    const char *entry_name;  /* NULL: default */
    const char *config_name; /* NULL: default */
    uint32_t default_blocks;
    uint32_t min_blocks; /* 0: any number will do */
    uint32_t default_threads;
    int64_t expected_tasks;  /* of the default inputs; -1: depends on the inputs */
    int32_t expected_result; /* of run_prepared: 0, or the negated code of a negative scene */
    /* Fills `data` (zeroed): choice NULL = the default inputs, otherwise everything is drawn from it. 0 or negative. */
    int (*make)(struct scene_data *data, struct choice *choice);
    /* Compares the outputs after the run with the golden result. 0, or negative with the first difference in `message`.
     */
    int (*check)(const struct scene_data *data, char message[SCENE_MESSAGE_BYTES]);
};

void scene_data_free(struct scene_data *data);
/* Allocates host memory for one more tensor argument and adds it to data->args. Returns the buffer, NULL when full. */
void *scene_add_tensor(struct scene_data *data, const uint32_t *shapes, uint32_t ndims, uint32_t dtype);

/* The registry, made by the build from the folders below st/scenes; sorted by name. */
extern const struct scene *const scenes[];
extern const size_t scene_count;
const struct scene *scene_find(const char *name);

#endif
