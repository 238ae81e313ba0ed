/* SPDX-License-Identifier: Apache-2.0 */
/* scene_subject: a scene on one variant, its session and its inputs kept from play to play. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "harness/explorer/subjects.h"

#define SCENE_SUBJECT_CALLABLE 0

static int refuse(char message[EXPLORER_MESSAGE_BYTES], const char *what, const char *why)
{
    (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "%s%s%.900s", what, why[0] != 0 ? ": " : "", why);
    return -1;
}

static bool is_output(const struct scene *scene, size_t tensor)
{
    return (int32_t)tensor >= scene->signature_count || scene->signature[tensor] != PTO_IN;
}

/* Makes the inputs, and keeps what the outputs look like before a run. */
static int make_inputs(struct scene_subject *subject)
{
    struct choice smallest;
    choice_from_bytes(&smallest, NULL, 0);
    if (subject->scene->make(&subject->data, subject->small ? &smallest : NULL) != 0) {
        return -1;
    }
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        if (subject->data.buffers[i] == NULL || !is_output(subject->scene, i)) {
            continue;
        }
        size_t bytes = subject->data.buffer_bytes[i];
        subject->fresh[i] = malloc(bytes);
        subject->golden[i] = malloc(bytes);
        if (subject->fresh[i] == NULL || subject->golden[i] == NULL) {
            return -1;
        }
        memcpy(subject->fresh[i], subject->data.buffers[i], bytes);
    }
    return 0;
}

static void free_inputs(struct scene_subject *subject)
{
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        free(subject->fresh[i]);
        free(subject->golden[i]);
        subject->fresh[i] = NULL;
        subject->golden[i] = NULL;
    }
    scene_data_free(&subject->data);
    subject->data = (struct scene_data){0};
}

static int prepare(struct scene_subject *subject)
{
    void *image = NULL;
    size_t bytes = 0;
    int result = session_pack_scene(&subject->session, subject->scene, &image, &bytes);
    if (result == 0) {
        result = session_prepare(&subject->session, SCENE_SUBJECT_CALLABLE, image);
    }
    free(image);
    return result;
}

/* One run from fresh outputs. 0; 1 with what is wrong; -1: it could not be made. */
static int run_checked(struct scene_subject *subject, char message[EXPLORER_MESSAGE_BYTES])
{
    char why[SCENE_MESSAGE_BYTES] = "";
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        if (subject->fresh[i] != NULL) {
            memcpy(subject->data.buffers[i], subject->fresh[i], subject->data.buffer_bytes[i]);
        }
    }
    if (stale_overwrite(&subject->stale, &subject->session) != 0) {
        return refuse(message, "the heaps cannot be overwritten", "");
    }
    int result = session_run(&subject->session, SCENE_SUBJECT_CALLABLE, &subject->data.args, subject->blocks,
                             subject->threads, NULL);
    if (result != subject->scene->expected_result) {
        (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "returned %d, expected %d: %.900s", result,
                       subject->scene->expected_result, result != 0 ? subject->session.error : "no error");
        return 1;
    }
    bool same = true;
    for (size_t i = 0; i < SCENE_MAX_TENSORS && same; i++) {
        same = subject->golden[i] == NULL || subject->engine.size == 0 ||
               memcmp(subject->golden[i], subject->data.buffers[i], subject->data.buffer_bytes[i]) == 0;
    }
    /* Bytes that passed the check before need no second one. */
    if ((subject->engine.size == 0 || !same) && subject->scene->check(&subject->data, why) != 0) {
        (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "%s", why);
        return 1;
    }
    return 0;
}

static int read_counts(struct scene_subject *subject, struct scene_subject_counts *counts, uint64_t *switches)
{
    struct pto_statistics statistics;
    if (session_statistics(&subject->session, &statistics) != 0) {
        return -1;
    }
    *counts = (struct scene_subject_counts){.tasks = statistics.last_tasks,
                                            .dispatches = statistics.last_dispatches,
                                            .device_bytes = statistics.device_bytes};
    *switches = statistics.last_switches;
    return 0;
}

/* Two runs: the first makes the heaps, the other one is what all further ones are compared with. */
static int run_first(struct scene_subject *subject, char message[EXPLORER_MESSAGE_BYTES])
{
    char why[EXPLORER_MESSAGE_BYTES] = "";
    uint64_t switches = 0;
    if (subject->session.debug == NULL) {
        return refuse(message, "this runtime has no " PTO_DEBUG_API_SYMBOL ", its schedules cannot be chosen", "");
    }
    int result = run_checked(subject, why);
    if (result == 0 && stale_begin(&subject->stale, &subject->session) != 0) {
        return refuse(message, "the heaps cannot be overwritten", "");
    }
    result = result == 0 ? run_checked(subject, why) : result;
    if (result != 0) {
        (void)refuse(message, "already the round-robin run before all others is wrong", why);
        return result;
    }
    if (stale_measure(&subject->stale, &subject->session) != 0) {
        return refuse(message, "no memory to look at the heaps", "");
    }
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        if (subject->golden[i] != NULL) {
            memcpy(subject->golden[i], subject->data.buffers[i], subject->data.buffer_bytes[i]);
        }
    }
    if (read_counts(subject, &subject->counts, &switches) != 0) {
        return refuse(message, "no statistics", subject->session.error);
    }
    return 0;
}

