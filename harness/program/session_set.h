/* SPDX-License-Identifier: Apache-2.0 */
/* session_set: a session on each built variant that its user wants, with a callable prepared. For properties. */
#ifndef HARNESS_PROGRAM_SESSION_SET_H
#define HARNESS_PROGRAM_SESSION_SET_H

#include "harness/program/session.h"

struct session_set {
    struct session sessions[VARIANT_COUNT];
    size_t count;
};

struct session_set_rules {
    bool (*wants)(void *owner, const char *variant);
    int (*prepare)(void *owner, struct session *session); /* not called for a runtime without the debug interface */
    void *owner;
};

/* Returns 0 with at least one session, or -1 with `error` filled and none. */
int session_set_open(struct session_set *set, const struct session_set_rules *rules, char *error, size_t capacity);
void session_set_close(struct session_set *set);

#endif
