/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subjects: what the tool explores: a scene on one variant, and one recorded case of a property.
 *
 * Both keep what is expensive (session, callable, property's setup) from play to play.
 */
#ifndef HARNESS_EXPLORER_SUBJECTS_H
#define HARNESS_EXPLORER_SUBJECTS_H

#include "harness/explorer/explorer.h"
#include "harness/explorer/stale.h"
#include "harness/leak/leak_gate.h"
#include "harness/program/session.h"
#include "harness/property/property.h"

/* What every play must come to, schedule or not. */
struct scene_subject_counts {
    uint64_t tasks;
    uint64_t dispatches;
    uint64_t device_bytes;
};

/*
 * Under every schedule the scene returns its expected result, its outputs pass its check, as many tasks and kernel
 * launches are counted as in a round-robin run (those of a run that fails are its own affair), and no device memory
 * is kept. No run finds anything useful in what earlier ones left (stale.h). At the end all three ledgers are where
 * they were after that first run.
 */
struct scene_subject {
    const struct scene *scene;
    struct session_options session_options;
    int blocks;
    int threads;
    bool small; /* the scene's smallest inputs instead of its default ones */
    /* the subject's own: */
    struct session session;
    struct scene_data data;
    uint8_t *fresh[SCENE_MAX_TENSORS];  /* outputs before a run, NULL: no output */
    uint8_t *golden[SCENE_MAX_TENSORS]; /* ... and after the first */
    struct pto_engine_options engine;   /* in force */
    struct scene_subject_counts counts;
    struct stale stale;
    struct leak_gate gate;
};

/* `state` has the fields before "own" filled, the rest zero. */
void scene_subject_make(struct explorer_subject *subject, struct scene_subject *state);

struct property_subject {
    const struct property *property;
    const uint8_t *bytes; /* the case */
    size_t size;
    /* the subject's own: */
    struct property_context context;
};

void property_subject_make(struct explorer_subject *subject, struct property_subject *state);

/*
 * The property that a reproducer belongs to: its name is before the last '-' of the file's, or that of its folder.
 * NULL: neither is one.
 */
const struct property *property_of_file(const char *path);

#endif
