/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a bad end: what each processor of the group was doing, so that a hang can be understood from its text.
 */
#include "exec/group.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define EXEC_REPORT_LINE_BYTES 224u
#define EXEC_REPORT_MORE_BYTES 48u

static const char *exec_report_verb(enum exec_state state)
{
    switch (state) {
    case EXEC_STATE_READY:
        return "can run";
    case EXEC_STATE_RUNNING:
        return "runs";
    case EXEC_STATE_WAITING:
        return "waits";
    case EXEC_STATE_STALLED:
        return "waits for room";
    case EXEC_STATE_USER:
        return "waits in user code";
    case EXEC_STATE_SLEEPING:
        return "works";
    case EXEC_STATE_LOW:
        return "yielded";
    case EXEC_STATE_JOINING:
        return "runs a group";
    case EXEC_STATE_ENDED:
        return "ended";
    case EXEC_STATE_ABANDONED:
        return "was abandoned";
    case EXEC_STATE_FAULTED:
        return "faulted";
    }
    return "is in an unknown state";
}

static int exec_report_line(const struct exec_processor *processor, char *line, size_t bytes)
{
    enum exec_state state = exec_state_get(processor);
    const char *verb = exec_report_verb(state);
    if (state == EXEC_STATE_WAITING || state == EXEC_STATE_STALLED || state == EXEC_STATE_USER) {
        _Atomic uint32_t *word = processor->wait.word;
        if (processor->engine->shared.threads) { /* it may be going on right now, and its word away */
            return snprintf(line, bytes, "%s: %s for word %p, saw %" PRIu32 "\n", processor->name, verb, (void *)word,
                            processor->wait.seen);
        }
        return snprintf(line, bytes, "%s: %s for word %p, saw %" PRIu32 ", is %" PRIu32 "\n", processor->name, verb,
                        (void *)word, processor->wait.seen, exec_private_load(word));
    }
    if (state == EXEC_STATE_JOINING && processor->joined != NULL) {
        return snprintf(line, bytes, "%s: %s, %s\n", processor->name, verb, processor->joined->name);
    }
    return snprintf(line, bytes, "%s: %s\n", processor->name, verb);
}

EXEC_NO_TSAN static void exec_report_lines(struct exec_group *group, size_t used)
{
    for (uint32_t i = 0; i < group->count; i++) {
        char line[EXEC_REPORT_LINE_BYTES];
        int length = exec_report_line(group->processors[i], line, sizeof(line));
        if (length < 0 || used + (size_t)length + EXEC_REPORT_MORE_BYTES > sizeof(group->report)) {
            (void)snprintf(group->report + used, sizeof(group->report) - used, "and %" PRIu32 " more\n",
                           group->count - i);
            return;
        }
        used += (size_t)snprintf(group->report + used, sizeof(group->report) - used, "%s", line);
    }
}

EXEC_NO_TSAN void exec_report_write(struct exec_group *group, const char *headline)
{
    exec_tsan_ignore_begin();
    int length = snprintf(group->report, sizeof(group->report) / 4u, "%s: %s\n", group->name, headline);
    size_t used = length < 0 ? 0 : (size_t)length;
    if (used >= sizeof(group->report) / 4u) {
        used = sizeof(group->report) / 4u - 1u;
        group->report[used - 1u] = '\n';
    }
    exec_report_lines(group, used);
    exec_tsan_ignore_end();
}
