/* SPDX-License-Identifier: Apache-2.0 */
/* property_subject: one recorded case of a property, under the explorer's schedules instead of the one that it draws.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "harness/explorer/subjects.h"
#include "harness/property/engine_choice.h"
#include "harness/property/registry.h"

static int property_subject_open(void *state, char message[EXPLORER_MESSAGE_BYTES])
{
    struct property_subject *subject = state;
    subject->context = (struct property_context){0};
    if (subject->property->setup != NULL && subject->property->setup(&subject->context) != 0) {
        (void)snprintf(message, EXPLORER_MESSAGE_BYTES, "%s", subject->context.message);
        return -1;
    }
    return 0;
}

static int property_subject_close(void *state, char message[EXPLORER_MESSAGE_BYTES])
{
    struct property_subject *subject = state;
    (void)message;
    if (subject->property->teardown != NULL) {
        subject->property->teardown(&subject->context);
    }
    return 0;
}

static int property_subject_play(void *state, const struct pto_engine_options *engine, struct explorer_outcome *outcome)
{
    struct property_subject *subject = state;
    struct choice_engine chosen = {.options = *engine};
    struct choice choice;
    choice_from_bytes(&choice, subject->bytes, subject->size);
    choice.engine = &chosen;
    subject->context.message[0] = 0;
    int failed = subject->property->run(&choice, &subject->context);
    if (chosen.draws == 0) {
        (void)snprintf(outcome->message, sizeof(outcome->message),
                       "property %s draws no engine: it has one schedule only", subject->property->name);
        return -1;
    }
    (void)snprintf(outcome->message, sizeof(outcome->message), "%s", subject->context.message);
    return failed != 0;
}

void property_subject_make(struct explorer_subject *subject, struct property_subject *state)
{
    *subject = (struct explorer_subject){
        .open = property_subject_open, .play = property_subject_play, .close = property_subject_close, .state = state};
}

static const struct property *property_named(const char *name, size_t length)
{
    char copy[NAME_MAX + 1];
    (void)snprintf(copy, sizeof(copy), "%.*s", (int)(length < NAME_MAX ? length : NAME_MAX), name);
    return property_find(copy);
}

const struct property *property_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    const char *dash = strrchr(file, '-');
    const struct property *property = dash != NULL ? property_named(file, (size_t)(dash - file)) : NULL;
    if (property != NULL || slash == NULL) {
        return property;
    }
    const char *folder = slash;
    while (folder > path && folder[-1] != '/') {
        folder--;
    }
    return property_named(folder, (size_t)(slash - folder));
}