static int scene_subject_close(void *state, char message[EXPLORER_MESSAGE_BYTES])
{
    struct scene_subject *subject = state;
    int result = 0;
    if (subject->gate.context != NULL && leak_gate_end(&subject->gate) != 0) {
        (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "the ledgers grew over the runs:\n%.900s", subject->gate.text);
        result = 1;
    }
    subject->gate = (struct leak_gate){0};
    if (session_unregister(&subject->session, SCENE_SUBJECT_CALLABLE) != 0 && result == 0) {
        (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "unregister_callable: %.900s", subject->session.error);
        result = 1;
    }
    session_close(&subject->session);
    free_inputs(subject);
    stale_end(&subject->stale);
    subject->engine = (struct pto_engine_options){0};
    return result;
}

static int scene_subject_open(void *state, char message[EXPLORER_MESSAGE_BYTES])
{
    struct scene_subject *subject = state;
    if (session_open(&subject->session, &subject->session_options) != 0) {
        return refuse(message, subject->session.error, "");
    }
    int result = 0;
    if (make_inputs(subject) != 0) {
        result = refuse(message, "no memory for the scene's inputs", "");
    } else if (prepare(subject) != 0) {
        result = refuse(message, "the scene cannot be prepared", subject->session.error);
    } else {
        result = run_first(subject, message);
    }
    if (result != 0) {
        free_inputs(subject);
        stale_end(&subject->stale);
        session_close(&subject->session);
        return result;
    }
    leak_gate_begin(&subject->gate, subject->session.debug, subject->session.context);
    return 0;
}

/* The counts that must not differ; 0, or 1 with the first that does. */
static int compare_counts(const struct scene_subject *subject, const struct scene_subject_counts *counts,
                          char message[EXPLORER_MESSAGE_BYTES])
{
    const struct {
        const char *what;
        uint64_t now;
        uint64_t first;
    } pairs[] = {{"tasks", counts->tasks, subject->counts.tasks},
                 {"kernel launches", counts->dispatches, subject->counts.dispatches},
                 {"device bytes", counts->device_bytes, subject->counts.device_bytes}};
    /* How far a run got that fails depends on the schedule. */
    size_t first = subject->scene->expected_result != 0 ? 2 : 0;
    for (size_t i = first; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i].now != pairs[i].first) {
            (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "%llu %s, %llu in a round-robin run",
                           (unsigned long long)pairs[i].now, pairs[i].what, (unsigned long long)pairs[i].first);
            return 1;
        }
    }
    return 0;
}

static uint64_t hash_outputs(const struct scene_subject *subject)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < SCENE_MAX_TENSORS; i++) {
        if (subject->golden[i] != NULL &&
            memcmp(subject->golden[i], subject->data.buffers[i], subject->data.buffer_bytes[i]) != 0) {
            hash = hash * 31 + hash_bytes(subject->data.buffers[i], subject->data.buffer_bytes[i]);
        }
    }
    return hash;
}

static int scene_subject_play(void *state, const struct pto_engine_options *engine, struct explorer_outcome *outcome)
{
    struct scene_subject *subject = state;
    struct scene_subject_counts counts;
    uint64_t switches = 0;
    if (memcmp(&subject->engine, engine, sizeof(*engine)) != 0) {
        if (subject->session.debug->set_engine(subject->session.context, engine) != 0) {
            return refuse(outcome->message, "the runtime refuses the engine options",
                          subject->session.debug->last_error(subject->session.context));
        }
        subject->engine = *engine;
    }
    int result = run_checked(subject, outcome->message);
    if (read_counts(subject, &counts, &switches) != 0) {
        return refuse(outcome->message, "no statistics", subject->session.error);
    }
    const uint64_t seen[] = {counts.tasks, counts.dispatches, switches, (uint64_t)result, hash_outputs(subject)};
    outcome->hash = hash_bytes(seen, sizeof(seen));
    return result != 0 ? result : compare_counts(subject, &counts, outcome->message);
}

void scene_subject_make(struct explorer_subject *subject, struct scene_subject *state)
{
    *subject = (struct explorer_subject){
        .open = scene_subject_open, .play = scene_subject_play, .close = scene_subject_close, .state = state};
}
