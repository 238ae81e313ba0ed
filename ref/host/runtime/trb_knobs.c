/* SPDX-License-Identifier: Apache-2.0 */
#include "host/runtime/trb_knobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/shared_memory.h"
#include "base/log.h"
#include "npu/arch.h"

#define TRB_KNOB_PREFIX "PTO2_"

struct trb_knob {
    const char *name;
    uint64_t standard;
    uint64_t minimum;
    uint64_t maximum;
    bool power_of_two;
};

enum { TRB_KNOB_WINDOW, TRB_KNOB_HEAP, TRB_KNOB_POOL, TRB_KNOB_SHARDS, TRB_KNOB_TRANSITION, TRB_KNOB_NAMES };
_Static_assert(TRB_KNOB_COUNT == TRB_KNOB_TRANSITION, "those with a rule come first");

static const struct trb_knob trb_knob_all[TRB_KNOB_NAMES] = {
    {PTO_ENV_TASK_WINDOW, PTO_DEFAULT_TASK_WINDOW, PTO_MIN_TASK_WINDOW, PTO_MAX_TASK_WINDOW, true},
    {PTO_ENV_HEAP, PTO_DEFAULT_HEAP_BYTES, PTO_MIN_HEAP_BYTES, 1ull << 60, true},
    {PTO_ENV_DEP_POOL, PTO_DEFAULT_DEP_POOL, PTO_MIN_DEP_POOL, INT32_MAX, false},
    /* Accepted and judged; dispatch has one queue per shape, so there is nothing to shard. */
    {PTO_ENV_READY_QUEUE_SHARDS, NPU_MAX_AICPU_THREADS - 1, 1, NPU_MAX_AICPU_THREADS, false},
    {.name = PTO_ENV_ORCH_TO_SCHED}, /* a word, not a number */
};

/* The whole string must be a decimal number; strtoull alone would take signs and spaces. */
static bool trb_knob_parse(const struct trb_knob *knob, const char *text, uint64_t *value)
{
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < knob->minimum || number > knob->maximum) {
        return false;
    }
    if (knob->power_of_two && (number & (number - 1)) != 0) {
        return false;
    }
    *value = number;
    return true;
}

/*
 * The values of all variables, NULL: not set. One pass over the environment at each run, where as many getenv would
 * take one each; nearly always no name begins like ours.
 */
static void trb_knob_texts(const char *texts[TRB_KNOB_NAMES])
{
    for (size_t i = 0; i < TRB_KNOB_NAMES; i++) {
        texts[i] = NULL;
    }
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if ((*entry)[0] != 'P' || strncmp(*entry, TRB_KNOB_PREFIX, sizeof(TRB_KNOB_PREFIX) - 1u) != 0) {
            continue;
        }
        for (size_t i = 0; i < TRB_KNOB_NAMES; i++) {
            size_t length = strlen(trb_knob_all[i].name);
            if (texts[i] == NULL && strncmp(*entry, trb_knob_all[i].name, length) == 0 && (*entry)[length] == '=') {
                texts[i] = *entry + length + 1u; /* the first counts, as for getenv */
            }
        }
    }
}

static uint64_t trb_knob_read(const struct trb_knob *knob, const char *text, char *complaint)
{
    uint64_t value = knob->standard;
    if (text == NULL || trb_knob_parse(knob, text, &value)) {
        return value;
    }
    if (strncmp(complaint, text, TRB_KNOB_TEXT_BYTES - 1) != 0 || complaint[0] == '\0') {
        log_message(LOG_LEVEL_WARN, "host",
                    "%s=\"%.100s\" is ignored: it must be a decimal number in %llu..%llu%s; using %llu", knob->name,
                    text, (unsigned long long)knob->minimum, (unsigned long long)knob->maximum,
                    knob->power_of_two ? ", a power of two" : "", (unsigned long long)knob->standard);
        (void)strncpy(complaint, text[0] != '\0' ? text : " ", TRB_KNOB_TEXT_BYTES - 1);
    }
    return knob->standard;
}

void trb_knobs_read(struct trb_knobs *knobs, struct trb_knob_complaints *complaints)
{
    const char *texts[TRB_KNOB_NAMES];
    uint64_t values[TRB_KNOB_COUNT];
    trb_knob_texts(texts);
    for (size_t i = 0; i < TRB_KNOB_COUNT; i++) {
        values[i] = trb_knob_read(&trb_knob_all[i], texts[i], complaints->text[i]);
    }
    const char *transition = texts[TRB_KNOB_TRANSITION];
    knobs->task_window_size = values[TRB_KNOB_WINDOW];
    knobs->heap_size = values[TRB_KNOB_HEAP];
    knobs->dep_pool_size = values[TRB_KNOB_POOL];
    knobs->orch_to_sched = transition != NULL && (transition[0] == '1' || transition[0] == 't' || transition[0] == 'T');
}
