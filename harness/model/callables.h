/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callables: small callables whose results tell which kernels ran, for tests, properties and the fault loop.
 *
 * They are made of the shared objects of st/fixtures/callables, and of st/fixtures/callables_hbg for host_build_graph,
 * which has the same callables under the same names. Each takes tensor 0 (int32, in), tensor 1 (int32, out)
 * and scalar 0 (bias) unless its spec says otherwise.
 */
#ifndef HARNESS_MODEL_CALLABLES_H
#define HARNESS_MODEL_CALLABLES_H

#include <stddef.h>
#include <stdint.h>

#include "abi/task_args.h"

#define CALLABLE_SPEC_CHILDREN 4u
#define CALLABLE_SPEC_TENSORS 4u

struct callable_spec_child {
    const char *file; /* base name below fixtures/callables, without ".so" */
    int32_t func_id;
};

/* What to pack. */
struct callable_spec {
    const char *name;
    const char *orchestration; /* base name, without ".so" */
    const char *entry_name;    /* NULL: default */
    struct callable_spec_child children[CALLABLE_SPEC_CHILDREN];
    uint32_t child_count;
    int32_t signature[CALLABLE_SPEC_TENSORS]; /* enum pto_arg_direction */
    int32_t signature_count;
    uint32_t tasks; /* that one run submits */
};

/* A packed callable; the owner frees `bytes`. */
struct callable_image {
    void *bytes;
    size_t size;
};

/*
 * Packs `spec` for a runtime ("trb", "hbg") from the shared objects below `artefacts` (the build's directory). Returns
 * 0 or negative with the reason in `error`; the image is then untouched.
 */
int callable_pack_on(const char *artefacts, const char *runtime, const struct callable_spec *spec,
                     struct callable_image *image, char *error, size_t error_capacity);
/* The same for "trb". */
int callable_pack(const char *artefacts, const struct callable_spec *spec, struct callable_image *image, char *error,
                  size_t error_capacity);

/* The callables with a golden result. Those next to each other share function ids and differ in kernels. */
enum callable_kind {
    CALLABLE_ADD = 0,   /* out = in + bias; function id 0 */
    CALLABLE_MULTIPLY,  /* out = 3 in + bias; the same orchestration and function id, another kernel (D05, D06) */
    CALLABLE_TWICE,     /* ADD's image under its second entry: out = in + 2 bias */
    CALLABLE_TWO_STEPS, /* function ids 0 and 1023: out = 3 (in + bias) + bias */
    CALLABLE_NO_TASKS,  /* no children: out = 0 */
    CALLABLE_KIND_COUNT
};

extern const struct callable_spec callable_specs[CALLABLE_KIND_COUNT];

/* Element of `out` after a run. */
int32_t callable_golden(enum callable_kind kind, int32_t in, uint64_t bias);

/* Packs all of them for a runtime. On failure nothing is held. */
int callable_pack_all_on(const char *artefacts, const char *runtime, struct callable_image images[CALLABLE_KIND_COUNT],
                         char *error, size_t error_capacity);
/* The same for "trb". */
int callable_pack_all(const char *artefacts, struct callable_image images[CALLABLE_KIND_COUNT], char *error,
                      size_t error_capacity);
void callable_images_free(struct callable_image *images, size_t count);

/* Arguments over the caller's arrays of `count` elements. */
void callable_args(struct pto_chip_args *args, const int32_t *in, int32_t *out, uint32_t count, uint64_t bias);

#endif
