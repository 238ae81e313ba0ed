/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/program/session_set.h"

#include <stdio.h>

#include "harness/program/artefacts.h"

static int open_one(struct session_set *set, const struct session_set_rules *rules, const char *directory,
                    const struct variant *variant)
{
    struct session *session = &set->sessions[set->count];
    const struct session_options options = {
        .arch = variant->arch, .runtime = variant->runtime, .platform = variant->platform, .artefacts = directory};
    if (session_open(session, &options) != 0) {
        return -1;
    }
    set->count++;
    return session->debug != NULL ? rules->prepare(rules->owner, session) : -1;
}

int session_set_open(struct session_set *set, const struct session_set_rules *rules, char *error, size_t capacity)
{
    char directory[sizeof(set->sessions[0].artefacts)];
    int result = artefacts_find(directory, sizeof(directory));
    (void)snprintf(error, capacity, "no artefacts");
    set->count = 0;
    for (size_t i = 0; i < VARIANT_COUNT && result == 0; i++) {
        const struct variant *variant = &variant_all[i];
        const struct session *session = &set->sessions[set->count];
        char name[VARIANT_NAME_BYTES];
        if (!variant_is_built(variant, directory) || !rules->wants(rules->owner, variant_name(variant, name))) {
            continue;
        }
        result = open_one(set, rules, directory, variant);
        (void)snprintf(error, capacity, "%s: %s", name, session->error);
    }
    if (result == 0 && set->count > 0) {
        return 0;
    }
    session_set_close(set);
    return -1;
}

void session_set_close(struct session_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        session_close(&set->sessions[i]);
    }
    set->count = 0;
}
