/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: a client of one host runtime, as the tool, the system tests and the properties use it.
 *
 * A session finds the artefacts of a variant in one directory (by default that of the running executable, or
 * TOUCHSTONE_ARTEFACTS), opens the host runtime through a ChipWorker, and gives scenes to it. One thread at a time per
 * session.
 */
#ifndef HARNESS_PROGRAM_SESSION_H
#define HARNESS_PROGRAM_SESSION_H

#include <stdint.h>

#include "abi/debug_api.h"
#include "abi/runtime_c_api.h"
#include "harness/program/scene.h"
#include "harness/program/variant.h"
#include "worker/chip_worker.h"

struct session_options {
    const char *arch;      /* NULL: a2a3. The three parts may be any text: what is no variant is refused. */
    const char *runtime;   /* NULL: trb (tensormap_and_ringbuffer is accepted) */
    const char *platform;  /* NULL: sim */
    const char *artefacts; /* NULL: found as described above */
    int device_id;
    struct pto_engine_options engine; /* size 0: leave the runtime's default */
};

struct session {
    struct chip_worker *worker;
    const struct pto_debug_api *debug; /* NULL for a runtime without it */
    void *context;                     /* of the C ABI, for debug calls */
    const struct variant *variant;     /* which one it is; NULL: never opened */
    uint32_t case_number;              /* which of a scene's default inputs session_play takes; any number */
    char artefacts[512];
    char error[1024]; /* why the last call of this interface failed */
    char hint[512];   /* what session_open advises after a failure, "" when it has no advice */
};

/* Returns 0 or negative with session->error filled; on failure nothing is held. */
int session_open(struct session *session, const struct session_options *options);
void session_close(struct session *session);

/* Packs a scene's shared objects, with the orchestration of the session's runtime, into a ChipCallable (free() it). */
int session_pack_scene(struct session *session, const struct scene *scene, void **image, size_t *bytes);
/* prepare_callable; `image` may be freed afterwards. */
int session_prepare(struct session *session, int32_t callable_id, const void *image);
/* Returns run_prepared's result. blocks 0 = auto; `timing` may be NULL. */
int session_run(struct session *session, int32_t callable_id, const struct pto_chip_args *args, int blocks, int threads,
                struct pto_run_timing *timing);
int session_unregister(struct session *session, int32_t callable_id);
int session_statistics(struct session *session, struct pto_statistics *statistics);

/*
 * Whether a run that returned `returned` was what the scene promises: result, outputs, number of tasks. 0 or -1 with
 * session->error; to be called right after session_run.
 */
int session_judge(struct session *session, const struct scene *scene, const struct scene_data *data, int returned);

/*
 * Everything at once: make inputs, pack, prepare as `callable_id`, run, judge, unregister. For tests. A scene that
 * poisons its device leaves nothing to be done with the session but close it.
 */
int session_play(struct session *session, const struct scene *scene, int32_t callable_id, struct choice *choice,
                 int blocks, int threads);

/* Packs any shared objects: paths of files, one func id and signature each. For fixtures. */
struct session_child {
    const char *path;
    int32_t func_id;
    const int32_t *signature;
    int32_t signature_count;
};
int session_pack_files(struct session *session, const char *orchestration_path, const char *entry_name,
                       const char *config_name, const int32_t *signature, int32_t signature_count,
                       const struct session_child *children, uint32_t child_count, void **image, size_t *bytes);

/* Packs and prepares a graph builder with one kernel, func id 0: two of the build's products, named below their
 * directory. */
int session_prepare_graph(struct session *session, int32_t callable_id, const char *orchestration, const char *kernel);

#endif
