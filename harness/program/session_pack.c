/* SPDX-License-Identifier: Apache-2.0 */
/* session_pack: from files of shared objects to a ChipCallable image. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"
#include "base/chip_image.h"
#include "harness/program/artefacts.h"
#include "harness/program/session.h"

#define PATH_BYTES 1024u

/* Reads a whole file into a new buffer. 0, or -1 with session->error. */
static int read_file(struct session *session, const char *path, void **bytes, size_t *size)
{
    char *buffer = NULL;
    long length = -1;
    FILE *file = fopen(path, "rb");
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        length = ftell(file);
    }
    if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        buffer = malloc(length > 0 ? (size_t)length : 1);
    }
    bool done = buffer != NULL && fread(buffer, 1, (size_t)length, file) == (size_t)length;
    if (!done) {
        (void)snprintf(session->error, sizeof(session->error), "cannot read %s: %s", path, strerror(errno));
        free(buffer);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (done) {
        *bytes = buffer;
        *size = (size_t)length;
    }
    return done ? 0 : -1;
}

/* The shared objects of one image while it is packed; `spec` points into the rest. */
struct parts {
    struct chip_image_spec spec;
    struct chip_image_child_spec *children;
    void **kernels; /* the bytes of each */
    void *orchestration;
};

static void parts_free(struct parts *parts)
{
    for (int32_t i = 0; parts->kernels != NULL && i < parts->spec.child_count; i++) {
        free(parts->kernels[i]);
    }
    free(parts->kernels);
    free(parts->children);
    free(parts->orchestration);
}

/* What was read so far is freed by parts_free, also after a failure. */
static int parts_read(struct session *session, struct parts *parts, const char *orchestration_path,
                      const struct session_child *children)
{
    size_t count = (size_t)parts->spec.child_count;
    parts->children = calloc(count + 1, sizeof(*parts->children));
    parts->kernels = calloc(count + 1, sizeof(*parts->kernels));
    if (parts->children == NULL || parts->kernels == NULL) {
        (void)snprintf(session->error, sizeof(session->error), "no memory to pack %zu kernels", count);
        return -1;
    }
    if (read_file(session, orchestration_path, &parts->orchestration, &parts->spec.orchestration_size) != 0) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        struct chip_image_child_spec *child = &parts->children[i];
        if (read_file(session, children[i].path, &parts->kernels[i], &child->binary_size) != 0) {
            return -1;
        }
        child->binary = parts->kernels[i];
        child->func_id = children[i].func_id;
        child->signature = children[i].signature;
        child->sig_count = children[i].signature_count;
    }
    parts->spec.orchestration = parts->orchestration;
    parts->spec.children = parts->children;
    return 0;
}

int session_pack_files(struct session *session, const char *orchestration_path, const char *entry_name,
                       const char *config_name, const int32_t *signature, int32_t signature_count,
                       const struct session_child *children, uint32_t child_count, void **image, size_t *bytes)
{
    struct error_text error = {{0}};
    struct parts parts = {.spec = {.signature = signature,
                                   .sig_count = signature_count,
                                   .func_name = entry_name,
                                   .config_name = config_name,
                                   .child_count = (int32_t)child_count}};
    if (child_count > PTO_MAX_CHILDREN) {
        (void)snprintf(session->error, sizeof(session->error), "child_count %u exceeds %d", child_count,
                       PTO_MAX_CHILDREN);
        return -1;
    }
    int result = parts_read(session, &parts, orchestration_path, children);
    if (result == 0 && chip_image_build(&parts.spec, image, bytes, &error) != 0) {
        (void)snprintf(session->error, sizeof(session->error), "%s", error.text);
        result = -1;
    }
    parts_free(&parts);
    return result;
}

int session_pack_scene(struct session *session, const struct scene *scene, void **image, size_t *bytes)
{
    char orchestration[PATH_BYTES];
    char paths[SCENE_MAX_KERNELS][PATH_BYTES];
    struct session_child children[SCENE_MAX_KERNELS];
    /* The first runtime's orchestration has the plain name. */
    const char *runtime = session->variant != NULL ? session->variant->runtime : variant_all[0].runtime;
    bool plain = strcmp(runtime, variant_all[0].runtime) == 0;
    const char *entry_name = plain ? scene->entry_name : SCENE_GRAPH_ENTRY;
    bool fits =
        scene->kernel_count <= SCENE_MAX_KERNELS &&
        artefacts_path(orchestration, sizeof(orchestration), session->artefacts, "scenes/%s/orchestration%s%s.so",
                       scene->orchestration_of != NULL ? scene->orchestration_of : scene->name, plain ? "" : "_",
                       plain ? "" : runtime) == 0;
    for (uint32_t i = 0; fits && i < scene->kernel_count; i++) {
        const struct scene_kernel *kernel = &scene->kernels[i];
        const char *folder = kernel->shared ? "" : scene->name;
        fits = artefacts_path(paths[i], PATH_BYTES, session->artefacts, "scenes/%s%skernels%s%s/%s.so", folder,
                              kernel->shared ? "" : "/", plain ? "" : "_", plain ? "" : runtime, kernel->file) == 0;
        children[i] = (struct session_child){.path = paths[i],
                                             .func_id = kernel->func_id,
                                             .signature = kernel->signature,
                                             .signature_count = kernel->signature_count};
    }
    if (!fits) {
        (void)snprintf(session->error, sizeof(session->error),
                       "the paths of scene %s are too long, or it has over %u kernels", scene->name, SCENE_MAX_KERNELS);
        return -1;
    }
    return session_pack_files(session, orchestration, entry_name, scene->config_name, scene->signature,
                              scene->signature_count, children, scene->kernel_count, image, bytes);
}

int session_prepare_graph(struct session *session, int32_t callable_id, const char *orchestration, const char *kernel)
{
    char orchestration_path[1024];
    char kernel_path[1024];
    void *image = NULL;
    size_t bytes = 0;
    const struct session_child child = {.path = kernel_path};
    int result = -1;
    if (artefacts_path(orchestration_path, sizeof(orchestration_path), session->artefacts, "%s", orchestration) == 0 &&
        artefacts_path(kernel_path, sizeof(kernel_path), session->artefacts, "%s", kernel) == 0 &&
        session_pack_files(session, orchestration_path, SCENE_GRAPH_ENTRY, NULL, NULL, 0, &child, 1, &image, &bytes) ==
            0) {
        result = session_prepare(session, callable_id, image);
    }
    free(image);
    return result;
}
