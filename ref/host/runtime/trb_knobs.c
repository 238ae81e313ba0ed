/* SPDX-License-Identifier: Apache-2.0 */
#include "host/runtime/trb_knobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/shared_memory.h"
#include "base/log.h"
#include "npu/arch.h"

struct trb_knob {
    const char *name;
    uint64_t minimum;
    uint64_t maximum;
    bool power_of_two;
};

static const struct trb_knob trb_knob_window = {PTO_ENV_TASK_WINDOW, PTO_MIN_TASK_WINDOW, PTO_MAX_TASK_WINDOW, true};
static const struct trb_knob trb_knob_heap = {PTO_ENV_HEAP, PTO_MIN_HEAP_BYTES, 1ull << 60, true};
static const struct trb_knob trb_knob_pool = {PTO_ENV_DEP_POOL, PTO_MIN_DEP_POOL, INT32_MAX, false};
static const struct trb_knob trb_knob_shards = {PTO_ENV_READY_QUEUE_SHARDS, 1, NPU_MAX_AICPU_THREADS, false};

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

static uint64_t trb_knob_read(const struct trb_knob *knob, uint64_t fallback, char *complaint)
{
    const char *text = getenv(knob->name);
    uint64_t value = fallback;
    if (text == NULL || trb_knob_parse(knob, text, &value)) {
        return value;
    }
    if (strncmp(complaint, text, TRB_KNOB_TEXT_BYTES - 1) != 0 || complaint[0] == '\0') {
        log_message(LOG_LEVEL_WARN, "host",
                    "%s=\"%.100s\" is ignored: it must be a decimal number in %llu..%llu%s; using %llu", knob->name,
                    text, (unsigned long long)knob->minimum, (unsigned long long)knob->maximum,
                    knob->power_of_two ? ", a power of two" : "", (unsigned long long)fallback);
        (void)strncpy(complaint, text[0] != '\0' ? text : " ", TRB_KNOB_TEXT_BYTES - 1);
    }
    return fallback;
}

void trb_knobs_read(struct trb_knobs *knobs, struct trb_knob_complaints *complaints)
{
    knobs->task_window_size = trb_knob_read(&trb_knob_window, PTO_DEFAULT_TASK_WINDOW, complaints->text[0]);
    knobs->heap_size = trb_knob_read(&trb_knob_heap, PTO_DEFAULT_HEAP_BYTES, complaints->text[1]);
    knobs->dep_pool_size = trb_knob_read(&trb_knob_pool, PTO_DEFAULT_DEP_POOL, complaints->text[2]);
    /* Accepted and judged; dispatch has one queue per shape, so there is nothing to shard. */
    (void)trb_knob_read(&trb_knob_shards, NPU_MAX_AICPU_THREADS - 1, complaints->text[3]);
    const char *transition = getenv(PTO_ENV_ORCH_TO_SCHED);
    knobs->orch_to_sched = transition != NULL && (transition[0] == '1' || transition[0] == 't' || transition[0] == 'T');
}
