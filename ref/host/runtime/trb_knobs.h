/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trb_knobs: the environment variables that size trb's rings, read at each bind (device.md 1.14).
 *
 * A value that breaks its rule is ignored; the context is told once per value, not once per run.
 */
#ifndef HOST_RUNTIME_TRB_KNOBS_H
#define HOST_RUNTIME_TRB_KNOBS_H

#include <stdbool.h>
#include <stdint.h>

#define TRB_KNOB_COUNT 4u
#define TRB_KNOB_TEXT_BYTES 32u

struct trb_knobs {
    uint64_t task_window_size; /* slots per ring */
    uint64_t heap_size;        /* bytes per ring */
    uint64_t dep_pool_size;    /* entries per ring */
    bool orch_to_sched;
};

/* What was complained about last, per variable with a rule. Zeroed at first. */
struct trb_knob_complaints {
    char text[TRB_KNOB_COUNT][TRB_KNOB_TEXT_BYTES];
};

void trb_knobs_read(struct trb_knobs *knobs, struct trb_knob_complaints *complaints);

#endif
