/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/model/callables.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chip_image.h"
#include "base/os.h"

#define GRAPH_ENTRY "build_graph" /* of every graph builder below fixtures/callables_hbg */

const struct callable_spec callable_specs[CALLABLE_KIND_COUNT] = {
    [CALLABLE_ADD] = {.name = "add",
                      .orchestration = "orchestration_one_task",
                      .children = {{"kernel_add", 0}},
                      .child_count = 1,
                      .signature = {PTO_IN, PTO_OUT},
                      .signature_count = 2,
                      .tasks = 1},
    [CALLABLE_MULTIPLY] = {.name = "multiply",
                           .orchestration = "orchestration_one_task",
                           .children = {{"kernel_multiply", 0}},
                           .child_count = 1,
                           .signature = {PTO_IN, PTO_OUT},
                           .signature_count = 2,
                           .tasks = 1},
    [CALLABLE_TWICE] = {.name = "twice",
                        .orchestration = "orchestration_one_task",
                        .entry_name = "entry_twice",
                        .children = {{"kernel_add", 0}},
                        .child_count = 1,
                        .signature = {PTO_IN, PTO_OUT},
                        .signature_count = 2,
                        .tasks = 2},
    [CALLABLE_TWO_STEPS] = {.name = "two steps",
                            .orchestration = "orchestration_two_kernels",
                            .children = {{"kernel_add", 0}, {"kernel_multiply", 1023}},
                            .child_count = 2,
                            .signature = {PTO_IN, PTO_OUT},
                            .signature_count = 2,
                            .tasks = 2},
    [CALLABLE_NO_TASKS] = {.name = "no tasks",
                           .orchestration = "orchestration_no_tasks",
                           .signature = {PTO_IN, PTO_OUT},
                           .signature_count = 2,
                           .tasks = 0},
};

/* Adds and multiplies as the kernels do, modulo 2^32. */
int32_t callable_golden(enum callable_kind kind, int32_t in, uint64_t bias)
{
    uint32_t x = (uint32_t)in;
    uint32_t b = (uint32_t)bias;
    switch (kind) {
    case CALLABLE_ADD:
        return (int32_t)(x + b);
    case CALLABLE_MULTIPLY:
        return (int32_t)(3u * x + b);
    case CALLABLE_TWICE:
        return (int32_t)(x + 2u * b);
    case CALLABLE_TWO_STEPS:
        return (int32_t)(3u * (x + b) + b);
    default:
        return 0;
    }
}

static int callable_read(const char *artefacts, const char *runtime, const char *file, void **bytes, size_t *size,
                         char *error, size_t error_capacity)
{
    char path[PATH_MAX];
    const char *folder = strcmp(runtime, "hbg") == 0 ? "callables_hbg" : "callables";
    int length = snprintf(path, sizeof(path), "%s/fixtures/%s/%s.so", artefacts, folder, file);
    int result =
        length > 0 && (size_t)length < sizeof(path) ? os_read_file("callables.file", path, bytes, size) : -ENAMETOOLONG;
    if (result != 0) {
        (void)snprintf(error, error_capacity, "cannot read %s: %s", path, strerror(-result));
    }
    return result;
}

int callable_pack_on(const char *artefacts, const char *runtime, const struct callable_spec *spec,
                     struct callable_image *image, char *error, size_t error_capacity)
{
    /* host_build_graph has no default entry. */
    bool needs_entry = spec->entry_name == NULL && strcmp(runtime, "hbg") == 0;
    void *orchestration = NULL;
    size_t orchestration_size = 0;
    void *kernels[CALLABLE_SPEC_CHILDREN] = {NULL};
    struct chip_image_child_spec children[CALLABLE_SPEC_CHILDREN];
    int result = callable_read(artefacts, runtime, spec->orchestration, &orchestration, &orchestration_size, error,
                               error_capacity);
    for (uint32_t i = 0; result == 0 && i < spec->child_count; i++) {
        children[i] = (struct chip_image_child_spec){.func_id = spec->children[i].func_id};
        result = callable_read(artefacts, runtime, spec->children[i].file, &kernels[i], &children[i].binary_size, error,
                               error_capacity);
        children[i].binary = kernels[i];
    }
    if (result == 0) {
        struct error_text text = {{0}};
        const struct chip_image_spec packed = {.orchestration = orchestration,
                                               .orchestration_size = orchestration_size,
                                               .func_name = needs_entry ? GRAPH_ENTRY : spec->entry_name,
                                               .signature = spec->signature,
                                               .sig_count = spec->signature_count,
                                               .children = children,
                                               .child_count = (int32_t)spec->child_count};
        result = chip_image_build(&packed, &image->bytes, &image->size, &text);
        if (result != 0) {
            (void)snprintf(error, error_capacity, "%s", text.text);
        }
    }
    for (uint32_t i = 0; i < CALLABLE_SPEC_CHILDREN; i++) {
        free(kernels[i]);
    }
    free(orchestration);
    return result;
}

int callable_pack(const char *artefacts, const struct callable_spec *spec, struct callable_image *image, char *error,
                  size_t error_capacity)
{
    return callable_pack_on(artefacts, "trb", spec, image, error, error_capacity);
}

int callable_pack_all(const char *artefacts, struct callable_image images[CALLABLE_KIND_COUNT], char *error,
                      size_t error_capacity)
{
    return callable_pack_all_on(artefacts, "trb", images, error, error_capacity);
}

int callable_pack_all_on(const char *artefacts, const char *runtime, struct callable_image images[CALLABLE_KIND_COUNT],
                         char *error, size_t error_capacity)
{
    memset(images, 0, CALLABLE_KIND_COUNT * sizeof(*images));
    for (size_t i = 0; i < CALLABLE_KIND_COUNT; i++) {
        int result = callable_pack_on(artefacts, runtime, &callable_specs[i], &images[i], error, error_capacity);
        if (result != 0) {
            callable_images_free(images, CALLABLE_KIND_COUNT);
            return result;
        }
    }
    return 0;
}

void callable_images_free(struct callable_image *images, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(images[i].bytes);
        images[i] = (struct callable_image){0};
    }
}

void callable_args(struct pto_chip_args *args, const int32_t *in, int32_t *out, uint32_t count, uint64_t bias)
{
    struct pto_continuous_tensor tensor;
    pto_chip_args_clear(args);
    pto_continuous_tensor_make(&tensor, (uintptr_t)in, &count, 1, PTO_INT32, 0);
    (void)pto_chip_args_add_tensor(args, &tensor);
    pto_continuous_tensor_make(&tensor, (uintptr_t)out, &count, 1, PTO_INT32, 0);
    (void)pto_chip_args_add_tensor(args, &tensor);
    (void)pto_chip_args_add_scalar(args, bias);
}
